/**
 * Owns [CON-4]: a stale delete is refused for every entity.
 * Silent unless the mode was `enforce` all along.
 */

import { tellCommit } from "../commits.ts";
import { defineChecker } from "../define.ts";
import type { Checker } from "../port.ts";
import { attendingMutations, createWitness, isEnforced, type Witness } from "../witness.ts";

/** [CON-4] over commits and answers. */
export function createCon4Checker(witness: Witness = createWitness()): Checker {
  const { commits, exchanges } = witness;
  return attendingMutations(
    witness,
    defineChecker("CON-4", ["committed", "answered"], (findings) => (fact) => {
      if (!isEnforced(witness)) return;
      if (fact.fact === "answered") {
        for (const { mutation, result } of exchanges.answers) {
          if (mutation.operation === "delete" && result.error === "conflict") findings.trigger();
        }
      }
      if (fact.fact !== "committed" || fact.action !== "deleted" || !exchanges.isStale(fact)) return;
      findings.trigger();
      findings.breach({
        at: fact.at,
        expected: `409 conflict, and ${fact.entity} ${fact.id} still at ${fact.previous}`,
        actual: `${fact.entity} ${fact.id} is gone`,
        because: tellCommit(fact, exchanges.namedBy(fact)),
        evidence: [commits.record(fact.account, fact.entity, fact.id)?.before, fact],
      });
    }),
  );
}
