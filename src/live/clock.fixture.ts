/**
 * Owns a clock in a test's hand: what now is, and the timers that wait for their time.
 * Refuses to go on by itself.
 */

import type { EpochMs } from "../base/time.ts";
import type { Clock } from "./clock.ts";

interface Timer {
  readonly dueMs: number;
  run(): void;
}

export class ManualClock implements Clock {
  private wallMs: EpochMs;
  /** Like a machine's timers, these know nothing of a wall clock that steps back. */
  private elapsedMs = 0;
  private readonly timers = new Set<Timer>();

  constructor(startMs: EpochMs) {
    this.wallMs = startMs;
  }

  nowMs(): EpochMs {
    return this.wallMs;
  }

  after(delayMs: number, run: () => void): () => void {
    const timer = { dueMs: this.elapsedMs + Math.max(0, delayMs), run };
    this.timers.add(timer);
    return () => void this.timers.delete(timer);
  }

  /** The wall clock jumps. No timer runs: what is overdue by now runs at the next `runNext`. */
  set(wallMs: EpochMs): void {
    this.elapsedMs += Math.max(0, wallMs - this.wallMs);
    this.wallMs = wallMs;
  }

  /** Goes on to the timer that is due next, and runs it. When none is due within this time, the time is over. */
  runNext(withinMs: number): { readonly ran: boolean; readonly leftMs: number } {
    let next: Timer | undefined;
    for (const timer of this.timers) if (next === undefined || timer.dueMs < next.dueMs) next = timer;
    const waitMs = next === undefined ? withinMs + 1 : Math.max(0, next.dueMs - this.elapsedMs);
    const passedMs = Math.min(waitMs, withinMs);
    this.set(this.wallMs + passedMs);
    if (next === undefined || waitMs > withinMs) return { ran: false, leftMs: 0 };
    this.timers.delete(next);
    next.run();
    return { ran: true, leftMs: withinMs - passedMs };
  }
}
