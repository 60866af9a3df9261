/**
 * Owns [CON-1]: a write whose `If-Match` is the record's current revision is applied.
 * Sees it by a refusal of a write that was current all the time from its sending to its answer.
 */

import { tellCommit } from "../commits.ts";
import { defineChecker } from "../define.ts";
import { type Answered, isSuccess } from "../exchanges.ts";
import type { Checker } from "../port.ts";
import { attendingMutations, createWitness, isInside, type Witness } from "../witness.ts";

/** Answers by which a precondition or the lack of a record refuses; others may refuse for reasons of their own. */
const REFUSALS: ReadonlySet<string> = new Set(["conflict", "not_found", "precondition_required"]);

/** [CON-1] over answers and commits. */
export function createCon1Checker(witness: Witness = createWitness()): Checker {
  const { commits, exchanges } = witness;
  return attendingMutations(
    witness,
    defineChecker("CON-1", ["answered"], (findings) => (fact) => {
      for (const answer of exchanges.answers) {
        const { mutation, result, state } = answer;
        if (mutation.operation === "create" || mutation.ifMatch === undefined) continue;
        if (isSuccess(result.status) && state.commit?.previous === mutation.ifMatch) findings.trigger();
        const last = commits.record(fact.account, mutation.entity, mutation.id)?.last;
        // From outside, only a refusal that names the current revision tells which it was.
        if (!isInside(witness) && result.revision === undefined) continue;
        if (!isRefused(answer) || last?.revision !== mutation.ifMatch || last.action === "deleted") continue;
        findings.trigger();
        findings.breach({
          at: fact.at,
          expected: `the ${mutation.operation} of ${mutation.entity} ${mutation.id} with If-Match ${mutation.ifMatch} applied`,
          actual: `${result.status} ${result.error ?? ""}`.trimEnd(),
          because: `that was its current revision from the sending to the answer: ${tellCommit(last)}`,
          evidence: [last, answer.pending.sent, fact],
        });
      }
    }),
  );
}

function isRefused({ result }: Answered): boolean {
  return result.error === undefined
    ? result.status === 409 || result.status === 404 || result.status === 412
    : REFUSALS.has(result.error);
}
