/**
 * Owns the figures of `zeke-sync serve`: its calls next to a bare server's, its event sockets, and its deltas as an
 * account grows. `--quick` for all of it small; `--only memory,sqlite,redis,sockets,deltas`; `--dir` on which disk;
 * `--profile <file>` for a CPU profile of PATCH; `--log-level` as of serve.
 * Refuses to pass or fail: it prints, with versions and machine. Ratios are of one run, its rounds in turn.
 */

import { closeSync, fsyncSync, mkdtempSync, openSync, rmSync, writeSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { type Bench, endServers, measureMemory, measureRedis, measureSqlite } from "./serve-calls.ts";
import type { ClientCalls } from "./serve-client.ts";
import { measureDeltas } from "./serve-deltas.ts";
import { Child, PLACES } from "./serve-process.ts";
import { measureSockets } from "./serve-sockets.ts";
import { print, type Section } from "./serve-table.ts";

const FULL = {
  length: { rounds: 7, seconds: 1 },
  manyCallers: 500,
  redis: { rounds: 3, seconds: 1 },
  sockets: { sockets: 10_000, perAccount: 1_000, runs: 3, seconds: 4, writes: 100 },
  deltas: { length: { rounds: 7, seconds: 0.5 }, records: 1_000_000 },
} as const;

const QUICK = {
  length: { rounds: 3, seconds: 0.3 },
  manyCallers: 150,
  redis: { rounds: 2, seconds: 0.3 },
  sockets: { sockets: 1_000, perAccount: 500, runs: 1, seconds: 1, writes: 20 },
  deltas: { length: { rounds: 3, seconds: 0.2 }, records: 20_000 },
} as const;

const SYNCS = 50;

/** Milliseconds of one small write made durable in this folder. */
function syncMs(folder: string): number {
  const file = openSync(join(folder, "sync"), "w");
  const page = Buffer.alloc(4_096);
  const beganAt = performance.now();
  for (let index = 0; index < SYNCS; index++) {
    writeSync(file, page);
    fsyncSync(file);
  }
  closeSync(file);
  return (performance.now() - beganAt) / SYNCS;
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      quick: { type: "boolean", default: false },
      only: { type: "string", default: "memory,sqlite,redis,sockets,deltas" },
      dir: { type: "string", default: tmpdir() },
      profile: { type: "string" },
      "log-level": { type: "string", default: "info" },
    },
  });
  const size = values.quick ? QUICK : FULL;
  const folder = mkdtempSync(join(values.dir, "zeke-bench-"));
  const client: Child<ClientCalls> = new Child("./serve-client.ts", 1);
  const { profile } = values;
  const bench: Bench = {
    client,
    folder,
    length: size.length,
    manyCallers: size.manyCallers,
    logLevel: values["log-level"],
    ...(profile === undefined ? undefined : { profile }),
  };
  const parts: Readonly<Record<string, () => Promise<readonly Section[]>>> = {
    memory: () => measureMemory(bench),
    sqlite: () => measureSqlite(bench),
    redis: () => measureRedis({ ...bench, length: size.redis }),
    sockets: () => measureSockets(bench, size.sockets),
    deltas: () => measureDeltas({ ...bench, length: size.deltas.length }, size.deltas.records),
  };
  console.log(
    `node ${process.version} · ${cpus()[0]?.model ?? "unknown processor"} · ${cpus().length} cores`,
  );
  console.log(`${PLACES} · one sync to this disk: ${syncMs(folder).toFixed(2)} ms`);
  const beganAt = performance.now();
  try {
    for (const name of values.only.split(",")) await runPart(name, parts[name]);
  } finally {
    await client.end();
    rmSync(folder, { recursive: true, force: true });
  }
  console.log(`\n${((performance.now() - beganAt) / 1_000).toFixed(0)} s in all`);
}

/** One part that cannot be measured does not take the others with it. */
async function runPart(name: string, run: (() => Promise<readonly Section[]>) | undefined): Promise<void> {
  if (run === undefined) {
    console.log(`\n${name} is no part of this bench`);
    return;
  }
  try {
    for (const section of await run()) print(section);
  } catch (error) {
    console.log(`\n${name}: not measured: ${error instanceof Error ? error.message : String(error)}`);
  } finally {
    await endServers();
  }
}

await main();
