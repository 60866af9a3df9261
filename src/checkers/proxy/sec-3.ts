/**
 * Owns [SEC-3]: no byte of another account in answers, events and pushes.
 * Tells accounts apart by what each committed: a record at a revision that only another account has came from there.
 */

import { defineChecker, type FactOf, type Findings } from "../define.ts";
import { EXCHANGE_FACTS } from "../exchanges.ts";
import type { Checker } from "../port.ts";
import { createWitness, type Witness } from "../witness.ts";

/** [SEC-3] over answers, frames and pushes. */
export function createSec3Checker(witness: Witness = createWitness()): Checker {
  const { commits, exchanges } = witness;
  let one: number | undefined;
  let several = false;

  const judge = (
    fact: FactOf<"answered" | "frame" | "pushed">,
    what: string,
    owner: number | undefined,
    findings: Findings,
  ) => {
    if (several) findings.trigger();
    if (owner === undefined) return;
    findings.breach({
      at: fact.at,
      expected: `nothing but what account ${fact.account} has`,
      actual: `device ${fact.device} of account ${fact.account} got ${what}`,
      because: `that is a change of account ${owner}, and account ${fact.account} has none such`,
      evidence: [fact],
    });
  };

  return defineChecker("SEC-3", [...EXCHANGE_FACTS, "frame", "pushed"], (fact, findings) => {
    if (fact.fact === "committed") {
      several ||= one !== undefined && one !== fact.account;
      one = fact.account;
      commits.take(fact);
    }
    if (fact.fact === "pushed") {
      const { entity, revision } = fact;
      return judge(
        fact,
        `a push of ${entity} ${revision}`,
        commits.foreignCommit(fact.account, entity, revision),
        findings,
      );
    }
    if (fact.fact === "frame") {
      const { frame } = fact;
      if (frame.type !== "sync_event") return;
      const owner = commits.foreignOwner(fact.account, frame.entity, frame.id, frame.revisionId);
      return judge(fact, `an event of ${frame.entity} ${frame.id} at ${frame.revisionId}`, owner, findings);
    }
    exchanges.take(fact);
    if (fact.fact !== "answered") return;
    for (const { mutation, result } of exchanges.answers) {
      if (!result.record) continue;
      const { id, revisionId } = result.record;
      const owner = commits.foreignOwner(fact.account, mutation.entity, id, revisionId);
      judge(fact, `${mutation.entity} ${id} at ${revisionId} in an answer`, owner, findings);
    }
  });
}
