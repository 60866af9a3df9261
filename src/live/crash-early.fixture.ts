/**
 * Owns a deliberate breach of durability, loaded before `serve` to see the crash test find it: answers leave before
 * the turn's transaction is committed.
 * Refuses to change anything else: what is committed in the end is whole.
 */

import type { AccountId } from "../protocol/messages.ts";
import { slowCommits } from "./crash-slow.fixture.ts";
import { SqliteDurable } from "./sqlite-durable.ts";

const { transact } = SqliteDurable.prototype;
let tell: (account: AccountId) => void = () => {};

SqliteDurable.prototype.onForeign = (listener) => {
  tell = listener;
};

SqliteDurable.prototype.transact = function <T>(account: AccountId, work: () => T): Promise<T> {
  let early: { readonly result: T } | undefined;
  const done = transact.call(this, account, () => {
    early = { result: work() };
  });
  // Sockets are woken when there is something to see.
  done.then(
    () => tell(account),
    () => {},
  );
  return early === undefined
    ? done.then(() => (early as unknown as { readonly result: T }).result)
    : Promise.resolve(early.result);
};

slowCommits();
