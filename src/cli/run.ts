/**
 * Owns carrying out a simulation so that a person can watch and stop it: slices with a breath between them.
 * Refuses to know what is simulated and what becomes of the result.
 */

import { assert } from "../base/assert.ts";
import type { Simulation } from "../simulation/port.ts";

/** Wall time between two looks at the outside: Ctrl-C and the progress line feel immediate, and cost nothing. */
const SLICE_MS = 60;
const SLICE_EVENTS_MIN = 250;
const SLICE_EVENTS_MAX = 20_000;

/** Who watches a run. */
export interface Watch {
  /** Called after each slice. */
  sliced(): void;
  /** True once the run is to stop; asked after each slice. */
  stopped(): boolean;
  /** Wall time, ms. It sizes the slices, and has no part in what happens in them. */
  now(): number;
}

export type Ended = "settled" | "unsettled" | "interrupted";

/** Carries a simulation out to its end, or until it is stopped; says how it ended. */
export async function carryOut(simulation: Simulation, watch: Watch): Promise<Ended> {
  let eventsMax = SLICE_EVENTS_MIN;
  let beganMs = watch.now();
  while (simulation.advance(eventsMax)) {
    watch.sliced();
    await nextTurn();
    if (watch.stopped()) {
      simulation.interrupt();
      return "interrupted";
    }
    const endedMs = watch.now();
    eventsMax = resized(eventsMax, endedMs - beganMs);
    beganMs = endedMs;
  }
  const { phase } = simulation.progress();
  assert(
    phase === "settled" || phase === "unsettled",
    `a run that has ended is settled or not, and not in ${phase}`,
  );
  return phase;
}

/** Twice as many events after a short slice, half as many after a long one. */
function resized(eventsMax: number, tookMs: number): number {
  if (tookMs > 2 * SLICE_MS) return Math.max(SLICE_EVENTS_MIN, eventsMax >> 1);
  return tookMs < SLICE_MS ? Math.min(SLICE_EVENTS_MAX, eventsMax << 1) : eventsMax;
}

/** Lets signals and the progress line have their turn. */
function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
