/**
 * Owns a deliberate breach of the watch, loaded before `serve` to see the crash test find it: sockets are shown what is
 * written before it is committed.
 * Refuses to let answers leave early: what is acknowledged is safe.
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
  const done = transact.call(this, account, work) as Promise<T>;
  tell(account);
  return done;
};

Object.defineProperty(SqliteDurable.prototype, "watch", {
  get(this: SqliteDurable) {
    return this.desk;
  },
});

slowCommits();
