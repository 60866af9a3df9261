/**
 * Owns [BAT-8]: `ifMatchMutation` stands for what its mutation ended with; when that one failed, 424.
 * Judges mutations that name another one of the same batch which this batch decided.
 */

import type { MutationResult } from "../../history/facts.ts";
import { defineChecker } from "../define.ts";
import { type Answered, isSuccess } from "../exchanges.ts";
import type { Checker } from "../port.ts";
import { attendingMutations, createWitness, type Witness } from "../witness.ts";

/** [BAT-8] over answered batches. */
export function createBat8Checker(witness: Witness = createWitness()): Checker {
  const { exchanges } = witness;
  return attendingMutations(
    witness,
    defineChecker("BAT-8", ["answered"], (findings) => (fact) => {
      if (fact.call !== "batch") return;
      const earlier = new Map<string, Answered>();
      for (const answer of exchanges.answers) {
        const { mutation, result, fresh } = answer;
        const base =
          mutation.ifMatchMutation === undefined ? undefined : earlier.get(mutation.ifMatchMutation);
        earlier.set(mutation.key, answer);
        if (!base || isOpen(base.result) || !fresh || result.replayed === true) continue;
        findings.trigger();
        const wrong = isSuccess(base.result.status)
          ? result.error === "dependency_failed"
          : isSuccess(result.status);
        if (!wrong) continue;
        findings.breach({
          at: fact.at,
          expected: isSuccess(base.result.status)
            ? `${mutation.key} judged on ${base.result.revision}`
            : "424 dependency_failed",
          actual: `${result.status} ${result.error ?? ""}`.trimEnd(),
          because: `${mutation.key} rests on ${base.mutation.key}, which was answered ${base.result.status} in the same batch`,
          evidence: [answer.pending.sent, fact],
        });
      }
    }),
  );
}

/** It says nothing of how the mutation ended: another request may have it in hand, or have had it, to a good end [IDM-2]. */
function isOpen({ status, error }: MutationResult): boolean {
  return error === "in_flight" || status === 429 || status >= 500;
}
