/**
 * Owns the limits of the live border: what one peer may take of the machine.
 * Refuses to know the protocol's own limits, which capabilities declare.
 */

import type { AccountId } from "../protocol/messages.ts";
import type { Clock } from "./clock.ts";

export interface BorderLimits {
  /** Calls of one account a second, over a burst of as many again; undefined: no limit. More are 429 [API-7]. */
  readonly requestsPerSecondMax: number | undefined;
  /** Open sockets of one account; an upgrade above is 429. */
  readonly socketsPerAccountMax: number;
  /** Text frames that one client may send a second; more close its socket. */
  readonly framesPerSecondMax: number;
  /** From the first byte of a request to its last. */
  readonly requestTimeoutMs: number;
}

export const BORDER_LIMITS: BorderLimits = {
  requestsPerSecondMax: undefined,
  socketsPerAccountMax: 10_000,
  framesPerSecondMax: 50,
  requestTimeoutMs: 30_000,
};

/** A bucket that fills at a steady rate and holds two seconds' worth. */
export class Bucket {
  private level: number;
  private filledAtMs: number;

  constructor(perSecond: number, nowMs: number) {
    this.level = 2 * perSecond;
    this.filledAtMs = nowMs;
  }

  /** Takes one; undefined when there was one, else the milliseconds until there will be. */
  take(perSecond: number, nowMs: number): number | undefined {
    // A clock that stepped back fills nothing, and takes nothing away.
    const passedMs = Math.max(0, nowMs - this.filledAtMs);
    this.level = Math.min(2 * perSecond, this.level + (passedMs * perSecond) / 1_000);
    this.filledAtMs = nowMs;
    if (this.level < 1) return ((1 - this.level) * 1_000) / perSecond;
    this.level--;
    return undefined;
  }
}

/** The rate of calls, by account. Accounts are those of the configuration, so their number is bounded. */
export class Rates {
  private readonly clock: Clock;
  private readonly buckets = new Map<AccountId, Bucket>();

  constructor(clock: Clock) {
    this.clock = clock;
  }

  /** undefined: go on. Else come again after so many milliseconds. */
  take(account: AccountId, perSecond: number | undefined): number | undefined {
    if (perSecond === undefined) return undefined;
    const nowMs = this.clock.nowMs();
    let bucket = this.buckets.get(account);
    if (bucket === undefined) {
      bucket = new Bucket(perSecond, nowMs);
      this.buckets.set(account, bucket);
    }
    return bucket.take(perSecond, nowMs);
  }
}
