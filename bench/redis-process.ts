/**
 * Owns a Redis for the time of a bench: started where `redis-server` is on the PATH, gone with it.
 * Refuses one that somebody else uses.
 */

import { spawn } from "node:child_process";
import { once } from "node:events";
import { connect, createServer } from "node:net";

export interface RedisProcess {
  readonly url: string;
  end(): Promise<void>;
}

const TRIES_MAX = 100;
const TRY_EVERY_MS = 50;

/** undefined when there is no redis-server. Everything it keeps is in `folder`, appended to a file every second. */
export async function startRedis(folder: string): Promise<RedisProcess | undefined> {
  const port = await freePort();
  const options = ["--port", String(port), "--dir", folder, "--save", "", "--appendonly", "yes"];
  const child = spawn("redis-server", [...options, "--bind", "127.0.0.1"], { stdio: "ignore" });
  const isThere = await new Promise<boolean>((resolve) => {
    child.once("spawn", () => resolve(true));
    child.once("error", () => resolve(false));
  });
  if (!isThere) return undefined;
  for (let attempt = 0; !(await answers(port)); attempt++) {
    if (attempt === TRIES_MAX) throw new Error("redis-server does not answer");
    await new Promise((resolve) => setTimeout(resolve, TRY_EVERY_MS));
  }
  return {
    url: `redis://127.0.0.1:${port}/0`,
    end: async () => {
      child.kill("SIGKILL");
      if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
    },
  };
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  return typeof address === "object" && address !== null ? address.port : 0;
}
