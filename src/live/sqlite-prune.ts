/**
 * Owns what time does to an account: the floor moves, the bottom follows, and what it left behind is dropped, a
 * bounded number of rows a step [DLT-10, DLT-13].
 * Refuses to ask for a step: that is its caller's. A log with much to drop is worked off between the calls of others.
 */

import type { Database, Statement } from "better-sqlite3";
import type { EpochMs } from "../base/time.ts";
import type { AccountId } from "../protocol/messages.ts";
import type { Revision } from "../protocol/revision.ts";
import { CURSOR_LIFE_MS } from "../proxy/store.ts";
import { type AccountState, endOf, placeOf } from "./sqlite-accounts.ts";

type Tombstone = readonly [place: number, entity: number, id: string];
type Moment = readonly [committedAtMs: number, revision: string];

export class Pruning {
  /** Accounts with rows that may go now, and the time that this was judged at. */
  readonly leftovers = new Map<AccountId, EpochMs>();
  private readonly rowsMax: number;
  private readonly momentAt: Statement<[number], Moment>;
  private readonly dropPrevious: Statement<[number, number]>;
  private readonly tombstones: Statement<[number, number], Tombstone>;
  private readonly dropVersion: Statement<[number]>;
  private readonly dropRecord: Statement<[number, number, string, number]>;
  private readonly oldestKeys: Statement<
    [number, number, number],
    readonly [place: number, expiresAtMs: number]
  >;
  private readonly dropKeys: Statement<[number, number]>;

  /** One step passes at most `rowsMax` versions and as many keys. */
  constructor(db: Database, rowsMax: number) {
    this.rowsMax = rowsMax;
    this.momentAt = db
      .prepare<[number], Moment>("SELECT committed_at_ms, revision FROM versions WHERE place = ?")
      .raw();
    // What a version superseded is older than it; the versions of a stretch name all that they left behind.
    this.dropPrevious = db.prepare(
      "DELETE FROM versions WHERE place IN (SELECT previous FROM versions WHERE place BETWEEN ? AND ? AND previous IS NOT NULL)",
    );
    this.tombstones = db
      .prepare<[number, number], Tombstone>(
        "SELECT place, entity, id FROM versions WHERE place BETWEEN ? AND ? AND record IS NULL",
      )
      .raw();
    this.dropVersion = db.prepare("DELETE FROM versions WHERE place = ?");
    // A record that was made again has a newer version by now, and stays.
    this.dropRecord = db.prepare(
      "DELETE FROM records WHERE account = ? AND entity = ? AND id = ? AND place = ?",
    );
    this.oldestKeys = db
      .prepare<[number, number, number], readonly [number, number]>(
        "SELECT place, expires_at_ms FROM keys WHERE place > ? AND place < ? ORDER BY place LIMIT ?",
      )
      .raw();
    this.dropKeys = db.prepare("DELETE FROM keys WHERE place BETWEEN ? AND ?");
  }

  /** Where floor and bottom stand at `nowMs`; the same object when nothing moved. No row is dropped yet. */
  move(state: AccountState, retentionMs: number, nowMs: EpochMs): AccountState {
    let moved = state;
    const { sinking } = state;
    if (sinking !== undefined && nowMs - sinking.sinceMs >= CURSOR_LIFE_MS) {
      moved = {
        ...moved,
        standing: { ...moved.standing, bottom: sinking.floor },
        bottomPosition: sinking.position,
        sinking: undefined,
      };
    }
    const floorPosition = this.floorAt(moved, nowMs - retentionMs);
    if (floorPosition > moved.floorPosition) {
      const floor = this.momentAt.get(placeOf(state.number, floorPosition))?.[1] as Revision;
      moved = { ...moved, floorPosition, standing: { ...moved.standing, floor } };
    }
    const { floor, bottom } = moved.standing;
    if (moved.sinking === undefined && floor > bottom) {
      moved = { ...moved, sinking: { floor, position: moved.floorPosition, sinceMs: nowMs } };
    }
    return moved;
  }

  /** True while time will make more prunable. */
  isDueLater(state: AccountState): boolean {
    const { number, standing, sinking } = state;
    if (sinking !== undefined || standing.floor < standing.head) return true;
    return this.oldestKeys.get(placeOf(number, 0), endOf(number), 1) !== undefined;
  }

  /** One step of dropping. Notes in `leftovers` whether another is needed; the same state when no version went. */
  sweep(account: AccountId, state: AccountState, nowMs: EpochMs, begin: () => void): AccountState {
    const keysLeft = this.sweepKeys(state.number, nowMs, begin);
    const { number, sweptPosition, bottomPosition } = state;
    const end = Math.min(bottomPosition, sweptPosition + this.rowsMax);
    if (end > sweptPosition) {
      begin();
      const first = placeOf(number, sweptPosition + 1);
      const last = placeOf(number, end);
      this.dropPrevious.run(first, last);
      for (const [place, entity, id] of this.tombstones.all(first, last)) {
        this.dropVersion.run(place);
        this.dropRecord.run(number, entity, id, place);
      }
    }
    if (keysLeft || end < bottomPosition) this.leftovers.set(account, nowMs);
    else this.leftovers.delete(account);
    return end > sweptPosition ? { ...state, sweptPosition: end } : state;
  }

  /** Drops the oldest keys up to the first that has not expired. True when there may be more to drop. */
  private sweepKeys(number: number, nowMs: EpochMs, begin: () => void): boolean {
    const start = placeOf(number, 0);
    let last = start;
    let count = 0;
    for (const [place, expiresAtMs] of this.oldestKeys.iterate(start, endOf(number), this.rowsMax)) {
      if (expiresAtMs > nowMs) break;
      last = place;
      count++;
    }
    if (count === 0) return false;
    begin();
    this.dropKeys.run(start, last);
    return count === this.rowsMax;
  }

  /** [DLT-13] the position of the oldest revision that was the head after `cutoffMs`: what came after it came later. */
  private floorAt(state: AccountState, cutoffMs: EpochMs): number {
    let low = state.floorPosition;
    let high = state.headPosition;
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      const moment = this.momentAt.get(placeOf(state.number, middle));
      if (moment !== undefined && moment[0] <= cutoffMs) low = middle;
      else high = middle - 1;
    }
    return low;
  }
}
