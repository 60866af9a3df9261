/**
 * Owns the shape of a measure: a fold over facts whose result is plain JSON, and which can be merged over shards.
 * Refuses to know what is measured.
 */

import type { EpochMs } from "../base/time.ts";
import type { Fact, FactName } from "../history/facts.ts";

/** A fold that measures one thing. */
export interface Measure<Result> {
  /** The facts that it wants; it is called for no others. */
  readonly wants: readonly FactName[];
  /** Takes in one fact. */
  fold(fact: Fact): void;
  /** What was measured so far; may be asked for at any time. */
  result(): Result;
  /** Takes in what another measure of the same kind saw of other accounts. The other must not be folded on. */
  merge(other: this): void;
}

/** One state per device, and the states of merged shards, whose numbers may be the same. */
export class PerDevice<State> {
  private readonly own: (State | undefined)[] = [];
  private readonly others: State[] = [];
  private readonly make: (at: EpochMs) => State;

  constructor(make: (at: EpochMs) => State) {
    this.make = make;
  }

  /** The device's state; made at `at` when it is first heard of. */
  of(device: number, at: EpochMs): State {
    const known = this.own[device];
    if (known !== undefined) return known;
    const made = this.make(at);
    this.own[device] = made;
    return made;
  }

  /** A state as a device begins with it, that is none's. */
  sample(): State {
    return this.make(0);
  }

  merge(other: PerDevice<State>): void {
    this.others.push(...other.all());
  }

  all(): readonly State[] {
    return [...this.own.filter((state) => state !== undefined), ...this.others];
  }
}

/** A share of a whole; null when there is no whole. */
export function share(part: number, whole: number): number | null {
  return whole === 0 ? null : part / whole;
}
