/**
 * Owns the writing store: what one mutation stores, in as few statements as it takes, within the turn's transaction.
 * Refuses to commit: the turn does. What it keeps in memory is what the disk will show; when a turn is lost it is
 * forgotten, and read again.
 */

import type { Database, Statement } from "better-sqlite3";
import { assert } from "../base/assert.ts";
import type { EpochMs } from "../base/time.ts";
import type { Entity } from "../protocol/entity.ts";
import type { AccountId } from "../protocol/messages.ts";
import type { Stamps } from "../protocol/stamps.ts";
import type { CommitPlan, Remembered, Store, Version } from "../proxy/store.ts";
import { packRemembered, packStamps } from "../proxy/store-text.ts";
import { type AccountState, Accounts, AccountWriter, AT_GENESIS, placeOf } from "./sqlite-accounts.ts";
import { Pruning } from "./sqlite-prune.ts";
import { SqlitePushStore } from "./sqlite-push-store.ts";
import { type Entry, SqliteReads } from "./sqlite-reads.ts";
import { Recent } from "./sqlite-recent.ts";
import { INSERT_VERSION, numberOfEntity, rowOfVersion } from "./sqlite-rows.ts";

/** Newest versions kept in memory, and the longest record among them: about 64 MiB at the very most. */
const ENTRIES_MAX = 8_192;
const RECORD_LENGTH_MAX = 2_048;

/** No version of this record is stored. */
const ABSENT = null;

export class SqliteDesk extends SqliteReads implements Store {
  readonly push: SqlitePushStore;
  /** Accounts whose log or keys moved since `takeTouched`. */
  private touched = new Set<AccountId>();
  private readonly begin: () => void;
  private readonly entries = new Recent<Entry | typeof ABSENT>(ENTRIES_MAX);
  private readonly writer: AccountWriter;
  private readonly pruning: Pruning;
  private readonly pointTo: Statement<[number, number, string, number]>;
  private readonly insertVersion: Statement<unknown[]>;
  private readonly raiseStamps: Statement<[string, number]>;
  private readonly bindKey: Statement<[number, number, string, number, string]>;
  /** The question that found a key unbound last: the commit that follows need not ask it again. */
  private unbound: { readonly number: number; readonly key: string; readonly nowMs: EpochMs } | undefined;

  /** `begin` opens the turn's transaction; it is called before every write. */
  constructor(db: Database, begin: () => void, pruneRowsMax: number) {
    super(db, new Accounts(db));
    this.begin = begin;
    this.writer = new AccountWriter(db);
    this.push = new SqlitePushStore(db, begin);
    this.pruning = new Pruning(db, pruneRowsMax);
    this.pointTo = db.prepare(
      "INSERT OR REPLACE INTO records (account, entity, id, place) VALUES (?, ?, ?, ?)",
    );
    this.insertVersion = db.prepare(INSERT_VERSION);
    this.raiseStamps = db.prepare("UPDATE versions SET raised = ?, raises = raises + 1 WHERE place = ?");
    // A key that expired and was not pruned yet gives its place up.
    this.bindKey = db.prepare(
      "INSERT OR REPLACE INTO keys (place, account, key, expires_at_ms, bound) VALUES (?, ?, ?, ?, ?)",
    );
  }

  commit(account: AccountId, plan: CommitPlan, nowMs: EpochMs): "done" | "raced" {
    const known = this.accounts.of(account);
    const entry = known && this.entryOf(known, plan.entity, plan.id);
    if (this.isRaced(known, entry, plan, nowMs)) return "raced";
    const { version, raise, remember } = plan;
    if (version === undefined && raise === undefined && remember === undefined) return "done";
    // Whatever cannot be made into text fails here, before anything is written.
    const recordText = version && version.record !== null ? JSON.stringify(version.record) : null;
    const boundText = remember && packRemembered(remember);
    this.begin();
    let state = known ?? this.writer.create(account);
    if (version) state = this.append(state, entry, version, recordText);
    if (raise) this.raise(state, entry, raise);
    if (remember && boundText !== undefined) state = this.bind(state, remember, boundText);
    this.move(account, state);
    return "done";
  }

  prune(account: AccountId, retentionMs: number, nowMs: EpochMs): boolean {
    const state = this.accounts.of(account);
    if (state === undefined) return false;
    const moved = this.pruning.move(state, retentionMs, nowMs);
    if (moved !== state) {
      this.begin();
      this.writer.save(moved);
      this.move(account, moved);
    }
    return this.sweepAccount(account, moved, nowMs) || this.pruning.isDueLater(moved);
  }

  /** True while rows wait that `prune` left behind because one step is bounded. */
  get hasLeftovers(): boolean {
    return this.pruning.leftovers.size > 0;
  }

  /** One more step of what `prune` left behind. */
  sweep(): void {
    for (const [account, nowMs] of this.pruning.leftovers) {
      const state = this.accounts.of(account);
      if (state === undefined) this.pruning.leftovers.delete(account);
      else this.sweepAccount(account, state, nowMs);
      return;
    }
  }

  /** The accounts that moved since this was last called, and where they stand now. */
  takeTouched(): ReadonlyMap<AccountId, AccountState> {
    const states = new Map<AccountId, AccountState>();
    for (const account of this.touched) {
      const state = this.accounts.of(account);
      if (state !== undefined) states.set(account, state);
    }
    this.touched.clear();
    return states;
  }

  /** After a turn was lost: nothing that is kept in memory can be trusted. */
  forget(): void {
    this.accounts.forget();
    this.entries.clear();
    this.push.forget();
    this.touched.clear();
    this.unbound = undefined;
  }

  protected override entryOf(state: AccountState, entity: Entity, id: string): Entry | undefined {
    const name = nameOfEntry(state, entity, id);
    const known = this.entries.get(name);
    if (known === undefined) {
      const found = super.entryOf(state, entity, id);
      this.entries.set(name, found ?? ABSENT);
      return found;
    }
    if (known === ABSENT) return undefined;
    const isSwept =
      known.version.record === null && known.place <= placeOf(state.number, state.sweptPosition);
    return isSwept ? undefined : known;
  }

  protected override boundOf(state: AccountState, key: string, nowMs: EpochMs): Remembered | undefined {
    const { unbound } = this;
    if (unbound && unbound.nowMs === nowMs && unbound.number === state.number && unbound.key === key) {
      return undefined;
    }
    const bound = super.boundOf(state, key, nowMs);
    if (bound === undefined) this.unbound = { number: state.number, key, nowMs };
    return bound;
  }

  private isRaced(
    state: AccountState | undefined,
    entry: Entry | undefined,
    plan: CommitPlan,
    nowMs: EpochMs,
  ): boolean {
    const { expect, remember } = plan;
    const { head } = state?.standing ?? AT_GENESIS;
    if (head !== expect.head) return true;
    if (entry?.version.revision !== expect.current || (entry?.version.raises ?? 0) !== expect.raises)
      return true;
    return (
      state !== undefined && remember !== undefined && this.boundOf(state, remember.key, nowMs) !== undefined
    );
  }

  private append(
    state: AccountState,
    before: Entry | undefined,
    version: Version,
    recordText: string | null,
  ): AccountState {
    const { standing, number } = state;
    assert(version.revision > standing.head, "a log only grows upwards");
    assert(version.committedAtMs >= standing.headAtMs, "commit times never fall along a log");
    const headPosition = state.headPosition + 1;
    const place = placeOf(number, headPosition);
    this.insertVersion.run(...rowOfVersion(place, number, before?.place ?? null, version, recordText));
    this.pointTo.run(number, numberOfEntity(version.entity), version.id, place);
    this.keep(state, { place, version }, recordText);
    return {
      ...state,
      headPosition,
      standing: { ...standing, head: version.revision, headAtMs: version.committedAtMs },
    };
  }

  private raise(state: AccountState, entry: Entry | undefined, stamps: Stamps): void {
    assert(entry, "stamps are raised on a record that is there");
    const { version, place } = entry;
    this.raiseStamps.run(packStamps(stamps), place);
    const raised = { ...version, raised: stamps, raises: version.raises + 1 };
    this.entries.set(nameOfEntry(state, version.entity, version.id), { place, version: raised });
  }

  private bind(state: AccountState, remember: Remembered, text: string): AccountState {
    const keyPosition = state.keyPosition + 1;
    this.unbound = undefined;
    const { number } = state;
    this.bindKey.run(placeOf(number, keyPosition), number, remember.key, remember.expiresAtMs, text);
    return { ...state, keyPosition };
  }

  private keep(state: AccountState, entry: Entry, recordText: string | null): void {
    const name = nameOfEntry(state, entry.version.entity, entry.version.id);
    if (recordText === null || recordText.length <= RECORD_LENGTH_MAX) this.entries.set(name, entry);
    else this.entries.delete(name);
  }

  private sweepAccount(account: AccountId, state: AccountState, nowMs: EpochMs): boolean {
    const swept = this.pruning.sweep(account, state, nowMs, this.begin);
    if (swept === state) return this.pruning.leftovers.has(account);
    this.begin();
    this.writer.save(swept);
    this.move(account, swept);
    return this.pruning.leftovers.has(account);
  }

  private move(account: AccountId, state: AccountState): void {
    this.accounts.set(account, state);
    this.touched.add(account);
  }
}

function nameOfEntry(state: AccountState, entity: Entity, id: string): string {
  return `${state.number}/${numberOfEntity(entity)}/${id}`;
}
