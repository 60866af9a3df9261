/**
 * Owns what a checker is: a fold over facts that judges one rule, with constant work per fact.
 * Refuses to know devices, proxies and the merge code. A checker sees the history and nothing else.
 */

import type { Fact, FactName } from "../history/facts.ts";

/** One breach of a rule, in the words of cli.md. */
export interface Violation {
  readonly rule: string;
  readonly at: number;
  readonly expected: string;
  readonly actual: string;
  readonly because: string;
  /** Facts that show it, oldest first; at most 20. */
  readonly evidence: readonly Fact[];
}

/** A fold that judges one rule. */
export interface Checker {
  /** The id in the rule registry. */
  readonly rule: string;
  /** The facts that it wants; it is called for no others. */
  readonly wants: readonly FactName[];
  /** Takes in one fact. */
  fold(fact: Fact): void;
  /** Says what was found; called once, after the last fact. */
  finish(): Judgement;
}

/** How often the rule's trigger happened, and what broke it. A rule whose trigger never happened is not satisfied. */
export interface Judgement {
  readonly exercised: number;
  readonly violations: readonly Violation[];
}
