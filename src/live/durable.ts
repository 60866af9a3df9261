/**
 * Owns the border of a store that is live: the engine's work runs over it at once, and is told of only when what it
 * wrote is safe.
 * Refuses to know requests. The engine itself stays synchronous, whatever a store must wait for.
 */

import type { AccountId } from "../protocol/messages.ts";
import type { Store } from "../proxy/store.ts";

/**
 * What an engine needs to run live. Two engines stand over it: the desk answers calls over `desk`, within `transact`;
 * the watch serves sockets over `watch`, which shows nothing that could still be lost.
 */
export interface DurableStore {
  /** Only to be used synchronously within `work` of `transact`; sees what this and other works have written so far. */
  readonly desk: Store;
  /** Shows only what is durable. Never written to. Of an account that was not opened it may show nothing. */
  readonly watch: Store;
  /**
   * Runs `work`, and fulfils with what it returned once all that it wrote is durable and `watch` shows it. `work` is
   * synchronous, touches this account only, and may be run again when another instance came between: it must leave
   * no trace but in `desk`, and only what its last run returned counts. Rejects with StoreUnavailable when nothing
   * that it wrote is stored. What `work` saw is at least as new as all that was durable when `transact` was called
   * [REV-9], also what other instances wrote.
   */
  transact<T>(account: AccountId, work: () => T): Promise<T>;
  /**
   * The same for upkeep: retention, pushes under way, and receipts, of whichever accounts. What it writes to several
   * accounts need not be stored in one step.
   */
  upkeep<T>(work: () => T): Promise<T>;
  /** Fulfils when `watch` shows this account as new as it was when `open` was called. Before a socket is opened. */
  open(account: AccountId): Promise<void>;
  /** Told whenever `watch` shows more of an account because of another instance. Set once, before first use. */
  onForeign(tell: (account: AccountId) => void): void;
  /** undefined: ready. Else why not, in a few words for the operator, without secrets. */
  trouble(): string | undefined;
  /** Stores what is still on its way, and lets go of files and connections. Nothing may be asked afterwards. */
  close(): Promise<void>;
}

/** Nothing of this work was stored, and nothing will be: 503 with Retry-After [API-7]. */
export class StoreUnavailable extends Error {
  override readonly name = "StoreUnavailable";
  readonly retryAfterMs: number;

  /** `message` is for the operator's log; no client sees it [SEC-4]. */
  constructor(message: string, retryAfterMs = 1_000, options?: ErrorOptions) {
    super(message, options);
    this.retryAfterMs = retryAfterMs;
  }
}
