/**
 * Owns [CON-9]: creating an id that lives is refused, creating one that was deleted makes a new record.
 * Judges the chain of commits of each record, and `already_exists` where nothing can have existed.
 */

import { tellCommit } from "../commits.ts";
import { defineChecker } from "../define.ts";
import type { Checker } from "../port.ts";
import { attendingMutations, createWitness, type Witness } from "../witness.ts";

/** [CON-9] over commits and answers. */
export function createCon9Checker(witness: Witness = createWitness()): Checker {
  const { commits, exchanges } = witness;
  return attendingMutations(
    witness,
    defineChecker("CON-9", ["committed", "answered"], (findings) => (fact) => {
      if (fact.fact === "committed" && fact.action === "created") {
        const before = commits.record(fact.account, fact.entity, fact.id)?.before;
        if (before !== undefined) findings.trigger();
        if (before === undefined || before.action === "deleted") return;
        findings.breach({
          at: fact.at,
          expected: `409 already_exists, and ${fact.entity} ${fact.id} still at ${before.revision}`,
          actual: tellCommit(fact),
          because: `it lived: ${tellCommit(before)}`,
          evidence: [before, fact],
        });
      }
      if (fact.fact !== "answered") return;
      for (const { mutation, result, state, pending } of exchanges.answers) {
        if (mutation.operation !== "create" || result.error !== "already_exists") continue;
        findings.trigger();
        const last = commits.record(fact.account, mutation.entity, mutation.id)?.last;
        // Dead before the key was first sent, and nothing since.
        const head = state.firstHead;
        if (last?.action !== "deleted" || head === undefined || last.revision > head) continue;
        findings.breach({
          at: fact.at,
          expected: `a new ${mutation.entity} ${mutation.id}`,
          actual: `${result.status} already_exists`,
          because: `it had been deleted before the create was sent: ${tellCommit(last)}`,
          evidence: [last, pending.sent, fact],
        });
      }
    }),
  );
}
