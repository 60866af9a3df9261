/**
 * Owns [CON-10]: a retry of an applied write gets the answer of its first time, not a 409 against itself.
 * Judges conflicts that can only have been decided after the key's own commit.
 */

import { tellCommit } from "../commits.ts";
import { defineChecker } from "../define.ts";
import { isRefusedForGood, isSuccess, KEY_KEPT_MS } from "../exchanges.ts";
import type { Checker } from "../port.ts";
import { attendingMutations, createWitness, type Witness } from "../witness.ts";

/** [CON-10] over answers and commits. */
export function createCon10Checker(witness: Witness = createWitness()): Checker {
  const { exchanges } = witness;
  return attendingMutations(
    witness,
    defineChecker("CON-10", ["answered"], (findings) => (fact) => {
      for (const { result, state, pending } of exchanges.answers) {
        const { commit } = state;
        // [IDM-10] an answer that may be forgotten by now is owed no more.
        if (!commit || fact.at - commit.at > KEY_KEPT_MS) continue;
        const refused = isRefusedForGood(result);
        if (state.sends > 1 && (refused || isSuccess(result.status))) findings.trigger();
        if (!refused || (result.revision !== undefined && result.revision < commit.revision)) continue;
        if (state.sends === 1) findings.trigger();
        findings.breach({
          at: fact.at,
          expected: `the answer that ${result.key} had when it was applied`,
          actual: `${result.status} ${result.error ?? ""} against ${result.revision ?? "an unnamed revision"}`,
          because: `${result.key} had been applied itself: ${tellCommit(commit)}`,
          evidence: [state.firstSent, commit, pending.sent, fact],
        });
      }
    }),
  );
}
