/**
 * Owns the frame that every device checker shares: its rule, the facts that it wants, and what it found.
 * Refuses to know any rule.
 */

import type { Fact, FactName, OnDevice } from "../../history/facts.ts";
import type { RuleId } from "../../protocol/rules/registry.ts";
import { type Breach, Findings } from "../define.ts";
import type { Checker, Judgement } from "../port.ts";

/** A fold over the facts of devices; what it found is counted and kept as everywhere. */
export abstract class DeviceChecker implements Checker {
  readonly rule: RuleId;
  readonly wants: readonly FactName[];
  private readonly findings: Findings;

  constructor(rule: RuleId, wants: readonly FactName[]) {
    this.rule = rule;
    this.wants = [...new Set(wants)];
    this.findings = new Findings(rule);
  }

  abstract fold(fact: Fact): void;

  finish(): Judgement {
    return this.findings.judgement();
  }

  /** The rule's trigger happened. */
  protected trigger(): void {
    this.findings.trigger();
  }

  protected breach(breach: Breach): void {
    this.findings.breach(breach);
  }
}

/** How a device is called in a message; names are in the run's roster. */
export function who(fact: Pick<OnDevice, "device">): string {
  return `device ${fact.device}`;
}
