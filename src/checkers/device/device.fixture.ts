/**
 * Owns short histories of devices for the tests of this folder.
 * Refuses to judge.
 */

import {
  answered,
  mutation,
  record,
  result,
  rev,
  sent,
  shows,
  unanswered,
} from "../../history/facts.fixture.ts";
import type { Fact, MutationResult, SentMutation } from "../../history/facts.ts";
import { judge } from "../judge.fixture.ts";
import type { Checker } from "../port.ts";

/** What a checker says, in short: how often it was exercised, and what was breached. */
export function verdict(
  checker: Checker,
  facts: readonly Fact[],
): { readonly exercised: number; readonly breaches: readonly string[] } {
  const { exercised, violations } = judge(checker, facts);
  for (const { rule, expected, actual, because, evidence } of violations) {
    if (rule !== checker.rule || !expected || !actual || !because || evidence.length === 0) {
      throw new Error(`a violation of ${checker.rule} says too little`);
    }
  }
  return { exercised, breaches: violations.map(({ actual }) => actual) };
}

/** Exercised so often, and nothing breached. */
export const satisfied = (exercised: number) => ({ exercised, breaches: [] });

/** A single update of contact `c1` by mutation `m1` goes out; `some` changes the mutation. */
export const sends = (at: number, request: number, some: Partial<SentMutation> = {}) =>
  sent({ at, request, mutations: [mutation(some)] });

/** A batch goes out. */
export const sendsBatch = (at: number, request: number, ...mutations: readonly Partial<SentMutation>[]) =>
  sent({ at, request, call: "batch", mutations: mutations.map(mutation) });

/** The answer to one mutation. */
export function answers(at: number, request: number, some: Partial<MutationResult> = {}) {
  const one = result({ ...some });
  return answered({
    at,
    request,
    status: one.status,
    results: [one],
    ...(one.error && { error: one.error }),
  });
}

/** The mutation was applied: its record is at the nth revision. */
export const applies = (at: number, request: number, n: number, some: Partial<MutationResult> = {}) =>
  answered({ at, request, results: [shows(record("c1", n), some)] });

/** A conflict, with the server at the nth revision. */
export const conflicts = (at: number, request: number, n = 5) =>
  answers(at, request, { status: 409, error: "conflict", revision: rev(n) });

export const fails = (at: number, request: number) => unanswered({ at, request });
export const unreached = (at: number, request: number) => unanswered({ at, request, why: "unreachable" });
