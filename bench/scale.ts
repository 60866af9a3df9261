/**
 * Owns the figures of scale: the simulation at 100, 10,000 and 100,000 devices next to a bare heap, what judging and the
 * digest take of it, and what an `await` per event would cost. Then, each in a process of its own: a hunt on two workers
 * (explore.ts), start-up (start-up.ts, of the built program) and a live fleet (scale-live.ts).
 * Refuses to pass or fail: it prints, with versions and machine, and what was aimed at. Ratios are of one process.
 *
 *   node --expose-gc bench/scale.ts [--quick]
 */

import { spawnSync } from "node:child_process";
import { cpus } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { ownVersion } from "../src/cli/version.ts";
import { bareHeapRate } from "./bare-heap.ts";
import { judgedSeconds, runScaled, type ScaleRun, scenarioOf, worldSeconds } from "./scale-run.ts";

const GIB = 2 ** 30;
const DEVICES_PER_ACCOUNT = 3;

function line(name: string, figure: string, aim = ""): void {
  console.log(`${name.padEnd(58)} ${figure.padStart(14)}${aim === "" ? "" : `   (aim: ${aim})`}`);
}

function seconds(run: ScaleRun): number {
  return run.worldSeconds + run.judgeSeconds;
}

function measure(name: string, devices: number, duration: string): ScaleRun {
  (globalThis as { gc?: () => void }).gc?.();
  const run = runScaled(scenarioOf(name, Math.ceil(devices / DEVICES_PER_ACCOUNT), duration));
  line(`${name}, ${run.devices.toLocaleString("en")} devices, ${duration}`, `${seconds(run).toFixed(1)} s`);
  console.log(
    `    ${run.deviceEvents.toLocaleString("en")} device events, ${run.facts.toLocaleString("en")} facts, ` +
      `world ${run.worldSeconds.toFixed(1)} s, judging ${run.judgeSeconds.toFixed(1)} s, ` +
      `peak ${(run.peakBytes / GIB).toFixed(2)} GiB, ${run.phase}`,
  );
  return run;
}

function judgingLine(run: ScaleRun): void {
  const [first = 0] = run.judgeByTenth;
  const last = run.judgeByTenth.at(-1) ?? 0;
  line(
    "judging 10 million facts, by what these took",
    `${((run.judgeSeconds / run.facts) * 10_000_000).toFixed(1)} s`,
    "20 s",
  );
  line("judging a fact at the end, to one at the start", (last / first).toFixed(2), "1, linear");
  line("digest, share of the run", `${((100 * run.digestSeconds) / seconds(run)).toFixed(1)} %`, "5 %");
}

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { quick: { type: "boolean", default: false } } });
  console.log(
    `zeke-sync ${ownVersion()} · node ${process.version} · ${cpus()[0]?.model ?? "unknown"} · ${cpus().length} cores · seed 1`,
  );
  const [large, huge] = values.quick ? [1_000, 10_000] : [10_000, 100_000];
  runScaled(scenarioOf("commuter", 4, "1d"));
  const small = measure("commuter", 100, "1d");
  measure("big-account", 2, values.quick ? "1h" : "1d");
  const many = measure("commuter", large, values.quick ? "2h" : "12h");
  judgingLine(many);
  const judged = judgedSeconds(
    scenarioOf("commuter", Math.ceil(large / DEVICES_PER_ACCOUNT), values.quick ? "2h" : "12h"),
  );
  line("the same as `simulate` runs it, judged in batches", `${judged.toFixed(1)} s`);
  const rate = many.deviceEvents / judged;
  const bare = bareHeapRate(Math.max(1_000_000, many.deviceEvents), many.devices);
  line("bare heap of objects, events per second", Math.round(bare).toLocaleString("en"));
  line("device events per second, judged", Math.round(rate).toLocaleString("en"));
  line(
    "device events per second, world alone",
    Math.round(many.deviceEvents / many.worldSeconds).toLocaleString("en"),
  );
  line("device events to the bare heap, judged", (rate / bare).toFixed(3), "0.5, then 1.0");
  const costOf = (run: ScaleRun): number => seconds(run) / run.deviceEvents;
  line(`cost per event, ${large} devices to 100`, (costOf(many) / costOf(small)).toFixed(2));
  const short = measure("commuter", large, "1h");
  const crowd = measure("commuter", huge, "1h");
  line(
    `cost per event, ${huge} devices to ${large}, one hour`,
    (costOf(crowd) / costOf(short)).toFixed(2),
    "3",
  );
  const hour = scenarioOf("commuter", Math.ceil(large / DEVICES_PER_ACCOUNT), "1h");
  line(
    "facts to their judges in batches, to one by one",
    (judgedSeconds(hour) / judgedSeconds(hour, 1)).toFixed(2),
  );
  const scenario = scenarioOf("commuter", 34, "2d");
  const plain = await worldSeconds(scenario, false);
  const awaited = await worldSeconds(scenario, true);
  line("the same with an await per event, to without", (awaited / plain).toFixed(2), "4");
}

/** Another bench, which prints for itself. */
function also(script: string, ...args: readonly string[]): void {
  console.log(`\n${script} ${args.join(" ")}`.trimEnd());
  const { status } = spawnSync(
    process.execPath,
    ["--expose-gc", join(import.meta.dirname, script), ...args],
    { stdio: "inherit" },
  );
  if (status !== 0) console.log(`${script} ended with ${status}`);
}

await main();
const quick = process.argv.includes("--quick") ? ["--quick"] : [];
also("explore.ts", "--workers-only", ...quick);
also("start-up.ts");
also("scale-live.ts", ...quick);
