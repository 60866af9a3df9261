/**
 * Owns the questions to the log: each is one statement over an index, prepared once.
 * Refuses to write, and to know whether what it shows is committed: that is its connection's.
 */

import type { Database, Statement } from "better-sqlite3";
import type { EpochMs } from "../base/time.ts";
import type { Entity, WireRecord } from "../protocol/entity.ts";
import type { AccountId } from "../protocol/messages.ts";
import type { Revision } from "../protocol/revision.ts";
import type { Remembered, Snapshot, Standing, Version, View, Wanted } from "../proxy/store.ts";
import { unpackRemembered } from "../proxy/store-text.ts";
import { type AccountState, type Accounts, AT_GENESIS, endOf, placeOf } from "./sqlite-accounts.ts";
import {
  NEWEST_COLUMNS,
  numberOfEntity,
  VERSION_COLUMNS,
  type VersionRow,
  versionOfRow,
} from "./sqlite-rows.ts";

/** A record's newest version, and where it lies. */
export interface Entry {
  readonly place: number;
  readonly version: Version;
}

type Bound = readonly [bound: string, expiresAtMs: number];

const NOTHING: readonly Version[] = [];
const NOTHING_YET: View = {
  standing: AT_GENESIS,
  current: undefined,
  base: undefined,
  remembered: undefined,
};

/** The place of the first version after a revision; no row when there is none. */
const PLACE_AFTER =
  "SELECT place FROM versions INDEXED BY versions_by_revision WHERE account = ? AND revision > ? ORDER BY revision LIMIT 1";

export class SqliteReads {
  protected readonly accounts: Accounts;
  private readonly byId: Statement<[number, number, string], VersionRow>;
  private readonly byRevision: Statement<[number, string], VersionRow>;
  private readonly placeAfter: Statement<[number, string], readonly [number]>;
  private readonly stretch: Statement<[number, string, number, number], VersionRow>;
  private readonly newestAt: Statement<unknown[], VersionRow>;
  private readonly livingAfter: Statement<[number, number, string, number], readonly [string]>;
  private readonly countBetween: Statement<[number, number], readonly [number]>;
  private readonly boundTo: Statement<[number, string], Bound>;

  constructor(db: Database, accounts: Accounts) {
    this.accounts = accounts;
    const prepare = <Params extends unknown[], Row>(sql: string): Statement<Params, Row> =>
      db.prepare<Params, Row>(sql).raw();
    // CROSS JOIN: SQLite takes the tables in this order.
    this.byId = prepare(
      `SELECT ${NEWEST_COLUMNS} FROM records AS r CROSS JOIN versions AS v ON v.place = r.place ` +
        "WHERE r.account = ? AND r.entity = ? AND r.id = ?",
    );
    this.byRevision = prepare(
      `SELECT ${VERSION_COLUMNS} FROM versions AS v WHERE v.account = ? AND v.revision = ?`,
    );
    this.placeAfter = prepare(PLACE_AFTER);
    this.stretch = prepare(
      `SELECT ${VERSION_COLUMNS} FROM versions AS v WHERE v.place >= (${PLACE_AFTER}) AND v.place < ? ORDER BY v.place LIMIT ?`,
    );
    // The entities are a set of bits: one statement serves every choice of them.
    this.newestAt = prepare(
      `SELECT ${VERSION_COLUMNS} FROM versions AS v WHERE v.place >= (${PLACE_AFTER}) AND v.place < ? ` +
        "AND (1 << v.entity) & ? AND (v.record IS NOT NULL OR ?) " +
        "AND NOT EXISTS (SELECT 1 FROM versions AS next WHERE next.previous = v.place AND next.place < ?) " +
        "ORDER BY v.place LIMIT ?",
    );
    this.livingAfter = prepare(
      "SELECT v.record FROM records AS r CROSS JOIN versions AS v ON v.place = r.place " +
        "WHERE r.account = ? AND r.entity = ? AND r.id > ? AND v.record IS NOT NULL ORDER BY r.id LIMIT ?",
    );
    this.countBetween = prepare("SELECT count(*) FROM versions WHERE place >= ? AND place < ?");
    this.boundTo = prepare("SELECT bound, expires_at_ms FROM keys WHERE account = ? AND key = ?");
  }

  standing(account: AccountId): Standing {
    return this.accounts.of(account)?.standing ?? AT_GENESIS;
  }

  load(account: AccountId, wanted: Wanted, nowMs: EpochMs): View {
    const state = this.accounts.of(account);
    if (state === undefined) return NOTHING_YET;
    const { entity, id, base, key } = wanted;
    const current = id === undefined ? undefined : this.entryOf(state, entity, id)?.version;
    return {
      standing: state.standing,
      current,
      base:
        base === undefined || current?.revision === base
          ? base && current
          : this.versionAt(state.number, base),
      remembered: key === undefined ? undefined : this.boundOf(state, key, nowMs),
    };
  }

  remembered(account: AccountId, key: string, nowMs: EpochMs): Remembered | undefined {
    const state = this.accounts.of(account);
    return state && this.boundOf(state, key, nowMs);
  }

  current(account: AccountId, entity: Entity, id: string): Version | undefined {
    const state = this.accounts.of(account);
    return state && this.entryOf(state, entity, id)?.version;
  }

  living(
    account: AccountId,
    entity: Entity,
    afterId: string | undefined,
    limit: number,
  ): readonly WireRecord[] {
    const state = this.accounts.of(account);
    if (state === undefined) return [];
    const rows = this.livingAfter.all(state.number, numberOfEntity(entity), afterId ?? "", limit);
    return rows.map(([record]) => JSON.parse(record) as WireRecord);
  }

  snapshot(account: AccountId, question: Snapshot): readonly Version[] {
    const state = this.accounts.of(account);
    const { after, upTo, entities, tombstones, limit } = question;
    if (state === undefined || after >= upTo || after >= state.standing.head) return NOTHING;
    let bits = 0;
    for (const entity of entities) bits |= 1 << numberOfEntity(entity);
    const end = upTo >= state.standing.head ? endOf(state.number) : this.firstAfter(state.number, upTo);
    const rows = this.newestAt.all(state.number, after, end, bits, tombstones ? 1 : 0, end, limit);
    return rows.map(versionOfRow);
  }

  has(account: AccountId, revision: Revision): boolean {
    const state = this.accounts.of(account);
    const { floor, head } = state?.standing ?? AT_GENESIS;
    // The version at the floor itself may be a tombstone that is gone.
    if (revision === floor || revision === head) return true;
    if (state === undefined || revision < floor || revision > head) return false;
    return this.versionAt(state.number, revision) !== undefined;
  }

  logAfter(account: AccountId, after: Revision, limit: number): readonly Version[] {
    const state = this.accounts.of(account);
    if (state === undefined || after >= state.standing.head) return NOTHING;
    return this.stretch.all(state.number, after, endOf(state.number), limit).map(versionOfRow);
  }

  countAfter(account: AccountId, after: Revision): number {
    const state = this.accounts.of(account);
    if (state === undefined || after >= state.standing.head) return 0;
    const end = endOf(state.number);
    const first = this.firstAfter(state.number, after);
    if (first === end) return 0;
    // Above the bottom no position is missing, so that they need not be counted.
    if (after >= state.standing.bottom) return placeOf(state.number, state.headPosition) - first + 1;
    return this.countBetween.get(first, end)?.[0] ?? 0;
  }

  /** A record's newest version; undefined when there is none, or what there was is a dropped tombstone. */
  protected entryOf(state: AccountState, entity: Entity, id: string): Entry | undefined {
    const row = this.byId.get(state.number, numberOfEntity(entity), id);
    return row && { place: row[0], version: versionOfRow(row) };
  }

  /** What a key is bound to; undefined when it is not, or no longer. */
  protected boundOf(state: AccountState, key: string, nowMs: EpochMs): Remembered | undefined {
    const row = this.boundTo.get(state.number, key);
    return row === undefined || row[1] <= nowMs ? undefined : unpackRemembered(row[0]);
  }

  private versionAt(number: number, revision: Revision): Version | undefined {
    const row = this.byRevision.get(number, revision);
    return row && versionOfRow(row);
  }

  private firstAfter(number: number, revision: Revision): number {
    return this.placeAfter.get(number, revision)?.[0] ?? endOf(number);
  }
}
