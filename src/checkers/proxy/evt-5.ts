/**
 * Owns [EVT-5]: with `lastRevisionId=R` the events after R come first, R itself not among them, then `ready`.
 * Refuses to judge sockets that were told to sync instead, and when `ready` comes.
 */

import type { FactOf } from "../../history/facts.ts";
import { tellCommit } from "../commits.ts";
import { defineChecker, type Findings } from "../define.ts";
import type { Checker } from "../port.ts";
import { type Delivery, tellSocket } from "../sockets.ts";
import { attending, createWitness, type Witness } from "../witness.ts";

/** [EVT-5] over sockets that resume. */
export function createEvt5Checker(witness: Witness = createWitness()): Checker {
  const { sockets } = witness;
  return attending(
    witness,
    defineChecker("EVT-5", ["frame"], (findings) => (fact) => {
      const { delivery } = sockets;
      const since = delivery?.socket.resumesFrom;
      if (delivery === undefined || since === undefined) return;
      if (fact.frame.type === "ready") judgeReady(fact, delivery, findings);
      else if (delivery.event) judgeEvent(fact, delivery, since, findings);
    }),
  );
}

function judgeReady(fact: FactOf<"frame">, delivery: Delivery, findings: Findings): void {
  if (delivery.phase !== "live") findings.trigger();
  const [missed] = delivery.leftOut;
  if (missed === undefined) return;
  findings.breach({
    at: fact.at,
    expected: `the event of ${missed.entity} ${missed.id} at ${missed.revision}, then ready`,
    actual: `ready ${fact.frame.revisionId} without it on ${tellSocket(delivery.socket)}`,
    because: tellCommit(missed),
    evidence: [delivery.socket.connecting, missed, fact],
  });
}

function judgeEvent(fact: FactOf<"frame">, delivery: Delivery, since: string, findings: Findings): void {
  const { revisionId } = fact.frame;
  const { readyRevision } = delivery.socket;
  const old = revisionId <= since;
  // [EVT-7] the newest event once more came in time the first time.
  const again = revisionId === delivery.before?.frame.revisionId;
  const late = !old && !again && readyRevision !== undefined && revisionId <= readyRevision;
  if (!old && !late) return;
  findings.trigger();
  findings.breach({
    at: fact.at,
    expected: old ? `events after ${since}` : `events up to ${readyRevision} before ready`,
    actual: `an event at ${revisionId}${late ? " after it" : ""}`,
    because: `${tellSocket(delivery.socket)} resumed from ${since}${late ? `, and ready named ${readyRevision}` : ""}`,
    evidence: [delivery.socket.connecting, delivery.before, fact],
  });
}
