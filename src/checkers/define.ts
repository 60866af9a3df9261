/**
 * Owns the frame of the checkers of system/ and proxy/: what they count, and the breaches that they keep.
 * Refuses to know any rule.
 */

import type { EpochMs } from "../base/time.ts";
import type { Fact, FactName } from "../history/facts.ts";
import type { Entity } from "../protocol/entity.ts";
import type { RuleId } from "../protocol/rules/registry.ts";
import type { Checker, Judgement, Violation } from "./port.ts";

/** Breaches kept per rule; the count goes on. */
const VIOLATIONS_KEPT_MAX = 20;
const EVIDENCE_MAX = 20;

/** The fact of one name. */
export type FactOf<Name extends FactName> = Extract<Fact, { readonly fact: Name }>;

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

/** A map by entity and record id, without a text built for every look-up. */
export class RecordMap<Value> {
  private readonly contact = new Map<string, Value>();
  private readonly task = new Map<string, Value>();
  private readonly list = new Map<string, Value>();
  /** What the protocol does not know has a place too: a device may have shown it [EVT-18]. */
  private foreign: Map<string, Map<string, Value>> | undefined;

  get(entity: Entity, id: string): Value | undefined {
    return this.mapOf(entity).get(id);
  }

  set(entity: Entity, id: string, value: Value): void {
    this.mapOf(entity).set(id, value);
  }

  delete(entity: Entity, id: string): void {
    this.mapOf(entity).delete(id);
  }

  /** All records of one entity. */
  of(entity: Entity): ReadonlyMap<string, Value> {
    return this.mapOf(entity);
  }

  private mapOf(entity: string): Map<string, Value> {
    switch (entity) {
      case "contact":
        return this.contact;
      case "task":
        return this.task;
      case "list":
        return this.list;
      default:
        return this.mapOfForeign(entity);
    }
  }

  private mapOfForeign(entity: string): Map<string, Value> {
    this.foreign ??= new Map();
    const known = this.foreign.get(entity);
    if (known) return known;
    const made = new Map<string, Value>();
    this.foreign.set(entity, made);
    return made;
  }
}

/** The value under a small integer, made when it is first asked for. */
export class ByIndex<Value> {
  private readonly values: (Value | undefined)[] = [];
  private readonly make: () => Value;

  constructor(make: () => Value) {
    this.make = make;
  }

  of(index: number): Value {
    const there = this.values[index];
    if (there !== undefined) return there;
    const made = this.make();
    this.values[index] = made;
    return made;
  }

  find(index: number): Value | undefined {
    return this.values[index];
  }

  reset(index: number): void {
    this.values[index] = undefined;
  }

  *entries(): IterableIterator<readonly [number, Value]> {
    for (const [index, value] of this.values.entries()) if (value !== undefined) yield [index, value];
  }
}
