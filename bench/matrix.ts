/**
 * Owns the table of all ways in which the reference can be served: every store, mode, `ifMatch` and `resolvedBy`, each
 * judged by the whole suite. Each must end with 0, and leave no rule of the proxy unexercised.
 * Refuses to excuse a cell: what is not exercised is named, and ends the bench with 1.
 *
 * npm run bench:matrix -- [--stores memory,redis] [--modes enforce] [--lanes 3] [--runs 1] [--seed 1] [--out file]
 */

import { appendFileSync, writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { CONFLICT_MODES } from "../src/protocol/messages.ts";
import { freePort, type Judged, judge, rulesOf } from "./judged.ts";
import { STORES, type StoreKind, startTarget, WEBHOOK_SECRET } from "./live-target.ts";

interface Cell {
  readonly store: StoreKind;
  readonly mode: (typeof CONFLICT_MODES)[number];
  readonly ifMatch: "optional" | "required";
  readonly resolvedBy: "server" | "client";
}

/** Two pings, a checkpoint, and what retention and keys take. */
const WAIT = "60s";
/** How long the token lives that SEC-5 is judged by: it must be good when its probe begins. */
const TOKEN_MS = 50_000;
/** Small limits are reached with few requests; times that can be waited for; a rate that is met [API-7]. */
const SETTINGS = {
  retention: "10s",
  idempotencyTtl: "45s",
  limits: {
    bodyBytesMax: 262_144,
    mutationsMax: 12,
    deltaLimitMax: 10,
    listLimitMax: 10,
    replayMax: 2_000,
    socketBacklogMax: 150,
    requestsPerSecondMax: 15,
  },
  push: { coalesce: "1s", receiptDelay: "2s" },
} as const;

const { values: flags } = parseArgs({
  options: {
    stores: { type: "string", default: STORES.join(",") },
    modes: { type: "string", default: CONFLICT_MODES.join(",") },
    lanes: { type: "string", default: "3" },
    runs: { type: "string", default: "1" },
    seed: { type: "string", default: "1" },
    out: { type: "string" },
  },
});

let good = true;
const cells = STORES.filter((store) => flags.stores.split(",").includes(store)).flatMap((store) =>
  CONFLICT_MODES.filter((mode) => flags.modes.split(",").includes(mode)).flatMap((mode) =>
    (["optional", "required"] as const).flatMap((ifMatch) =>
      (["server", "client"] as const).map((resolvedBy): Cell => ({ store, mode, ifMatch, resolvedBy })),
    ),
  ),
);
if (flags.out !== undefined) writeFileSync(flags.out, "");
say(
  `${"store".padEnd(8)}${"mode".padEnd(10)}${"ifMatch".padEnd(10)}${"resolvedBy".padEnd(12)}exit  satisfied  violated  unexercised  excluded  requests       s  waited`,
);
const queue = [...cells];
await Promise.all(Array.from({ length: Number(flags.lanes) }, lane));
say(good ? `all ${cells.length} end with 0, and exercise every rule` : "not all are as they should be");
process.exit(good ? 0 : 1);

async function lane(): Promise<void> {
  for (let cell = queue.shift(); cell !== undefined; cell = queue.shift()) tell(cell, await judged(cell));
}

async function judged({ store, ...conflicts }: Cell): Promise<Judged> {
  const port = await freePort();
  const expires = new Date(Date.now() + TOKEN_MS).toISOString();
  const tokens = { "tok-a": "a", "tok-b": "b", "tok-short": { account: "a", expires } };
  const settings = { ...SETTINGS, conflicts, tokens };
  const target = await startTarget({ store, settings, pushUrl: `http://127.0.0.1:${port}` });
  try {
    const words = [target.url, "--seed", flags.seed, "--runs", flags.runs, "--wait", WAIT];
    return await judge(
      [...words, "--level", "should", "--push-sink", String(port)],
      `webhooks: { secret: ${WEBHOOK_SECRET} }\nexpiring: { token: tok-short, at: "${expires}" }\n`,
    );
  } finally {
    await target.close();
  }
}

function tell(cell: Cell, { code, report, ms, trouble }: Judged): void {
  const open = rulesOf(report, "not exercised");
  const broken = rulesOf(report, "violated");
  if (code !== 0 || open.length > 0) good = false;
  const { summary, requests = 0, waitedMs = 0 } = report ?? {};
  const numbers = [
    [code, 4],
    [summary?.satisfied ?? 0, 11],
    [broken.length, 10],
    [open.length, 13],
    [summary?.excluded ?? 0, 10],
    [requests, 10],
    [(ms / 1_000).toFixed(0), 8],
    [(waitedMs / 1_000).toFixed(0), 8],
  ] as const;
  const { store, mode, ifMatch, resolvedBy } = cell;
  const names = `${store.padEnd(8)}${mode.padEnd(10)}${ifMatch.padEnd(10)}${resolvedBy.padEnd(12)}`;
  say(names + numbers.map(([value, width]) => String(value).padStart(width)).join(""));
  for (const { id, violations } of broken)
    for (const { message, probe } of violations) say(`  ! ${id} ${probe}: ${message}`);
  for (const { id, reason } of open) say(`  ? ${id}: ${reason}`);
  if (report === undefined) say(`  ! ${trouble}`);
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
  if (flags.out !== undefined) appendFileSync(flags.out, `${text}\n`);
}
