/**
 * Owns [SYS-7]: nothing crosses accounts, from the server's log to the screen.
 * Tells accounts apart by what each committed: a record at a revision that only another account has came from there.
 */

import type { Fact, FactOf } from "../../history/facts.ts";
import type { Entity } from "../../protocol/entity.ts";
import { isGoneAt } from "../commits.ts";
import { defineChecker, type Findings } from "../define.ts";
import type { Checker } from "../port.ts";
import { attendingMutations, createWitness, type Witness } from "../witness.ts";

/** [SYS-7] over answers, frames, pushes, what is shown, and replicas. */
export function createSys7Checker(witness: Witness = createWitness()): Checker {
  const { commits, exchanges } = witness;

  const breach = (
    fact: Fact & { readonly account: number },
    what: string,
    owner: number,
    findings: Findings,
  ): void => {
    findings.breach({
      at: fact.at,
      expected: `nothing but what account ${fact.account} has`,
      actual: `${what} on ${"device" in fact ? `device ${fact.device}` : "a new device"} of account ${fact.account}`,
      because: `that is a change of account ${owner}, and account ${fact.account} has none such`,
      evidence: [fact],
    });
  };

  const look = (
    fact: Fact & { readonly account: number },
    entity: Entity,
    id: string,
    revision: string | undefined,
    findings: Findings,
  ): void => {
    if (!commits.ofSeveral || revision === undefined) return;
    findings.trigger();
    const owner = commits.foreignOwner(fact.account, entity, id, revision);
    if (owner !== undefined) breach(fact, `${entity} ${id} at ${revision}`, owner, findings);
  };

  /** The same for what is gone, and shows nothing but the edits that wait on it. */
  const isDated = ({ account, entity, id, revision, waiting }: FactOf<"shown">): boolean =>
    revision !== undefined &&
    waiting.length > 0 &&
    commits.of(account).find(revision) !== undefined &&
    isGoneAt(commits.record(account, entity, id), revision);

  const wants = ["answered", "frame", "pushed", "shown", "replica", "fresh_replica"] as const;
  const checker = defineChecker("SYS-7", wants, (findings) => (fact) => {
    switch (fact.fact) {
      case "shown":
        // What is gone shows nothing, and a full sync dates it by the head of the log.
        if (fact.fields === undefined || isDated(fact)) return;
        return look(fact, fact.entity, fact.id, fact.revision, findings);
      case "frame":
        if (fact.frame.type === "sync_event")
          look(fact, fact.frame.entity, fact.frame.id, fact.frame.revisionId, findings);
        return;
      case "pushed": {
        if (commits.ofSeveral) findings.trigger();
        const owner = commits.foreignCommit(fact.account, fact.entity, fact.revision);
        if (owner !== undefined) breach(fact, `a push of ${fact.entity} ${fact.revision}`, owner, findings);
        return;
      }
      case "replica":
      case "fresh_replica":
        for (const { entity, id, revision } of fact.records) look(fact, entity, id, revision, findings);
        return;
      case "answered":
        for (const { mutation, result } of exchanges.bodies) {
          if (!result.record) continue;
          look(fact, mutation.entity, result.record.id, result.record.revisionId, findings);
        }
    }
  });
  return attendingMutations(witness, checker);
}
