/**
 * Owns wall clocks that are wrong: offset, drift and steps, over a true time that only the world knows.
 * Refuses to know who reads them.
 */

import type { EpochMs } from "../base/time.ts";

/** The wall clock of one machine. */
export class WallClock {
  private readonly startMs: EpochMs;
  private readonly driftPpm: number;
  private stepsMs: number;

  /** `offsetMs` is its error at `startMs`; it gains `driftPpm` microseconds a second. */
  constructor(startMs: EpochMs, offsetMs: number, driftPpm: number) {
    this.startMs = startMs;
    this.stepsMs = offsetMs;
    this.driftPpm = driftPpm;
  }

  /** What it shows at this true time: whole ms, never before 1970. */
  read(trueMs: EpochMs): EpochMs {
    const drifted = ((trueMs - this.startMs) * this.driftPpm) / 1_000_000;
    return Math.max(0, Math.floor(trueMs + this.stepsMs + drifted));
  }

  step(byMs: number): void {
    this.stepsMs += byMs;
  }

  /** How far it is off. */
  errorMs(trueMs: EpochMs): number {
    return this.read(trueMs) - trueMs;
  }
}
