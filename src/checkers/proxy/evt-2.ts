/**
 * Owns [EVT-2]: events arrive in ascending order of revision, with none left out.
 * Judges the frames that reached a socket while it was up. A socket that was never told what it missed is EVT-1.
 */

import { tellCommit } from "../commits.ts";
import { defineChecker } from "../define.ts";
import type { Checker } from "../port.ts";
import { type Delivery, tellSocket } from "../sockets.ts";
import { attending, createWitness, type Witness } from "../witness.ts";

/** [EVT-2] over frames and commits. */
export function createEvt2Checker(witness: Witness = createWitness()): Checker {
  const { sockets } = witness;
  return attending(
    witness,
    defineChecker("EVT-2", ["frame"], (findings) => (fact) => {
      const { delivery } = sockets;
      if (delivery === undefined) return;
      if (delivery.event && (delivery.before || delivery.socket.owedFrom !== undefined)) findings.trigger();
      const [missed] = delivery.leftOut;
      if (missed !== undefined) {
        const { type, revisionId } = fact.frame;
        findings.breach({
          at: fact.at,
          expected: `an event of ${missed.entity} ${missed.id} at ${missed.revision} before ${type} ${revisionId}`,
          actual: `none on ${tellSocket(delivery.socket)}; ${delivery.leftOut.length} left out`,
          because: tellCommit(missed),
          evidence: [delivery.socket.connecting, ...delivery.leftOut.slice(0, 10), delivery.before, fact],
        });
      }
      const newest = isBackwards(delivery);
      if (newest === undefined) return;
      findings.breach({
        at: fact.at,
        expected: `an event above ${newest}`,
        actual: `an event at ${fact.frame.revisionId}`,
        because: `${tellSocket(delivery.socket)} had been sent ${newest} before`,
        evidence: [delivery.socket.connecting, delivery.before, fact],
      });
    }),
  );
}

function isBackwards(delivery: Delivery): string | undefined {
  const newest = delivery.before?.frame.revisionId;
  return newest !== undefined && delivery.event && delivery.event.revisionId < newest ? newest : undefined;
}
