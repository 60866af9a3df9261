/**
 * Owns [REV-4]: `meta.revisionId` of a single-record answer is that record's revision, or its tombstone's.
 * Sees the answers to mutations, batch results too. Refuses to judge collections, which the history does not show.
 */

import type { SentMutation } from "../../history/facts.ts";
import type { AccountLog, Commit } from "../commits.ts";
import { defineChecker } from "../define.ts";
import { isSuccess } from "../exchanges.ts";
import type { Checker } from "../port.ts";
import { attendingMutations, createWitness, type Witness } from "../witness.ts";

/** [REV-4] over answers to mutations. */
export function createRev4Checker(witness: Witness = createWitness()): Checker {
  const { commits, exchanges } = witness;
  return attendingMutations(
    witness,
    defineChecker("REV-4", ["answered"], (findings) => (fact) => {
      for (const { mutation, result } of exchanges.bodies) {
        const { record, revision } = result;
        if (!isSuccess(result.status) || record === undefined || revision === undefined) continue;
        findings.trigger();
        const log = commits.of(fact.account);
        const tombstone = record === null && log.covers(revision) ? log.find(revision) : undefined;
        const wrong = record
          ? record.revisionId !== revision
          : log.covers(revision) && !(tombstone?.action === "deleted" && isOwn(log, tombstone, mutation));
        if (!wrong) continue;
        findings.breach({
          at: fact.at,
          expected: `meta.revisionId of ${mutation.entity} ${mutation.id} is ${record?.revisionId ?? "its tombstone's"}`,
          actual: `it is ${revision}`,
          because: record
            ? `the record in the same answer carries ${record.revisionId}`
            : `no deletion of ${mutation.entity} ${mutation.id} was committed as ${revision}`,
          evidence: [tombstone, fact],
        });
      }
    }),
  );
}

/** By its id where the history knows that; one that it does not know may be temporary, and stand for another. */
function isOwn(log: AccountLog, tombstone: Commit, { entity, id }: SentMutation): boolean {
  return tombstone.entity === entity && (tombstone.id === id || log.records.get(entity, id) === undefined);
}
