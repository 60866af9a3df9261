/**
 * Owns [CON-12]: a write that is not stale is applied, whatever its timestamp.
 * Looks at values and lists, which a patch replaces as a whole; objects merge, and are not judged.
 */

import { jsonEqual } from "../../base/canonical-json.ts";
import type { Fields } from "../../protocol/entity.ts";
import { type Commit, fieldOf, fieldsIn, tellCommit } from "../commits.ts";
import { defineChecker } from "../define.ts";
import type { Checker } from "../port.ts";
import { attending, createWitness, type Witness } from "../witness.ts";

/** [CON-12] over commits whose request the history shows. */
export function createCon12Checker(witness: Witness = createWitness()): Checker {
  const { exchanges } = witness;
  return attending(
    witness,
    defineChecker("CON-12", ["committed"], (findings) => (fact) => {
      if (fact.action !== "updated" || fact.key === undefined || !fact.record) return;
      if (fact.ifMatch === undefined || fact.ifMatch !== fact.previous) return;
      const state = exchanges.key(fact.account, fact.key);
      const payload = state?.mutation?.payload;
      if (!payload) return;
      findings.trigger();
      const name = unapplied(fact, payload);
      if (name === undefined) return;
      findings.breach({
        at: fact.at,
        expected: `${name} is ${JSON.stringify(payload[name])}, as the write says`,
        actual: `${name} is ${JSON.stringify(fieldOf(fact.record, name) ?? null)}`,
        because: `the write was not stale: ${tellCommit(fact)}`,
        evidence: [state?.firstSent, fact],
      });
    }),
  );
}

function unapplied(commit: Commit, payload: Fields): string | undefined {
  for (const [name, wanted] of fieldsIn(payload)) {
    if (typeof wanted === "object" && wanted !== null && !Array.isArray(wanted)) continue;
    const is = commit.record ? fieldOf(commit.record, name) : undefined;
    if (wanted === null ? is !== undefined && is !== null : !jsonEqual(is, wanted)) return name;
  }
  return undefined;
}
