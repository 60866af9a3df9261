/**
 * Owns the search for false accusations: the clean reference is judged under one seed after the other, with the machine
 * busy or over a slow network if that is asked for. Any violation, and any end but 0, is a defect of the suite.
 * Refuses to run a seed again until it passes.
 *
 * npm run bench:seeds -- [--seeds 50] [--from 1] [--burners 2] [--latency 150] [--runs 1] [--lanes 1] [--out file]
 */

import { type ChildProcess, fork } from "node:child_process";
import { appendFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import type { SettingsInput } from "../src/live/settings.ts";
import { CONFLICT_MODES } from "../src/protocol/messages.ts";
import { freePort, type Judged, judge, rulesOf } from "./judged.ts";
import { startTarget, WEBHOOK_SECRET } from "./live-target.ts";
import { startRelay } from "./relay.ts";

const { values: flags } = parseArgs({
  options: {
    seeds: { type: "string", default: "50" },
    from: { type: "string", default: "1" },
    burners: { type: "string", default: "0" },
    /** Of a round trip, in milliseconds; each way varies by a third of it. */
    latency: { type: "string", default: "0" },
    runs: { type: "string", default: "1" },
    wait: { type: "string", default: "5s" },
    lanes: { type: "string", default: "1" },
    out: { type: "string" },
  },
});

const latencyMs = Number(flags.latency);
const first = Number(flags.from);
const burners = Array.from({ length: Number(flags.burners) }, burn);
let accused = 0;
const totals = { seconds: 0, waited: 0, requests: 0, seeds: 0 };
if (flags.out !== undefined) writeFileSync(flags.out, "");
say(`${"seed".padEnd(6)}${"settings".padEnd(44)}exit  violated  requests       s  waited`);
const queue = Array.from({ length: Number(flags.seeds) }, (_, at) => first + at);
await Promise.all(Array.from({ length: Number(flags.lanes) }, lane));
for (const burner of burners) burner.kill();
const each = (sum: number): string => (sum / totals.seeds).toFixed(0);
say(
  `${totals.seeds} seeds, ${accused} with a violation or no verdict; each ${each(totals.requests)} requests, ${each(totals.seconds)} s, of them waited ${each(totals.waited)} s (probes wait side by side)`,
);
process.exit(accused === 0 ? 0 : 1);

async function lane(): Promise<void> {
  for (let seed = queue.shift(); seed !== undefined; seed = queue.shift())
    tell(seed, await judged(seed, settingsOf(seed)));
}

/** Every way of being right, in turn; every second one with small limits, which are reached. */
function settingsOf(seed: number): SettingsInput {
  const turn = Math.floor(seed / 2);
  const mode = seed % 4 === 0 ? CONFLICT_MODES[turn % 3] : "enforce";
  const ifMatch = turn % 3 === 2 ? "required" : "optional";
  const resolvedBy = turn % 4 === 3 ? "client" : "server";
  const small = { bodyBytesMax: 65_536, mutationsMax: 12, deltaLimitMax: 10, listLimitMax: 10 };
  return {
    conflicts: { mode: mode ?? "enforce", ifMatch, resolvedBy },
    ...(seed % 2 === 0 ? { limits: small } : {}),
    push: { coalesce: "1s" },
  };
}

async function judged(seed: number, settings: SettingsInput): Promise<Judged> {
  const port = await freePort();
  const target = await startTarget({ store: "memory", settings, pushUrl: `http://127.0.0.1:${port}` });
  const relay =
    latencyMs === 0
      ? undefined
      : await startRelay(target.url, { roundTripMs: latencyMs, jitterMs: latencyMs / 3 });
  try {
    const words = [
      relay?.url ?? target.url,
      "--seed",
      String(seed),
      "--runs",
      flags.runs,
      "--wait",
      flags.wait,
    ];
    return await judge(
      [...words, "--level", "should", "--allow-unexercised", "--push-sink", String(port)],
      `webhooks: { secret: ${WEBHOOK_SECRET} }\n`,
    );
  } finally {
    await relay?.close();
    await target.close();
  }
}

function tell(seed: number, { code, report, ms, trouble }: Judged): void {
  const broken = rulesOf(report, "violated");
  if (code !== 0) accused++;
  const { requests = 0, waitedMs = 0 } = report ?? {};
  totals.seeds++;
  totals.requests += requests;
  totals.seconds += ms / 1_000;
  totals.waited += waitedMs / 1_000;
  const { conflicts, limits } = settingsOf(seed);
  const settings = `${conflicts?.mode} ${conflicts?.ifMatch} ${conflicts?.resolvedBy}${limits ? " small" : ""}`;
  const numbers = [code, broken.length, requests, (ms / 1_000).toFixed(0), (waitedMs / 1_000).toFixed(0)];
  const widths = [4, 10, 10, 8, 8];
  const figures = numbers.map((one, at) => String(one).padStart(widths[at] ?? 8)).join("");
  say(`${String(seed).padEnd(6)}${settings.padEnd(44)}${figures}`);
  for (const { id, violations } of broken)
    for (const { message, probe, evidence } of violations) {
      say(`  ! ${id} ${probe}: ${message}`);
      for (const step of evidence.steps.slice(-6)) say(`      ${step}`);
    }
  if (code !== 0 && trouble !== "") say(`  ! ${trouble}`);
}

function burn(): ChildProcess {
  return fork(fileURLToPath(new URL("burner.ts", import.meta.url)));
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
  if (flags.out !== undefined) appendFileSync(flags.out, `${text}\n`);
}
