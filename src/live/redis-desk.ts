/**
 * Owns the two faces that the replicas show: the desk, which works write through, and the watch, which shows what is
 * stored and is never written to.
 * Refuses to know when a run begins and what becomes of it.
 */

import { AssertionFault, assert } from "../base/assert.ts";
import type { EpochMs } from "../base/time.ts";
import type { Entity, WireRecord } from "../protocol/entity.ts";
import type { AccountId, DeviceId } from "../protocol/messages.ts";
import type { Revision } from "../protocol/revision.ts";
import {
  nameOfPending,
  type PendingPush,
  type PendingReceipt,
  type PushStore,
  type Registration,
} from "../proxy/push-store.ts";
import type {
  CommitPlan,
  Remembered,
  Snapshot,
  Standing,
  Store,
  Version,
  View,
  Wanted,
} from "../proxy/store.ts";
import { AccountFold } from "./redis-fold.ts";
import type { Stage } from "./redis-stage.ts";
import type { Step } from "./redis-step.ts";

/** What stands for an account of which there is no replica. Never written to. */
const NOBODY = new AccountFold("" as AccountId);

/** The reading half of a store over folds. */
abstract class FoldReader {
  protected abstract fold(account: AccountId): AccountFold;

  standing(account: AccountId): Standing {
    return this.fold(account).records.log.standing;
  }

  load(account: AccountId, wanted: Wanted, nowMs: EpochMs): View {
    return this.fold(account).records.load(wanted, nowMs);
  }

  remembered(account: AccountId, key: string, nowMs: EpochMs): Remembered | undefined {
    return this.fold(account).records.remembered(key, nowMs);
  }

  current(account: AccountId, entity: Entity, id: string): Version | undefined {
    return this.fold(account).records.log.current(entity, id);
  }

  living(
    account: AccountId,
    entity: Entity,
    afterId: string | undefined,
    limit: number,
  ): readonly WireRecord[] {
    return this.fold(account).records.log.living(entity, afterId, limit);
  }

  snapshot(account: AccountId, question: Snapshot): readonly Version[] {
    return this.fold(account).records.log.snapshot(question);
  }

  has(account: AccountId, revision: Revision): boolean {
    return this.fold(account).records.log.has(revision);
  }

  logAfter(account: AccountId, after: Revision, limit: number): readonly Version[] {
    return this.fold(account).records.log.after(after, limit);
  }

  countAfter(account: AccountId, after: Revision): number {
    return this.fold(account).records.log.countAfter(after);
  }
}

/** What push needs that belongs to no account. */
export interface PushRoom {
  /** Pushes that this instance is to send. */
  pendings(): Iterable<PendingPush>;
  readonly receipts: ReadonlyMap<string, PendingReceipt>;
}

export class RedisDesk extends FoldReader implements Store {
  readonly push: PushStore;
  private stage: Stage | undefined;

  constructor(room: PushRoom) {
    super();
    this.push = new DeskPush(() => this.staged(), room);
  }

  /** Runs synchronous work over a stage. */
  during<T>(stage: Stage, work: () => T): T {
    assert(this.stage === undefined, "works do not run within works");
    this.stage = stage;
    try {
      return work();
    } finally {
      this.stage = undefined;
    }
  }

  commit(account: AccountId, plan: CommitPlan, nowMs: EpochMs): "done" | "raced" {
    if (this.fold(account).records.isRaced(plan, nowMs)) return "raced";
    const { entity, id, version, raise, remember } = plan;
    const steps: Step[] = [];
    if (version) steps.push({ step: "version", version });
    if (raise) steps.push({ step: "raise", entity, id, stamps: raise });
    if (remember) steps.push({ step: "bind", remember });
    if (steps.length > 0) this.staged().write(account, steps);
    return "done";
  }

  /** Of an account without a replica nothing is pruned here: retention says how long things stay at least. */
  prune(account: AccountId, retentionMs: number, nowMs: EpochMs): boolean {
    const stage = this.staged();
    const fold = stage.fold(account);
    if (fold === undefined) return true;
    const { changes, more } = fold.foresee(retentionMs, nowMs);
    if (changes) stage.write(account, [{ step: "prune", retentionMs, nowMs }]);
    return more;
  }

  protected override fold(account: AccountId): AccountFold {
    return this.staged().fold(account) ?? NOBODY;
  }

  private staged(): Stage {
    assert(this.stage, "the desk is used within a work only");
    return this.stage;
  }
}

class DeskPush implements PushStore {
  private readonly staged: () => Stage;
  private readonly room: PushRoom;

  constructor(staged: () => Stage, room: PushRoom) {
    this.staged = staged;
    this.room = room;
  }

  register(registration: Registration): void {
    this.staged().write(registration.account, [{ step: "register", registration }]);
  }

  registration(account: AccountId, deviceId: DeviceId): Registration | undefined {
    return this.staged().fold(account)?.push.registration(account, deviceId);
  }

  registrations(account: AccountId): Iterable<Registration> {
    return this.staged().fold(account)?.push.registrations(account) ?? [];
  }

  unregister(account: AccountId, deviceId: DeviceId): void {
    if (this.registration(account, deviceId) === undefined) return;
    this.staged().write(account, [{ step: "unregister", deviceId }]);
  }

  endToken(token: string, sentAtMs: EpochMs): void {
    this.upkeep().ended.push({ token, sentAtMs });
  }

  putPending(pending: PendingPush): void {
    this.staged().write(pending.account, [{ step: "pend", pending }]);
  }

  pending(account: AccountId, deviceId: DeviceId, entity: Entity): PendingPush | undefined {
    return this.staged().fold(account)?.pendings.get(nameOfPending({ account, deviceId, entity }));
  }

  dropPending(account: AccountId, deviceId: DeviceId, entity: Entity): void {
    const pending = this.pending(account, deviceId, entity);
    if (pending === undefined) return;
    this.staged().write(account, [{ step: "unpend", deviceId, entity, revision: pending.revision }]);
  }

  allPending(): Iterable<PendingPush> {
    return this.room.pendings();
  }

  putReceipt(receipt: PendingReceipt): void {
    this.upkeep().receipts.set(receipt.ticket, receipt);
  }

  dropReceipt(ticket: string): void {
    this.upkeep().receipts.set(ticket, undefined);
  }

  *allReceipts(): Iterable<PendingReceipt> {
    const { receipts } = this.staged();
    for (const receipt of this.room.receipts.values()) if (!receipts.has(receipt.ticket)) yield receipt;
    for (const receipt of receipts.values()) if (receipt !== undefined) yield receipt;
  }

  private upkeep(): Stage {
    const stage = this.staged();
    assert(stage.isUpkeep, "receipts and the end of tokens are for upkeep");
    return stage;
  }
}

export class RedisWatch extends FoldReader implements Store {
  readonly push: PushStore = WATCH_PUSH;
  private readonly replica: (account: AccountId) => AccountFold | undefined;

  /** `replica` shows what of an account is stored, as far as this instance knows it. */
  constructor(replica: (account: AccountId) => AccountFold | undefined) {
    super();
    this.replica = replica;
  }

  commit(): never {
    return neverWritten();
  }

  prune(): never {
    return neverWritten();
  }

  protected override fold(account: AccountId): AccountFold {
    return this.replica(account) ?? NOBODY;
  }
}

function neverWritten(): never {
  throw new AssertionFault("the watch is never written to, and knows nothing of pushes");
}

const WATCH_PUSH: PushStore = {
  register: neverWritten,
  registration: neverWritten,
  registrations: neverWritten,
  unregister: neverWritten,
  endToken: neverWritten,
  putPending: neverWritten,
  pending: neverWritten,
  dropPending: neverWritten,
  allPending: neverWritten,
  putReceipt: neverWritten,
  dropReceipt: neverWritten,
  allReceipts: neverWritten,
};
