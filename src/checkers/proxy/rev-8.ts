/**
 * Owns [REV-8]: an update that changes no field commits nothing.
 * Refuses to judge changes that came from no device: a webhook is a committed change whatever it says [WHK-1].
 */

import { jsonEqual } from "../../base/canonical-json.ts";
import type { MutationResult } from "../../history/facts.ts";
import type { WireRecord } from "../../protocol/entity.ts";
import { fieldOf, fieldsIn, tellCommit } from "../commits.ts";
import { defineChecker } from "../define.ts";
import { isSuccess, type KeyState } from "../exchanges.ts";
import type { Checker } from "../port.ts";
import { attendingMutations, createWitness, isInside, type Witness } from "../witness.ts";

/** [REV-8] over commits and answers. */
export function createRev8Checker(witness: Witness = createWitness()): Checker {
  const { commits, exchanges } = witness;

  /** An update that was answered 2xx and committed nothing is how the rule is kept. */
  const committedNothing = ({ revision }: MutationResult, { commit, firstHead }: KeyState): boolean => {
    if (commit !== undefined) return false;
    // From outside a commit may lack its key: only a revision from before the update tells that there was none.
    return isInside(witness) || (revision !== undefined && firstHead !== undefined && revision <= firstHead);
  };

  return attendingMutations(
    witness,
    defineChecker("REV-8", ["committed", "answered"], (findings) => (fact) => {
      if (fact.fact === "answered") {
        const visible = commits.of(fact.account).end > 0;
        for (const { mutation, result, state } of exchanges.answers) {
          if (mutation.operation !== "update" || !isSuccess(result.status)) continue;
          if (visible && committedNothing(result, state)) findings.trigger();
        }
      }
      if (fact.fact !== "committed" || fact.action !== "updated" || (fact.device ?? fact.key) === undefined)
        return;
      const before = commits.record(fact.account, fact.entity, fact.id)?.before;
      if (!before?.record || !fact.record || !sameFields(before.record, fact.record)) return;
      findings.trigger();
      findings.breach({
        at: fact.at,
        expected: `nothing committed, and ${fact.entity} ${fact.id} still at ${before.revision}`,
        actual: `committed as ${fact.revision}`,
        because: `${tellCommit(fact)}, and no field of it changed`,
        evidence: [before, fact],
      });
    }),
  );
}

function sameFields(left: WireRecord, right: WireRecord): boolean {
  let count = 0;
  for (const [name, value] of fieldsIn(left)) {
    count++;
    if (!jsonEqual(value, fieldOf(right, name))) return false;
  }
  for (const _field of fieldsIn(right)) count--;
  return count === 0;
}
