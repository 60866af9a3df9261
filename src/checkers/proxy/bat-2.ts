/**
 * Owns [BAT-2]: in a batch, a later mutation sees what an earlier one did.
 * Judges two successes on one record, and updates of what the same batch created, when no key was sent before.
 */

import { defineChecker } from "../define.ts";
import { type Answered, isSuccess } from "../exchanges.ts";
import type { Checker } from "../port.ts";
import { attendingMutations, createWitness, isInside, type Witness } from "../witness.ts";

/** [BAT-2] over answered batches. */
export function createBat2Checker(witness: Witness = createWitness()): Checker {
  const { commits, exchanges } = witness;

  const unseen = (earlier: Answered, later: Answered): string | undefined => {
    const [before, after] = [earlier.result, later.result];
    if (isSuccess(after.status)) {
      const back =
        before.revision !== undefined && after.revision !== undefined && after.revision < before.revision;
      return back ? `${later.mutation.operation} answered with ${after.revision}` : undefined;
    }
    if (earlier.mutation.operation === "delete" || after.error !== "not_found") return undefined;
    // From outside, somebody's delete in between may not have been told yet.
    if (!isInside(witness)) return undefined;
    const last = commits.record(later.answered.account, later.mutation.entity, later.mutation.id)?.last;
    return last && last.action !== "deleted" ? `${after.status} ${after.error}` : undefined;
  };

  return attendingMutations(
    witness,
    defineChecker("BAT-2", ["answered"], (findings) => (fact) => {
      if (fact.call !== "batch") return;
      const newest = new Map<string, Answered>();
      for (const later of exchanges.answers) {
        const { entity, id } = later.mutation;
        const record = `${entity}/${id}`;
        const earlier = newest.get(record);
        // A key that was sent before may have been applied then, out of this order.
        if (!later.fresh || later.result.replayed === true) continue;
        if (earlier) {
          findings.trigger();
          const actual = unseen(earlier, later);
          if (actual !== undefined) {
            findings.breach({
              at: fact.at,
              expected: `${later.mutation.key} on top of ${earlier.mutation.key}, which ended with ${earlier.result.revision}`,
              actual,
              because: `both are about ${entity} ${id}, in this order in one batch`,
              evidence: [later.pending.sent, fact],
            });
          }
        }
        if (isSuccess(later.result.status)) newest.set(record, later);
      }
    }),
  );
}
