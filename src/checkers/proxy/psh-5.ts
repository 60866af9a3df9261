/**
 * Owns [PSH-5]: a change can be read before the push that tells of it leaves.
 * Sees that by its commit, which must stand before the push in the history.
 */

import { defineChecker } from "../define.ts";
import type { Checker } from "../port.ts";
import { attending, createWitness, type Witness } from "../witness.ts";

/** [PSH-5] over pushes that left the proxy. */
export function createPsh5Checker(witness: Witness = createWitness()): Checker {
  return attending(
    witness,
    defineChecker("PSH-5", ["push_handed_over"], (findings) => (fact) => {
      const log = witness.commits.of(fact.account);
      if (!log.covers(fact.revision)) return;
      findings.trigger();
      const commit = log.find(fact.revision);
      if (commit?.entity === fact.entity) return;
      findings.breach({
        at: fact.at,
        expected: `a committed change of a ${fact.entity} with revision ${fact.revision}`,
        actual:
          commit === undefined
            ? "none was committed yet"
            : `${fact.revision} is a change of ${commit.entity} ${commit.id}`,
        because: `device ${fact.device} was pushed ${fact.entity} ${fact.revision}, and would not find it by delta`,
        evidence: [log.head, fact],
      });
    }),
  );
}
