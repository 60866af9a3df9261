/**
 * Owns the border to time: what now is, and being called later.
 * Refuses to know what is waited for. Tests hand in a clock of their own.
 */

import type { EpochMs } from "../base/time.ts";

export interface Clock {
  /** Wall clock, epoch milliseconds. It may step back. */
  nowMs(): EpochMs;
  /** Calls `run` once, no sooner than `delayMs` from now; the returned function takes it back. */
  after(delayMs: number, run: () => void): () => void;
}

/** setTimeout takes no longer delay; what is due later is looked at again then. */
const DELAY_MS_MAX = 2_147_483_647;

/** The machine's clock. A timer of it does not keep the process alive. */
export const SYSTEM_CLOCK: Clock = {
  nowMs: () => Date.now(),
  after: (delayMs, run) => {
    const timer = setTimeout(run, Math.min(Math.max(0, delayMs), DELAY_MS_MAX));
    timer.unref();
    return () => clearTimeout(timer);
  },
};
