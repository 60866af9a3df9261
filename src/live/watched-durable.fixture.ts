/**
 * Owns a live store under observation: whether work is under way at it, and word of other instances by hand.
 * Refuses to change what it does.
 */

import type { AccountId } from "../protocol/messages.ts";
import type { Store } from "../proxy/store.ts";
import type { DurableStore } from "./durable.ts";

export class WatchedDurable implements DurableStore {
  private readonly inner: DurableStore;
  private tell: (account: AccountId) => void = () => {};
  private readonly underWay = new Set<Promise<unknown>>();

  constructor(inner: DurableStore) {
    this.inner = inner;
  }

  get desk(): Store {
    return this.inner.desk;
  }

  get watch(): Store {
    return this.inner.watch;
  }

  transact<T>(account: AccountId, work: () => T): Promise<T> {
    return this.during(this.inner.transact(account, work));
  }

  upkeep<T>(work: () => T): Promise<T> {
    return this.during(this.inner.upkeep(work));
  }

  open(account: AccountId): Promise<void> {
    return this.during(this.inner.open(account));
  }

  onForeign(tell: (account: AccountId) => void): void {
    this.tell = tell;
    this.inner.onForeign(tell);
  }

  trouble(): string | undefined {
    return this.inner.trouble();
  }

  close(): Promise<void> {
    return this.inner.close();
  }

  tellForeign(account: AccountId): void {
    this.tell(account);
  }

  /** True when work was under way; fulfils when that work has ended. */
  async wasBusy(): Promise<boolean> {
    if (this.underWay.size === 0) return false;
    await Promise.allSettled(this.underWay);
    return true;
  }

  private during<T>(work: Promise<T>): Promise<T> {
    this.underWay.add(work);
    const ended = (): void => void this.underWay.delete(work);
    work.then(ended, ended);
    return work;
  }
}
