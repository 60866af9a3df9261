/**
 * Owns one run of a plan and what the checkers say of it.
 * Refuses to search: it runs what it is given, once.
 */

import { createCheckers } from "../checkers/all.ts";
import type { Violation } from "../checkers/port.ts";
import type { Fact, Roster } from "../history/facts.ts";
import type { FactFold } from "../history/journal.ts";
import { type Parts, REFERENCE } from "../simulation/parts.ts";
import { type Plan, scenarioOfPlan } from "../simulation/plan.ts";
import { createSimulation } from "../simulation/world.ts";
import { Behaviours } from "./behaviours.ts";
import { judgesOf } from "./judges.ts";

const SLICE_EVENTS = 50_000;
/** A small world that needs more has a loop in it. */
const EVENTS_MAX = 5_000_000;

/** How one rule fared. */
interface RuleFound {
  readonly rule: string;
  readonly exercised: number;
  readonly violations: readonly Violation[];
}

/** A run of a plan, judged. */
export interface JudgedPlan {
  /** Of the whole history: equal digests are equal runs. */
  readonly digest: string;
  readonly settled: boolean;
  readonly rules: readonly RuleFound[];
  /** What happened in it, by name: what steers the hunt. */
  readonly behaviours: ReadonlySet<string>;
  readonly events: number;
  readonly roster: Roster;
  /** Every fact; empty unless they were asked for. */
  readonly facts: readonly Fact[];
}

export interface JudgeOptions {
  /** Other parts than the reference ones: a planted fault. */
  readonly parts?: Parts;
  readonly keepFacts?: boolean;
}

/** Runs a plan and judges it. The same plan gives the same digest and the same verdicts. */
export function judgePlan(
  plan: Plan,
  { parts = REFERENCE, keepFacts = false }: JudgeOptions = {},
): JudgedPlan {
  const scenario = scenarioOfPlan(plan);
  const checkers = judgesOf({ createCheckers }, scenario);
  const behaviours = new Behaviours();
  const folds: readonly FactFold[] = [...checkers, behaviours];
  const world = createSimulation(scenario, plan.seed, { folds, parts, actions: plan.actions, keepFacts });
  let events = 0;
  while (events < EVENTS_MAX && world.advance(SLICE_EVENTS)) events += SLICE_EVENTS;
  const progress = world.progress();
  return {
    digest: progress.digest(),
    settled: progress.phase === "settled",
    rules: checkers.map((checker) => ({ rule: checker.rule, ...checker.finish() })),
    behaviours: behaviours.seen,
    events: progress.events,
    roster: world.roster,
    facts: world.journal.kept,
  };
}

/** The rules that a run broke, in the order of their checkers, each with its first violation. */
export function brokenRules({ rules }: Pick<JudgedPlan, "rules">): ReadonlyMap<string, Violation> {
  const broken = new Map<string, Violation>();
  for (const { rule, violations } of rules) {
    const [first] = violations;
    if (first !== undefined) broken.set(rule, first);
  }
  return broken;
}
