/**
 * Owns which edits people made in a run: by whom, when, of what. What they are called is the same in every run.
 * Refuses to know what became of them.
 */

import type { Fact } from "../history/facts.ts";
import type { Measure } from "./measure.ts";

/** A new measure of the edits made. */
export function createEditsMade(): EditsMadeMeasure {
  return new EditsMadeMeasure();
}

class EditsMadeMeasure implements Measure<ReadonlySet<string>> {
  readonly wants = ["edited"] as const;
  private readonly made = new Set<string>();

  fold(fact: Fact): void {
    if (fact.fact !== "edited") return;
    const { at, account, device, entity, operation, id } = fact;
    // The id of a new record is drawn by the device: it says nothing of who made what.
    const name = `${account} ${device} ${at} ${operation} ${entity}${operation === "create" ? "" : `/${id}`}`;
    this.made.add(name);
  }

  merge(other: EditsMadeMeasure): void {
    for (const name of other.made) this.made.add(name);
  }

  result(): ReadonlySet<string> {
    return this.made;
  }
}

/** Of several runs, the edits that were made in each. */
export function madeInAll(runs: readonly ReadonlySet<string>[]): number {
  const [first = new Set<string>(), ...others] = runs;
  let count = 0;
  for (const name of first) if (others.every((made) => made.has(name))) count++;
  return count;
}
