/**
 * Owns the canary: a fault planted in few of many runs, to show that a hunt which finds nothing is still alive.
 * Refuses to know the hunt: it is told by a function whether one run of it found anything.
 */

import { stream } from "../base/prng.ts";
import { freshWatches, PROBES } from "../conformance/all-probes.ts";
import { tryProbe } from "../conformance/trial.ts";
import { faultByName } from "../faults/all.ts";
import { REFERENCE } from "../simulation/parts.ts";
import { createEngineTarget } from "./engine-target.ts";
import { RIGS } from "./rigs.ts";

/** The share of runs that carry the canary. */
const CANARY_SHARE = 0.01;

/** Any hunt in which two people edit one contact comes upon it. */
const CANARY_FAULT = "contacts-unguarded";

/** Of each probe's own number of runs: a canary is easy prey. */
const CANARY_EFFORT = 0.25;

export interface CanaryOptions {
  readonly seeds: readonly number[];
  /** 1 % by default. */
  readonly share?: number;
  /** One run of the hunt under a seed, with the fault in it or not: true when it found something. */
  run(seed: number, planted: boolean): boolean;
}

export interface CanaryReport {
  readonly runs: number;
  /** The seeds that carry the fault. */
  readonly carriers: readonly number[];
  /** Carriers in which the hunt found nothing. */
  readonly missed: readonly number[];
  /** Seeds in which it found something that nobody planted. */
  readonly falseAlarms: readonly number[];
  /** There was something to find, all of it was found, and nothing else. */
  readonly alive: boolean;
}

/** True when the run of this seed carries the canary: by its seed alone, so that every shard knows its own. */
export function carriesCanary(seed: number, share: number = CANARY_SHARE): boolean {
  return stream(seed, "canary").chance(share);
}

/** Runs the hunt under every seed, with the canary where the seed says so. */
export function canary({ seeds, share = CANARY_SHARE, run }: CanaryOptions): CanaryReport {
  const carriers = seeds.filter((seed) => carriesCanary(seed, share));
  const planted = new Set(carriers);
  const found = new Set(seeds.filter((seed) => run(seed, planted.has(seed))));
  const missed = carriers.filter((seed) => !found.has(seed));
  const falseAlarms = [...found].filter((seed) => !planted.has(seed));
  const alive = carriers.length > 0 && missed.length === 0 && falseAlarms.length === 0;
  return { runs: seeds.length, carriers, missed, falseAlarms, alive };
}

/** The canary of the probes: those that know the canary's rule, a few values each, on the plain rig. */
export function probeCanary(seeds: readonly number[]): CanaryReport {
  const fault = faultByName(CANARY_FAULT);
  const [rig] = RIGS;
  const probes = PROBES.filter(({ rules }) => rules.some((rule) => rule === fault?.rules[0]));
  const run = (seed: number, planted: boolean): boolean => {
    const makeTarget = () =>
      createEngineTarget({
        config: (rig as (typeof RIGS)[number]).config,
        parts: planted && fault ? fault.plant(REFERENCE) : REFERENCE,
        seed,
      });
    const { facts } = makeTarget();
    return probes
      .filter((probe) => probe.needs?.(facts) === undefined)
      .some(
        (probe) =>
          tryProbe(probe, makeTarget, { seed, effort: CANARY_EFFORT, watches: freshWatches }).finding !==
          undefined,
      );
  };
  return canary({ seeds, run });
}
