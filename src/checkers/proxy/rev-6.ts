/**
 * Owns [REV-6]: the revisions of an account ascend in commit order, events show that order, and a write that was
 * answered before another was sent has the smaller revision.
 * Refuses to judge what a socket was not sent: that is EVT-2.
 */

import type { FactOf } from "../../history/facts.ts";
import { ByIndex, defineChecker, type Findings } from "../define.ts";
import { isSuccess } from "../exchanges.ts";
import type { Checker } from "../port.ts";
import { attendingMutations, createWitness, type Witness } from "../witness.ts";

/** What was known of an account when a create was sent: the largest revision that a write was answered with. */
interface Seen {
  commit: FactOf<"committed"> | undefined;
  answered: string | undefined;
  readonly floors: Map<string, string>;
}

/** [REV-6] over commits, answers and frames. */
export function createRev6Checker(witness: Witness = createWitness()): Checker {
  const accounts = new ByIndex<Seen>(() => ({ commit: undefined, answered: undefined, floors: new Map() }));
  return attendingMutations(
    witness,
    defineChecker("REV-6", ["committed", "frame", "answered", "sent"], (findings) => (fact) => {
      const seen = accounts.of(fact.account);
      switch (fact.fact) {
        case "committed":
          judgeCommit(fact, seen, findings);
          return;
        case "frame":
          judgeFrame(fact, witness, findings);
          return;
        case "answered":
          judgeAnswers(fact, seen, witness, findings);
          return;
        case "sent":
          noteFloors(fact, seen, witness);
          return;
      }
    }),
  );
}

function judgeCommit(fact: FactOf<"committed">, seen: Seen, findings: Findings): void {
  const last = seen.commit;
  if (last === undefined || fact.revision >= last.revision) seen.commit = fact;
  if (last === undefined) return;
  findings.trigger();
  if (fact.revision >= last.revision) return;
  findings.breach({
    at: fact.at,
    expected: `a revision above ${last.revision}`,
    actual: `${fact.entity} ${fact.id} was committed as ${fact.revision}`,
    because: `${last.entity} ${last.id} had been committed as ${last.revision} before`,
    evidence: [last, fact],
  });
}

function judgeFrame(fact: FactOf<"frame">, { sockets }: Witness, findings: Findings): void {
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
}

function judgeAnswers(
  fact: FactOf<"answered">,
  seen: Seen,
  { exchanges }: Witness,
  findings: Findings,
): void {
  for (const { mutation, result } of exchanges.bodies) {
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
}

/** Only creates surely make a revision; an update that changes nothing answers with the old one [REV-8]. */
function noteFloors(fact: FactOf<"sent">, seen: Seen, { exchanges }: Witness): void {
  if (seen.answered === undefined) return;
  for (const { key, operation } of fact.mutations) {
    // A key that is sent again may be answered with the revision of its first time.
    const first = exchanges.key(fact.account, key)?.sends === 1;
    if (first && operation === "create") seen.floors.set(key, seen.answered);
  }
}
