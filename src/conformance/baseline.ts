/**
 * Owns the baseline: rules whose violation is known, each with a reason, an owner and a day until which it is borne.
 * Refuses to read files and clocks: today is handed in.
 */

import { z } from "zod";
import { type RuleId, ruleById } from "../protocol/rules/registry.ts";

export const KnownViolation = z.strictObject({
  reason: z.string().min(1),
  owner: z.string().min(1),
  until: z.iso.date("a day is written 2026-12-31"),
});
export type KnownViolation = z.infer<typeof KnownViolation>;

/** By rule id. Ids are checked apart, so that one that is gone fails a run instead of ending it. */
export const Baseline = z.record(z.string(), KnownViolation);
export type Baseline = z.infer<typeof Baseline>;

/** What is wrong with the list itself, or with what it says. */
export interface BaselineFault {
  readonly rule: string;
  readonly message: string;
}

/** Faults that stand whatever was found: ids that are none, and days that are over. `today` is `2026-12-31`. */
export function checkBaseline(baseline: Baseline, today: string): readonly BaselineFault[] {
  return Object.entries(baseline).flatMap(([rule, { until, owner }]) => {
    if (ruleById(rule) === undefined)
      return [{ rule, message: `there is no rule ${rule}: take it off the list` }];
    if (until < today) return [{ rule, message: `borne until ${until}, which is over: ${owner} owns it` }];
    return [];
  });
}

/** What the list says of a rule. */
export function knownOf(baseline: Baseline, rule: RuleId): KnownViolation | undefined {
  return Object.hasOwn(baseline, rule) ? baseline[rule] : undefined;
}
