/**
 * Owns the reading store of event sockets: another connection, which shows what is committed and nothing else.
 * Refuses to be written to. Where the accounts stand it is told after each commit, so that a thousand sockets that ask
 * do not ask the disk.
 */

import type { Database } from "better-sqlite3";
import { AssertionFault } from "../base/assert.ts";
import type { AccountId } from "../protocol/messages.ts";
import type { Store } from "../proxy/store.ts";
import { type AccountState, Accounts } from "./sqlite-accounts.ts";
import { SqlitePushStore } from "./sqlite-push-store.ts";
import { SqliteReads } from "./sqlite-reads.ts";

export class SqliteWatch extends SqliteReads implements Store {
  readonly push: SqlitePushStore;

  constructor(db: Database) {
    super(db, new Accounts(db));
    this.push = new SqlitePushStore(db, refuse);
  }

  /** Takes over where accounts stand since a commit. */
  follow(states: ReadonlyMap<AccountId, AccountState>): void {
    for (const [account, state] of states) this.accounts.set(account, state);
    this.push.forget();
  }

  commit(): never {
    return refuse();
  }

  prune(): never {
    return refuse();
  }
}

function refuse(): never {
  throw new AssertionFault("what sockets read is written by the desk alone");
}
