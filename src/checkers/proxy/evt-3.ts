/**
 * Owns [EVT-3]: what was refused or failed makes no event.
 * Sees that by commits: an event without one tells of something that did not happen.
 */

import { isOf } from "../commits.ts";
import { defineChecker } from "../define.ts";
import type { Checker } from "../port.ts";
import { isKnown } from "../sockets.ts";
import { attendingMutations, createWitness, type Witness } from "../witness.ts";

/** [EVT-3] over refusals, commits and frames. */
export function createEvt3Checker(witness: Witness = createWitness()): Checker {
  const { commits, exchanges } = witness;
  return attendingMutations(
    witness,
    defineChecker("EVT-3", ["answered", "frame"], (findings) => (fact) => {
      if (fact.fact === "answered") {
        const refused = exchanges.answers.some(({ result }) => result.status >= 400 && result.status < 500);
        if (refused && commits.of(fact.account).end > 0) findings.trigger();
      }
      if (fact.fact !== "frame" || fact.frame.type !== "sync_event") return;
      const { entity, id, revisionId, origin } = fact.frame;
      if (!isKnown(entity)) return;
      const log = commits.of(fact.account);
      if (!log.covers(revisionId) || isOf(log.find(revisionId), entity, id)) return;
      const key =
        origin?.mutationId === undefined ? undefined : exchanges.key(fact.account, origin.mutationId);
      findings.trigger();
      findings.breach({
        at: fact.at,
        expected: "an event only of what was committed",
        actual: `an event of ${entity} ${id} at ${revisionId}`,
        because: key?.remembered
          ? `its key ${key.key} was answered ${key.remembered.result.status}, and no such change was committed`
          : `no change of ${entity} ${id} was committed as ${revisionId}`,
        evidence: [key?.firstSent, key?.remembered?.answered, fact],
      });
    }),
  );
}
