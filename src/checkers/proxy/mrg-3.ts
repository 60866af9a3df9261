/**
 * Owns [MRG-3]: a stale update of a task that wins all its fields is `client_won`, one that wins some is `merged`, and
 * one that wins none is 409 and commits nothing.
 * Refuses to compare stamps, which a history does not show: it judges by what the record then holds.
 */

import { jsonEqual } from "../../base/canonical-json.ts";
import { type Commit, fieldOf, fieldsIn, tellCommit } from "../commits.ts";
import { defineChecker } from "../define.ts";
import { isSuccess, type KeyState } from "../exchanges.ts";
import type { Checker } from "../port.ts";
import { attendingMutations, createWitness, isEnforced, isInside, type Witness } from "../witness.ts";

/** [MRG-3] over commits and answers; silent unless the proxy resolved all along. */
export function createMrg3Checker(witness: Witness = createWitness()): Checker {
  const { exchanges, ruling } = witness;

  return attendingMutations(
    witness,
    defineChecker("MRG-3", ["committed", "answered"], (findings) => (fact) => {
      if (!isEnforced(witness) || !isInside(witness) || ruling.resolvedBy !== "server") return;
      if (fact.fact === "committed") {
        if (fact.entity !== "task" || fact.action !== "updated" || !exchanges.isStale(fact)) return;
        findings.trigger();
        const state = fact.key === undefined ? undefined : exchanges.key(fact.account, fact.key);
        const actual = wrongResolution(fact, state);
        if (actual === undefined) return;
        const because = tellCommit(fact, exchanges.namedBy(fact));
        const expected = "client_won when all its fields were taken, merged when some were";
        findings.breach({ at: fact.at, expected, actual, because, evidence: [state?.firstSent, fact] });
      }
      if (fact.fact !== "answered") return;
      for (const { mutation, result, state, pending } of exchanges.answers) {
        if (mutation.entity !== "task" || mutation.operation !== "update") continue;
        if (result.error === "conflict") findings.trigger();
        const { commit } = state;
        if (
          !isSuccess(result.status) ||
          !commit ||
          !exchanges.isStale(commit) ||
          result.resolution === commit.resolution
        )
          continue;
        findings.breach({
          at: fact.at,
          expected: `meta.resolution ${commit.resolution ?? "none"}`,
          actual: `${result.resolution ?? "none"}`,
          because: `the update was stale: ${tellCommit(commit, exchanges.namedBy(commit))}`,
          evidence: [commit, pending.sent, fact],
        });
      }
    }),
  );
}

function wrongResolution(commit: Commit, state: KeyState | undefined): string | undefined {
  if (commit.resolution === undefined) return "no resolution";
  const payload = state?.mutation?.payload;
  if (commit.resolution !== "client_won" || !payload || !commit.record) return undefined;
  for (const [name, wanted] of fieldsIn(payload)) {
    if (typeof wanted === "object") continue;
    const is = fieldOf(commit.record, name);
    if (!jsonEqual(is, wanted))
      return `client_won, but ${name} is ${JSON.stringify(is ?? null)}, not ${JSON.stringify(wanted)}`;
  }
  return undefined;
}
