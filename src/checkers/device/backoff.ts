/**
 * Owns the waits of QUE-5 as bounds: 1, 2, 4, 8 s and so on, at most 60 s, plus 0 to 20 %.
 * Refuses to know what is waited for.
 */

const FIRST_WAIT_MS = 1_000;
const LONGEST_WAIT_MS = 60_000;
const JITTER = 0.2;
/** A phone's monotonic clock may run this much faster or slower than true time. */
const DRIFT = 0.01;
/** Timers are whole milliseconds, and a live driver's are late or early by a few. */
const TIMER_SLACK_MS = 5;
/** What a device that could act may add to a wait before its request is out. */
const START_SLACK_MS = 1_000;

/** The wait after `failures` failures in a row, without jitter; at least one is assumed. */
export function nominalWaitMs(failures: number): number {
  let waitMs = FIRST_WAIT_MS;
  for (let n = 1; n < failures && waitMs < LONGEST_WAIT_MS; n++) waitMs *= 2;
  return Math.min(waitMs, LONGEST_WAIT_MS);
}

/** The shortest true time that a wait of `waitMs` on the device's clock may take. */
export function shortestMs(waitMs: number): number {
  return waitMs * (1 - DRIFT) - TIMER_SLACK_MS;
}

/** The longest true time that a wait of `waitMs` with its jitter may take, START_SLACK_MS included. */
export function longestMs(waitMs: number): number {
  return waitMs * (1 + JITTER) * (1 + DRIFT) + START_SLACK_MS;
}
