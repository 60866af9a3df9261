/**
 * Owns what one worker does: a job run and judged, a finding shrunk. All of it is data that can be sent.
 * Refuses to know who asked.
 */

import { faultByName } from "../faults/all.ts";
import { type Parts, REFERENCE } from "../simulation/parts.ts";
import type { Plan } from "../simulation/plan.ts";
import { type Breach, type Job, type JobResult, shapeOf } from "./campaign.ts";
import { grounded } from "./ground.ts";
import { brokenRules, type JudgedPlan, judgePlan } from "./judge-plan.ts";
import { shrinkDrawn, shrinkPlan } from "./shrink-plan.ts";

/** Of the tries of one shrinking, the share that fast-check has; the passes that know plans have the rest. */
const DRAWN_SHARE = 0.1;

/** Runs a plan; `fault` is the name of one that is planted. */
export function runJob({ index, plan }: Job, fault: string | undefined): JobResult {
  const judged = judgePlan(plan, { parts: partsOf(fault) });
  return {
    index,
    behaviours: [...judged.behaviours],
    broken: breachesOf(judged),
    exercised: judged.rules.filter(({ exercised }) => exercised > 0).map(({ rule }) => rule),
    events: judged.events,
  };
}

export interface ShrinkJob {
  readonly rule: string;
  readonly job: Job;
  readonly fault: string | undefined;
  readonly triesMax: number;
}

/** The smallest plan that was found for this rule, and what comes of it. */
export interface ShrinkResult {
  readonly plan: Plan;
  readonly tries: number;
  /** Nothing smaller is known; false: it was stopped before. */
  readonly done: boolean;
  readonly digest: string;
  /** Every rule that it breaks, with shapes. */
  readonly broken: readonly (Breach & { readonly shape: string })[];
}

/** Shrinks a plan under its rule: by fast-check if it was drawn, then by what we know of plans. */
export function runShrink({ rule, job, fault, triesMax }: ShrinkJob, enough: () => boolean): ShrinkResult {
  // A fault may remember what it met: each run has a fresh one.
  const play = (plan: Plan): JudgedPlan => judgePlan(plan, { parts: partsOf(fault) });
  const breaks = (plan: Plan): boolean => brokenRules(play(plan)).has(rule);
  const { plan, tries, done } = shrunk(job, { breaks, triesMax, enough });
  const judged = play(plan);
  const broken = breachesOf(judged).map((breach) => ({ ...breach, shape: shapeOf(breach) }));
  return { plan, tries, done, digest: judged.digest, broken };
}

function shrunk({ drawnFrom, ground, plan }: Job, options: Parameters<typeof shrinkPlan>[1]) {
  const drawn =
    drawnFrom === undefined
      ? { plan, tries: 0 }
      : shrinkDrawn(drawnFrom, plan, {
          ...options,
          triesMax: Math.ceil(options.triesMax * DRAWN_SHARE),
          breaks: (candidate) => options.breaks(grounded(candidate, ground)),
        });
  const small = drawn.plan === plan ? plan : grounded(drawn.plan, ground);
  const passed = shrinkPlan(small, { ...options, triesMax: options.triesMax - drawn.tries });
  return { ...passed, tries: drawn.tries + passed.tries };
}

function breachesOf(judged: JudgedPlan): readonly Breach[] {
  return [...brokenRules(judged)].map(([rule, { expected, actual, because }]) => ({
    rule,
    expected,
    actual,
    because,
  }));
}

/** The reference parts, or those with this fault in them. */
export function partsOf(fault: string | undefined): Parts {
  return fault === undefined ? REFERENCE : (faultByName(fault)?.plant(REFERENCE) ?? REFERENCE);
}
