/**
 * Owns the taking down of a history: each fact goes to the folds that want it, is counted, and enters the digest.
 * Refuses to judge and to measure. Constant work per fact; nothing is kept unless asked for.
 */

import { Digest } from "./digest.ts";
import type { Fact, FactName } from "./facts.ts";

/** Facts that a journal keeps at most, when it is asked to keep them. */
const KEPT_FACTS_MAX = 1_000_000;

/** Anything that wants to be told facts. */
export interface FactFold {
  readonly wants: readonly FactName[];
  fold(fact: Fact): void;
}

/** What a journal is made of. */
export interface JournalOptions {
  /** Told in this order, each of the facts that it wants and of no other. */
  readonly folds?: readonly FactFold[];
  /** Keeps the facts themselves, the first KEPT_FACTS_MAX (or this many) of them: for tests and traces. */
  readonly keep?: boolean | number;
}

/** A history as it grows. */
export interface Journal {
  /** Takes down one fact. Its members must not change any more. */
  record(fact: Fact): void;
  /** Facts taken down so far. */
  readonly count: number;
  /** The facts that were kept, oldest first; fewer than `count` when not all were. */
  readonly kept: readonly Fact[];
  /** 16 hex digits over all facts so far: the same facts, the same digits. */
  digest(): string;
}

/** A journal with nothing in it yet. */
export function createJournal(options: JournalOptions = {}): Journal {
  return new FoldingJournal(options);
}

const NO_FOLDS: readonly FactFold[] = [];

class FoldingJournal implements Journal {
  count = 0;
  readonly kept: Fact[] = [];
  private readonly keptMax: number;
  private readonly foldsByName: ReadonlyMap<FactName, readonly FactFold[]>;
  private readonly running = new Digest();

  constructor(options: JournalOptions) {
    const { keep = false, folds = NO_FOLDS } = options;
    this.keptMax = keep === true ? KEPT_FACTS_MAX : keep === false ? 0 : Math.min(keep, KEPT_FACTS_MAX);
    this.foldsByName = dispatchTable(folds);
  }

  record(fact: Fact): void {
    this.count++;
    this.running.add(fact);
    if (this.kept.length < this.keptMax) this.kept.push(fact);
    const folds = this.foldsByName.get(fact.fact);
    if (folds === undefined) return;
    for (let i = 0; i < folds.length; i++) (folds[i] as FactFold).fold(fact);
  }

  digest(): string {
    return this.running.hex();
  }
}

/** Who wants what; a fold that names a fact twice is told once. */
function dispatchTable(folds: readonly FactFold[]): ReadonlyMap<FactName, readonly FactFold[]> {
  const table = new Map<FactName, FactFold[]>();
  for (const fold of folds) {
    for (const name of new Set(fold.wants)) {
      const wanting = table.get(name);
      if (wanting) wanting.push(fold);
      else table.set(name, [fold]);
    }
  }
  return table;
}
