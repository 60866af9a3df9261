/**
 * Owns the making of a simulation's report from what a run left behind.
 * Refuses to know files, terminals and clocks: what depends on the wall clock is handed in as `timing`.
 */

import { canonicalJson, type JsonObject } from "../base/canonical-json.ts";
import { formatInstant } from "../base/time.ts";
import type { CountedJudgement } from "../checkers/define.ts";
import type { Judgement, Violation } from "../checkers/port.ts";
import type { Roster } from "../history/facts.ts";
import type { Metrics } from "../metrics/all.ts";
import type { Series } from "../metrics/series.ts";
import { RULES } from "../protocol/rules/registry.ts";
import { RULE_FAMILIES, type Rule } from "../protocol/rules/rule.ts";
import { whyExcluded } from "../protocol/rules/scope.ts";
import { conflictEntries } from "./conflicts.ts";
import { EVIDENCE_FACTS_MAX, reportFact } from "./evidence.ts";
import { FAMILIES } from "./families.ts";
import { figuresOf } from "./measures.ts";
import {
  type DrawEntry,
  type FamilyEntry,
  type RuleEntry,
  SIMULATION_SCHEMA,
  type SimulationReport,
  type ViolationEntry,
} from "./result-schema.ts";
import { seriesEntry } from "./series-schema.ts";
import type { Diagram } from "./space-time.ts";
import { judgeThreshold, type Threshold } from "./threshold.ts";

/** Violations of one rule that a report shows in full; the rest are counted. */
export const VIOLATIONS_MAX = 10;

/** What a run left behind. */
export interface FinishedRun {
  readonly version: string;
  readonly again: string;
  readonly seed: number;
  readonly scenario: {
    readonly name: string;
    readonly description: string;
    readonly durationMs: number;
    readonly phases: readonly number[];
    readonly settings: unknown;
  };
  /** In a swarm. */
  readonly draw?: DrawEntry;
  readonly startMs: number;
  readonly roster: Roster;
  readonly ended: SimulationReport["run"]["ended"];
  readonly progress: Pick<
    SimulationReport["run"],
    "simulatedMs" | "events" | "deviceEvents" | "facts" | "digest"
  >;
  /** One per checker; several may judge one rule. */
  readonly judgements: readonly { readonly rule: string; readonly judgement: Judgement }[];
  readonly metrics: Metrics;
  /** How it went over time, if that was measured. */
  readonly series?: Series | undefined;
  /** Diagrams of some of the violations. */
  readonly diagrams?: ReadonlyMap<Violation, Diagram>;
  /** How often each fault struck, by name. */
  readonly struck: Readonly<Record<string, number>>;
  readonly thresholds: readonly Threshold[];
  readonly timing: {
    readonly runId: string;
    readonly startedAt: string;
    readonly wallMs: number;
    readonly node: string;
  };
}

/** The report of a run, its members in one fixed order. */
export function buildReport(run: FinishedRun): SimulationReport {
  const rules = RULES.map((rule) => judgeRule(rule, run));
  const figures = figuresOf(run.metrics);
  const thresholds = run.thresholds.map((threshold) => judgeThreshold(threshold, figures));
  const failed =
    run.ended === "unsettled" ||
    rules.some((rule) => rule.verdict === "violated") ||
    thresholds.some((threshold) => threshold.verdict !== "met");
  const { name, description, durationMs, phases, settings } = run.scenario;
  const { simulatedMs, events, deviceEvents, facts, digest } = run.progress;
  const { edits, commits, kills, requests } = run.metrics.counts;
  return {
    schema: SIMULATION_SCHEMA,
    suite: { name: "zeke-sync", version: run.version },
    verdict: run.ended === "interrupted" ? "interrupted" : failed ? "fail" : "pass",
    again: run.again,
    seed: run.seed,
    scenario: { name, description, settings: JSON.parse(canonicalJson(settings)) as JsonObject },
    ...(run.draw && { draw: run.draw }),
    fleet: { accounts: run.roster.accounts.length, devices: run.roster.devices.length, phases: [...phases] },
    run: {
      ended: run.ended,
      simulatedMs,
      agitatedMs: Math.min(simulatedMs, durationMs),
      events,
      deviceEvents,
      facts,
      edits,
      requests: Object.values(requests).reduce((sum, count) => sum + count, 0),
      commits,
      kills,
      digest,
    },
    figures: figures.map((figure) => ({ ...figure })),
    conflicts: conflictEntries(run.metrics),
    faults: { ...run.struck },
    metrics: JSON.parse(canonicalJson(run.metrics)) as JsonObject,
    ...(run.series && { series: seriesEntry(run.series, run.roster) }),
    thresholds,
    families: summarise(rules),
    rules,
    timing: time(run),
  };
}

function judgeRule(rule: Rule, run: FinishedRun): RuleEntry {
  const excluded = whyExcluded(rule, run.scenario.phases);
  const judgements = run.judgements.filter((entry) => entry.rule === rule.id).map((entry) => entry.judgement);
  const exercised = judgements.reduce((sum, judgement) => sum + judgement.exercised, 0);
  const violations = judgements.flatMap((judgement) => judgement.violations);
  const verdict =
    violations.length > 0
      ? "violated"
      : exercised > 0
        ? "satisfied"
        : excluded === undefined
          ? "not exercised"
          : "excluded";
  const reason = verdict === "not exercised" ? whyNotExercised(rule, judgements.length > 0) : excluded;
  const { id, level, side, phase, text } = rule;
  return {
    id,
    level,
    side,
    phase,
    text,
    verdict,
    exercised,
    ...(reason === undefined ? {} : { reason }),
    violated: judgements.reduce((sum, judgement) => sum + foundIn(judgement), 0),
    violations: violations.slice(0, VIOLATIONS_MAX).map((violation) => reportViolation(violation, run)),
  };
}

/** Checkers that keep only some of what they found say how much it was. */
function foundIn(judgement: Judgement): number {
  return (judgement as Partial<CountedJudgement>).found ?? judgement.violations.length;
}

function whyNotExercised({ side }: Rule, checked: boolean): string {
  return checked ? "its trigger did not happen" : UNCHECKED[side];
}

/** Who else judges what no checker does. */
const UNCHECKED: Readonly<Record<Rule["side"], string>> = {
  P: "no checker judges it in a simulation: zeke-sync conformance does",
  D: "no checker judges it",
  S: "no checker judges it",
  R: "no checker judges it: tests of the reference alone do",
};

function reportViolation(violation: Violation, run: FinishedRun): ViolationEntry {
  const diagram = run.diagrams?.get(violation);
  return {
    at: formatInstant(violation.at),
    afterMs: violation.at - run.startMs,
    expected: violation.expected,
    actual: violation.actual,
    because: violation.because,
    evidence: violation.evidence.slice(0, EVIDENCE_FACTS_MAX).map((fact) => reportFact(fact, run.roster)),
    ...(diagram && { diagram: JSON.parse(canonicalJson(diagram)) as NonNullable<ViolationEntry["diagram"]> }),
  };
}

/** Verdicts counted by family. */
export function summarise(rules: readonly RuleEntry[]): FamilyEntry[] {
  return RULE_FAMILIES.map((family) => {
    const mine = rules.filter((rule) => rule.id.startsWith(`${family}-`));
    const count = (verdict: RuleEntry["verdict"]) => mine.filter((rule) => rule.verdict === verdict).length;
    return {
      family,
      title: FAMILIES[family].title,
      rules: mine.length,
      satisfied: count("satisfied"),
      violated: count("violated"),
      notExercised: count("not exercised"),
      excluded: count("excluded"),
      exercised: mine.reduce((sum, rule) => sum + rule.exercised, 0),
    };
  });
}

function time(run: FinishedRun): SimulationReport["timing"] {
  const { runId, startedAt, wallMs, node } = run.timing;
  const wallSeconds = Math.max(wallMs, 1) / 1_000;
  return {
    runId,
    startedAt,
    wallMs,
    timesRealTime: Math.round(run.progress.simulatedMs / Math.max(wallMs, 1)),
    eventsPerSecond: Math.round(run.progress.events / wallSeconds),
    node,
  };
}
