/**
 * Owns [CON-11]: what a conflict names as current is current.
 * Judges first answers only, and by what had been committed before the request was sent.
 */

import { tellCommit } from "../commits.ts";
import { defineChecker } from "../define.ts";
import type { Checker } from "../port.ts";
import { attendingMutations, createWitness, type Witness } from "../witness.ts";

/** [CON-11] over conflicts and commits. */
export function createCon11Checker(witness: Witness = createWitness()): Checker {
  const { commits, exchanges } = witness;
  return attendingMutations(
    witness,
    defineChecker("CON-11", ["answered"], (findings) => (fact) => {
      for (const { mutation, result, pending, fresh } of exchanges.answers) {
        const { revision } = result;
        if (!fresh || result.status !== 409 || revision === undefined || pending.head === undefined) continue;
        const last = commits.record(fact.account, mutation.entity, mutation.id)?.last;
        if (last === undefined) continue;
        findings.trigger();
        if (last.revision <= revision || last.revision > pending.head) continue;
        findings.breach({
          at: fact.at,
          expected: `currentRevision ${last.revision}`,
          actual: `${revision}`,
          because: `before the request was sent, ${tellCommit(last)}`,
          evidence: [last, pending.sent, fact],
        });
      }
    }),
  );
}
