/**
 * Owns the watches: what must hold of every single exchange, whatever a probe is about.
 * Refuses to steer: a watch only looks. Each run has watches of its own, which may remember what the run saw.
 */

import { type RuleId, ruleById } from "../protocol/rules/registry.ts";
import type { Desk, Exchange } from "./desk.ts";
import type { Violation } from "./probe.ts";

/** Looks at one exchange. `exercise` counts a rule as put to the test. */
export interface Watch {
  readonly rules: readonly RuleId[];
  look(exchange: Exchange, desk: Desk): Violation | undefined;
}

/** The watches of one run. */
export class Watches {
  private readonly watches: readonly Watch[];

  constructor(watches: readonly Watch[]) {
    this.watches = watches;
  }

  /** The first violation that any watch sees in this exchange; of what must be before what only should. */
  look(exchange: Exchange, desk: Desk): Violation | undefined {
    let lesser: Violation | undefined;
    for (const watch of this.watches) {
      const violation = watch.look(exchange, desk);
      if (violation !== undefined && !isLesser(violation)) return violation;
      lesser ??= violation;
    }
    return lesser;
  }
}

/** Broken, but only what should be: an implementation may do without. */
export function isLesser({ rule }: Violation): boolean {
  return ruleById(rule)?.level === "SHOULD";
}
