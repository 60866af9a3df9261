/**
 * Owns the judge's own book of stamps: which write of a field is the larger one, by the words of section 5.
 * Refuses to merge: it says who wins a field, and knows nothing of patches, lists or bases that the log forgot.
 */

import { byCodeUnit } from "../base/canonical-json.ts";

/** One write as stamps see it. Absent device and key are empty texts. */
export interface Claim {
  readonly atMs: number;
  readonly deviceId: string;
  readonly key: string;
}

/** Whether `one` is the larger stamp: by time, then device, then key. */
export function isLarger(one: Claim, other: Claim): boolean {
  if (one.atMs !== other.atMs) return one.atMs > other.atMs;
  const byDevice = byCodeUnit(one.deviceId, other.deviceId);
  return byDevice === 0 ? byCodeUnit(one.key, other.key) > 0 : byDevice > 0;
}

/** The claim over a field whose time its writer knew: never before that, plus 1 ms. */
export function over(claim: Claim, known: Claim | undefined): Claim {
  return known === undefined || claim.atMs > known.atMs ? claim : { ...claim, atMs: known.atMs + 1 };
}
