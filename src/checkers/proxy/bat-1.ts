/**
 * Owns [BAT-1]: as many results as mutations, in their order, each with its `id`.
 * Refuses to judge batches that were refused as a whole.
 */

import { defineChecker } from "../define.ts";
import { isSuccess } from "../exchanges.ts";
import type { Checker } from "../port.ts";
import { attending, createWitness, type Witness } from "../witness.ts";

/** [BAT-1] over answered batches. */
export function createBat1Checker(witness: Witness = createWitness()): Checker {
  const { exchanges } = witness;
  return attending(
    witness,
    defineChecker("BAT-1", ["answered"], (findings) => (fact) => {
      const { pending } = exchanges;
      if (fact.call !== "batch" || !isSuccess(fact.status) || fact.foreign || !pending) return;
      findings.trigger();
      const { mutations } = pending.sent;
      const alike = mutations.length === fact.results.length;
      if (alike && mutations.every(({ key }, index) => fact.results[index]?.key === key)) return;
      findings.breach({
        at: fact.at,
        expected: `${mutations.length} results: ${mutations.map(({ key }) => key).join(", ")}`,
        actual: `${fact.results.length} results: ${fact.results.map(({ key }) => key).join(", ")}`,
        because: `request ${fact.request} of device ${fact.device} held these mutations in this order`,
        evidence: [pending.sent, fact],
      });
    }),
  );
}
