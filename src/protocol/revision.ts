/**
 * Owns revision ids: their form, their order, and the one way to make the next of them [REV-2, REV-5, REV-6].
 * Refuses to know what a revision is a revision of.
 */

import { assert } from "../base/assert.ts";
import type { Branded } from "../base/brand.ts";
import type { EpochMs } from "../base/time.ts";

/** The id of one committed change in one account's log. Two compare by `<`: ASCII order is commit order. */
export type Revision = Branded<string, "Revision">;

const FORM = /^rev_(\d{10})_([0-9a-z]{6,})$/;
const SUFFIX_WIDTH = 6;
const SUFFIX_MAX = 36 ** SUFFIX_WIDTH - 1;

/** The head of a log before its first change: a valid `since`. */
export const GENESIS = "rev_0000000000_000000" as Revision;

/** The revision that a text names; undefined when it is none (section 2). */
export function parseRevision(text: string): Revision | undefined {
  return FORM.test(text) ? (text as Revision) : undefined;
}

/** The smaller of two revisions. */
export function smallerRevision(left: Revision, right: Revision): Revision {
  return left < right ? left : right;
}

/**
 * The revision after `head`, committed at `nowMs`.
 * [REV-7] seconds never fall when the clock steps back, and the suffix counts inside one second.
 */
export function nextRevision(head: Revision, nowMs: EpochMs): Revision {
  const headSeconds = Number(head.slice(4, 14));
  const nowSeconds = Math.floor(nowMs / 1_000);
  if (nowSeconds > headSeconds) return format(nowSeconds, 1);
  const count = Number.parseInt(head.slice(15), 36) + 1;
  return count > SUFFIX_MAX ? format(headSeconds + 1, 1) : format(headSeconds, count);
}

function format(seconds: number, count: number): Revision {
  assert(seconds >= 0 && seconds < 10_000_000_000, "a revision's seconds have 10 digits");
  return `rev_${String(seconds).padStart(10, "0")}_${count.toString(36).padStart(SUFFIX_WIDTH, "0")}` as Revision;
}
