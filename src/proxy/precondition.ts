/**
 * Owns the precondition: what If-Match says of a record's current revision (section 5).
 * Refuses to know what becomes of a stale write.
 */

import { parseRevision, type Revision } from "../protocol/revision.ts";
import type { ProxyConfig } from "./port.ts";

/**
 * `unconditional`: no If-Match, or one that is ignored; `any`: `*`; `current`: the writer knew the current record;
 * `stale`: it knew another one; `required`: there had to be one [CON-7].
 */
export type Precondition = "unconditional" | "any" | "current" | "stale" | "required";

/** Judges If-Match (without quotes) against a living record [CON-1, CON-6, CON-7, FLG-2]. */
export function judgeIfMatch(
  ifMatch: string | undefined,
  current: Revision,
  conflicts: ProxyConfig["conflicts"],
): Precondition {
  if (ifMatch === current) return "current";
  if (conflicts.mode === "off") return "unconditional";
  if (ifMatch === undefined) return conflicts.ifMatch === "required" ? "required" : "unconditional";
  // A weak tag never matches, not even the current revision: it falls through.
  return ifMatch === "*" ? "any" : "stale";
}

/** False for what is no revision at all [CON-6]: neither `*`, nor a revision, nor a weak tag of one. */
export function isTag(ifMatch: string): boolean {
  if (ifMatch === "*") return true;
  return parseRevision(ifMatch.startsWith("W/") ? ifMatch.slice(2) : ifMatch) !== undefined;
}

/** [API-8] true when one of the tags of If-None-Match names this revision; weak tags do, as RFC 9110 has it. */
export function noneMatchHits(ifNoneMatch: string, current: Revision): boolean {
  return ifNoneMatch.split(",").some((tag) => {
    const text = tag
      .trim()
      .replace(/^W\//, "")
      .replace(/^"(.*)"$/, "$1");
    return text === "*" || text === current;
  });
}
