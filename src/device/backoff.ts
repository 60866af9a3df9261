/**
 * Owns waiting after failures: 1, 2, 4, 8 s and so on to 60 s, with jitter, and never less than Retry-After.
 * Refuses to know what failed. Queue, single mutations, syncs and sockets each have one of their own.
 */

import type { Prng } from "../base/prng.ts";
import { SECOND_MS } from "../base/time.ts";

/** Failures in a row, and the moment (monotonic ms) before which nothing is tried. */
export interface Backoff {
  failures: number;
  notBeforeMs: number;
  /** The last failure did not leave the phone: coming online lifts the wait. */
  unreachable: boolean;
}

const WAITS_MS = [1, 2, 4, 8, 16, 32, 60].map((seconds) => seconds * SECOND_MS);
const WAIT_MS_MAX = 60 * SECOND_MS;
const JITTER_SHARE_MAX = 0.2;

export function createBackoff(): Backoff {
  return { failures: 0, notBeforeMs: 0, unreachable: false };
}

/** What went wrong, once for all that it hit: those that failed together, and as often, are tried together again. */
export interface Failure {
  readonly atMs: number;
  readonly unreachable: boolean;
  /** What the peer asked for; 0 when it asked for nothing. */
  readonly retryAfterMs: number;
  /** 0 to 1. */
  readonly jitter: number;
}

export function createFailure(random: Prng, atMs: number, unreachable: boolean, retryAfterMs = 0): Failure {
  return { atMs, unreachable, retryAfterMs, jitter: random.unit() };
}

/** [QUE-5, EVT-19] another failure. */
export function fail(backoff: Backoff, failure: Failure): void {
  const waitMs = WAITS_MS[backoff.failures] ?? WAIT_MS_MAX;
  const jitterMs = Math.floor(waitMs * JITTER_SHARE_MAX * failure.jitter);
  backoff.failures++;
  backoff.unreachable = failure.unreachable;
  backoff.notBeforeMs = failure.atMs + Math.max(waitMs + jitterMs, failure.retryAfterMs);
}

/** It worked: the next failure waits 1 s again. */
export function succeed(backoff: Backoff): void {
  backoff.failures = 0;
  backoff.notBeforeMs = 0;
  backoff.unreachable = false;
}

/** The network is back: what never left the phone need not wait. The count goes on until something works. */
export function wake(backoff: Backoff, nowMs: number): void {
  if (backoff.unreachable && backoff.notBeforeMs > nowMs) backoff.notBeforeMs = nowMs;
}
