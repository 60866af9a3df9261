/**
 * Owns the measuring of hunts: plans a second on one core, what a second worker brings, and for each planted fault of
 * device and proxy the runs to its first detection, as the median of a few seeds, and how far and how fast it shrinks.
 * Refuses to judge: it prints a table, and says what was not measured when its time was up.
 *
 *   node bench/explore.ts [--quick] [--workers-only] [--seeds 3] [--minutes 3] [--fault <name>]
 */

import { execFile } from "node:child_process";
import { parseArgs, promisify } from "node:util";
import { hireCrew } from "../src/cli/explore-crew.ts";
import { Campaign } from "../src/exploration/campaign.ts";
import { judgePlan } from "../src/exploration/judge-plan.ts";
import { planOfSeed } from "../src/exploration/plan-arbitrary.ts";
import { FAULTS } from "../src/faults/all.ts";
import { columns } from "../src/report/layout.ts";
import { type Hunted, huntFor } from "./explore-run.ts";

const { values } = parseArgs({
  options: {
    quick: { type: "boolean", default: false },
    "workers-only": { type: "boolean", default: false },
    /** For a child. */
    "one-core": { type: "boolean", default: false },
    seeds: { type: "string" },
    minutes: { type: "string" },
    fault: { type: "string" },
  },
});
const QUICK_FAULTS = [
  "contacts-unguarded",
  "lost-tombstone",
  "two-drains",
  "key-per-attempt",
  "lists-replaced",
];
const SEEDS = Number(values.seeds ?? (values.quick ? 1 : 3));
const UNTIL_MS = performance.now() + Number(values.minutes ?? (values.quick ? 0.5 : 3)) * 60_000;
/** One hunt gives up after so many plans, or so long. */
const HUNT = { runsMax: 600, msMax: 8_000 };
const SPEED_PLANS = values.quick ? 200 : 600;
const CREW_RUNS = values.quick ? 256 : 768;

function median(numbers: readonly number[]): number {
  const sorted = [...numbers].sort((left, right) => left - right);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

/** Plans a second of two processes that share nothing: what the machine has to give to two workers. */
async function twoApart(): Promise<number> {
  const children = [1, 2].map(() =>
    promisify(execFile)(process.execPath, [import.meta.filename, "--one-core", ...process.argv.slice(2)]),
  );
  const told = await Promise.all(children);
  return told.reduce((sum, { stdout }) => sum + Number(/(\d+) plans\/s/.exec(stdout)?.[1]), 0);
}

function oneCore(): void {
  const plans = Array.from({ length: SPEED_PLANS }, (_, index) => planOfSeed(index * 7_919));
  for (const plan of plans.slice(0, 100)) judgePlan(plan);
  const startedMs = performance.now();
  let events = 0;
  for (const plan of plans) events += judgePlan(plan).events;
  const seconds = (performance.now() - startedMs) / 1_000;
  const actions = plans.reduce((sum, plan) => sum + plan.actions.length, 0) / plans.length;
  console.log(
    `one core: ${Math.round(plans.length / seconds)} plans/s of ${actions.toFixed(1)} actions and ${Math.round(events / plans.length)} events`,
  );
}

async function crewSpeed(workers: number): Promise<number> {
  const crew = hireCrew(workers, undefined);
  const campaign = new Campaign({ seed: 1, runsMax: CREW_RUNS * 2 });
  // The first half warms the threads up.
  let startedMs = performance.now();
  let counted = 0;
  for (let round = campaign.nextRound(); round.length > 0; round = campaign.nextRound()) {
    campaign.take(round, await crew.run(round));
    if (campaign.runs <= CREW_RUNS) startedMs = performance.now();
    else counted += round.length;
  }
  const seconds = (performance.now() - startedMs) / 1_000;
  await crew.close();
  return counted / seconds;
}

function rowOf(fault: string, rule: string, hunts: readonly Hunted[]): readonly string[] {
  const found = hunts.flatMap((hunt) => (hunt.found ? [{ ...hunt, found: hunt.found }] : []));
  const hits = `${found.length}/${hunts.length}`;
  if (found.length < hunts.length / 2) return [fault, rule, hits, "-", "-", "-", "-", "-"];
  const under = [...new Set(found.map((hunt) => hunt.found.rule))].join(" ");
  return [
    fault,
    rule,
    hits,
    String(median(found.map(({ runs }) => runs))),
    `${(median(found.map(({ ms }) => ms)) / 1_000).toFixed(1)} s`,
    `${median(found.map((hunt) => hunt.found.from))} → ${median(found.map((hunt) => hunt.found.to))}`,
    `${(median(found.map((hunt) => hunt.found.shrinkMs)) / 1_000).toFixed(1)} s`,
    under,
  ];
}

function byFault(): void {
  const wanted = FAULTS.filter(({ name, trigger }) =>
    values.fault !== undefined
      ? name === values.fault
      : values.quick
        ? QUICK_FAULTS.includes(name)
        : trigger !== undefined,
  );
  const rows: (readonly string[])[] = [];
  const all: Hunted[] = [];
  for (const { name, rules } of wanted) {
    if (performance.now() > UNTIL_MS) break;
    const hunts: Hunted[] = [];
    for (let seed = 1; seed <= SEEDS; seed++) {
      hunts.push(huntFor(name, seed, HUNT));
      // A fault that plans do not show is not looked for again and again.
      if (hunts.every(({ found }) => found === undefined)) break;
    }
    all.push(...hunts);
    rows.push(rowOf(name, rules[0] ?? "", hunts));
  }
  const header = ["fault", "planted for", "found", "runs", "after", "actions", "shrunk in", "by"];
  console.log(
    columns(
      [header, ...rows],
      header.map(() => "left" as const),
    ).join("\n"),
  );
  const found = all.flatMap((hunt) => (hunt.found ? [hunt.found] : []));
  console.log(
    `\n${rows.filter((row) => row[3] !== "-").length} of ${rows.length} faults found; shrunk to ${median(found.map(({ to }) => to))} actions in ${(median(found.map(({ shrinkMs }) => shrinkMs)) / 1_000).toFixed(2)} s at the median`,
  );
  if (rows.length < wanted.length)
    console.log(`time was up: ${wanted.length - rows.length} faults were not looked for`);
}

async function compareCrews(): Promise<void> {
  const one = await crewSpeed(1);
  const two = await crewSpeed(2);
  console.log(`two processes that share nothing: ${await twoApart()} plans/s together`);
  console.log(
    `workers: ${Math.round(one)} runs/s with one, ${Math.round(two)} with two: ${(two / one).toFixed(2)} times (aim: 1.5)`,
  );
  if (values["workers-only"]) return;
  console.log();
  byFault();
}

oneCore();
if (!values["one-core"]) await compareCrews();
