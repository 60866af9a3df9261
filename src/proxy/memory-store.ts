/**
 * Owns the store in memory: accounts, their logs and keys. Synchronous, so every call is an atomic step.
 * Refuses to know rules, and to forget anything unless it is asked to prune.
 */

import type { EpochMs } from "../base/time.ts";
import type { Entity, WireRecord } from "../protocol/entity.ts";
import type { AccountId } from "../protocol/messages.ts";
import type { Revision } from "../protocol/revision.ts";
import { MemoryLog } from "./memory-log.ts";
import { MemoryPushStore } from "./memory-push-store.ts";
import type { CommitPlan, Remembered, Snapshot, Standing, Store, Version, View, Wanted } from "./store.ts";

/** An empty store. Any number of proxy instances may share it. */
export function createMemoryStore(): Store {
  return new MemoryStore();
}

/** One account of the store: a log, and the keys bound beside it. */
export class MemoryAccount {
  readonly log = new MemoryLog();
  /** In the order in which they were bound, which is the order in which they expire. */
  readonly keys = new Map<string, Remembered>();

  load(wanted: Wanted, nowMs: EpochMs): View {
    const { log, keys } = this;
    const current = wanted.id === undefined ? undefined : log.current(wanted.entity, wanted.id);
    return {
      standing: log.standing,
      current,
      base: baseOf(log, current, wanted.base),
      remembered: wanted.key === undefined ? undefined : unexpired(keys.get(wanted.key), nowMs),
    };
  }

  /** True when what a decision saw no longer holds. */
  isRaced(plan: CommitPlan, nowMs: EpochMs): boolean {
    const { expect, remember } = plan;
    if (this.log.standing.head !== expect.head) return true;
    const current = this.log.current(plan.entity, plan.id);
    if (current?.revision !== expect.current || (current?.raises ?? 0) !== expect.raises) return true;
    return remember !== undefined && this.remembered(remember.key, nowMs) !== undefined;
  }

  remembered(key: string, nowMs: EpochMs): Remembered | undefined {
    return unexpired(this.keys.get(key), nowMs);
  }

  bind(remember: Remembered): void {
    // An expired entry keeps its old place in the order unless it is taken out first.
    this.keys.delete(remember.key);
    this.keys.set(remember.key, remember);
  }

  prune(retentionMs: number, nowMs: EpochMs): boolean {
    for (const [key, remembered] of this.keys) {
      if (remembered.expiresAtMs > nowMs) break;
      this.keys.delete(key);
    }
    return this.log.prune(retentionMs, nowMs) || this.keys.size > 0;
  }
}

class MemoryStore implements Store {
  readonly push = new MemoryPushStore();
  private readonly accounts = new Map<AccountId, MemoryAccount>();

  standing(account: AccountId): Standing {
    return this.of(account).log.standing;
  }

  load(account: AccountId, wanted: Wanted, nowMs: EpochMs): View {
    return this.of(account).load(wanted, nowMs);
  }

  commit(account: AccountId, plan: CommitPlan, nowMs: EpochMs): "done" | "raced" {
    const own = this.of(account);
    if (own.isRaced(plan, nowMs)) return "raced";
    const { version, raise, remember } = plan;
    if (version) own.log.append(version);
    if (raise) own.log.raise(plan.entity, plan.id, raise);
    if (remember) own.bind(remember);
    return "done";
  }

  remembered(account: AccountId, key: string, nowMs: EpochMs): Remembered | undefined {
    return this.of(account).remembered(key, nowMs);
  }

  current(account: AccountId, entity: Entity, id: string): Version | undefined {
    return this.of(account).log.current(entity, id);
  }

  living(
    account: AccountId,
    entity: Entity,
    afterId: string | undefined,
    limit: number,
  ): readonly WireRecord[] {
    return this.of(account).log.living(entity, afterId, limit);
  }

  snapshot(account: AccountId, question: Snapshot): readonly Version[] {
    return this.of(account).log.snapshot(question);
  }

  has(account: AccountId, revision: Revision): boolean {
    return this.of(account).log.has(revision);
  }

  logAfter(account: AccountId, after: Revision, limit: number): readonly Version[] {
    return this.of(account).log.after(after, limit);
  }

  countAfter(account: AccountId, after: Revision): number {
    return this.of(account).log.countAfter(after);
  }

  prune(account: AccountId, retentionMs: number, nowMs: EpochMs): boolean {
    return this.of(account).prune(retentionMs, nowMs);
  }

  private of(account: AccountId): MemoryAccount {
    let found = this.accounts.get(account);
    if (!found) {
      found = new MemoryAccount();
      this.accounts.set(account, found);
    }
    return found;
  }
}

function baseOf(
  log: MemoryLog,
  current: Version | undefined,
  base: Revision | undefined,
): Version | undefined {
  if (base === undefined) return undefined;
  return current?.revision === base ? current : log.versionAt(base);
}

function unexpired(remembered: Remembered | undefined, nowMs: EpochMs): Remembered | undefined {
  return remembered !== undefined && remembered.expiresAtMs > nowMs ? remembered : undefined;
}
