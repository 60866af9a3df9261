/**
 * Owns whether a device can act: alive, open, online; and what it owes while it can.
 * Refuses to know what it owes it for.
 */

import type { EpochMs } from "../../base/time.ts";
import type { FactName, FactOf } from "../../history/facts.ts";

export const LIFE_FACTS = [
  "started",
  "killed",
  "opened",
  "closed",
  "online",
  "offline",
] as const satisfies readonly FactName[];
export type LifeFact = FactOf<(typeof LIFE_FACTS)[number]>;

/**
 * How long a device that can act may put off a sync that it owes. Generous: it may sit out the longest wait of
 * QUE-5 with its jitter, and a request that times out, first.
 */
export const SYNC_DUE_MS = 180_000;

/** What is known of one device's life. */
export class Life {
  alive = false;
  open = false;
  online = false;
  /** It told its user that it cannot sync; set by whoever folds the notice, until it syncs or starts again. */
  muted = false;

  fold(fact: LifeFact): void {
    switch (fact.fact) {
      case "started":
        this.alive = true;
        this.muted = false;
        this.open = false;
        this.online = fact.online;
        break;
      case "killed":
        this.alive = false;
        this.open = false;
        break;
      case "opened":
      case "closed":
        this.open = fact.fact === "opened";
        break;
      case "online":
      case "offline":
        this.online = fact.fact === "online";
    }
  }
}

/** Something owed, on a clock that runs only while the device can act. */
export class Debt<Cause> {
  private cause: Cause | undefined;
  private from: EpochMs | undefined;

  get owed(): Cause | undefined {
    return this.cause;
  }

  /** Owes for `cause` from now on; an older debt stands. */
  owe(cause: Cause, at: EpochMs, able: boolean): void {
    if (this.cause !== undefined) return;
    this.cause = cause;
    this.from = able ? at : undefined;
  }

  pay(): void {
    this.cause = undefined;
  }

  /** What must come first is on its way: the clock begins anew. */
  postpone(at: EpochMs): void {
    if (this.from !== undefined) this.from = at;
  }

  /** The device became able to act, or unable. */
  able(able: boolean, at: EpochMs): void {
    this.from = able ? (this.from ?? at) : undefined;
  }

  /** The cause of a debt that is overdue at `at`; the debt ends with that. */
  overdue(at: EpochMs, dueMs: number): Cause | undefined {
    const { cause } = this;
    if (cause === undefined || this.from === undefined || at - this.from <= dueMs) return undefined;
    this.cause = undefined;
    return cause;
  }
}
