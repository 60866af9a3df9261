/**
 * Owns what is known of one device's mutations: keys, records, and how far each has come.
 * Refuses to judge. Checkers hang a note of their own on each mutation. Memory is bounded by the mutations that
 * still wait or failed, and SETTLED_KEPT_MAX settled ones, because a kill can bring a settled one back to the queue.
 */

import type { FactName } from "../../history/facts.ts";
import { type FactOf, RecordMap } from "./findings.ts";

/** Settled mutations that are remembered per device. */
export const SETTLED_KEPT_MAX = 256;

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

/** One mutation of a device, with a checker's own note. */
export interface Mutation<Note> {
  readonly edited: FactOf<"edited">;
  readonly note: Note;
  /** The key that its next attempt must carry. */
  key: string;
  /** Keys it had before, oldest first. */
  readonly formerKeys: string[];
  /** `doubtful`: not yet saved when the app was killed; it may have vanished, or not [QUE-1]. */
  stage: "waiting" | "asked" | "failed" | "settled" | "doubtful";
  saved: boolean;
  /** A person took it up again: it is a new mutation, and its place in the queue is free [QUE-6]. */
  retried: boolean;
  outcome: FactOf<"settled">["outcome"] | undefined;
}

/** The mutations of one device. */
export class Ledger<Note> {
  private readonly makeNote: () => Note;
  private readonly byMutation = new Map<string, Mutation<Note>>();
  private readonly byAnyKey = new Map<string, Mutation<Note>>();
  private readonly records = new RecordMap<Mutation<Note>[]>();
  /** The last settled ones, as a ring. */
  private readonly past: string[] = [];
  private oldest = 0;

  constructor(makeNote: () => Note) {
    this.makeNote = makeNote;
  }

  get(mutation: string): Mutation<Note> | undefined {
    return this.byMutation.get(mutation);
  }

  /** By the key it has now, or had. */
  byKey(key: string): Mutation<Note> | undefined {
    return this.byAnyKey.get(key);
  }

  /** Those of one record that wait, asked ones included, in the order in which they were made. */
  ofRecord(entity: string, id: string): readonly Mutation<Note>[] {
    return this.records.get(entity, id) ?? NO_MUTATIONS;
  }

  /** All that are remembered, settled ones too. */
  all(): Iterable<Mutation<Note>> {
    return this.byMutation.values();
  }

  /** Takes in one fact, and returns the mutation that it is about. */
  fold(fact: LedgerFact): Mutation<Note> | undefined {
    if (fact.fact === "killed") return this.killed();
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
        this.settle(mutation, fact.outcome);
        break;
      case "asked":
        this.wait(mutation, "asked");
        break;
      case "chosen":
        if (mutation.stage === "asked") mutation.stage = "waiting";
        break;
      case "retried":
        mutation.retried = true;
        this.wait(mutation, "waiting");
        break;
      case "discarded":
        this.settle(mutation, "discarded");
    }
    return mutation;
  }

  private edited(fact: FactOf<"edited">): Mutation<Note> {
    const mutation: Mutation<Note> = {
      edited: fact,
      note: this.makeNote(),
      key: fact.key,
      formerKeys: [],
      stage: "settled",
      saved: false,
      retried: false,
      outcome: undefined,
    };
    this.byMutation.set(fact.mutation, mutation);
    this.byAnyKey.set(fact.key, mutation);
    this.wait(mutation, "waiting");
    return mutation;
  }

  private rekey(mutation: Mutation<Note>, key: string): void {
    if (key === mutation.key) return;
    mutation.formerKeys.push(mutation.key);
    mutation.key = key;
    this.byAnyKey.set(key, mutation);
  }

  private wait(mutation: Mutation<Note>, stage: "waiting" | "asked"): void {
    const stood = mutation.stage;
    mutation.stage = stage;
    if (stood === "waiting" || stood === "asked") return;
    const { entity, id } = mutation.edited;
    const queue = this.records.get(entity, id);
    if (queue) queue.push(mutation);
    else this.records.set(entity, id, [mutation]);
  }

  private leave(mutation: Mutation<Note>, stage: "failed" | "settled" | "doubtful"): void {
    const stood = mutation.stage;
    mutation.stage = stage;
    if (stood !== "waiting" && stood !== "asked") return;
    const { entity, id } = mutation.edited;
    const rest = this.ofRecord(entity, id).filter((other) => other !== mutation);
    if (rest.length > 0) this.records.set(entity, id, rest);
    else this.records.delete(entity, id);
  }

  private settle(mutation: Mutation<Note>, outcome: FactOf<"settled">["outcome"]): void {
    const stood = mutation.stage;
    mutation.outcome = outcome;
    this.leave(mutation, outcome === "failed" ? "failed" : "settled");
    if (outcome !== "failed" && stood !== "settled") this.remember(mutation.edited.mutation);
  }

  /** [QUE-1] what was not saved may be gone; it counts again when it is heard of. */
  private killed(): undefined {
    for (const mutation of this.byMutation.values()) {
      if (mutation.saved || (mutation.stage !== "waiting" && mutation.stage !== "asked")) continue;
      this.leave(mutation, "doubtful");
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

/** A mutation in words. */
export function naming(mutation: Mutation<unknown>): string {
  const { operation, entity, id, mutation: name } = mutation.edited;
  return `${operation} of ${entity} ${id} (${name})`;
}
