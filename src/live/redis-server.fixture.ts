/**
 * Owns a redis-server of the tests' own: on a free port of this machine, without a file unless it is asked for one.
 * Refuses to wait for a time: it is up when it answers, and down when its process is gone.
 */

import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { Redis } from "ioredis";

export const HAS_REDIS = spawnSync("redis-server", ["--version"]).status === 0;

/** The title of tests that need a Redis: says so where there is none. */
export function titled(title: string): string {
  return HAS_REDIS ? title : `redis-server is not on the PATH, so this is not tested: ${title}`;
}

export interface RedisServer {
  readonly url: string;
  readonly port: number;
  /** For what only a test asks for. */
  readonly admin: Redis;
  /** Stops the process as if the power went; `start` brings it up again on the same port. */
  kill(): Promise<void>;
  start(): Promise<void>;
  /** Ends it for good. */
  stop(): Promise<void>;
}

/** `folder`: where it keeps what it is told, safely; undefined: in memory only. */
export async function startRedis(folder?: string, more: readonly string[] = []): Promise<RedisServer> {
  const port = await freePort();
  const keeps =
    folder === undefined
      ? ["--appendonly", "no"]
      : ["--appendonly", "yes", "--appendfsync", "always", "--dir", folder];
  const args = ["--port", String(port), "--bind", "127.0.0.1", "--save", "", ...keeps, ...more];
  const admin = new Redis({
    host: "127.0.0.1",
    port,
    lazyConnect: true,
    retryStrategy: () => 20,
    maxRetriesPerRequest: null,
  });
  admin.on("error", () => {});
  let child: ChildProcess | undefined;
  const start = async (): Promise<void> => {
    const running = spawn("redis-server", args, { stdio: ["ignore", "pipe", "inherit"] });
    child = running;
    // A test that is cut short leaves no process behind.
    const leave = (): void => void running.kill("SIGKILL");
    process.once("exit", leave);
    running.once("exit", () => process.off("exit", leave));
    const { stdout } = running;
    await new Promise<void>((resolve, reject) => {
      let told = "";
      stdout?.setEncoding("utf8").on("data", (text: string) => {
        told += text;
        if (told.includes("Ready to accept connections")) resolve();
      });
      child?.once("exit", () => reject(new Error(`redis-server ended: ${told}`)));
    });
  };
  const kill = async (): Promise<void> => {
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    child.kill("SIGKILL");
    await once(child, "exit");
  };
  await start();
  await admin.connect();
  const stop = async (): Promise<void> => {
    admin.disconnect();
    await kill();
  };
  return { url: `redis://127.0.0.1:${port}`, port, admin, kill, start, stop };
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, "127.0.0.1");
  await once(probe, "listening");
  const address = probe.address();
  probe.close();
  await once(probe, "close");
  if (address === null || typeof address === "string") throw new Error("a TCP server has a port");
  return address.port;
}
