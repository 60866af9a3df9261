/**
 * Owns what is known of one device's mutations: keys, records, and how far each has come.
 * Refuses to judge. Memory is bounded by the mutations that still wait or failed, and SETTLED_KEPT_MAX settled ones,
 * because a kill can bring a settled one back to the queue.
 */

import type { FactName, FactOf } from "../../history/facts.ts";
import { RecordMap } from "../record-map.ts";

/** Settled mutations that are remembered per device. */
const SETTLED_KEPT_MAX = 256;

/** What a ledger must be shown. */
export const LEDGER_FACTS = [
  "edited",
  "saved",
  "rekeyed",
  "settled",
  "asked",
  "chosen",
  "retried",
  "discarded",
  "killed",
] as const satisfies readonly FactName[];

export type LedgerFact = FactOf<(typeof LEDGER_FACTS)[number]>;

/** `doubtful`: not yet saved when the app was killed; it may have vanished, or not [QUE-1]. */
export type Stage = "waiting" | "asked" | "failed" | "settled" | "doubtful";

/** One mutation of a device. */
export interface Mutation {
  readonly edited: FactOf<"edited">;
  /** The key that its next attempt must carry. */
  key: string;
  /** Keys it had before, oldest first. */
  formerKeys: readonly string[];
  stage: Stage;
  /** The fact that brought it to its stage, and the stage before that. */
  movedBy: LedgerFact;
  stood: Stage;
  saved: boolean;
  /** A person took it up again: it is a new mutation, and its place in the queue is free [QUE-6]. */
  retried: boolean;
  /** It was shown as waiting since the app started. */
  shown: boolean;
  /** Its echo has come in: it is in the server's data, though its answer may still be out [EVT-16]. */
  confirmed: boolean;
  /** What checkers note on it, by their slots: see ledgers.ts. */
  readonly notes: unknown[];
}

/** The stage in which `fact` found the mutation. */
export function stageBefore(mutation: Mutation, fact: unknown): Stage {
  return mutation.movedBy === fact ? mutation.stood : mutation.stage;
}

/** The mutations of one device. */
export class Ledger {
  private readonly byMutation = new Map<string, Mutation>();
  private readonly byAnyKey = new Map<string, Mutation>();
  private readonly records = new RecordMap<Mutation[]>();
  /** The last settled ones, as a ring. */
  private readonly past: string[] = [];
  private oldest = 0;

  get(mutation: string): Mutation | undefined {
    return this.byMutation.get(mutation);
  }

  /** By the key it has now, or had. */
  byKey(key: string): Mutation | undefined {
    return this.byAnyKey.get(key);
  }

  /** Records with mutations that wait. */
  get recordCount(): number {
    return this.records.size;
  }

  /** Those of one record that wait, asked ones included, in the order in which they were made. Changes as it goes. */
  ofRecord(entity: string, id: string): readonly Mutation[] {
    return this.records.get(entity, id) ?? NO_MUTATIONS;
  }

  /** All that are remembered, settled ones too. */
  all(): Iterable<Mutation> {
    return this.byMutation.values();
  }

  /** Takes in one fact, and returns the mutation that it is about. */
  fold(fact: LedgerFact): Mutation | undefined {
    if (fact.fact === "killed") return this.killed(fact);
    if (fact.fact === "edited") return this.edited(fact);
    const mutation = this.byMutation.get(fact.mutation);
    if (!mutation) return undefined;
    switch (fact.fact) {
      case "saved":
        mutation.saved = true;
        break;
      case "rekeyed":
        this.rekey(mutation, fact.key);
        break;
      case "settled":
        this.settle(mutation, fact, fact.outcome === "failed");
        break;
      case "asked":
        this.wait(mutation, "asked", fact);
        break;
      case "chosen":
        if (mutation.stage === "asked") move(mutation, "waiting", fact);
        break;
      case "retried":
        mutation.retried = true;
        this.wait(mutation, "waiting", fact);
        break;
      case "discarded":
        this.settle(mutation, fact, false);
    }
    return mutation;
  }

  private edited(fact: FactOf<"edited">): Mutation {
    const mutation: Mutation = {
      edited: fact,
      key: fact.key,
      formerKeys: NO_KEYS,
      stage: "settled",
      movedBy: fact,
      stood: "settled",
      saved: false,
      retried: false,
      shown: false,
      confirmed: false,
      notes: [],
    };
    this.byMutation.set(fact.mutation, mutation);
    this.byAnyKey.set(fact.key, mutation);
    this.wait(mutation, "waiting", fact);
    return mutation;
  }

  private rekey(mutation: Mutation, key: string): void {
    if (key === mutation.key) return;
    mutation.formerKeys = [...mutation.formerKeys, mutation.key];
    mutation.key = key;
    this.byAnyKey.set(key, mutation);
  }

  private wait(mutation: Mutation, stage: "waiting" | "asked", fact: LedgerFact): void {
    const stood = mutation.stage;
    move(mutation, stage, fact);
    if (stood === "waiting" || stood === "asked") return;
    const { entity, id } = mutation.edited;
    const queue = this.records.get(entity, id);
    if (queue) queue.push(mutation);
    else this.records.set(entity, id, [mutation]);
  }

  private leave(mutation: Mutation, stage: "failed" | "settled" | "doubtful", fact: LedgerFact): void {
    const stood = mutation.stage;
    move(mutation, stage, fact);
    if (stood !== "waiting" && stood !== "asked") return;
    const { entity, id } = mutation.edited;
    const queue = this.records.get(entity, id);
    if (queue === undefined) return;
    const place = queue.indexOf(mutation);
    if (place >= 0) queue.splice(place, 1);
    if (queue.length === 0) this.records.delete(entity, id);
  }

  private settle(mutation: Mutation, fact: LedgerFact, failed: boolean): void {
    const stood = mutation.stage;
    this.leave(mutation, failed ? "failed" : "settled", fact);
    if (!failed && stood !== "settled") this.remember(mutation.edited.mutation);
  }

  /** [QUE-1] what was not saved may be gone; it counts again when it is heard of. */
  private killed(fact: LedgerFact): undefined {
    for (const mutation of this.byMutation.values()) {
      // A restarted app shows everything anew.
      mutation.shown = false;
      if (mutation.saved || (mutation.stage !== "waiting" && mutation.stage !== "asked")) continue;
      this.leave(mutation, "doubtful", fact);
      this.remember(mutation.edited.mutation);
    }
  }

  private remember(mutation: string): void {
    const replaced = this.past[this.oldest];
    this.past[this.oldest] = mutation;
    this.oldest = (this.oldest + 1) % SETTLED_KEPT_MAX;
    const forgotten = replaced === undefined ? undefined : this.byMutation.get(replaced);
    if (!forgotten || (forgotten.stage !== "settled" && forgotten.stage !== "doubtful")) return;
    this.byMutation.delete(forgotten.edited.mutation);
    this.byAnyKey.delete(forgotten.key);
    for (const key of forgotten.formerKeys) this.byAnyKey.delete(key);
  }
}

const NO_MUTATIONS: readonly never[] = [];
const NO_KEYS: readonly never[] = [];

function move(mutation: Mutation, stage: Stage, fact: LedgerFact): void {
  mutation.stood = mutation.stage;
  mutation.stage = stage;
  mutation.movedBy = fact;
}

/** A mutation in words. */
export function naming(mutation: Mutation): string {
  const { operation, entity, id, mutation: name } = mutation.edited;
  return `${operation} of ${entity} ${id} (${name})`;
}
