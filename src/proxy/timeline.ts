/**
 * Owns the proxy's sense of time passing: a line that never goes back, whatever the wall clock does, and what is due
 * on it.
 * Refuses to know what is due. No answer depends on it; timers only.
 */

import FlatQueue from "flatqueue";
import type { EpochMs } from "../base/time.ts";

/** Milliseconds on the line: the wall clock, less every step back that it took. */
export type LineMs = number;

export class Timeline<Due> {
  private readonly queue = new FlatQueue<Due>();
  private latestMs: EpochMs = 0;
  /** What the line is ahead of the wall clock. */
  private aheadMs = 0;

  /** The place on the line of this reading of the wall clock. */
  at(nowMs: EpochMs): LineMs {
    if (nowMs < this.latestMs) this.aheadMs += this.latestMs - nowMs;
    this.latestMs = nowMs;
    return nowMs + this.aheadMs;
  }

  /** Where the line was when it was last asked. */
  get lastMs(): LineMs {
    return this.latestMs + this.aheadMs;
  }

  put(dueMs: LineMs, due: Due): void {
    this.queue.push(due, dueMs);
  }

  /** Takes out the next of what is due by now; undefined when nothing is. */
  take(lineMs: LineMs): Due | undefined {
    const dueMs = this.queue.peekValue();
    return dueMs !== undefined && dueMs <= lineMs ? this.queue.pop() : undefined;
  }

  /** When the wall clock shows that something is due; undefined when nothing waits. */
  nextAtMs(): EpochMs | undefined {
    const dueMs = this.queue.peekValue();
    return dueMs === undefined ? undefined : dueMs - this.aheadMs;
  }
}
