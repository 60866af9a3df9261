/**
 * Owns the guess at what a mistyped name meant.
 * Refuses to know what the names are of.
 */

import { distance } from "fastest-levenshtein";
import { byCodeUnit } from "../base/canonical-json.ts";

const OFFERED_MAX = 3;
/** With this many names or fewer, all are offered when none is near. */
const LISTED_MAX = 16;

/** The real names nearest to `wrong`, nearest first, at most three; none when nothing is near. */
export function nearest(wrong: string, names: readonly string[]): readonly string[] {
  const sought = wrong.toLowerCase();
  return names
    .map((name) => ({ name, distance: likeness(sought, name.toLowerCase()) }))
    .filter(({ distance }) => distance <= Math.max(2, Math.floor(sought.length * 0.4)))
    .sort((left, right) => left.distance - right.distance || byCodeUnit(left.name, right.name))
    .slice(0, OFFERED_MAX)
    .map(({ name }) => name);
}

/** A clause such as `did you mean loss or latency?`; all names when none is near; empty when there are none or too many. */
export function suggestion(wrong: string, names: readonly string[], what = "known"): string {
  const near = nearest(wrong, names);
  if (near.length > 0) return `did you mean ${listed(near, "or")}?`;
  if (names.length > 0 && names.length <= LISTED_MAX) return `${what}: ${names.join(", ")}`;
  return "";
}

/** `there is no fault "x"; did you mean y?` */
export function withSuggestion(sentence: string, offered: string): string {
  return offered === "" ? sentence : `${sentence}; ${offered}`;
}

/** `a`, `a or b`, `a, b or c`. */
export function listed(names: readonly string[], joiner: "or" | "and"): string {
  if (names.length < 2) return names.join("");
  return `${names.slice(0, -1).join(", ")} ${joiner} ${names.at(-1)}`;
}

/** Edit distance; a name that begins with, or holds, what was typed is as near as one typing error. */
function likeness(sought: string, name: string): number {
  const edits = distance(sought, name);
  return sought.length >= 3 && name.includes(sought) ? Math.min(edits, 1) : edits;
}
