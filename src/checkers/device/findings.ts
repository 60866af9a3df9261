/**
 * Owns the frame that every device checker shares: its rule, its count of triggers, and the breaches it keeps.
 * Refuses to know any rule.
 */

import type { Fact, FactName, OnDevice } from "../../history/facts.ts";
import type { Checker, Judgement, Violation } from "../port.ts";

/** Violations kept per rule; more of the same tell nothing new. */
const VIOLATIONS_MAX = 20;
const EVIDENCE_MAX = 20;

/** One breach, without the rule that the checker adds. */
export type Breach = Omit<Violation, "rule">;

/** A fold over the facts of devices; keeps the count and the breaches. */
export abstract class DeviceChecker implements Checker {
  readonly rule: string;
  readonly wants: readonly FactName[];
  private exercised = 0;
  private readonly violations: Violation[] = [];

  constructor(rule: string, wants: readonly FactName[]) {
    this.rule = rule;
    this.wants = [...new Set(wants)];
  }

  abstract fold(fact: Fact): void;

  finish(): Judgement {
    return { exercised: this.exercised, violations: this.violations };
  }

  /** The rule's trigger happened. */
  protected trigger(count = 1): void {
    this.exercised += count;
  }

  protected breach(breach: Breach): void {
    if (this.violations.length >= VIOLATIONS_MAX) return;
    this.violations.push({ rule: this.rule, ...breach, evidence: breach.evidence.slice(-EVIDENCE_MAX) });
  }
}

/** One state per device, made when the device is first heard of. */
export class ByDevice<State> {
  private readonly states: (State | undefined)[] = [];
  private readonly make: (device: number) => State;

  constructor(make: (device: number) => State) {
    this.make = make;
  }

  of(device: number): State {
    const known = this.states[device];
    if (known !== undefined) return known;
    const made = this.make(device);
    this.states[device] = made;
    return made;
  }

  each(visit: (state: State, device: number) => void): void {
    for (const [device, state] of this.states.entries()) if (state !== undefined) visit(state, device);
  }
}

/** How a device is called in a message; names are in the run's roster. */
export function who(fact: Pick<OnDevice, "device">): string {
  return `device ${fact.device}`;
}
