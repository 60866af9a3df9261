/**
 * Owns the store that many instances share through Redis: which replicas this one holds, upkeep, and what goes on in
 * the background: waking, signs of life, snapshots. What was acknowledged is as safe as Redis keeps it: nothing is
 * lost with `appendonly yes` and `appendfsync always`, and `maxmemory-policy noeviction`.
 * Refuses to know how one account is kept in step: that is redis-replica.ts.
 */

import { randomUUID } from "node:crypto";
import type { EpochMs } from "../base/time.ts";
import type { AccountId } from "../protocol/messages.ts";
import type { PendingPush, PendingReceipt } from "../proxy/push-store.ts";
import { type Clock, SYSTEM_CLOCK } from "./clock.ts";
import { type DurableStore, StoreUnavailable } from "./durable.ts";
import { RedisDesk, RedisWatch } from "./redis-desk.ts";
import { BEAT_EVERY_MS, RedisInstances } from "./redis-instances.ts";
import { RedisInterest } from "./redis-interest.ts";
import { RedisKeys } from "./redis-keys.ts";
import { COMMAND_TIMEOUT_MS, CONNECT_TIMEOUT_MS, RedisLink } from "./redis-link.ts";
import { Replica, type ReplicaRoom } from "./redis-replica.ts";
import { RedisScripts, readWake } from "./redis-scripts.ts";
import { isSnapshotDue, writeSnapshot } from "./redis-snapshot.ts";
import { type Parcel, Stage } from "./redis-stage.ts";
import { RedisTokens } from "./redis-tokens.ts";

/** Accounts of which this instance keeps a replica; those that are under way or watched come on top. */
const REPLICAS_MAX = 1_000;
/** Watched accounts that are never let go of. Of more, those that were idle the longest come back when they move. */
const WATCHED_MAX = 10_000;
/** [EVT-1] a wake that was lost delays an event by no more than this and an answer of Redis. */
const POLL_EVERY_MS = 1_200;
/** Watched accounts that one poll asks after. */
const POLLED_MAX = 1_000;
/** Replicas that are looked at for one that may go. */
const EVICTION_LOOKS_MAX = 64;
/** Accounts whose parcels are on the way at once in upkeep, and at the start. */
const PARALLEL_MAX = 256;

export interface RedisOptions {
  /** redis:// or rediss://, with user, password and database where they are needed. Never printed. */
  readonly url: string;
  /** The URL names one node of a Redis Cluster. Default: false. */
  readonly cluster?: boolean;
  /** What all keys begin with. Default: `zeke`. */
  readonly prefix?: string;
  readonly clock?: Clock;
  /** Default: 1,000. */
  readonly replicasMax?: number;
  /** Whether a stream of so many steps, of an account that holds so much, is to be replaced by a snapshot. */
  readonly isSnapshotDue?: typeof isSnapshotDue;
  /** Default: 1,200. */
  readonly pollEveryMs?: number;
  /** Default: 2,000. */
  readonly commandTimeoutMs?: number;
  /** How long the first connection may take. Default: 5,000. */
  readonly connectTimeoutMs?: number;
}

/**
 * Connects, and takes up the pushes and receipts that other instances left. Rejects with StoreUnavailable when Redis
 * is not reachable; once it was, it may come and go.
 */
export async function createRedisDurable(options: RedisOptions): Promise<DurableStore> {
  const store = new RedisDurable(options);
  try {
    await store.begin();
  } catch (error) {
    await store.close();
    throw error;
  }
  return store;
}

class RedisDurable implements DurableStore, ReplicaRoom {
  readonly desk: RedisDesk;
  readonly watch: RedisWatch;
  readonly link: RedisLink;
  readonly keys: RedisKeys;
  readonly scripts: RedisScripts;
  private readonly options: RedisOptions;
  private readonly clock: Clock;
  private readonly ears: RedisLink;
  private readonly instances: RedisInstances;
  private readonly tokens: RedisTokens;
  private readonly interest = new RedisInterest();
  /** Least recently used first. */
  private readonly replicas = new Map<AccountId, Replica>();
  private readonly receipts = new Map<string, PendingReceipt>();
  /** What goes on in the background, to be waited for at the end. */
  private readonly errands = new Set<Promise<void>>();
  private readonly snapshotting = new Set<AccountId>();
  private tell: (account: AccountId) => void = () => {};
  private cancelRound: () => void = () => {};
  private nextBeatMs: EpochMs = 0;
  private polledAfter = 0;
  private closing: Promise<void> | undefined;

  constructor(options: RedisOptions) {
    this.options = options;
    this.clock = options.clock ?? SYSTEM_CLOCK;
    const { url, cluster = false, commandTimeoutMs = COMMAND_TIMEOUT_MS } = options;
    this.keys = new RedisKeys(options.prefix ?? "zeke");
    this.link = new RedisLink({ url, cluster, commandTimeoutMs });
    this.ears = new RedisLink({ url, cluster, commandTimeoutMs });
    const own = randomUUID();
    const { link, keys } = this;
    this.scripts = new RedisScripts(link, keys, own);
    this.instances = new RedisInstances(link, keys, own);
    const touched = (account: AccountId): void => this.look(account);
    this.tokens = new RedisTokens({ link, keys, scripts: this.scripts, touched });
    this.desk = new RedisDesk({ pendings: () => this.pendings(), receipts: this.receipts });
    this.watch = new RedisWatch((account) => {
      this.interest.looked(account, this.nowMs());
      return this.replicas.get(account)?.fold;
    });
  }

  async begin(): Promise<void> {
    const withinMs = this.options.connectTimeoutMs ?? CONNECT_TIMEOUT_MS;
    await Promise.all([this.link.ready(withinMs), this.ears.ready(withinMs)]);
    this.ears.subscribe(
      this.keys.wakes,
      (message) => this.heard(message),
      () => this.lookAll(),
    );
    await this.instances.beat();
    await this.adopt(true);
    this.nextBeatMs = this.nowMs() + BEAT_EVERY_MS;
    this.roundLater();
  }

  nowMs(): EpochMs {
    return this.clock.nowMs();
  }

  async transact<T>(account: AccountId, work: () => T): Promise<T> {
    if (this.closing) throw new StoreUnavailable("the store is closed");
    return this.replica(account).transact(work);
  }

  async upkeep<T>(work: () => T): Promise<T> {
    if (this.closing) throw new StoreUnavailable("the store is closed");
    const stage = new Stage((account) => this.replicas.get(account)?.fold, true);
    let value: T;
    try {
      value = this.desk.during(stage, work);
    } catch (error) {
      stage.rollBack(0);
      throw error;
    }
    const parcels = stage.finish();
    await this.track(this.storeUpkeep(stage, parcels));
    return value;
  }

  async open(account: AccountId): Promise<void> {
    this.interest.begin(account, this.nowMs());
    await this.transact(account, () => {});
  }

  onForeign(tell: (account: AccountId) => void): void {
    this.tell = tell;
  }

  trouble(): string | undefined {
    return this.closing ? "the store is closed" : this.link.trouble();
  }

  close(): Promise<void> {
    this.closing ??= this.end();
    return this.closing;
  }

  async prepare(replica: Replica, parcel: Parcel): Promise<() => Promise<void>> {
    if (!replica.listed && parcel.steps.some(({ step }) => step === "pend")) {
      await this.instances.list(replica.account);
      replica.listed = true;
    }
    if (!parcel.steps.some(({ step }) => step === "register")) return DONE;
    return this.tokens.claim(replica.account, parcel);
  }

  stored(replica: Replica): void {
    const { account, fold } = replica;
    this.interest.moved(account, this.nowMs());
    if (fold === undefined || this.snapshotting.has(account)) return;
    const { isSnapshotDue: isDue = isSnapshotDue } = this.options;
    if (!isDue(fold.stepsSinceBase, fold.size)) return;
    this.snapshotting.add(account);
    this.errand(writeSnapshot(this, fold).finally(() => this.snapshotting.delete(account)));
  }

  foreign(account: AccountId): void {
    this.interest.moved(account, this.nowMs());
    this.tell(account);
  }

  private async storeUpkeep(stage: Stage, parcels: ReadonlyMap<AccountId, Parcel>): Promise<void> {
    await inChunks([...parcels], ([account, parcel]) => this.replica(account).appendBlind(parcel));
    await inChunks(stage.ended, ({ token, sentAtMs }) => this.tokens.end(token, sentAtMs));
    await inChunks([...stage.receipts], ([ticket, receipt]) => this.storeReceipt(ticket, receipt));
    for (const [ticket, receipt] of stage.receipts) {
      if (receipt === undefined) this.receipts.delete(ticket);
      else this.receipts.set(ticket, receipt);
    }
  }

  private async storeReceipt(ticket: string, receipt: PendingReceipt | undefined): Promise<void> {
    const { receipts } = this.keys;
    if (receipt === undefined) await this.link.call("HDEL", receipts, ticket);
    else await this.link.call("HSET", receipts, ticket, JSON.stringify(receipt));
  }

  private *pendings(): Iterable<PendingPush> {
    for (const { listed, fold } of this.replicas.values()) if (listed && fold) yield* fold.pendings.values();
  }

  /** The account's replica, from now on the most recently used. */
  private replica(account: AccountId): Replica {
    const found = this.replicas.get(account) ?? new Replica(this, account);
    this.replicas.delete(account);
    this.replicas.set(account, found);
    if (this.replicas.size > (this.options.replicasMax ?? REPLICAS_MAX)) this.evict(account);
    return found;
  }

  /** Lets go of the least recently used replica that nobody waits for, nobody watches, and no push hangs on. */
  private evict(except: AccountId): void {
    let looks = EVICTION_LOOKS_MAX;
    for (const [account, replica] of this.replicas) {
      if (looks-- === 0) return;
      this.replicas.delete(account);
      const isWatched = this.interest.has(account) && this.interest.size <= WATCHED_MAX;
      const isNeeded = replica.isBusy || replica.listed || this.snapshotting.has(account);
      if (account !== except && !isWatched && !isNeeded) return;
      // To the end of the line, so that the next look meets others.
      this.replicas.set(account, replica);
    }
  }

  private heard(message: string): void {
    const wake = readWake(message);
    if (wake !== undefined && wake.instance !== this.instances.own) this.look(wake.account);
  }

  /** Reads on an account that this instance shows to somebody, or works on. */
  private look(account: AccountId): void {
    if (this.closing || !(this.replicas.has(account) || this.interest.has(account))) return;
    const replica = this.replicas.get(account) ?? this.replica(account);
    // Redis is away; the poll asks again.
    this.errand(replica.catchUp());
  }

  /** The wakes of some time were lost. */
  private lookAll(): void {
    for (const account of this.interest.accounts) this.look(account);
  }

  private roundLater(): void {
    this.cancelRound = this.clock.after(this.options.pollEveryMs ?? POLL_EVERY_MS, () => {
      const next = (): void => {
        if (this.closing === undefined) this.roundLater();
      };
      // Nothing that an errand waits for may be the end: the end waits for the errands.
      this.errand(this.round().finally(next));
    });
  }

  private async round(): Promise<void> {
    const nowMs = this.nowMs();
    if (this.link.trouble() !== undefined) await this.link.call("PING");
    this.interest.lapse(nowMs);
    this.poll(nowMs);
    this.unlist();
    if (nowMs < this.nextBeatMs) return;
    this.nextBeatMs = nowMs + BEAT_EVERY_MS;
    // Taken for dead: what was listed is on another's list now.
    if (await this.instances.beat()) for (const replica of this.replicas.values()) replica.listed = false;
    await this.adopt(false);
  }

  private poll(nowMs: EpochMs): void {
    const watched = [...this.interest.accounts];
    if (this.polledAfter >= watched.length) this.polledAfter = 0;
    const turn = watched.slice(this.polledAfter, this.polledAfter + POLLED_MAX);
    this.polledAfter += turn.length;
    const pollEveryMs = this.options.pollEveryMs ?? POLL_EVERY_MS;
    for (const account of turn) {
      const confirmedAtMs = this.replicas.get(account)?.confirmedAtMs ?? 0;
      if (nowMs - confirmedAtMs >= pollEveryMs / 2) this.look(account);
    }
  }

  private unlist(): void {
    for (const replica of this.replicas.values()) {
      if (!replica.listed || replica.isBusy || replica.fold === undefined) continue;
      if (replica.fold.pendings.size > 0) continue;
      replica.listed = false;
      this.errand(this.instances.unlist(replica.account));
    }
  }

  /** Takes up the pushes and receipts of instances that are gone; at the start, whether they are or only seem so. */
  private async adopt(atStart: boolean): Promise<void> {
    const estates = (await this.instances.estates()).filter(({ isDead }) => isDead || atStart);
    for (const estate of estates) {
      await inChunks(estate.accounts, async (account) => {
        const replica = this.replica(account);
        await replica.catchUp();
        if (replica.fold === undefined || replica.fold.pendings.size === 0) return;
        await this.instances.list(account);
        replica.listed = true;
      });
      if (estate.isDead) await this.instances.bury(estate);
    }
    if (!atStart && estates.length === 0) return;
    const flat = (await this.link.call("HVALS", this.keys.receipts)) as readonly string[];
    for (const text of flat) {
      const receipt = JSON.parse(text) as PendingReceipt;
      if (!this.receipts.has(receipt.ticket)) this.receipts.set(receipt.ticket, receipt);
    }
  }

  private errand(work: Promise<void>): void {
    this.track(work).catch(() => {
      // Whatever it was, it is tried again in time: trouble() tells the operator.
    });
  }

  private track(work: Promise<void>): Promise<void> {
    this.errands.add(work);
    const over = (): void => void this.errands.delete(work);
    work.then(over, over);
    return work;
  }

  private async end(): Promise<void> {
    this.cancelRound();
    await Promise.allSettled([...this.replicas.values()].map((replica) => replica.idle()));
    await Promise.allSettled([...this.errands]);
    const isEmpty = [...this.replicas.values()].every(({ listed }) => !listed);
    if (this.link.isReady) await this.instances.leave(isEmpty).catch(() => {});
    this.link.close();
    this.ears.close();
  }
}

const DONE = async (): Promise<void> => {};

async function inChunks<Item>(items: readonly Item[], run: (item: Item) => Promise<void>): Promise<void> {
  for (let start = 0; start < items.length; start += PARALLEL_MAX) {
    await Promise.all(items.slice(start, start + PARALLEL_MAX).map(run));
  }
}
