/**
 * Owns [CON-8]: an update to a deleted record is refused; it never comes back to life.
 * Judges the chain of commits of each record. A record made before the history began is taken to have lived.
 */

import type { FactOf } from "../../history/facts.ts";
import { tellCommit } from "../commits.ts";
import { defineChecker } from "../define.ts";
import { isSuccess } from "../exchanges.ts";
import type { Checker } from "../port.ts";
import { attendingMutations, createWitness, type Witness } from "../witness.ts";

/** [CON-8] over commits and answers. */
export function createCon8Checker(witness: Witness = createWitness()): Checker {
  const { commits, exchanges } = witness;
  return attendingMutations(
    witness,
    defineChecker("CON-8", ["committed", "answered"], (findings) => (fact) => {
      if (fact.fact === "answered") {
        for (const { mutation, result } of exchanges.answers) {
          const last = commits.record(fact.account, mutation.entity, mutation.id)?.last;
          const refused = !isSuccess(result.status) && result.status < 500;
          if (mutation.operation === "update" && refused && last?.action === "deleted") findings.trigger();
        }
      }
      if (fact.fact !== "committed" || fact.action === "created") return;
      const before = commits.record(fact.account, fact.entity, fact.id)?.before;
      const dead = before === undefined ? fact.previous === undefined : before.action === "deleted";
      if (!dead || isOfBackend(fact)) return;
      findings.trigger();
      findings.breach({
        at: fact.at,
        expected: `nothing committed on ${fact.entity} ${fact.id}, which does not live`,
        actual: tellCommit(fact),
        because: before ? tellCommit(before) : `no ${fact.entity} ${fact.id} was ever created`,
        evidence: [before, fact],
      });
    }),
  );
}

/** [WHK-1] what the backend says is gone is gone, whether or not it lived here; a delivery has no device and no key. */
function isOfBackend({ action, device, key }: FactOf<"committed">): boolean {
  return action === "deleted" && device === undefined && key === undefined;
}
