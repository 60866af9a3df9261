/**
 * Owns the store's border: one log of versions per account, which carries records, deltas, events and bases of
 * merges, and beside it keys and push registrations.
 * Refuses to know rules: a store loads what a decision needs and stores what it came to, in one atomic step.
 */

import type { EpochMs } from "../base/time.ts";
import type { Entity, WireRecord } from "../protocol/entity.ts";
import type { AccountId, Action, DeviceId, IdempotencyKey, Operation } from "../protocol/messages.ts";
import type { Revision } from "../protocol/revision.ts";
import type { Stamps } from "../protocol/stamps.ts";
import type { PushStore } from "./push-store.ts";
import type { Reply } from "./reply.ts";

/** One life of a record that is over: it lived at every revision from `bornAt` on and before `diedAt`. */
export interface Life {
  readonly bornAt: Revision;
  readonly diedAt: Revision;
}

/** One committed change. Nothing in it changes but what a later write adds: `supersededBy`, `raised`, `raises`. */
export interface Version {
  readonly revision: Revision;
  readonly entity: Entity;
  readonly id: string;
  readonly action: Action;
  /** The record after the change; null for a tombstone. */
  readonly record: WireRecord | null;
  /** Stamps of the record's fields as this change left them (section 5). */
  readonly stamps: Stamps;
  /** The stamps after writes that changed no field, and so made no version, but raised a stamp. */
  readonly raised: Stamps | undefined;
  /** How often `raised` was replaced: the guard against two raises at once. */
  readonly raises: number;
  /** Never falls along the log, whatever the clock does. */
  readonly committedAtMs: EpochMs;
  readonly deviceId: DeviceId | undefined;
  readonly key: IdempotencyKey | undefined;
  /** The first revision of the life that this version belongs to, or, for a tombstone, ended. */
  readonly bornAt: Revision;
  /** Lives before this one, the oldest first, as far as the log goes back. */
  readonly pastLives: readonly Life[];
  /** The backend's own number of the record, as its last webhook had it [WHK-4]; device writes leave it as it is. */
  readonly backendVersion: number | undefined;
  /** The record's next version. */
  readonly supersededBy: Revision | undefined;
}

/** The stamps that a write meets: those of the version, or as raised since. */
export function stampsOf(version: Version): Stamps {
  return version.raised ?? version.stamps;
}

/** Where an account's log stands. */
export interface Standing {
  readonly head: Revision;
  readonly headAtMs: EpochMs;
  /** The oldest revision that `since` and `lastRevisionId` may name. */
  readonly floor: Revision;
  /**
   * The oldest revision that the log itself still reaches. It follows the floor by at least CURSOR_LIFE_MS.
   * Gone are at most: versions superseded at or before it, and tombstones at or before it.
   */
  readonly bottom: Revision;
}

/** How long a cursor serves after the floor moved over it [DLT-12]: far above the 5 minutes, for long syncs' sake. */
export const CURSOR_LIFE_MS = 3_600_000;

/** What a key is bound to: the fingerprint of the mutation, and what it came to [IDM-1]. */
export interface Remembered {
  readonly key: IdempotencyKey;
  readonly entity: Entity;
  readonly operation: Operation;
  /** The record id that was asked for; undefined for a create that left it to the proxy. */
  readonly askedId: string | undefined;
  readonly payload: unknown;
  /** If-Match without quotes. */
  readonly ifMatch: string | undefined;
  /** The record that the mutation was about in the end. */
  readonly recordId: string;
  /** The revision that the mutation ended with; undefined when it was refused [BAT-8]. */
  readonly revision: Revision | undefined;
  readonly reply: Reply;
  readonly expiresAtMs: EpochMs;
}

/** What a decision needs to see. */
export interface Wanted {
  readonly entity: Entity;
  readonly id: string | undefined;
  /** The revision named in If-Match: the base of a merge. */
  readonly base: Revision | undefined;
  readonly key: string | undefined;
}

export interface View {
  readonly standing: Standing;
  /** The record's newest version, tombstones included. */
  readonly current: Version | undefined;
  /** The version at `Wanted.base`, of whatever record; undefined when the log does not have it. */
  readonly base: Version | undefined;
  readonly remembered: Remembered | undefined;
}

/** What one mutation stores, all of it or nothing [IDM-6]. */
export interface CommitPlan {
  /** What the decision saw. When it no longer holds, nothing is stored, and the answer is `raced`. */
  readonly expect: {
    readonly head: Revision;
    readonly current: Revision | undefined;
    readonly raises: number;
  };
  readonly entity: Entity;
  readonly id: string;
  /** The new version of the record and of the log. */
  readonly version: Version | undefined;
  /** Replaces the stamps of the record's newest version; never together with `version`. */
  readonly raise: Stamps | undefined;
  /** Binds the key; a key that is bound already is `raced`. */
  readonly remember: Remembered | undefined;
}

/** A question to the log: the versions in (after, upTo] that were their records' newest at `upTo`, ascending. */
export interface Snapshot {
  readonly after: Revision;
  readonly upTo: Revision;
  readonly entities: ReadonlySet<Entity>;
  readonly tombstones: boolean;
  readonly limit: number;
}

export interface Store {
  standing(account: AccountId): Standing;
  /** What a mutation needs; keys that expired before `nowMs` are not seen. */
  load(account: AccountId, wanted: Wanted, nowMs: EpochMs): View;
  commit(account: AccountId, plan: CommitPlan, nowMs: EpochMs): "done" | "raced";
  /** What this account bound the key to; that of another account is not this key [IDM-4]. */
  remembered(account: AccountId, key: string, nowMs: EpochMs): Remembered | undefined;
  /** A record's newest version, tombstones included. */
  current(account: AccountId, entity: Entity, id: string): Version | undefined;
  /** At most `limit` living records with an id above `afterId`, in ASCII order of id. */
  living(
    account: AccountId,
    entity: Entity,
    afterId: string | undefined,
    limit: number,
  ): readonly WireRecord[];
  snapshot(account: AccountId, question: Snapshot): readonly Version[];
  /** True for a revision not below the floor that this log had: genesis, a version's, or the floor. */
  has(account: AccountId, revision: Revision): boolean;
  /** The first `limit` versions after a revision that is not below the bottom, in log order. */
  logAfter(account: AccountId, after: Revision, limit: number): readonly Version[];
  /** How many versions the log has after this revision. */
  countAfter(account: AccountId, after: Revision): number;
  /**
   * Moves the floor [DLT-13], and drops what has been below it for CURSOR_LIFE_MS, and expired keys [DLT-10].
   * True while something is left that time will make prunable.
   */
  prune(account: AccountId, retentionMs: number, nowMs: EpochMs): boolean;
  readonly push: PushStore;
}
