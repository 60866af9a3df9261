/**
 * Owns the question whether what is shown has the waiting edits on top of the server's data, and the watch for
 * waiting edits that drop off the screen.
 * Refuses to merge: it looks only at single values that a waiting edit sets, never at lists and objects.
 */

import type { EpochMs } from "../../base/time.ts";
import { type Fields, RESERVED_MEMBERS } from "../../protocol/entity.ts";
import type { Frame } from "../../protocol/request.ts";
import type { FactOf } from "./findings.ts";
import { Suspicions } from "./instant.ts";
import { Ledger, type Mutation } from "./ledger.ts";

/** What the overlay needs to know of a mutation. */
export interface OnTop {
  /** It was shown as waiting. */
  shown: boolean;
  /** Its echo has come in: it is in the server's data, though its answer is still out. */
  confirmed: boolean;
}

/** What is missing on top of the server's data, in words; undefined when nothing is. `marked` are shown as waiting. */
export function missingOnTop(
  fields: Fields | undefined,
  marked: readonly Mutation<OnTop>[],
): string | undefined {
  const queue = marked.filter(({ note }) => !note.confirmed);
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
function undecided(mutation: Mutation<OnTop>): boolean {
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

/** A ledger for the overlay. */
export function overlayLedger(): Ledger<OnTop> {
  return new Ledger<OnTop>(() => ({ shown: false, confirmed: false }));
}

/** [EVT-16] takes in an event: it may be the echo of a mutation of this device, which is returned then. */
export function confirmedBy(ledger: Ledger<OnTop>, frame: Frame): Mutation<OnTop> | undefined {
  if (frame.type !== "sync_event" || frame.origin?.mutationId === undefined) return undefined;
  const own = ledger.byKey(frame.origin.mutationId);
  if (own) own.note.confirmed = true;
  return own;
}

/** A waiting mutation that a `shown` no longer names. */
export interface Drop {
  readonly mutation: Mutation<OnTop>;
  readonly shown: FactOf<"shown">;
}

/** Watches one device for mutations that were shown as waiting, and then no more, without having been settled. */
export class DropWatch {
  private readonly suspicions = new Suspicions<Drop>();
  private readonly ledger: Ledger<OnTop>;

  constructor(ledger: Ledger<OnTop>) {
    this.ledger = ledger;
  }

  /** Takes in what is shown; `suspect` false only takes note of what is marked as waiting. */
  shown(fact: FactOf<"shown">, suspect: boolean): void {
    // A record whose id became another's still has its edits: what any record shows as waiting is not lost.
    for (const name of fact.waiting) {
      const mutation = this.ledger.get(name);
      if (mutation) mutation.note.shown = true;
      this.suspicions.lift(name);
    }
    if (!suspect) return;
    for (const mutation of this.ledger.ofRecord(fact.entity, fact.id)) {
      const name = mutation.edited.mutation;
      const { shown, confirmed } = mutation.note;
      if (mutation.stage !== "waiting" || !shown || confirmed || fact.waiting.includes(name)) continue;
      this.suspicions.add(name, fact.at, { mutation, shown: fact });
    }
  }

  /** A restarted app shows everything anew; what storage lost is QUE-1's. */
  killed(): void {
    this.suspicions.clear();
    for (const mutation of this.ledger.all()) mutation.note.shown = false;
  }

  /** Those that were not settled in the same instant. */
  drops(at: EpochMs): readonly Drop[] {
    const ripe = this.suspicions.ripe(at);
    return ripe.length === 0 ? ripe : ripe.filter((drop) => drop.mutation.stage === "waiting");
  }
}
