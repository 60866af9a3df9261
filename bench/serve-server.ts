/**
 * Owns the server process of serve's bench: one server, ours or a yardstick, and what it tells of its own cost.
 * Refuses to send a request.
 */

import { openSync as openFile, writeFileSync, writeSync } from "node:fs";
import type { Server } from "node:http";
import { Session } from "node:inspector/promises";
import type { AddressInfo } from "node:net";
import { devNull } from "node:os";
import type { DurableStore } from "../src/live/durable.ts";
import { startHttpServer } from "../src/live/http-server.ts";
import { openSync, type Sync } from "../src/live/open.ts";
import type { StoreName } from "../src/live/store-name.ts";
import { answerWith, createBareServer, createExpressServer } from "./bare-servers.ts";
import { type Filling, fill } from "./fill.ts";
import { oneByOne } from "./one-by-one.ts";
import { answerParent } from "./serve-process.ts";

export interface Listening {
  readonly store: StoreName;
  /** Token to account. */
  readonly tokens: Readonly<Record<string, string>>;
  /** Every call committed by itself. */
  readonly alone?: boolean;
  readonly logLevel: string;
}

export interface Memory {
  readonly rss: number;
  readonly heapUsed: number;
}

let sync: Sync | undefined;
let session: Session | undefined;

function listen(server: Server): Promise<number> {
  return new Promise((resolve) => {
    server.listen(0, "127.0.0.1", () => resolve((server.address() as AddressInfo).port));
  });
}

async function openAlone(store: StoreName): Promise<DurableStore> {
  if (store.kind !== "sqlite") throw new Error("only SQLite is measured one commit per call");
  const { createSqliteDurable } = await import("../src/live/sqlite-durable.ts");
  return oneByOne(await createSqliteDurable({ file: store.file }));
}

const CALLS = {
  bare: () => listen(createBareServer()),
  express: () => listen(createExpressServer()),
  answerWith: (text: string) => answerWith(text),

  /** As `zeke-sync serve` does it; log lines are written, to nowhere. */
  sync: async ({ store, tokens, alone, logLevel }: Listening) => {
    const settings = { tokens: { ...tokens } };
    sync = await openSync(alone ? { durable: await openAlone(store), settings } : { store, settings });
    const nowhere = openFile(devNull, "w");
    const log = { level: logLevel, stream: { write: (line: string) => void writeSync(nowhere, line) } };
    const { port } = await startHttpServer(sync, { host: "127.0.0.1", port: 0, log });
    return port;
  },

  fill: async (filling: Filling) => {
    if (sync === undefined) throw new Error("only ours is filled");
    return fill(sync, filling);
  },

  /** CPU time of this process since its start, all threads, microseconds. */
  cpu: () => {
    const { user, system } = process.cpuUsage();
    return user + system;
  },

  memory: async (): Promise<Memory> => {
    // What a collection frees goes back to the system with some delay.
    for (let pass = 0; pass < 4; pass++) {
      (globalThis as { gc?: () => void }).gc?.();
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    const { rss, heapUsed } = process.memoryUsage();
    return { rss, heapUsed };
  },

  profile: async () => {
    session = new Session();
    session.connect();
    await session.post("Profiler.enable");
    await session.post("Profiler.setSamplingInterval", { interval: 200 });
    await session.post("Profiler.start");
  },

  profiled: async (file: string) => {
    const stopped = await session?.post("Profiler.stop");
    writeFileSync(file, JSON.stringify(stopped?.profile));
  },
};

export type ServerCalls = typeof CALLS;

answerParent(CALLS);
