/**
 * Owns [REV-5]: every committed change gets a new revision, unique in its account.
 * Refuses to judge their order: that is REV-6.
 */

import { tellCommit } from "../commits.ts";
import { defineChecker } from "../define.ts";
import type { Checker } from "../port.ts";
import { attending, createWitness, type Witness } from "../witness.ts";

/** [REV-5] over commits. */
export function createRev5Checker(witness: Witness = createWitness()): Checker {
  return attending(
    witness,
    defineChecker("REV-5", ["committed"], (findings) => (fact) => {
      findings.trigger();
      const former = witness.commits.of(fact.account).clash;
      if (former === undefined) return;
      findings.breach({
        at: fact.at,
        expected: "a revision that no earlier change of the account has",
        actual: `${fact.revision} again`,
        because: `it was given before: ${tellCommit(former)}; now ${tellCommit(fact)}`,
        evidence: [former, fact],
      });
    }),
  );
}
