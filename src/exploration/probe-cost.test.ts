/**
 * Holds the cost of a run of all probes: whoever judges a live target pays each request.
 */

import { expect, test } from "vitest";
import { freshWatches, PROBES } from "../conformance/all-probes.ts";
import type { Effect, EffectResult, MemoryTarget } from "../conformance/target.ts";
import { tryProbe } from "../conformance/trial.ts";
import { createEngineTarget } from "./engine-target.ts";
import { RIGS } from "./rigs.ts";

/** What is left of 3,000 goes to capabilities and cleanup. */
const REQUESTS_MAX = 2_650;

/** A target that counts what it is sent, upgrades too. */
class Counted implements MemoryTarget {
  requests = 0;
  private readonly target: MemoryTarget;

  constructor(target: MemoryTarget) {
    this.target = target;
  }

  get facts() {
    return this.target.facts;
  }

  perform<E extends Effect>(effect: E): EffectResult[E["effect"]] {
    if (effect.effect === "send") this.requests += effect.requests.length;
    if (effect.effect === "open") this.requests++;
    return this.target.perform(effect);
  }
}

function costOf(seed: number): ReadonlyMap<string, number> {
  const [plain] = RIGS;
  if (plain === undefined) throw new Error("there is a rig");
  const { config, instances } = plain;
  const cost = new Map<string, number>();
  for (const probe of PROBES) {
    const targets: Counted[] = [];
    const makeTarget = () => {
      const target = new Counted(createEngineTarget({ config, instances }));
      targets.push(target);
      return target;
    };
    if (probe.needs?.(makeTarget().facts) !== undefined) continue;
    tryProbe(probe, makeTarget, { seed, watches: freshWatches });
    cost.set(
      probe.id,
      targets.reduce((sum, { requests }) => sum + requests, 0),
    );
  }
  return cost;
}

test.each([1, 2, 3])("all probes together send at most 2,650 requests to the plain rig: seed %i", (seed) => {
  const cost = costOf(seed);
  const sum = [...cost.values()].reduce((one, other) => one + other, 0);
  const dearest = [...cost].sort(([, one], [, other]) => other - one).slice(0, 5);
  expect(cost.size).toBeGreaterThan(80);
  expect(sum, JSON.stringify(dearest)).toBeGreaterThan(1_000);
  expect(sum, JSON.stringify(dearest)).toBeLessThanOrEqual(REQUESTS_MAX);
});
