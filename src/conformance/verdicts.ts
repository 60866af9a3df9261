/**
 * Owns the verdicts: what a run of probes says of each rule, and what all of them together say of the target.
 * Refuses to run anything, and to print. A rule is satisfied only if it was put to the test.
 */

import { constant } from "fast-check";
import { RULES, type RuleId } from "../protocol/rules/registry.ts";
import type { Rule } from "../protocol/rules/rule.ts";
import {
  type Baseline,
  type BaselineFault,
  checkBaseline,
  type KnownViolation,
  knownOf,
} from "./baseline.ts";
import type { Probe } from "./probe.ts";
import type { TargetFacts } from "./target.ts";
import type { Finding, Trial } from "./trial.ts";

/** Which rules are asked for. */
export interface Selection {
  /** undefined: those that the target declares. */
  readonly phases: readonly number[] | undefined;
  readonly matches: (rule: RuleId) => boolean;
  /**
   * `must`: only those. `should`: both, and a SHOULD fails like a MUST. undefined: both are judged, and a SHOULD that
   * is broken or was not exercised is told and fails nothing.
   */
  readonly level: "must" | "should" | undefined;
}

type RuleVerdict =
  | { readonly verdict: "satisfied" }
  | { readonly verdict: "violated"; readonly known: KnownViolation | undefined }
  | { readonly verdict: "not exercised"; readonly reason: string }
  | { readonly verdict: "excluded"; readonly reason: string };

export type JudgedRule = RuleVerdict & {
  readonly rule: Rule & { readonly id: RuleId };
  /** Runs in which it was put to the test. */
  readonly exercised: number;
  readonly findings: readonly (Finding & { readonly probe: Probe })[];
  /** Whether it counts for the verdict on the target. */
  readonly binds: boolean;
};

export interface Judgement {
  readonly verdict: "pass" | "fail" | "inconclusive";
  /** Rules of the sides P and R, and S with a fleet, in the order of the protocol. */
  readonly rules: readonly JudgedRule[];
  readonly baselineFaults: readonly BaselineFault[];
}

export interface JudgeInput {
  readonly facts: TargetFacts;
  readonly probes: readonly Probe[];
  readonly trials: readonly Trial[];
  readonly selection: Selection;
  readonly baseline: Baseline;
  /** `2026-12-31` */
  readonly today: string;
  /** Why the run ended before its end; probes without a trial were not reached then. */
  readonly endedBecause: string | undefined;
  readonly allowUnexercised: boolean;
  /** Exercised beside the probes: answers that asked for patience [API-7]. */
  readonly exercisedBeside?: ReadonlyMap<RuleId, number>;
  /** What the history of live devices showed, beside the probes. With it, rules of the whole (side S) are judged, too. */
  readonly fleet?: FleetVerdict | undefined;
}

/** What checkers made of a history; at most one finding for each rule. */
export interface FleetVerdict {
  readonly exercised: ReadonlyMap<RuleId, number>;
  readonly findings: readonly Finding[];
}

/** What a finding of the fleet's stands under, as if it were a probe. */
const FLEET_PROBE: Probe = {
  id: "fleet/history",
  rules: [],
  text: "Live devices and plain clients act at random on both accounts; what they saw is judged as one history.",
  phases: [1],
  runs: 1,
  values: () => constant(undefined),
  *script() {},
};

/** What no black box can see. */
const R_REASON = "needs the proxy's clock, crash or disk in hand: no black box can check it";

/** Judges every rule of the proxy, and then the whole. */
export function judge(input: JudgeInput): Judgement {
  const isJudged = ({ side }: Rule): boolean =>
    side === "P" || side === "R" || (side === "S" && input.fleet !== undefined);
  const rules = RULES.filter(isJudged).map((rule) => judgeRule(rule, input));
  const satisfied = new Set(
    rules.filter(({ verdict }) => verdict === "satisfied").map(({ rule }) => rule.id as string),
  );
  const baselineFaults = [
    ...checkBaseline(input.baseline, input.today),
    ...Object.keys(input.baseline)
      .filter((rule) => satisfied.has(rule))
      .map((rule) => ({ rule, message: "satisfied now: take it off the list" })),
  ];
  const fails =
    baselineFaults.length > 0 ||
    rules.some((one) => one.binds && one.verdict === "violated" && one.known === undefined);
  const isOpen =
    input.endedBecause !== undefined ||
    (!input.allowUnexercised && rules.some((one) => one.binds && one.verdict === "not exercised"));
  return { verdict: fails ? "fail" : isOpen ? "inconclusive" : "pass", rules, baselineFaults };
}

/**
 * The probes that a selection needs, and that this target's phases allow. What watches look at is seen in any answer:
 * for such a rule, and for one that no probe names, all are run.
 */
export function probesFor(
  probes: readonly Probe[],
  facts: TargetFacts,
  selection: Selection,
  watched: ReadonlySet<RuleId>,
): readonly Probe[] {
  const wanted = RULES.filter(
    (rule) => rule.side === "P" && whyNotAsked(rule, facts, selection) === undefined,
  );
  const named = new Set(probes.flatMap(({ rules }) => rules));
  const takesAll = wanted.some(({ id }) => watched.has(id) || !named.has(id));
  const ids = new Set<RuleId>(wanted.map(({ id }) => id));
  return probes.filter(
    (probe) =>
      whyNotRun(probe, facts) === undefined && (takesAll || probe.rules.some((rule) => ids.has(rule))),
  );
}

/** Whether a selection asks for a rule of this target. */
export function isAsked(id: RuleId, facts: TargetFacts, selection: Selection): boolean {
  const rule = RULES.find((one) => one.id === id);
  return rule !== undefined && whyNotAsked(rule, facts, selection) === undefined;
}

function judgeRule(rule: JudgedRule["rule"], input: JudgeInput): JudgedRule {
  const { trials, facts, selection } = input;
  const byProbes =
    (input.exercisedBeside?.get(rule.id) ?? 0) +
    trials.reduce((sum, trial) => sum + (trial.exercised.get(rule.id) ?? 0), 0);
  // A history shows a part of most rules: it puts none to the test alone that a probe should have.
  const isProbed = input.probes.some(({ rules }) => rules.includes(rule.id));
  const exercised = byProbes === 0 && isProbed ? 0 : byProbes + (input.fleet?.exercised.get(rule.id) ?? 0);
  const ofProbes = trials.flatMap(({ finding, probe }) =>
    finding?.violation.rule === rule.id ? [{ ...finding, probe }] : [],
  );
  const ofFleet = input.fleet?.findings.filter(({ violation }) => violation.rule === rule.id) ?? [];
  const findings = [...ofProbes, ...ofFleet.map((finding) => ({ ...finding, probe: FLEET_PROBE }))];
  const binds = rule.level === "MUST" || selection.level === "should";
  const judged = (verdict: RuleVerdict): JudgedRule => ({ ...verdict, rule, exercised, findings, binds });
  const unasked = whyNotAsked(rule, facts, selection);
  if (unasked !== undefined) {
    const seen = findings.length > 0 && rule.side === "P" ? "; a violation of it was met all the same" : "";
    return judged({ verdict: "excluded", reason: `${unasked}${seen}` });
  }
  if (findings.length > 0) return judged({ verdict: "violated", known: knownOf(input.baseline, rule.id) });
  const blocked = whyCutShort(rule.id, input);
  if (blocked !== undefined) return judged({ verdict: "not exercised", reason: blocked });
  if (exercised > 0) return judged({ verdict: "satisfied" });
  const declared = whyDeclaredAway(rule.id, input);
  if (declared !== undefined) return judged({ verdict: "excluded", reason: declared });
  const open = judged({ verdict: "not exercised", reason: whyNotExercised(rule.id, input) });
  // What no probe can bring about is no fault of a run that did not meet it.
  return input.probes.some(({ rules }) => rules.includes(rule.id)) ? open : { ...open, binds: false };
}

/** A probe of this rule ended at a violation of one that was not asked for: nothing else would tell of it. */
function whyCutShort(rule: RuleId, { trials, facts, selection }: JudgeInput): string | undefined {
  for (const { probe, finding } of trials) {
    if (finding === undefined || finding.beside === true || !probe.rules.includes(rule)) continue;
    const other = RULES.find(({ id }) => id === finding.violation.rule);
    if (other !== undefined && whyNotAsked(other, facts, selection) !== undefined)
      return `${probe.id} met a violation of ${other.id} first, which was not asked for`;
  }
  return undefined;
}

function whyNotAsked(
  { id, side, level, phase }: JudgedRule["rule"],
  facts: TargetFacts,
  selection: Selection,
) {
  if (side === "R") return R_REASON;
  if (!selection.matches(id)) return "not asked for by --rule";
  if (selection.level === "must" && level === "SHOULD") return "a SHOULD, and --level is must";
  if (phase === 0) return undefined;
  if (selection.phases !== undefined)
    return selection.phases.includes(phase) ? undefined : `phase ${phase} was not asked for`;
  return facts.declared.phases.includes(phase) ? undefined : `the target does not declare phase ${phase}`;
}

/** Why a probe cannot run on this target; undefined when it can. */
export function whyNotRun(probe: Probe, facts: TargetFacts): string | undefined {
  const missing = probe.phases.filter((phase) => !facts.declared.phases.includes(phase));
  if (missing.length > 0) return `needs phase ${missing.join(" and ")}`;
  return probe.needs?.(facts);
}

/**
 * A rule of another mode than the target declares does not bind it: no way of running the suite would exercise it.
 * Its probes are asked what they need when everything but what the target declares of conflicts and webhooks is at hand.
 */
function whyDeclaredAway(rule: RuleId, { facts, probes }: JudgeInput): string | undefined {
  // Their probes run all the same, for what they show of 409.
  const { mode, resolvedBy } = facts.declared;
  if (MERGED_BY_TARGET.has(rule) && resolvedBy === "client") return "needs conflicts.resolvedBy: server";
  if (REFUSED_BY_TARGET.has(rule) && mode !== "enforce") return "needs conflicts.mode: enforce";
  const mine = probes.filter(({ rules }) => rules.includes(rule));
  const reasons = mine.map((probe) => {
    const needs = AT_BEST.map((best) => probe.needs?.(best(facts)));
    return needs.includes(undefined) ? undefined : needs[0];
  });
  return reasons.includes(undefined) ? undefined : reasons[0];
}

/** Rules of how a target merges: one that leaves it to the devices never does. */
const MERGED_BY_TARGET: ReadonlySet<RuleId> = new Set(["MRG-3", "MRG-7"]);

/** Rules of how a stale write is refused: a target that takes them never does. */
const REFUSED_BY_TARGET: ReadonlySet<RuleId> = new Set(["CON-2", "CON-3", "CON-4"]);

/** The same target with all that a profile, flags or another setting of limits could add; short retention, and long. */
const AT_BEST: readonly ((facts: TargetFacts) => TargetFacts)[] = [1, 1_000_000].map(
  (seconds) => (facts) => ({
    ...facts,
    pushSink: true,
    revocable: "token",
    expiredRevision: "revision",
    waitMsMax: Number.POSITIVE_INFINITY,
    ...(facts.declared.webhooks ? { webhookAccounts: ["a", "b"] as const } : {}),
    declared: {
      ...facts.declared,
      phases: [1, 2, 3, 4, 5],
      deltaLimitMax: 10,
      mutationsMax: 12,
      bodyBytesMax: 65_536,
      replayMax: 100,
      retentionSeconds: seconds,
      ttlSeconds: 1,
      receiptDelaySeconds: 1,
      pushEntities: ["contact", "task", "list"],
    },
  }),
);

function whyNotExercised(rule: RuleId, { facts, probes, trials, endedBecause }: JudgeInput): string {
  const mine = probes.filter(({ rules }) => rules.includes(rule));
  if (mine.length === 0) return "nothing that the target answered called for it";
  const reached = (probe: Probe) => trials.some((trial) => trial.probe === probe);
  if (
    endedBecause !== undefined &&
    mine.some((probe) => !reached(probe) && whyNotRun(probe, facts) === undefined)
  )
    return "the run ended before it was reached";
  const reasons = mine.flatMap((probe) => {
    const trial = trials.find((one) => one.probe === probe);
    if (trial?.finding !== undefined && trial.finding.beside !== true)
      // Without the probe's name: one cause then is one line, of however many rules.
      return [`what would exercise it met a violation of ${trial.finding.violation.rule} first`];
    const why = whyNotRun(probe, facts);
    if (why !== undefined) return [why];
    return [...(trial?.discarded.keys() ?? [])].slice(0, 2).map((reason) => `${probe.id}: ${reason}`);
  });
  const told = [...new Set(reasons)];
  return told.length === 0 ? `${mine[0]?.id} ran, and its occasion never came` : told.join("; or ");
}
