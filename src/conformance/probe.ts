/**
 * Owns what a probe is: a property of a target over generated data, as a script of effects.
 * Refuses to wait: a script yields effects and is resumed with what came of them, at once in memory, later over
 * the network. Values come from fast-check, so that what breaks can be shrunk.
 */

import type { Arbitrary } from "fast-check";
import type { RuleId } from "../protocol/rules/registry.ts";
import type { Desk } from "./desk.ts";
import type { Effect, EffectResult, TargetFacts } from "./target.ts";

/** What a script hands out: an effect for the driver, or word to the runner that this run is over. */
export type Step =
  | Effect
  /** A rule is broken; the script is not resumed. */
  | { readonly effect: "violated"; readonly violation: Violation }
  /** Nothing can be said: an outcome that the rest needs is indefinite. The script is not resumed. */
  | { readonly effect: "discarded"; readonly reason: string };

/** A piece of a probe. Call one from another by `yield*`. */
export type Script<T> = Generator<Step, T, unknown>;

/** What was found, in words. */
export interface Violation {
  readonly rule: RuleId;
  readonly expected: string;
  readonly actual: string;
  /** What led to it, for people. */
  readonly because?: string;
}

/** One probe: rules of one family, one way to see whether they hold. */
export interface Probe<Value = unknown> {
  /** `<family>/<what>`, kebab-case: `conflict/stale-delete`. */
  readonly id: string;
  /** Every rule that this probe may exercise. */
  readonly rules: readonly RuleId[];
  /** One sentence: what it does and what must hold. */
  readonly text: string;
  /** The roadmap's phases that the target must have. */
  readonly phases: readonly number[];
  /** Why this target cannot exercise it, and what would; undefined when it can. */
  needs?(facts: TargetFacts): string | undefined;
  /** While it runs against a live target, nothing else may: it needs quiet, or changes what all share. */
  readonly alone?: boolean;
  /** How many values are tried at the default effort. */
  readonly runs: number;
  values(facts: TargetFacts): Arbitrary<Value>;
  script(desk: Desk, value: Value): Script<void>;
}

/** A probe whose values only it knows. */
export function defineProbe<Value>(probe: Probe<Value>): Probe {
  return probe as Probe;
}

/** Yields one effect and gives back what came of it. */
export function* perform<E extends Effect>(effect: E): Script<EffectResult[E["effect"]]> {
  return (yield effect) as EffectResult[E["effect"]];
}
