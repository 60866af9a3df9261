/**
 * Owns the virtual time of a target in memory: what is due when, carried out in order.
 * Refuses to know what it carries out.
 */

import { assert } from "../base/assert.ts";
import type { EpochMs } from "../base/time.ts";

interface Due {
  readonly atMs: EpochMs;
  readonly nth: number;
  readonly run: () => void;
}

/** More than this in one wait is a target that never comes to rest. */
const DUE_MAX = 200_000;

export class Timeline {
  nowMs: EpochMs;
  private readonly due: Due[] = [];
  private readonly wakes = new Map<number, Due>();
  private count = 0;

  constructor(startMs: EpochMs) {
    this.nowMs = startMs;
  }

  /** Runs `run` at this time; what is due at one time runs in the order in which it was asked for. */
  at(atMs: EpochMs, run: () => void): void {
    this.due.push({ atMs, nth: this.count++, run });
  }

  /** The one waking of this sleeper: a new one replaces the former. */
  wake(sleeper: number, atMs: EpochMs, run: () => void): void {
    this.wakes.set(sleeper, { atMs, nth: this.count++, run });
  }

  /** Lets at most `withinMs` pass, until `done` holds. */
  runUntil(done: () => boolean, withinMs: number): void {
    const endMs = this.nowMs + withinMs;
    for (let carried = 0; !done(); carried++) {
      assert(carried < DUE_MAX, "a target comes to rest");
      const next = this.take(endMs);
      if (next === undefined) {
        this.nowMs = endMs;
        return;
      }
      this.nowMs = Math.max(this.nowMs, next.atMs);
      next.run();
    }
  }

  private take(endMs: EpochMs): Due | undefined {
    let first: Due | undefined;
    for (const due of this.due) if (isBefore(due, first)) first = due;
    let sleeper: number | undefined;
    for (const [one, wake] of this.wakes) {
      if (!isBefore(wake, first)) continue;
      first = wake;
      sleeper = one;
    }
    if (first === undefined || first.atMs > endMs) return undefined;
    if (sleeper === undefined) this.due.splice(this.due.indexOf(first), 1);
    else this.wakes.delete(sleeper);
    return first;
  }
}

function isBefore(due: Due, other: Due | undefined): boolean {
  if (other === undefined) return true;
  return due.atMs < other.atMs || (due.atMs === other.atMs && due.nth < other.nth);
}
