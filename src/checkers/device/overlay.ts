/**
 * Owns the question whether what is shown has the waiting edits on top of the server's data, and the watch for
 * waiting edits that drop off the screen.
 * Refuses to merge: it looks only at single values that a waiting edit sets, never at lists and objects.
 */

import type { EpochMs } from "../../base/time.ts";
import type { FactOf } from "../../history/facts.ts";
import { type Fields, RESERVED_MEMBERS } from "../../protocol/entity.ts";
import { type Doubts, Suspicions } from "./instant.ts";
import { type Ledger, type Mutation, stageBefore } from "./ledger.ts";

/** What is missing on top of the server's data, in words; undefined when nothing is. `marked` are shown as waiting. */
export function missingOnTop(fields: Fields | undefined, marked: readonly Mutation[]): string | undefined {
  const queue = marked.filter(({ confirmed }) => !confirmed);
  const newest = queue.at(-1);
  if (!newest || queue.some(undecided)) return undefined;
  if (newest.edited.operation === "delete")
    return fields === undefined ? undefined : "the record is not gone";
  if (fields === undefined) return "the record is gone";
  const seen = new Set<string>();
  for (let index = queue.length - 1; index >= 0; index--) {
    const edited = queue[index]?.edited;
    if (!edited || edited.operation === "delete") return undefined;
    const missing = missingOf(fields, edited.payload, seen);
    if (missing !== undefined) return missing;
  }
  return undefined;
}

/** A person has yet to choose, or a strategy made other bytes of it: what is on top is not known. */
function undecided(mutation: Mutation): boolean {
  return mutation.stage === "asked" || mutation.formerKeys.length > 0 || mutation.retried;
}

function missingOf(fields: Fields, payload: Fields | undefined, seen: Set<string>): string | undefined {
  if (payload === undefined) return undefined;
  for (const name of Object.keys(payload)) {
    if (seen.has(name) || RESERVED_MEMBERS.has(name)) continue;
    seen.add(name);
    const wanted = payload[name];
    if (typeof wanted === "object" && wanted !== null) continue;
    const shown = Object.hasOwn(fields, name) ? fields[name] : null;
    if ((shown ?? null) !== wanted)
      return `${name} is ${JSON.stringify(shown ?? null)}, not ${JSON.stringify(wanted)}`;
  }
  return undefined;
}

/** A waiting mutation that a `shown` no longer names. */
export interface Drop {
  readonly mutation: Mutation;
  readonly shown: FactOf<"shown">;
}

/** Watches one device for mutations that were shown as waiting, and then no more, without having been settled. */
export class DropWatch {
  private readonly suspicions: Suspicions<Drop>;
  private readonly ledger: Ledger;
  /** [EVT-16] an edit whose echo has come in may drop off. */
  private readonly echoes: boolean;

  constructor(ledger: Ledger, doubts: Doubts, echoes: boolean) {
    this.suspicions = new Suspicions(doubts);
    this.ledger = ledger;
    this.echoes = echoes;
  }

  /** Takes in what is shown, after the ledgers have; `suspect` false only lifts suspicions. */
  shown(fact: FactOf<"shown">, suspect: boolean): void {
    // A record whose id became another's still has its edits: what any record shows as waiting is not lost.
    if (this.suspicions.size > 0) for (const name of fact.waiting) this.suspicions.lift(name);
    if (!suspect) return;
    for (const mutation of this.ledger.ofRecord(fact.entity, fact.id)) {
      const name = mutation.edited.mutation;
      if (mutation.stage !== "waiting" || !mutation.shown || fact.waiting.includes(name)) continue;
      if (this.echoes && mutation.confirmed) continue;
      this.suspicions.add(name, fact.at, { mutation, shown: fact });
    }
  }

  /** A restarted app shows everything anew; what storage lost is QUE-1's. */
  killed(): void {
    this.suspicions.clear();
  }

  /** Those that were not settled in the same instant, as `fact` found them. */
  drops(at: EpochMs, fact?: unknown): readonly Drop[] {
    const ripe = this.suspicions.ripe(at);
    return ripe.length === 0
      ? ripe
      : ripe.filter(({ mutation }) => stageBefore(mutation, fact) === "waiting");
  }
}
