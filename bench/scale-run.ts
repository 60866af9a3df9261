/**
 * Owns one run of a simulated fleet for the bench of scale: the time of the world and the time of its judges, apart.
 * Refuses to judge the figures. Facts are folded in slices, in their order, so that both can be timed.
 */

import { readFileSync } from "node:fs";
import { parse } from "yaml";
import { createCheckers } from "../src/checkers/all.ts";
import { Digest } from "../src/history/digest.ts";
import type { Fact, FactName } from "../src/history/facts.ts";
import { createMetrics } from "../src/metrics/all.ts";
import { Scenario } from "../src/simulation/scenario.ts";
import { createSimulation } from "../src/simulation/world.ts";

/** World events between two foldings. */
const SLICE = 20_000;
const SEED = 1;

/** What one run took; seconds of wall time. */
export interface ScaleRun {
  readonly devices: number;
  readonly deviceEvents: number;
  readonly facts: number;
  /** The world alone, its digest with it. */
  readonly worldSeconds: number;
  /** Checkers and metrics. */
  readonly judgeSeconds: number;
  /** Of the world's: the digest alone, measured over the same facts once more. */
  readonly digestSeconds: number;
  /** Judging, at each tenth of the facts that were wanted. */
  readonly judgeByTenth: readonly number[];
  readonly peakBytes: number;
  readonly phase: string;
}

/** A shipped scenario with another fleet, duration and settings. */
export function scenarioOf(name: string, accounts: number, duration: string): Scenario {
  const file = new URL(`../scenarios/${name}.yaml`, import.meta.url);
  const text = parse(readFileSync(file, "utf8")) as Record<string, unknown>;
  const fleet = { ...(text.fleet as object), accounts };
  return Scenario.parse({ ...text, duration, fleet });
}

interface FactFold {
  readonly wants: readonly FactName[];
  fold(fact: Fact): void;
}

/** Folds as the journal does: each is given what it wants, in order. */
function dispatcherOf(folds: readonly FactFold[]): (fact: Fact) => void {
  const table = new Map<FactName, FactFold[]>();
  for (const fold of folds) {
    for (const name of new Set(fold.wants)) table.set(name, [...(table.get(name) ?? []), fold]);
  }
  return (fact) => {
    const wanting = table.get(fact.fact);
    if (wanting) for (let i = 0; i < wanting.length; i++) (wanting[i] as FactFold).fold(fact);
  };
}

/** Runs it to its end, and keeps the facts of a slice back until the slice is over. */
export function runScaled(scenario: Scenario): ScaleRun {
  const checkers = createCheckers();
  const folds: readonly FactFold[] = [...checkers, createMetrics()];
  const dispatch = dispatcherOf(folds);
  const digest = new Digest();
  const wants = [...new Set(folds.flatMap((fold) => fold.wants))];
  let kept: Fact[] = [];
  const world = createSimulation(scenario, SEED, {
    folds: [{ wants, fold: (fact) => kept.push(fact) }],
  });
  const spent = { world: 0, judge: 0, digest: 0 };
  const bySlice: { facts: number; seconds: number }[] = [];
  let peakBytes = 0;
  for (let goesOn = true; goesOn; ) {
    const began = performance.now();
    goesOn = world.advance(SLICE);
    const judging = performance.now();
    for (const fact of kept) dispatch(fact);
    const digesting = performance.now();
    for (const fact of kept) digest.add(fact);
    spent.world += judging - began;
    spent.judge += digesting - judging;
    spent.digest += performance.now() - digesting;
    bySlice.push({ facts: kept.length, seconds: (digesting - judging) / 1_000 });
    kept = [];
    peakBytes = Math.max(peakBytes, process.memoryUsage.rss());
  }
  const finishing = performance.now();
  for (const checker of checkers) checker.finish();
  spent.judge += performance.now() - finishing;
  const { deviceEvents, phase, facts } = world.progress();
  return {
    devices: world.roster.devices.length,
    deviceEvents,
    facts,
    worldSeconds: spent.world / 1_000,
    judgeSeconds: spent.judge / 1_000,
    digestSeconds: spent.digest / 1_000,
    judgeByTenth: tenths(bySlice),
    peakBytes,
    phase,
  };
}

/** Seconds of a judged run. Facts reach their judges when a slice of events is over, as in `simulate`; of one, at once. */
export function judgedSeconds(scenario: Scenario, slice = SLICE): number {
  const checkers = createCheckers();
  const world = createSimulation(scenario, SEED, { folds: [...checkers, createMetrics()] });
  const began = performance.now();
  while (world.advance(slice));
  for (const checker of checkers) checker.finish();
  return (performance.now() - began) / 1_000;
}

/** Seconds per million facts in each tenth of the history. */
function tenths(slices: readonly { facts: number; seconds: number }[]): readonly number[] {
  const total = slices.reduce((sum, { facts }) => sum + facts, 0);
  const bins = Array.from({ length: 10 }, () => ({ facts: 0, seconds: 0 }));
  let before = 0;
  for (const { facts, seconds } of slices) {
    const bin = bins[Math.min(9, Math.floor((10 * before) / Math.max(1, total)))];
    if (bin) {
      bin.facts += facts;
      bin.seconds += seconds;
    }
    before += facts;
  }
  return bins.map(({ facts, seconds }) => (facts === 0 ? 0 : (seconds / facts) * 1_000_000));
}

/** Seconds for a run of the world alone: `awaiting` gives way once per event, as a simulation of promises would. */
export async function worldSeconds(scenario: Scenario, awaiting: boolean): Promise<number> {
  const world = createSimulation(scenario, SEED, { folds: [] });
  const began = performance.now();
  if (awaiting) while (world.advance(1)) await undefined;
  else while (world.advance(SLICE));
  return (performance.now() - began) / 1_000;
}
