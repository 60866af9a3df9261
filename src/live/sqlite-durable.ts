/**
 * Owns the SQLite store as a live one: a connection that writes, one that only sees what is committed, and the turn
 * between them.
 * Refuses to share its file: one process has it at a time.
 */

import type { AccountId } from "../protocol/messages.ts";
import type { Store } from "../proxy/store.ts";
import type { DurableStore } from "./durable.ts";
import { SqliteDesk } from "./sqlite-desk.ts";
import { type OpenFile, openFile } from "./sqlite-open.ts";
import { Turn } from "./sqlite-turn.ts";
import { SqliteWatch } from "./sqlite-watch.ts";

export interface SqliteOptions {
  readonly file: string;
  /** How many pages of 8 KiB the file may grow to; a write that needs more is refused as on a full disk. */
  readonly pagesMax?: number;
  /** Versions, and keys, that one step of pruning may drop: what it may hold up a write by. */
  readonly pruneRowsMax?: number;
  /** For tests: other steps than those of sqlite-schema.ts. */
  readonly migrations?: readonly string[];
}

/** About 10 ms of work. */
const PRUNE_ROWS_MAX = 500;
/** Between two steps of pruning that has much to drop: calls go first. */
const PRUNE_PAUSE_MS = 20;

/** After a write failed: how often it is found out whether one can be made again, as large as a body may be. */
const PROBE_PAUSE_MS = 1_000;
const PROBE_BYTES = 1024 * 1024;

const READY = Promise.resolve();

/** Opens the store in a file, and makes it when there is none. Throws StoreRefused. */
export function createSqliteDurable(options: SqliteOptions): SqliteDurable {
  return new SqliteDurable(options);
}

export class SqliteDurable implements DurableStore {
  private readonly opened: OpenFile;
  private readonly turn: Turn;
  private readonly writing: SqliteDesk;
  private readonly reading: SqliteWatch;
  private sweep: NodeJS.Timeout | undefined;
  private probe: NodeJS.Timeout | undefined;
  private isClosed = false;

  constructor(options: SqliteOptions) {
    const { file, pagesMax, pruneRowsMax = PRUNE_ROWS_MAX, migrations } = options;
    this.opened = openFile(file, migrations);
    const { desk, watch } = this.opened;
    this.turn = new Turn(desk, {
      committed: () => this.committed(),
      lost: () => {
        this.writing.forget();
        this.probeLater();
      },
    });
    this.writing = new SqliteDesk(desk, this.turn.begin, pruneRowsMax);
    this.reading = new SqliteWatch(watch);
    if (pagesMax !== undefined) this.limitPages(pagesMax);
  }

  get desk(): Store {
    return this.writing;
  }

  get watch(): Store {
    return this.reading;
  }

  transact<T>(_account: AccountId, work: () => T): Promise<T> {
    return this.turn.run(work);
  }

  upkeep<T>(work: () => T): Promise<T> {
    return this.turn.run(work);
  }

  /** The file is read as it is: nothing must be fetched first. */
  open(_account: AccountId): Promise<void> {
    return READY;
  }

  /** No other instance has this file. */
  onForeign(_tell: (account: AccountId) => void): void {}

  trouble(): string | undefined {
    return this.isClosed ? "the store is closed" : this.turn.trouble;
  }

  /** From now on the file may grow to so many pages, but not to fewer than it has. */
  limitPages(pagesMax: number): void {
    this.opened.desk.pragma(`max_page_count = ${pagesMax}`);
  }

  close(): Promise<void> {
    if (this.isClosed) return READY;
    this.isClosed = true;
    this.turn.close();
    clearTimeout(this.sweep);
    clearTimeout(this.probe);
    const { desk, watch, claim } = this.opened;
    watch.close();
    // The last connection moves what its log of changes holds into the file, and takes the log away.
    desk.close();
    claim.release();
    return READY;
  }

  private committed(): void {
    this.reading.follow(this.writing.takeTouched());
    if (this.writing.hasLeftovers) this.sweepLater();
  }

  private sweepLater(): void {
    if (this.sweep !== undefined || this.isClosed) return;
    this.sweep = setTimeout(() => {
      this.sweep = undefined;
      // A step that was lost is taken again: after the next commit, or when the account is next pruned.
      this.turn.run(() => this.writing.sweep()).catch(() => {});
    }, PRUNE_PAUSE_MS);
    this.sweep.unref();
  }

  /** Who is told that this store is not ready sends it no writes: it must find out by itself when it is again. */
  private probeLater(): void {
    if (this.probe !== undefined || this.isClosed || this.turn.trouble === undefined) return;
    this.probe = setTimeout(() => {
      this.probe = undefined;
      if (this.turn.trouble === undefined) return;
      // Two turns: what goes in the one that it came in might never reach the disk.
      this.write(`DELETE FROM probe; INSERT INTO probe (bytes) VALUES (zeroblob(${PROBE_BYTES}))`)
        .then(() => this.write("DELETE FROM probe"))
        .catch(() => {});
    }, PROBE_PAUSE_MS);
    this.probe.unref();
  }

  private write(sql: string): Promise<void> {
    return this.turn.run(() => {
      this.turn.begin();
      this.opened.desk.exec(sql);
    });
  }
}
