/**
 * Owns one account on one instance: its fold, the works that wait for it, and the order of trying, storing, applying.
 * Works are tried on what this instance knows, and Redis takes their steps only if nothing came between; else what
 * came is applied, and they are tried again [CON-5, IDM-2].
 * Refuses to know sockets, pushes, and other accounts.
 */

import { assertNever } from "../base/assert.ts";
import type { EpochMs } from "../base/time.ts";
import type { AccountId } from "../protocol/messages.ts";
import { StoreUnavailable } from "./durable.ts";
import type { RedisDesk } from "./redis-desk.ts";
import type { AccountFold } from "./redis-fold.ts";
import { ENTRIES_MAX, type Entry, isAfter, type Told } from "./redis-scripts.ts";
import { readSnapshot, type SnapshotRoom } from "./redis-snapshot.ts";
import { EMPTY_PARCEL, type Parcel, Stage } from "./redis-stage.ts";
import { type Step, unpackStep } from "./redis-step.ts";

/** Works that go to Redis together, and the UTF-16 units after which no more are taken in. */
const WORKS_MAX = 256;
const BATCH_LENGTH_MAX = 2_000_000;
/** Works that may wait for one account. */
const WAITING_MAX = 10_000;
/** How often works may be overtaken by other instances before their callers are asked to come again. */
const RACES_MAX = 64;
/** How often a replica is built anew because the stream was trimmed under it. */
const LOADS_MAX = 8;

export interface ReplicaRoom extends SnapshotRoom {
  readonly desk: RedisDesk;
  nowMs(): EpochMs;
  /** Called before a parcel is stored; what it returns, when that is over, however it ended. */
  prepare(replica: Replica, parcel: Parcel): Promise<() => Promise<void>>;
  /** Steps of this instance are stored, and shown. */
  stored(replica: Replica, steps: readonly Step[]): void;
  /** More is shown because of another instance. */
  foreign(account: AccountId): void;
}

interface Waiting {
  readonly work: () => unknown;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
}

type Outcome =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly error: unknown };

export class Replica {
  readonly account: AccountId;
  /** Among the accounts that this instance has pushes to send for. */
  listed = false;
  /** When what this shows was last known to be all there is. */
  confirmedAtMs: EpochMs = 0;
  private readonly room: ReplicaRoom;
  private state: AccountFold | undefined;
  private readonly waiting: Waiting[] = [];
  private running: Promise<void> | undefined;
  private loading: Promise<AccountFold> | undefined;
  private catching: Promise<void> | undefined;
  /** A catch-up that has not begun yet: everybody who comes now may share it. */
  private nextCatching: Promise<void> | undefined;

  constructor(room: ReplicaRoom, account: AccountId) {
    this.room = room;
    this.account = account;
  }

  /** What is stored, as far as this instance knows; undefined before it was loaded. */
  get fold(): AccountFold | undefined {
    return this.state;
  }

  /** True while something is under way that must not lose its replica. */
  get isBusy(): boolean {
    const { running, loading, catching, nextCatching } = this;
    return (running ?? loading ?? catching ?? nextCatching) !== undefined;
  }

  /** See DurableStore.transact. */
  transact<T>(work: () => T): Promise<T> {
    if (this.waiting.length >= WAITING_MAX) {
      return Promise.reject(new StoreUnavailable("too many calls wait for one account"));
    }
    return new Promise<T>((resolve, reject) => {
      this.waiting.push({ work, resolve: resolve as (value: unknown) => void, reject });
      this.running ??= this.runAll();
    });
  }

  /** Fulfils when all that waits has ended, one way or the other. */
  async idle(): Promise<void> {
    await this.running;
    await this.catching?.catch(() => {});
  }

  /** Fulfils when this shows all that was stored when it was called. */
  catchUp(): Promise<void> {
    this.nextCatching ??= this.catchUpAfter(this.catching);
    return this.nextCatching;
  }

  /** Stores steps that hold wherever the stream ends, and shows them. */
  async appendBlind(parcel: Parcel): Promise<void> {
    const release = await this.room.prepare(this, parcel);
    try {
      const expected = this.state?.last ?? "";
      await this.took(await this.room.scripts.append(this.account, expected, parcel, true), parcel);
    } finally {
      await release();
    }
  }

  private async catchUpAfter(former: Promise<void> | undefined): Promise<void> {
    await former?.catch(() => {});
    this.catching = this.nextCatching;
    this.nextCatching = undefined;
    try {
      if (this.state === undefined || !(await this.follow(this.state))) await this.load();
    } finally {
      this.catching = undefined;
    }
  }

  private async runAll(): Promise<void> {
    // What is called in the same turn goes together.
    await undefined;
    while (this.waiting.length > 0) await this.runBatch(this.waiting.splice(0, WORKS_MAX));
    // In the same turn as the look at the line: who comes now must find nobody running.
    this.running = undefined;
  }

  private async runBatch(batch: Waiting[]): Promise<void> {
    try {
      const outcomes = await this.settle(batch);
      for (const [index, { resolve, reject }] of batch.entries()) {
        const outcome = outcomes[index] as Outcome;
        if (outcome.ok) resolve(outcome.value);
        else reject(outcome.error);
      }
    } catch (error) {
      for (const { reject } of batch) reject(error);
    }
  }

  /** Shortens the batch to the works that were taken in, and tells what became of them. */
  private async settle(batch: Waiting[]): Promise<readonly Outcome[]> {
    for (let race = 0; race < RACES_MAX; race++) {
      const fold = this.state ?? (await this.load());
      const { outcomes, parcel } = this.tryOut(fold, batch);
      const expected = fold.last;
      const told = await this.append(expected, parcel);
      switch (told.told) {
        case "done":
          await this.took(told, parcel);
          return outcomes;
        case "behind":
          if (fold === this.state) this.applyEntries(fold, told.entries);
          // Far behind: read to the end before trying again.
          if (told.entries.length >= ENTRIES_MAX) await this.catchUp();
          break;
        case "lost":
          await this.load();
          break;
        default:
          assertNever(told);
      }
    }
    throw new StoreUnavailable("too many instances write to one account at once");
  }

  private async append(expected: string, parcel: Parcel): Promise<Told> {
    const { room, account } = this;
    if (parcel.steps.length === 0) return this.confirmed(room.scripts.append(account, expected, parcel));
    const release = await room.prepare(this, parcel);
    try {
      return await this.confirmed(room.scripts.append(account, expected, parcel));
    } finally {
      await release();
    }
  }

  /** Runs the works, one after the other, on what is known; a work that throws leaves nothing. */
  private tryOut(fold: AccountFold, batch: Waiting[]): { outcomes: readonly Outcome[]; parcel: Parcel } {
    const { account, room } = this;
    const stage = new Stage((of) => (of === account ? fold : undefined), false);
    const outcomes: Outcome[] = [];
    for (const { work } of batch) {
      const { mark } = stage;
      try {
        outcomes.push({ ok: true, value: room.desk.during(stage, work) });
      } catch (error) {
        stage.rollBack(mark);
        outcomes.push({ ok: false, error });
      }
      if (stage.textLength > BATCH_LENGTH_MAX) break;
    }
    this.waiting.unshift(...batch.splice(outcomes.length));
    return { outcomes, parcel: stage.finish().get(account) ?? EMPTY_PARCEL };
  }

  /** Shows what Redis took. */
  private async took(told: Told, parcel: Parcel): Promise<void> {
    const fold = this.state;
    if (told.told !== "done" || fold === undefined) return;
    if (fold.last === told.before) this.apply(fold, parcel.steps, told.id);
    // Something else came between in the meantime; what is stored is in the stream, after it.
    else if (isAfter(told.id, fold.last)) await this.catchUp();
    if (parcel.steps.length > 0) this.room.stored(this, parcel.steps);
  }

  /** Reads on to the end of the stream. False when the stream no longer reaches back to this fold. */
  private async follow(fold: AccountFold): Promise<boolean> {
    for (;;) {
      const told = await this.confirmed(this.room.scripts.append(this.account, fold.last, EMPTY_PARCEL));
      if (told.told === "lost") return false;
      if (told.told === "done") return true;
      this.applyEntries(fold, told.entries);
    }
  }

  private applyEntries(fold: AccountFold, entries: readonly Entry[]): void {
    let moved = false;
    for (const [id, texts] of entries) {
      // Answers may come after others that already told as much.
      if (!isAfter(id, fold.last)) continue;
      const steps: Step[] = [];
      for (let index = 0; index < texts.length; index += 2) {
        steps.push(unpackStep(texts[index] as string, texts[index + 1] as string));
      }
      this.apply(fold, steps, id);
      moved = true;
    }
    if (moved && fold === this.state) this.room.foreign(this.account);
  }

  private apply(fold: AccountFold, steps: readonly Step[], last: string): void {
    try {
      for (const step of steps) fold.apply(step);
    } catch (error) {
      // Half applied is of no use to anybody; what is stored is in Redis.
      if (fold === this.state) this.state = undefined;
      throw error;
    }
    fold.last = last;
    fold.stepsSinceBase += steps.length;
  }

  private load(): Promise<AccountFold> {
    this.loading ??= this.loadOnce().finally(() => {
      this.loading = undefined;
    });
    return this.loading;
  }

  private async loadOnce(): Promise<AccountFold> {
    for (let attempt = 0; attempt < LOADS_MAX; attempt++) {
      const fold = await readSnapshot(this.room, this.account);
      if (!(await this.follow(fold))) continue;
      this.state = fold;
      this.room.foreign(this.account);
      return fold;
    }
    throw new StoreUnavailable("the snapshots of an account are replaced too fast to be read");
  }

  private async confirmed(answer: Promise<Told>): Promise<Told> {
    const atMs = this.room.nowMs();
    const told = await answer;
    if (told.told === "done") this.confirmedAtMs = atMs;
    return told;
  }
}
