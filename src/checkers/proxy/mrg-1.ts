/**
 * Owns [MRG-1]: a stale write never changes a contact; with `resolvedBy: client`, no record of any entity.
 * Silent unless the mode was `enforce` all along. Stale deletes are CON-4.
 */

import { tellCommit } from "../commits.ts";
import { defineChecker } from "../define.ts";
import type { Checker } from "../port.ts";
import { attendingMutations, createWitness, isEnforced, type Witness } from "../witness.ts";

/** [MRG-1] over commits and answers. */
export function createMrg1Checker(witness: Witness = createWitness()): Checker {
  const { commits, exchanges, ruling } = witness;
  return attendingMutations(
    witness,
    defineChecker("MRG-1", ["committed", "answered"], (findings) => (fact) => {
      if (!isEnforced(witness)) return;
      if (fact.fact === "answered") {
        for (const { mutation, result } of exchanges.answers) {
          if (mutation.entity === "contact" && mutation.operation === "update" && result.error === "conflict")
            findings.trigger();
        }
      }
      if (fact.fact !== "committed" || fact.action !== "updated" || !exchanges.isStale(fact)) return;
      if (fact.entity !== "contact" && ruling.resolvedBy !== "client") return;
      findings.trigger();
      findings.breach({
        at: fact.at,
        expected: `${fact.entity} ${fact.id} unchanged at ${fact.previous}`,
        actual: tellCommit(fact, exchanges.namedBy(fact)),
        because: "the write did not know the record as it stood",
        evidence: [commits.record(fact.account, fact.entity, fact.id)?.before, fact],
      });
    }),
  );
}
