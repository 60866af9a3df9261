/**
 * Owns counterexamples: a plan, the rule that it breaks, and what is to be seen when it is played again.
 * Refuses to touch files: cli/ reads and writes their text.
 */

import { z } from "zod";
import { canonicalJson } from "../base/canonical-json.ts";
import { faultByName } from "../faults/all.ts";
import { ruleById } from "../protocol/rules/registry.ts";
import { isPlayable, Plan } from "../simulation/plan.ts";
import { brokenRules, type JudgedPlan, judgePlan } from "./judge-plan.ts";
import { partsOf } from "./run-job.ts";

export const COUNTEREXAMPLE_FORM = "zeke-sync/counterexample@1";

/** One file. */
export const Counterexample = z.strictObject({
  form: z.literal(COUNTEREXAMPLE_FORM),
  rule: z.string().refine((id) => ruleById(id) !== undefined, "there is no such rule"),
  /** A planted fault without which nothing is broken; absent: the reference itself broke the rule. */
  fault: z
    .string()
    .refine((name) => faultByName(name) !== undefined, "there is no such planted fault")
    .optional(),
  plan: Plan.refine(isPlayable, "its scenario is none"),
  /** What was seen when it was saved. */
  seen: z.strictObject({
    /** Of the whole history. */
    digest: z.string().regex(/^[0-9a-f]{16}$/),
    expected: z.string(),
    actual: z.string(),
    because: z.string(),
  }),
  /** Actions of the plan that showed it first, and of this one. */
  shrunk: z.strictObject({ from: z.number().int(), to: z.number().int(), tries: z.number().int() }),
  versions: z.record(z.string(), z.string()),
  /** For people: how it was found, what it means. */
  note: z.string(),
});
export type Counterexample = z.infer<typeof Counterexample>;

/** How a counterexample fares now. */
export type Replayed =
  /** The rule holds. */
  | { readonly verdict: "FIXED"; readonly judged: JudgedPlan }
  /** The same history, and the same rule is broken. */
  | { readonly verdict: "STILL VIOLATED"; readonly judged: JudgedPlan }
  /** Another history that breaks a rule, this one or another. */
  | { readonly verdict: "CHANGED"; readonly judged: JudgedPlan; readonly broken: readonly string[] };

/** Plays it again and says how it fares; `keepFacts` for a diagram. */
export function replay(example: Counterexample, keepFacts = false): Replayed {
  const judged = judgePlan(example.plan, { parts: partsOf(example.fault), keepFacts });
  const broken = [...brokenRules(judged).keys()];
  if (broken.length === 0) return { verdict: "FIXED", judged };
  const same = broken.includes(example.rule) && judged.digest === example.seen.digest;
  return same ? { verdict: "STILL VIOLATED", judged } : { verdict: "CHANGED", judged, broken };
}

/** Its text: canonical JSON, so that the same counterexample is the same file. */
export function counterexampleText(example: Counterexample): string {
  return `${canonicalJson(example)}\n`;
}

/** The counterexample in a text, or one sentence that says where it is none. */
export function parseCounterexample(text: string): Counterexample | { readonly fault: string } {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return { fault: "it is no JSON" };
  }
  const { form } = Object(value) as { readonly form?: unknown };
  if (form !== COUNTEREXAMPLE_FORM)
    return {
      fault:
        form === undefined
          ? `it has no "form": "${COUNTEREXAMPLE_FORM}"`
          : `its form is ${JSON.stringify(form)}, not "${COUNTEREXAMPLE_FORM}"`,
    };
  const parsed = Counterexample.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  return { fault: `${issue?.path.join(".") || "it"}: ${issue?.message ?? "another form"}` };
}
