/**
 * Owns the running of one checker over a history written by hand, and the three verdicts that a test may want.
 * Refuses to hand a checker what it did not ask for, as the journal does.
 */

import { expect } from "vitest";
import type { Fact } from "../history/facts.ts";
import type { Checker, Judgement, Violation } from "./port.ts";

/** What the checker says of these facts, told in this order. */
export function judge(checker: Checker, facts: readonly Fact[]): Judgement {
  const wanted = new Set(checker.wants);
  for (const fact of facts) if (wanted.has(fact.fact)) checker.fold(fact);
  return checker.finish();
}

/** The rule's trigger happened, and nothing was wrong. */
export function expectKept(checker: Checker, facts: readonly Fact[]): void {
  const { exercised, violations } = judge(checker, facts);
  expect(violations.map(tell)).toEqual([]);
  expect(exercised, "exercised").toBeGreaterThan(0);
}

/** The rule was broken, `count` times, in words that match `words` for the first of them. */
export function expectBroken(checker: Checker, facts: readonly Fact[], words: RegExp, count = 1): void {
  const { exercised, violations } = judge(checker, facts);
  expect(violations.map(tell)).toHaveLength(count);
  expect(exercised, "exercised").toBeGreaterThan(0);
  for (const violation of violations) {
    expect(violation.rule).toBe(checker.rule);
    expect(violation.evidence.length).toBeGreaterThan(0);
    for (const fact of violation.evidence) expect(facts).toContain(fact);
    expect(violation.expected).not.toBe("");
    expect(violation.actual).not.toBe("");
  }
  expect(tell(violations[0] as Violation)).toMatch(words);
}

/** The rule's trigger never happened. */
export function expectIdle(checker: Checker, facts: readonly Fact[]): void {
  expect({ ...judge(checker, facts), found: 0 }).toEqual({ exercised: 0, violations: [], found: 0 });
}

function tell({ expected, actual, because }: Violation): string {
  return `expected ${expected}; actual ${actual}; because ${because}`;
}
