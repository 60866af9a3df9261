/**
 * Owns [EVT-4]: only subscribed entities are sent on a socket; none named means all.
 * Refuses to judge sockets without a filter: nothing is wrong for them.
 */

import { defineChecker } from "../define.ts";
import type { Checker } from "../port.ts";
import { isSubscribed, tellSocket } from "../sockets.ts";
import { attending, createWitness, type Witness } from "../witness.ts";

/** [EVT-4] over sockets with a filter. */
export function createEvt4Checker(witness: Witness = createWitness()): Checker {
  const { sockets } = witness;
  return attending(
    witness,
    defineChecker("EVT-4", ["frame"], (findings) => (fact) => {
      const { delivery } = sockets;
      if (!delivery?.event || delivery.socket.filter === undefined) return;
      findings.trigger();
      const { entity, id, revisionId } = delivery.event;
      if (isSubscribed(delivery.socket, entity)) return;
      findings.breach({
        at: fact.at,
        expected: `only ${delivery.socket.connecting.entities?.join(", ")}`,
        actual: `an event of ${entity} ${id} at ${revisionId}`,
        because: `${tellSocket(delivery.socket)} asked for no others`,
        evidence: [delivery.socket.connecting, fact],
      });
    }),
  );
}
