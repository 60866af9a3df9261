/**
 * Owns one run of a script against a target that answers at once.
 * Refuses to generate: a trial does, and calls this for each value.
 */

import { assert } from "../base/assert.ts";
import type { Script, Step, Violation } from "./probe.ts";
import type { Effect, MemoryTarget } from "./target.ts";

/** How a run ended. */
export type RunEnd =
  | { readonly end: "passed" }
  | { readonly end: "violated"; readonly violation: Violation }
  | { readonly end: "discarded"; readonly reason: string };

/** Steps that one run may take at most. */
export const STEPS_MAX = 20_000;

/** What the script wants next: an effect to be carried out, or how it ended. */
export function advance(script: Script<void>, result: unknown): Effect | RunEnd {
  const next: IteratorResult<Step, void> = script.next(result);
  if (next.done) return { end: "passed" };
  const step = next.value;
  if (step.effect === "violated") return { end: "violated", violation: step.violation };
  if (step.effect === "discarded") return { end: "discarded", reason: step.reason };
  return step;
}

/** Runs a script to its end. */
export function runScript(script: Script<void>, target: MemoryTarget): RunEnd {
  let result: unknown;
  for (let steps = 0; steps < STEPS_MAX; steps++) {
    const wanted = advance(script, result);
    if ("end" in wanted) return wanted;
    result = target.perform(wanted);
  }
  return assert(false, `a script ends within ${STEPS_MAX} steps`) as never;
}
