/**
 * Owns where each account stands: its number, the ends of its log, and the positions that belong to them.
 * Refuses to know versions. A state never changes: a write puts another in its place, and what was lost is read again.
 */

import type { Database, Statement } from "better-sqlite3";
import { assert } from "../base/assert.ts";
import type { EpochMs } from "../base/time.ts";
import type { AccountId } from "../protocol/messages.ts";
import { GENESIS, type Revision } from "../protocol/revision.ts";
import type { Standing } from "../proxy/store.ts";
import { Recent } from "./sqlite-recent.ts";
import { ACCOUNTS_MAX, POSITIONS_PER_ACCOUNT } from "./sqlite-schema.ts";

/** A floor on its way to become the bottom, and since when it has been the floor. */
interface Sinking {
  readonly floor: Revision;
  readonly position: number;
  readonly sinceMs: EpochMs;
}

/** Positions count an account's versions from 1; above `bottomPosition` none is missing. */
export interface AccountState {
  readonly number: number;
  readonly standing: Standing;
  readonly headPosition: number;
  readonly floorPosition: number;
  readonly bottomPosition: number;
  readonly sinking: Sinking | undefined;
  /** What the bottom left behind is dropped up to here. */
  readonly sweptPosition: number;
  /** The position of the key bound last. */
  readonly keyPosition: number;
}

export const AT_GENESIS: Standing = { head: GENESIS, headAtMs: 0, floor: GENESIS, bottom: GENESIS };

/** Accounts kept in memory. More may be stored. */
const REMEMBERED_MAX = 50_000;

interface AccountRow {
  readonly number: number;
  readonly head: Revision;
  readonly head_at_ms: number;
  readonly head_position: number;
  readonly floor: Revision;
  readonly floor_position: number;
  readonly bottom: Revision;
  readonly bottom_position: number;
  readonly sinking: Revision | null;
  readonly sinking_position: number | null;
  readonly sinking_since_ms: number | null;
  readonly swept_position: number;
}

interface NewestRow {
  readonly place: number;
  readonly revision: Revision;
  readonly committed_at_ms: number;
}

/** The first place after those of an account. */
export function endOf(number: number): number {
  return (number + 1) * POSITIONS_PER_ACCOUNT;
}

export function placeOf(number: number, position: number): number {
  return number * POSITIONS_PER_ACCOUNT + position;
}

export class Accounts {
  private readonly states = new Recent<AccountState>(REMEMBERED_MAX);
  private readonly find: Statement<[string], AccountRow>;
  private readonly newestVersion: Statement<[number, number], NewestRow>;
  private readonly newestKey: Statement<[number, number], { readonly place: number }>;

  constructor(db: Database) {
    this.find = db.prepare("SELECT * FROM accounts WHERE name = ?");
    this.newestVersion = db.prepare(
      "SELECT place, revision, committed_at_ms FROM versions WHERE place > ? AND place < ? ORDER BY place DESC LIMIT 1",
    );
    this.newestKey = db.prepare(
      "SELECT place FROM keys WHERE place > ? AND place < ? ORDER BY place DESC LIMIT 1",
    );
  }

  /** undefined: nothing was ever written to this account. */
  of(account: AccountId): AccountState | undefined {
    const known = this.states.get(account);
    if (known !== undefined) return known;
    const row = this.find.get(account);
    if (row === undefined) return undefined;
    const state = this.stateOf(row);
    this.states.set(account, state);
    return state;
  }

  set(account: AccountId, state: AccountState): void {
    this.states.set(account, state);
  }

  forget(): void {
    this.states.clear();
  }

  private stateOf(row: AccountRow): AccountState {
    const { number, floor, bottom } = row;
    const start = placeOf(number, 0);
    const end = endOf(number);
    const newest = this.newestVersion.get(start, end);
    const key = this.newestKey.get(start, end);
    // The newest version may be a tombstone that was dropped: then the head is what pruning wrote down.
    const isNewer = newest !== undefined && newest.place - start > row.head_position;
    return {
      number,
      standing: {
        head: isNewer ? newest.revision : row.head,
        headAtMs: isNewer ? newest.committed_at_ms : row.head_at_ms,
        floor,
        bottom,
      },
      headPosition: isNewer ? newest.place - start : row.head_position,
      floorPosition: row.floor_position,
      bottomPosition: row.bottom_position,
      sinking: sinkingOf(row),
      sweptPosition: row.swept_position,
      keyPosition: key === undefined ? 0 : key.place - start,
    };
  }
}

/** The writing side: numbers new accounts, and stores what pruning moved. */
export class AccountWriter {
  private readonly insert: Statement<[string, string, string, string]>;
  private readonly update: Statement<unknown[]>;

  constructor(db: Database) {
    this.insert = db.prepare(
      "INSERT INTO accounts (name, head, head_at_ms, head_position, floor, floor_position, bottom, bottom_position, swept_position) VALUES (?, ?, 0, 0, ?, 0, ?, 0, 0)",
    );
    this.update = db.prepare(
      "UPDATE accounts SET head = ?, head_at_ms = ?, head_position = ?, floor = ?, floor_position = ?, bottom = ?, bottom_position = ?, sinking = ?, sinking_position = ?, sinking_since_ms = ?, swept_position = ? WHERE number = ?",
    );
  }

  create(account: AccountId): AccountState {
    const number = Number(this.insert.run(account, GENESIS, GENESIS, GENESIS).lastInsertRowid);
    assert(number <= ACCOUNTS_MAX, "there are not more accounts than places for them");
    return {
      number,
      standing: AT_GENESIS,
      headPosition: 0,
      floorPosition: 0,
      bottomPosition: 0,
      sinking: undefined,
      sweptPosition: 0,
      keyPosition: 0,
    };
  }

  save(state: AccountState): void {
    const { standing, sinking } = state;
    this.update.run(
      standing.head,
      standing.headAtMs,
      state.headPosition,
      standing.floor,
      state.floorPosition,
      standing.bottom,
      state.bottomPosition,
      sinking?.floor ?? null,
      sinking?.position ?? null,
      sinking?.sinceMs ?? null,
      state.sweptPosition,
      state.number,
    );
  }
}

function sinkingOf(row: AccountRow): Sinking | undefined {
  const { sinking, sinking_position: position, sinking_since_ms: sinceMs } = row;
  return sinking === null || position === null || sinceMs === null
    ? undefined
    : { floor: sinking, position, sinceMs };
}
