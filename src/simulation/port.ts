/**
 * Owns what a simulation is to those who run it: something that advances in slices and reports facts to folds.
 * Refuses to know who judges and who prints.
 */

import type { EpochMs } from "../base/time.ts";
import type { Roster } from "../history/facts.ts";

/** A run in progress. Nothing happens but inside `advance`, so that a caller can show progress and stop at will. */
export interface Simulation {
  /** Carries out at most `eventsMax` events; false when the run has ended. */
  advance(eventsMax: number): boolean;
  /** Ends a run early: devices are asked for nothing more, and folds can be read as they are. */
  interrupt(): void;
  progress(): Progress;
  /** How often each fault struck so far, by the name of the fault; 0 for those that did not. */
  struck(): Readonly<Record<string, number>>;
  readonly roster: Roster;
  /** True simulated time at the start of the run. */
  readonly startMs: EpochMs;
}

export interface Progress {
  readonly phase: "agitate" | "heal" | "settled" | "unsettled" | "interrupted";
  /** Simulated time that has passed, and the share of the run that is done, 0 to 1 (an estimate while healing). */
  readonly simulatedMs: number;
  readonly share: number;
  /** Events carried out, and of them those that went to devices. */
  readonly events: number;
  readonly deviceEvents: number;
  readonly facts: number;
  /** Hex digest of the history so far. */
  digest(): string;
}
