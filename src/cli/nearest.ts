/**
 * Owns the guess at what a mistyped name meant.
 * Refuses to know what the names are of.
 */

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

/** `a`, `a or b`, `a, b or c`. */
export function listed(names: readonly string[], joiner: "or" | "and"): string {
  if (names.length < 2) return names.join("");
  return `${names.slice(0, -1).join(", ")} ${joiner} ${names.at(-1)}`;
}

/** Edit distance; a name that begins with, or holds, what was typed is as near as one typing error. */
function likeness(sought: string, name: string): number {
  const distance = editDistance(sought, name);
  return sought.length >= 3 && name.includes(sought) ? Math.min(distance, 1) : distance;
}

/** Optimal string alignment: insertions, deletions, substitutions and swaps of neighbours cost one each. */
function editDistance(source: string, target: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: target.length + 1 }, (_, column) => column);
  for (let row = 1; row <= source.length; row++) {
    const current = [row];
    for (let column = 1; column <= target.length; column++) {
      const same = source[row - 1] === target[column - 1];
      let cost = Math.min(
        cell(last, column) + 1,
        cell(current, column - 1) + 1,
        cell(last, column - 1) + (same ? 0 : 1),
      );
      if (
        row > 1 &&
        column > 1 &&
        source[row - 1] === target[column - 2] &&
        source[row - 2] === target[column - 1]
      ) {
        cost = Math.min(cost, cell(beforeLast, column - 2) + 1);
      }
      current.push(cost);
    }
    beforeLast = last;
    last = current;
  }
  return cell(last, target.length);
}

function cell(row: readonly number[], column: number): number {
  return row[column] ?? Number.POSITIVE_INFINITY;
}
