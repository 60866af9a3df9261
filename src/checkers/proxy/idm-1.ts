/**
 * Owns [IDM-1]: one key has at most one effect, and its answers are alike in status and revision.
 * Compares answers that must be remembered, within the time that they must be [IDM-5, IDM-10].
 */

import type { FactOf, MutationResult } from "../../history/facts.ts";
import { tellCommit } from "../commits.ts";
import { defineChecker, type Findings } from "../define.ts";
import { isRemembered, isSuccess, KEY_KEPT_MS, type KeyState } from "../exchanges.ts";
import type { Checker } from "../port.ts";
import { attendingMutations, createWitness, type Witness } from "../witness.ts";

/** [IDM-1] over commits and answers. */
export function createIdm1Checker(witness: Witness = createWitness()): Checker {
  const { exchanges } = witness;
  return attendingMutations(
    witness,
    defineChecker("IDM-1", ["committed", "answered"], (findings) => (fact) => {
      if (fact.fact === "committed" && fact.key !== undefined) {
        const first = exchanges.key(fact.account, fact.key)?.commit;
        if (!first || first === fact || fact.at - first.at > KEY_KEPT_MS) return;
        findings.trigger();
        findings.breach({
          at: fact.at,
          expected: `one effect of ${fact.key}`,
          actual: `another: ${tellCommit(fact)}`,
          because: `it was applied before: ${tellCommit(first)}`,
          evidence: [first, fact],
        });
      }
      if (fact.fact !== "answered") return;
      for (const { result, state, pending } of exchanges.answers) {
        judgeEffect(fact, result, state, findings);
        const first = state.remembered;
        if (!first || first.answered === fact || !isRemembered(result)) continue;
        if (fact.at - first.answered.at > KEY_KEPT_MS) continue;
        findings.trigger();
        const was = first.result;
        const sameRevision =
          was.revision === undefined || result.revision === undefined || was.revision === result.revision;
        if (was.status === result.status && sameRevision) continue;
        findings.breach({
          at: fact.at,
          expected: `${was.status} at ${was.revision ?? "any revision"}, as ${result.key} was answered before`,
          actual: `${result.status} at ${result.revision ?? "no revision"}`,
          because: `${result.key} was sent ${state.sends} times, and is one mutation`,
          evidence: [state.firstSent, first.answered, pending.sent, fact],
        });
      }
    }),
  );
}

/** The first answer may have been lost; what a retry is answered must still be that of the effect. */
function judgeEffect(
  fact: FactOf<"answered">,
  result: MutationResult,
  state: KeyState,
  findings: Findings,
): void {
  const { commit } = state;
  if (!commit || !isSuccess(result.status) || fact.at - commit.at > KEY_KEPT_MS) return;
  if (state.sends > 1) findings.trigger();
  if (result.revision === undefined || result.revision === commit.revision) return;
  findings.breach({
    at: fact.at,
    expected: `${result.key} answered with ${commit.revision}`,
    actual: `answered with ${result.revision}`,
    because: `that was its effect: ${tellCommit(commit)}`,
    evidence: [state.firstSent, commit, fact],
  });
}
