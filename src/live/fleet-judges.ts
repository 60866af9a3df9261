/**
 * Owns who may judge a live fleet: which checkers, told of whom, and which of their findings count from outside.
 * Refuses to judge by itself. What cannot be seen from outside is judged by probes, or in a simulation.
 */

import { createCheckers } from "../checkers/all.ts";
import type { CountedJudgement } from "../checkers/define.ts";
import type { Checker, Violation } from "../checkers/port.ts";
import type { Ruling } from "../checkers/witness.ts";
import type { Fact } from "../history/facts.ts";
import { ruleById } from "../protocol/rules/registry.ts";
import { whyExcluded } from "../protocol/rules/scope.ts";

/** Rules that the checkers know and nobody can judge on a live fleet, and why. */
export const LEFT_OUT_LIVE: ReadonlyMap<string, string> = new Map([
  ["PSH-2", "no push reaches a live fleet: probes judge it by the push sink"],
  ["PSH-5", "no push reaches a live fleet: probes judge it by the push sink"],
  ["PSH-8", "no push reaches a live fleet"],
  ["PSH-9", "no push reaches a live fleet"],
]);

/** Rules whose checkers rest on commits: where an observer failed, they say nothing from there on. */
const BY_COMMITS: ReadonlySet<string> = new Set([
  ...["REV-3", "REV-4", "REV-5", "REV-6", "REV-8", "SEC-3"],
  ...["EVT-1", "EVT-2", "EVT-3", "EVT-5", "EVT-7"],
  ...["CON-1", "CON-2", "CON-3", "CON-4", "CON-8", "CON-9", "CON-10", "CON-11", "CON-12"],
  ...["MRG-1", "MRG-3", "MRG-5", "MRG-8", "IDM-1", "BAT-1", "BAT-2", "BAT-3", "BAT-8", "DLT-13"],
  ...["SYS-1", "SYS-2", "SYS-3", "SYS-7"],
]);

export interface JudgesOptions {
  readonly mode: Ruling["mode"];
  readonly resolvedBy: Ruling["resolvedBy"];
  readonly phases: readonly number[];
  /** Devices below this index are phones; above are observers and plain clients, whom no rule of devices binds. */
  readonly phones: number;
  /** False: only rules of the proxy and of the whole. */
  readonly devices: boolean;
  owns(id: string): boolean;
}

/** What a live fleet may be held to. */
export interface LiveJudgement {
  readonly rule: string;
  readonly judgement: CountedJudgement;
}

/** The checkers of one live run. */
export class FleetJudges {
  readonly checkers: readonly Checker[];

  constructor({ mode, resolvedBy, phases, phones, devices, owns }: JudgesOptions) {
    const all = createCheckers({ mode, resolvedBy, vantage: "outside", phones, owns });
    // The first tells all that they know in common, and is kept whatever it judges.
    this.checkers = all.filter(({ rule: id }, nth) => {
      const rule = ruleById(id);
      if (nth === 0 || rule === undefined) return true;
      if (LEFT_OUT_LIVE.has(id) || whyExcluded(rule, phases) !== undefined) return false;
      return devices || rule.side !== "D";
    });
  }

  /** What they found, without what must not count: others' records, and what rests on a log that was torn. */
  finish(owns: (id: string) => boolean, tornAt: number | undefined): readonly LiveJudgement[] {
    return this.checkers.map((checker) => {
      const judgement = checker.finish();
      const violations = judgement.violations.filter(
        (violation) => isOurs(violation, owns) && !isTorn(violation, tornAt),
      );
      const dropped = judgement.violations.length - violations.length;
      const found = ((judgement as Partial<CountedJudgement>).found ?? judgement.violations.length) - dropped;
      const counted = { ...judgement, violations, found: violations.length === 0 ? 0 : found };
      return { rule: checker.rule, judgement: counted };
    });
  }
}

function isTorn({ rule, at }: Violation, tornAt: number | undefined): boolean {
  return tornAt !== undefined && BY_COMMITS.has(rule) && at >= tornAt;
}

/** A breach that shows records, and none of the run's, is somebody else's matter. */
function isOurs({ evidence }: Violation, owns: (id: string) => boolean): boolean {
  const ids = evidence.flatMap(idsIn);
  return ids.length === 0 || ids.some(owns);
}

function idsIn(fact: Fact): readonly string[] {
  switch (fact.fact) {
    case "frame":
      return fact.frame.type === "sync_event" ? [fact.frame.id] : [];
    case "committed":
    case "edited":
    case "shown":
      return [fact.id];
    case "read":
      return fact.id === undefined ? [] : [fact.id];
    case "sent":
      return fact.mutations.map(({ id }) => id);
    case "answered":
      return fact.results.flatMap(({ record }) => (record ? [record.id] : []));
    default:
      return [];
  }
}
