/**
 * Owns the transaction that all writes of one turn of the event loop share: it begins with the first of them, and
 * ends, with one sync to disk, before any of their answers leaves.
 * Refuses to know what is written. A turn that fails is lost as a whole, and whoever waits for it is told.
 */

import type { Database, Statement } from "better-sqlite3";
import { StoreUnavailable } from "./durable.ts";
import { isSqliteError, unavailableOf, wordsOf } from "./sqlite-failure.ts";

/** What the turn tells of its end. */
export interface TurnEnds {
  /** All that was written is on disk, and seen by other connections. Before anyone who waits is told. */
  committed(): void;
  /** Nothing of it is. */
  lost(): void;
}

interface Waiting {
  fulfil(): void;
  reject(error: unknown): void;
}

const CLOSED = "the store is closed";

export class Turn {
  private readonly db: Database;
  private readonly ends: TurnEnds;
  private readonly beginStatement: Statement<[]>;
  private readonly commitStatement: Statement<[]>;
  private readonly rollbackStatement: Statement<[]>;
  private isOpen = false;
  private isClosed = false;
  private waiting: Waiting[] = [];
  /** Counts calls of `begin`: whether a work wrote anything. */
  private writes = 0;
  private lastTrouble: string | undefined;
  private readonly end = (): void => this.commit();

  constructor(db: Database, ends: TurnEnds) {
    this.db = db;
    this.ends = ends;
    this.beginStatement = db.prepare("BEGIN IMMEDIATE");
    this.commitStatement = db.prepare("COMMIT");
    this.rollbackStatement = db.prepare("ROLLBACK");
  }

  /** Why the last write failed; undefined once one has succeeded. */
  get trouble(): string | undefined {
    return this.lastTrouble;
  }

  /** Called before every write: opens the transaction when none is open. */
  readonly begin = (): void => {
    this.writes++;
    if (this.isOpen) return;
    if (this.db.inTransaction) this.rollbackStatement.run();
    this.beginStatement.run();
    this.isOpen = true;
    // All that was read from sockets in this turn is carried out before, and shares the commit.
    setImmediate(this.end);
  };

  /**
   * Runs `work`; fulfils with what it returned when all that it saw and wrote is on disk. Rejects with StoreUnavailable
   * when the disk fails it or a work beside it, and with what it threw otherwise.
   */
  run<T>(work: () => T): Promise<T> {
    if (this.isClosed) return Promise.reject(new StoreUnavailable(CLOSED));
    const { writes } = this;
    let result: T;
    try {
      result = work();
    } catch (error) {
      return Promise.reject(this.failed(error, this.writes > writes));
    }
    // What it read may have been written in this very turn, and not be on disk yet.
    if (!this.isOpen) return Promise.resolve(result);
    return new Promise<T>((resolve, reject) => {
      this.waiting.push({ fulfil: () => resolve(result), reject });
    });
  }

  /** Commits what is open; nothing is taken any more. */
  close(): void {
    this.isClosed = true;
    this.commit();
  }

  private commit(): void {
    if (!this.isOpen) return;
    try {
      this.commitStatement.run();
    } catch (error) {
      this.abandon(error);
      return;
    }
    this.isOpen = false;
    this.lastTrouble = undefined;
    const { waiting } = this;
    this.waiting = [];
    this.ends.committed();
    for (const one of waiting) one.fulfil();
  }

  /** What the work that threw is told. Its writes cannot be taken back alone: those beside it are lost with them. */
  private failed(error: unknown, wrote: boolean): unknown {
    if (!isSqliteError(error)) {
      if (wrote) this.abandon(error);
      return error;
    }
    this.abandon(error);
    return unavailableOf(error);
  }

  private abandon(error: unknown): void {
    if (isSqliteError(error)) this.lastTrouble = wordsOf(error);
    this.isOpen = false;
    this.rollBack();
    const { waiting } = this;
    this.waiting = [];
    this.ends.lost();
    for (const one of waiting) one.reject(unavailableOf(error));
  }

  private rollBack(): void {
    // A failed statement may have ended the transaction by itself.
    if (!this.db.inTransaction) return;
    try {
      this.rollbackStatement.run();
    } catch (error) {
      // The next turn tries again before it begins.
      this.lastTrouble = wordsOf(error);
    }
  }
}
