/**
 * Owns [BAT-3]: in a batch, one that fails stops no other, and what a result says is what happened.
 * A create that was answered 2xx must have its commit; updates and deletes may have had nothing to change.
 */

import { defineChecker } from "../define.ts";
import { isSuccess } from "../exchanges.ts";
import type { Checker } from "../port.ts";
import { attendingMutations, createWitness, isCommitted, type Witness } from "../witness.ts";

/** [BAT-3] over answered batches and commits. */
export function createBat3Checker(witness: Witness = createWitness()): Checker {
  const { commits, exchanges } = witness;
  return attendingMutations(
    witness,
    defineChecker("BAT-3", ["answered"], (findings) => (fact) => {
      if (fact.call !== "batch" || commits.of(fact.account).end === 0) return;
      const failed = exchanges.answers.some(({ result }) => !isSuccess(result.status));
      if (failed && exchanges.answers.some(({ result }) => isSuccess(result.status))) findings.trigger();
      for (const { mutation, result, state, fresh } of exchanges.answers) {
        if (!fresh || mutation.operation !== "create" || !isSuccess(result.status) || state.commit) continue;
        if (isCommitted(witness, fact.account, mutation, result)) continue;
        findings.trigger();
        findings.breach({
          at: fact.at,
          expected: `${mutation.entity} ${mutation.id} created by ${mutation.key}`,
          actual: "nothing was committed under this key",
          because: `its result in the batch says ${result.status}`,
          evidence: [exchanges.pending?.sent, fact],
        });
      }
    }),
  );
}
