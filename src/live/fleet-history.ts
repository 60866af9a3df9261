/**
 * Owns the history of a live fleet as judges are told it: facts in the order in which they came, and between them the
 * commits that they give evidence of, each before the first fact that shows it or a later one.
 * Refuses to assume. A commit is told only once the account's observer has passed it, so that none before it is missing;
 * where the observer fails, the log is torn, and nobody may be judged by it from there on.
 */

import type { EpochMs } from "../base/time.ts";
import type { Fact, SentMutation } from "../history/facts.ts";
import { FleetLog } from "./fleet-log.ts";
import type { FleetNames } from "./fleet-stage.ts";

/** So long a fact waits for its commits: the rule gives events 2 s, a slow network and a busy machine the rest. */
const HOLD_MS = 8_000;
const HELD_MAX = 400_000;

interface Held {
  readonly fact: Fact;
  readonly account: number;
  /** The newest revision that it shows, where it shows one. */
  readonly shows: string | undefined;
}

export interface HistoryOptions {
  readonly accounts: number;
  readonly names: FleetNames;
  /** Where told facts go. */
  tell(fact: Fact): void;
  now(): EpochMs;
  /** Index of the device of this id in this account. */
  deviceNamed(account: number, deviceId: string): number | undefined;
}

export class FleetHistory {
  /** Why what happened after `tornAt` may not be judged by commits; undefined: all may. */
  torn: { readonly at: EpochMs; readonly why: string } | undefined;
  commits = 0;
  private readonly options: HistoryOptions;
  private readonly logs: readonly FleetLog[];
  private held: Held[] = [];
  private first = 0;

  constructor(options: HistoryOptions) {
    this.options = options;
    this.logs = Array.from({ length: options.accounts }, (_, account) => new FleetLog(account, options));
  }

  /** The observer of an account is live: what is committed from here on is seen. */
  begins(account: number, revision: string): void {
    this.logs[account]?.begins(revision);
  }

  /** Takes a fact in; `mutations` are those of the request that an answer belongs to. */
  take(fact: Fact, mutations?: readonly SentMutation[]): void {
    const account = "account" in fact ? fact.account : -1;
    const log = this.logs[account];
    this.held.push({ fact, account, shows: log?.look(fact, mutations) });
    this.pump(false);
  }

  /** The observer of an account has seen everything up to this revision. */
  observed(account: number, revision: string): void {
    this.logs[account]?.passes(revision);
    this.pump(false);
  }

  /** What the observer should have seen cannot be had any more. */
  tear(why: string, at: EpochMs = this.options.now()): void {
    this.torn ??= { at, why };
  }

  /** Everything is told, whatever is missing. */
  flush(): void {
    this.pump(true);
  }

  /** Facts that wait for an observer. */
  get waiting(): number {
    return this.held.length - this.first;
  }

  private pump(all: boolean): void {
    for (; this.first < this.held.length; this.first++) {
      const { fact, account, shows } = this.held[this.first] as Held;
      const log = this.logs[account];
      if (log !== undefined && shows !== undefined && !log.has(shows)) {
        if (!log.isPassed(shows)) {
          const isLate = this.options.now() - fact.at > HOLD_MS || this.waiting > HELD_MAX;
          if (!all && !isLate && this.torn === undefined) break;
          this.tear("an observer was not sent in time what others were", fact.at);
        }
        this.commits += log.tellUpTo(shows, fact.at);
      }
      this.options.tell(fact);
    }
    if (this.first < 4_096 && this.first < this.held.length) return;
    this.held = this.held.slice(this.first);
    this.first = 0;
  }
}
