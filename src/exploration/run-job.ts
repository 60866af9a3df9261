/**
 * Owns what one worker does: a job run and judged, a finding shrunk. All of it is data that can be sent.
 * Refuses to know who asked.
 */

import { faultByName } from "../faults/all.ts";
import { type Parts, REFERENCE } from "../simulation/parts.ts";
import type { Plan } from "../simulation/plan.ts";
import type { Job, JobResult } from "./campaign.ts";
import { brokenRules, judgePlan } from "./judge-plan.ts";
import { shrinkDrawn, shrinkPlan } from "./shrink-plan.ts";

/** Runs a plan; `fault` is the name of one that is planted. */
export function runJob({ index, plan }: Job, fault: string | undefined): JobResult {
  const judged = judgePlan(plan, { parts: partsOf(fault) });
  return {
    index,
    behaviours: [...judged.behaviours],
    broken: [...brokenRules(judged)].map(([rule, { expected, actual, because }]) => ({
      rule,
      expected,
      actual,
      because,
    })),
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

/** The smallest plan that was found for this rule. */
export interface ShrinkResult {
  readonly plan: Plan;
  readonly tries: number;
  readonly done: boolean;
}

/** Shrinks a plan under its rule: by fast-check if it was drawn, then by what we know of plans. */
export function runShrink({ rule, job, fault, triesMax }: ShrinkJob, enough: () => boolean): ShrinkResult {
  const parts = partsOf(fault);
  const breaks = (plan: Plan): boolean => brokenRules(judgePlan(plan, { parts })).has(rule);
  const half = Math.ceil(triesMax / 2);
  const drawn =
    job.drawnFrom === undefined
      ? { plan: job.plan, tries: 0 }
      : shrinkDrawn(job.drawnFrom, job.plan, { breaks, triesMax: half, enough });
  const passed = shrinkPlan(drawn.plan, { breaks, triesMax: triesMax - drawn.tries, enough });
  return { ...passed, tries: drawn.tries + passed.tries };
}

/** The reference parts, or those with this fault in them. */
export function partsOf(fault: string | undefined): Parts {
  return fault === undefined ? REFERENCE : (faultByName(fault)?.plant(REFERENCE) ?? REFERENCE);
}
