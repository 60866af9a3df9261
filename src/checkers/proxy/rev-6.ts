/**
 * Owns [REV-6]: the revisions of an account ascend in commit order, events show that order, and a write that was
 * answered before another was sent has the smaller revision.
 * Refuses to judge what a socket was not sent: that is EVT-2.
 */

import { ByIndex, defineChecker, type FactOf, type Findings } from "../define.ts";
import { EXCHANGE_FACTS, isSuccess } from "../exchanges.ts";
import type { Checker } from "../port.ts";
import { SOCKET_FACTS } from "../sockets.ts";
import { createWitness, type Witness } from "../witness.ts";

/** What was known of an account when a create was sent: the largest revision that a write was answered with. */
interface Seen {
  commit: FactOf<"committed"> | undefined;
  answered: string | undefined;
  readonly floors: Map<string, string>;
}

/** [REV-6] over commits, answers and frames. */
export function createRev6Checker(witness: Witness = createWitness()): Checker {
  const { commits, exchanges, sockets } = witness;
  const accounts = new ByIndex<Seen>(() => ({ commit: undefined, answered: undefined, floors: new Map() }));

  /** Only creates surely make a revision; an update that changes nothing answers with the old one [REV-8]. */
  const noteFloors = (fact: FactOf<"sent">, seen: Seen): void => {
    if (seen.answered === undefined) return;
    for (const { key, operation } of fact.mutations) {
      // A key that is sent again may be answered with the revision of its first time.
      const first = exchanges.key(fact.account, key)?.sends === 1;
      if (first && operation === "create") seen.floors.set(key, seen.answered);
    }
  };

  const judgeFrame = (fact: FactOf<"frame">, findings: Findings): void => {
    const { delivery } = sockets;
    if (!delivery?.event || !delivery.before) return;
    findings.trigger();
    const before = delivery.before.frame.revisionId;
    if (delivery.event.revisionId >= before) return;
    findings.breach({
      at: fact.at,
      expected: `an event above ${before}, as the log has them in this order`,
      actual: `${delivery.event.revisionId}`,
      because: `socket ${fact.socket} of device ${fact.device} had been sent ${before} before`,
      evidence: [delivery.before, fact],
    });
  };

  const judgeAnswers = (fact: FactOf<"answered">, seen: Seen, findings: Findings): void => {
    for (const { mutation, result } of exchanges.answers) {
      const floor = seen.floors.get(mutation.key);
      seen.floors.delete(mutation.key);
      const { revision } = result;
      if (!isSuccess(result.status) || revision === undefined) continue;
      if (floor !== undefined) findings.trigger();
      if (floor !== undefined && revision <= floor) {
        findings.breach({
          at: fact.at,
          expected: `a revision above ${floor}`,
          actual: `${mutation.entity} ${mutation.id} was created as ${revision}`,
          because: `a write had been answered with ${floor} before this create was sent`,
          evidence: [exchanges.pending?.sent, fact],
        });
      }
      if (seen.answered === undefined || revision > seen.answered) seen.answered = revision;
    }
  };

  return defineChecker("REV-6", [...EXCHANGE_FACTS, ...SOCKET_FACTS], (fact, findings) => {
    if (fact.fact === "committed") {
      const seen = accounts.of(fact.account);
      const last = seen.commit;
      commits.take(fact);
      if (last !== undefined) findings.trigger();
      if (last !== undefined && fact.revision < last.revision) {
        findings.breach({
          at: fact.at,
          expected: `a revision above ${last.revision}`,
          actual: `${fact.entity} ${fact.id} was committed as ${fact.revision}`,
          because: `${last.entity} ${last.id} had been committed as ${last.revision} before`,
          evidence: [last, fact],
        });
      } else seen.commit = fact;
    }
    if (fact.fact === "frame" || fact.fact === "connecting" || fact.fact === "disconnected")
      sockets.take(fact);
    else exchanges.take(fact);
    if (fact.fact === "killed" || fact.fact === "committed") sockets.take(fact);
    if (fact.fact === "frame") judgeFrame(fact, findings);
    else if (fact.fact === "answered") judgeAnswers(fact, accounts.of(fact.account), findings);
    else if (fact.fact === "sent") noteFloors(fact, accounts.of(fact.account));
  });
}
