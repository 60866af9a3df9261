/**
 * Owns [EVT-7]: nothing is sent twice on one socket.
 * Sees a repetition of the newest event, and of an older one that was not left out before.
 */

import type { FactOf } from "../../history/facts.ts";
import { defineChecker } from "../define.ts";
import type { Checker } from "../port.ts";
import { LEFT_OUT_MAX, type Socket, tellSocket } from "../sockets.ts";
import { attending, createWitness, type Witness } from "../witness.ts";

/** [EVT-7] over frames. */
export function createEvt7Checker(witness: Witness = createWitness()): Checker {
  const { sockets, commits } = witness;
  const missedBy = new WeakMap<Socket, Set<string>>();
  return attending(
    witness,
    defineChecker("EVT-7", ["frame"], (findings) => (fact) => {
      const { delivery } = sockets;
      if (delivery === undefined) return;
      const { socket, before, event } = delivery;
      if (delivery.leftOut.length > 0) remember(missedBy, socket, delivery.leftOut);
      if (!event || !before) return;
      findings.trigger();
      const newest = before.frame.revisionId;
      const older =
        event.revisionId < newest && commits.of(fact.account).find(event.revisionId) !== undefined;
      // Before `since` nothing was owed, so that nothing is known of what was sent.
      const owed = socket.connecting.since !== undefined && event.revisionId > socket.connecting.since;
      const again =
        event.revisionId === newest || (older && owed && !wasMissed(missedBy.get(socket), event.revisionId));
      if (!again) return;
      findings.breach({
        at: fact.at,
        expected: "each event once on a socket",
        actual: `the event of ${event.entity} ${event.id} at ${event.revisionId} a second time`,
        because: `${tellSocket(socket)} had been sent it before`,
        evidence: [socket.connecting, before, fact],
      });
    }),
  );
}

function remember(
  missedBy: WeakMap<Socket, Set<string>>,
  socket: Socket,
  missed: readonly FactOf<"committed">[],
): void {
  const revisions = missedBy.get(socket) ?? new Set();
  for (const commit of missed) revisions.add(commit.revision);
  missedBy.set(socket, revisions);
}

/** When too much was left out to remember all of it, anything may have been. */
function wasMissed(missed: Set<string> | undefined, revision: string): boolean {
  return missed !== undefined && (missed.size >= LEFT_OUT_MAX || missed.delete(revision));
}
