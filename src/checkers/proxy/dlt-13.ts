/**
 * Owns the part of [DLT-13] that a history shows: the head is never below the floor.
 * Refuses to judge older revisions: how long they are kept is not in a history.
 */

import { defineChecker } from "../define.ts";
import { isSuccess } from "../exchanges.ts";
import type { Checker } from "../port.ts";
import { attending, createWitness, type Witness } from "../witness.ts";

/** [DLT-13] over answered deltas. */
export function createDlt13Checker(witness: Witness = createWitness()): Checker {
  const { exchanges } = witness;
  return attending(
    witness,
    defineChecker("DLT-13", ["answered"], (findings) => (fact) => {
      const { pending } = exchanges;
      if (fact.call !== "changes" || !pending) return;
      const { since } = pending.sent;
      if (since === undefined || since !== pending.head) return;
      if (isSuccess(fact.status)) findings.trigger();
      if (fact.status !== 410) return;
      findings.trigger();
      findings.breach({
        at: fact.at,
        expected: `200 to a delta since ${since}`,
        actual: "410",
        because: `${since} was the head of account ${fact.account} when the request was sent`,
        evidence: [pending.sent, fact],
      });
    }),
  );
}
