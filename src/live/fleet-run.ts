/**
 * Owns what a live fleet is told before it runs, what it leaves behind, and the ends that are nobody's fault.
 * Refuses to run anything.
 */

import type { Roster } from "../history/facts.ts";
import type { FactFold } from "../history/journal.ts";
import type { Entity } from "../protocol/entity.ts";
import type { LiveAct } from "./fleet-acts.ts";
import type { Histogram, LatencyBook } from "./latency-book.ts";
import type { Ledger } from "./ledger.ts";
import type { Throttle } from "./throttle.ts";

export interface FleetOptions {
  readonly baseUrl: string;
  readonly headers: { readonly [name: string]: string };
  readonly paths: ReadonlyMap<string, string>;
  /** Of the accounts, in their order. */
  readonly accounts: readonly { readonly name: string; readonly token: string }[];
  readonly seed: number;
  /** What every name of the run begins with, and nothing of another run does. */
  readonly prefix: string;
  /** One for each phone: whose it is, in which group of records its owner works, and how wrong its clock is. */
  readonly phones: readonly {
    readonly account: number;
    readonly group: number;
    readonly clockOffsetMs: number;
  }[];
  readonly phases: readonly (1 | 2 | 3 | 4 | 5)[];
  readonly acts: readonly LiveAct[];
  /** What each group begins with. */
  readonly records: Readonly<Record<Entity, number>>;
  readonly itemsPerList: number;
  /** Groups of an account. */
  readonly groups: number;
  readonly durationMs: number;
  readonly settleWithinMs: number;
  /** Over how long phones come back at the end. */
  readonly spreadMs: number;
  /** Mean time between two acts of one plain client; undefined: there are none but those who write first records. */
  readonly plainEveryMs: number | undefined;
  readonly speed: number;
  readonly batchFrom: number;
  /** Mutations that the target takes in one batch; first records are made so. 0 or 1: one by one. */
  readonly batchMax: number;
  readonly requestTimeoutMs: number;
  readonly pollEveryMs: number;
  /** From so many requests on, faults stop: the rest is for settling. */
  readonly requestsSoftMax: number;
  readonly concurrency: number;
  readonly roundTripMs: number;
  readonly patienceMs: number;
  readonly throttle: Throttle;
  readonly ledger: Ledger;
  readonly folds: readonly FactFold[];
}

/** Nobody can watch the target: a fleet on it would show nothing. */
export class Blind extends Error {
  override readonly name = "Blind";
}

/** It was not settled in time, and the target need not be the reason. */
export class Unsettled extends Error {
  override readonly name = "Unsettled";

  constructor() {
    super("not all was settled in time; requests without an answer, or this machine, may be the reason");
  }
}

export interface FleetRun {
  readonly ended: "settled" | "unsettled" | "stopped";
  /** Why it was stopped. */
  readonly why: Error | undefined;
  readonly roster: Roster;
  readonly startMs: number;
  readonly ranMs: number;
  readonly agitatedMs: number;
  readonly facts: number;
  readonly digest: string;
  readonly commits: number;
  readonly torn: { readonly at: number; readonly why: string } | undefined;
  readonly requests: number;
  readonly failures: number;
  readonly socketsMax: number;
  readonly socketsRefused: number;
  readonly lateMsMax: number;
  /** How late, by this process's own fault, what it did was. */
  readonly late: ReturnType<Histogram["figures"]>;
  readonly latencies: ReturnType<LatencyBook["figures"]>;
}
