/**
 * Owns the frame of all checkers: what they count, and the breaches that they keep.
 * Refuses to know any rule.
 */

import type { EpochMs } from "../base/time.ts";
import type { Fact, FactName, FactOf } from "../history/facts.ts";
import type { RuleId } from "../protocol/rules/registry.ts";
import type { Checker, Judgement, Violation } from "./port.ts";

/** Breaches kept per rule; the count goes on. */
const VIOLATIONS_KEPT_MAX = 20;
const EVIDENCE_MAX = 20;

/** A breach in the words of a report. `evidence` may have gaps: what is not known is left out. */
export interface Breach {
  readonly at: EpochMs;
  readonly expected: string;
  readonly actual: string;
  readonly because: string;
  readonly evidence: readonly (Fact | undefined)[];
}

/** A judgement that also says how many breaches there were, kept or not. */
export interface CountedJudgement extends Judgement {
  readonly found: number;
}

/** What one checker has found so far. */
export class Findings {
  private exercisedCount = 0;
  private found = 0;
  private readonly violations: Violation[] = [];
  private readonly rule: RuleId;

  constructor(rule: RuleId) {
    this.rule = rule;
  }

  /** The rule's trigger really happened. */
  trigger(): void {
    this.exercisedCount++;
  }

  /** The rule was broken. */
  breach(breach: Breach): void {
    this.found++;
    if (this.violations.length >= VIOLATIONS_KEPT_MAX) return;
    const evidence = breach.evidence.filter((fact) => fact !== undefined).slice(-EVIDENCE_MAX);
    this.violations.push({ rule: this.rule, ...breach, evidence });
  }

  judgement(): CountedJudgement {
    // What broke the rule exercised it, whether or not its checker counts that as a trigger.
    const exercised = Math.max(this.exercisedCount, this.found);
    return { exercised, violations: this.violations, found: this.found };
  }
}

/**
 * A checker made of a fold over its findings, and of what there is to say after the last fact. It is given only facts
 * that it wants.
 */
export function defineChecker<Name extends FactName>(
  rule: RuleId,
  wants: readonly Name[],
  foldInto: (findings: Findings) => (fact: FactOf<Name>) => void,
  last?: (findings: Findings) => void,
): Checker {
  const findings = new Findings(rule);
  return {
    rule,
    wants,
    // The journal hands a checker what it wants, and nothing else.
    fold: foldInto(findings) as (fact: Fact) => void,
    finish: () => {
      last?.(findings);
      return findings.judgement();
    },
  };
}

/** The value under a small integer, made when it is first asked for. */
export class ByIndex<Value> {
  private readonly values: (Value | undefined)[] = [];
  private readonly make: (index: number) => Value;

  constructor(make: (index: number) => Value) {
    this.make = make;
  }

  of(index: number): Value {
    const there = this.values[index];
    if (there !== undefined) return there;
    const made = this.make(index);
    this.values[index] = made;
    return made;
  }

  find(index: number): Value | undefined {
    return this.values[index];
  }

  reset(index: number): void {
    this.values[index] = undefined;
  }

  each(visit: (value: Value, index: number) => void): void {
    for (const [index, value] of this.values.entries()) if (value !== undefined) visit(value, index);
  }

  /** For those who may leave early. */
  *entries(): IterableIterator<readonly [number, Value]> {
    for (const [index, value] of this.values.entries()) if (value !== undefined) yield [index, value];
  }
}
