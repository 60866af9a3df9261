/**
 * Owns what serve's bench holds the joined commits against: the same store, where every call is committed by itself.
 * Refuses to be a store of its own: it lets one `transact` in at a time, so that none finds another to share with.
 */

import type { DurableStore } from "../src/live/durable.ts";
import type { AccountId } from "../src/protocol/messages.ts";

/** The same store; a call begins when the one before it is durable. */
export function oneByOne(inner: DurableStore): DurableStore {
  let last: Promise<unknown> = Promise.resolve();
  const inTurn = <T>(run: () => Promise<T>): Promise<T> => {
    const mine = last.then(run, run);
    last = mine;
    return mine;
  };
  return {
    desk: inner.desk,
    watch: inner.watch,
    transact: <T>(account: AccountId, work: () => T) => inTurn(() => inner.transact(account, work)),
    upkeep: <T>(work: () => T) => inTurn(() => inner.upkeep(work)),
    open: (account) => inner.open(account),
    onForeign: (tell) => inner.onForeign(tell),
    trouble: () => inner.trouble(),
    close: () => inner.close(),
  };
}
