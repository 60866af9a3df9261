/**
 * Owns the shrinking of a plan that breaks a rule: less of everything, as long as the same rule is still broken.
 * Refuses to judge: it asks, as often as it is allowed to. The same plan and the same answers give the same result.
 */

import { check, property } from "fast-check";
import { canonicalJson } from "../base/canonical-json.ts";
import type { Plan } from "../simulation/plan.ts";
import { anyPlan } from "./plan-arbitrary.ts";
import { PASSES, type Pass } from "./shrink-passes.ts";

export interface ShrinkOptions {
  /** Whether this plan breaks the rule. */
  breaks(plan: Plan): boolean;
  /** How often `breaks` may be asked. */
  triesMax: number;
  /** True once time is up: the best so far is given back. Asked before each try. */
  enough?(): boolean;
}

export interface Shrunk {
  readonly plan: Plan;
  readonly tries: number;
  /** Nothing smaller that this shrinker knows of breaks the rule; false: it was stopped before. */
  readonly done: boolean;
}

/** The smallest plan found by fast-check among those that its seed leads to; for plans that were drawn. */
export function shrinkDrawn(seed: number, plan: Plan, options: ShrinkOptions): Shrunk {
  const asked = new Asked(options);
  let best = plan;
  const holds = (candidate: Plan): boolean => {
    if (!asked.breaks(candidate)) return true;
    best = candidate;
    return false;
  };
  check(property(anyPlan, holds), { seed: seed | 0, numRuns: 1 });
  return { plan: best, tries: asked.tries, done: !asked.isOver };
}

/** Passes that know what a plan is: actions, settings, times, values, again until none of them helps. */
export function shrinkPlan(plan: Plan, options: ShrinkOptions): Shrunk {
  const asked = new Asked(options);
  let best = plan;
  for (let before: Plan | undefined; before !== best; ) {
    before = best;
    best = withFewerActions(best, asked);
    for (const pass of PASSES) best = firstOf(best, pass, asked);
  }
  return { plan: best, tries: asked.tries, done: !asked.isOver };
}

/** The asking, and its bound. What was asked before is not asked again, so that no two passes go round in circles. */
class Asked {
  tries = 0;
  isOver = false;
  private readonly options: ShrinkOptions;
  private readonly known = new Set<string>();

  constructor(options: ShrinkOptions) {
    this.options = options;
  }

  breaks(plan: Plan): boolean {
    const text = canonicalJson(plan);
    if (this.known.has(text)) return false;
    this.isOver ||= this.tries >= this.options.triesMax || this.options.enough?.() === true;
    if (this.isOver) return false;
    this.tries++;
    this.known.add(text);
    return this.options.breaks(plan);
  }
}

/** Zeller's ddmin over the actions: halves first, then smaller and smaller pieces. */
function withFewerActions(plan: Plan, asked: Asked): Plan {
  let best = plan;
  for (
    let size = Math.ceil(best.actions.length / 2);
    size >= 1;
    size = size === 1 ? 0 : Math.ceil(size / 2)
  ) {
    for (let from = 0; from < best.actions.length; ) {
      const actions = [...best.actions.slice(0, from), ...best.actions.slice(from + size)];
      const candidate = { ...best, actions };
      if (asked.breaks(candidate)) best = candidate;
      else from += size;
    }
  }
  return best;
}

/**
 * Takes every candidate of a pass that still breaks, each on top of the former. After one that helped it goes on where
 * it was: those before it did not help, and are asked again when all passes begin anew.
 */
function firstOf(plan: Plan, pass: Pass, asked: Asked): Plan {
  let best = plan;
  let failed = 0;
  for (let helped = true; helped; ) {
    helped = false;
    let place = 0;
    for (const candidate of pass(best)) {
      if (place++ < failed) continue;
      if (!asked.breaks(candidate)) {
        failed++;
        continue;
      }
      best = candidate;
      helped = true;
      break;
    }
  }
  return best;
}
