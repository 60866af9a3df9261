/**
 * Owns [REV-5]: every committed change gets a new revision, unique in its account.
 * Refuses to judge their order: that is REV-6.
 */

import { tellCommit } from "../commits.ts";
import { defineChecker } from "../define.ts";
import type { Checker } from "../port.ts";
import { createWitness, type Witness } from "../witness.ts";

/** [REV-5] over commits. */
export function createRev5Checker(witness: Witness = createWitness()): Checker {
  return defineChecker("REV-5", ["committed"], (fact, findings) => {
    const log = witness.commits.take(fact);
    findings.trigger();
    const former = log.clash;
    if (former === undefined) return;
    findings.breach({
      at: fact.at,
      expected: "a revision that no earlier change of the account has",
      actual: `${fact.revision} again`,
      because: `it was given before: ${tellCommit(former)}; now ${tellCommit(fact)}`,
      evidence: [former, fact],
    });
  });
}
