/**
 * Owns [SEC-3]: no byte of another account in answers, events and pushes.
 * Tells accounts apart by what each committed: a record at a revision that only another account has came from there.
 */

import type { FactOf } from "../../history/facts.ts";
import { defineChecker, type Findings } from "../define.ts";
import type { Checker } from "../port.ts";
import { attendingMutations, createWitness, type Witness } from "../witness.ts";

/** [SEC-3] over answers, frames and pushes. */
export function createSec3Checker(witness: Witness = createWitness()): Checker {
  const { commits, exchanges } = witness;

  const breach = (
    fact: FactOf<"answered" | "frame" | "pushed">,
    what: string,
    owner: number,
    findings: Findings,
  ) =>
    findings.breach({
      at: fact.at,
      expected: `nothing but what account ${fact.account} has`,
      actual: `device ${fact.device} of account ${fact.account} got ${what}`,
      because: `that is a change of account ${owner}, and account ${fact.account} has none such`,
      evidence: [fact],
    });

  return attendingMutations(
    witness,
    defineChecker("SEC-3", ["answered", "frame", "pushed"], (findings) => (fact) => {
      if (fact.fact === "pushed") {
        if (commits.ofSeveral) findings.trigger();
        const { account, entity, revision } = fact;
        const owner = commits.foreignCommit(account, entity, revision);
        if (owner !== undefined) breach(fact, `a push of ${entity} ${revision}`, owner, findings);
        return;
      }
      if (fact.fact === "frame") {
        const { frame } = fact;
        if (frame.type !== "sync_event") return;
        if (commits.ofSeveral) findings.trigger();
        const { entity, id, revisionId } = frame;
        const owner = commits.foreignOwner(fact.account, entity, id, revisionId);
        if (owner !== undefined)
          breach(fact, `an event of ${entity} ${id} at ${revisionId}`, owner, findings);
        return;
      }
      for (const { mutation, result } of exchanges.bodies) {
        if (!result.record) continue;
        if (commits.ofSeveral) findings.trigger();
        const { entity } = mutation;
        const { id, revisionId } = result.record;
        const owner = commits.foreignOwner(fact.account, entity, id, revisionId);
        if (owner !== undefined)
          breach(fact, `${entity} ${id} at ${revisionId} in an answer`, owner, findings);
      }
    }),
  );
}
