/**
 * Owns [REV-5]: every committed change gets a new revision, unique in its account.
 * Refuses to judge their order: that is REV-6.
 */

import type { FactOf } from "../../history/facts.ts";
import { isOf, tellCommit } from "../commits.ts";
import { defineChecker, type Findings } from "../define.ts";
import type { Checker } from "../port.ts";
import { isKnown } from "../sockets.ts";
import { attending, createWitness, isInside, type Witness } from "../witness.ts";

/** [REV-5] over commits; from outside, where one revision is told as one commit, over events too. */
export function createRev5Checker(witness: Witness = createWitness()): Checker {
  return attending(
    witness,
    defineChecker("REV-5", ["committed", "frame"], (findings) => (fact) => {
      if (fact.fact === "committed") judgeCommit(fact, witness, findings);
      else if (!isInside(witness)) judgeFrame(fact, witness, findings);
    }),
  );
}

function judgeCommit(fact: FactOf<"committed">, { commits }: Witness, findings: Findings): void {
  findings.trigger();
  const former = commits.of(fact.account).clash;
  if (former === undefined) return;
  findings.breach({
    at: fact.at,
    expected: "a revision that no earlier change of the account has",
    actual: `${fact.revision} again`,
    because: `it was given before: ${tellCommit(former)}; now ${tellCommit(fact)}`,
    evidence: [former, fact],
  });
}

function judgeFrame(fact: FactOf<"frame">, { commits }: Witness, findings: Findings): void {
  const { frame } = fact;
  if (frame.type !== "sync_event" || !isKnown(frame.entity)) return;
  const { entity, id, revisionId } = frame;
  const former = commits.of(fact.account).find(revisionId);
  if (former === undefined || isOf(former, entity, id)) return;
  // [SEC-3] what came from another account says nothing of this one's revisions.
  if (commits.foreignOwner(fact.account, entity, id, revisionId) !== undefined) return;
  findings.breach({
    at: fact.at,
    expected: "a revision that no other change of the account has",
    actual: `an event says that ${entity} ${id} was ${frame.action} as ${revisionId}`,
    because: `it was given to another: ${tellCommit(former)}`,
    evidence: [former, fact],
  });
}
