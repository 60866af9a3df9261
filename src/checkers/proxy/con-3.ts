/**
 * Owns [CON-3]: a refused write leaves no trace.
 * Judges refusals for as long as the proxy must remember them: no repetition can be the reason [IDM-5, IDM-10].
 */

import { tellCommit } from "../commits.ts";
import { defineChecker } from "../define.ts";
import { isRefusedForGood, KEY_KEPT_MS } from "../exchanges.ts";
import type { Checker } from "../port.ts";
import { attendingMutations, createWitness, type Witness } from "../witness.ts";

/** [CON-3] over answers and commits. */
export function createCon3Checker(witness: Witness = createWitness()): Checker {
  const { exchanges } = witness;
  return attendingMutations(
    witness,
    defineChecker("CON-3", ["committed", "answered"], (findings) => (fact) => {
      if (fact.fact === "committed" && fact.key !== undefined) {
        const refused = exchanges.key(fact.account, fact.key)?.remembered;
        if (!refused || !isRefusedForGood(refused.result)) return;
        // [IDM-10] what is forgotten by then is another mutation.
        if (fact.at - refused.answered.at > KEY_KEPT_MS) return;
        findings.breach({
          at: fact.at,
          expected: `no trace of ${fact.key}`,
          actual: tellCommit(fact),
          because: `${fact.key} had been answered ${refused.result.status} ${refused.result.error ?? ""}`,
          evidence: [refused.answered, fact],
        });
      }
      if (fact.fact !== "answered") return;
      for (const { result, state } of exchanges.answers) {
        if (!isRefusedForGood(result)) continue;
        findings.trigger();
        // [CON-10] a refusal that was decided after the key's own commit is another fault.
        const earlier =
          result.revision !== undefined && state.commit && result.revision < state.commit.revision;
        if (!earlier || !state.commit) continue;
        findings.breach({
          at: fact.at,
          expected: `no trace of ${result.key}`,
          actual: tellCommit(state.commit),
          because: `${result.key} is answered ${result.status} ${result.error ?? ""} against ${result.revision}`,
          evidence: [state.commit, fact],
        });
      }
    }),
  );
}
