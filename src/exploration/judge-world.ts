/**
 * Owns the judging of one small world: a scenario run to its end under the seed of triggers, with these parts.
 * Refuses to say what should have been found.
 */

import { assert } from "../base/assert.ts";
import { createCheckers } from "../checkers/all.ts";
import { TRIGGER_SEED } from "../faults/trigger.ts";
import type { Parts } from "../simulation/parts.ts";
import { Scenario, type ScenarioText } from "../simulation/scenario.ts";
import { createSimulation } from "../simulation/world.ts";
import { judgesOf } from "./judges.ts";

const SLICE_EVENTS = 100_000;
/** A small world that needs more has a loop in it. */
const EVENTS_MAX = 5_000_000;

/** How one run was judged: how often each rule was exercised, and by how many breaches it was broken. */
export interface WorldVerdict {
  readonly exercised: ReadonlyMap<string, number>;
  /** Rules that were broken, with the number of breaches that were kept. */
  readonly broken: ReadonlyMap<string, number>;
}

/** Runs a scenario and judges it by every rule that its phases have. */
export function judgeWorld(text: ScenarioText, parts: Parts): WorldVerdict {
  const scenario = Scenario.parse(text);
  const checkers = judgesOf({ createCheckers }, scenario);
  const world = createSimulation(scenario, TRIGGER_SEED, { folds: checkers, parts });
  while (world.advance(SLICE_EVENTS))
    assert(world.progress().events < EVENTS_MAX, "a small world comes to its end");
  const judged = checkers.map((checker) => [checker.rule, checker.finish()] as const);
  return {
    exercised: new Map(judged.map(([rule, { exercised }]) => [rule, exercised])),
    broken: new Map(
      judged.flatMap(([rule, { violations }]) => (violations.length > 0 ? [[rule, violations.length]] : [])),
    ),
  };
}
