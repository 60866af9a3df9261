/**
 * Owns [CON-2]: a stale write on a contact is refused; with `resolvedBy: client` a stale write on any entity.
 * Sees answers that say 2xx to what was stale before it was sent. That nothing was written is MRG-1.
 */

import { defineChecker } from "../define.ts";
import { type Answered, isSuccess } from "../exchanges.ts";
import type { Checker } from "../port.ts";
import { attendingMutations, createWitness, isEnforced, type Witness } from "../witness.ts";

/** [CON-2] over answers and commits; silent unless the mode was `enforce` all along. */
export function createCon2Checker(witness: Witness = createWitness()): Checker {
  const { commits, exchanges } = witness;

  const isStaleForSure = ({ mutation, state, answered }: Answered): boolean => {
    const { ifMatch } = mutation;
    if (ifMatch === undefined || ifMatch === "*") return false;
    if (state.commit !== undefined) return exchanges.isStale(state.commit);
    const last = commits.record(answered.account, mutation.entity, mutation.id)?.last;
    const head = state.firstHead;
    return last !== undefined && head !== undefined && last.revision !== ifMatch && last.revision <= head;
  };

  return attendingMutations(
    witness,
    defineChecker("CON-2", ["answered"], (findings) => (fact) => {
      if (!isEnforced(witness)) return;
      for (const answer of exchanges.answers) {
        const { mutation, result } = answer;
        if (mutation.operation !== "update") continue;
        if (mutation.entity !== "contact" && witness.ruling.resolvedBy !== "client") continue;
        const refused = result.status === 409 && result.error === "conflict";
        if (refused) findings.trigger();
        if (!isSuccess(result.status) || !isStaleForSure(answer)) continue;
        const last = commits.record(fact.account, mutation.entity, mutation.id)?.last;
        findings.trigger();
        findings.breach({
          at: fact.at,
          expected: "409 conflict",
          actual: `${result.status} to an update of ${mutation.entity} ${mutation.id} with If-Match ${mutation.ifMatch}`,
          because: `the record had moved on to ${answer.state.commit?.previous ?? last?.revision} before`,
          evidence: [answer.state.commit ?? last, answer.pending.sent, fact],
        });
      }
    }),
  );
}
