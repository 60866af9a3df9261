/**
 * Owns the contract of the store port: every store passes these same tests, each with an empty store of its own.
 * Refuses to know how a store keeps things. A store that must wait runs them through a synchronous face.
 */

import { describe, expect, test } from "vitest";
import { ENTITIES, type Entity, type WireRecord } from "../protocol/entity.ts";
import type { AccountId, DeviceId, IdempotencyKey } from "../protocol/messages.ts";
import { GENESIS, nextRevision, type Revision } from "../protocol/revision.ts";
import type { Stamp } from "../protocol/stamps.ts";
import { declarePushStore } from "./push-store-contract.fixture.ts";
import {
  type CommitPlan,
  CURSOR_LIFE_MS,
  type Remembered,
  type Store,
  stampsOf,
  type Version,
} from "./store.ts";

const A = "a" as AccountId;
const B = "b" as AccountId;
const T0 = 1_704_067_200_000;
const ALL = new Set(ENTITIES);
const RETENTION_MS = 10_000;

/** Declares the tests for one kind of store. */
export function declareStoreContract(name: string, createStore: () => Store): void {
  describe(`${name}: log`, () => declareLog(createStore));
  describe(`${name}: commits`, () => declareCommits(createStore));
  describe(`${name}: pruning`, () => declarePruning(createStore));
  describe(`${name}: push`, () => declarePushStore(() => createStore().push));
}

/** Writes without rules: whatever the test asks for becomes the next version. */
class Pen {
  readonly store: Store;
  readonly account: AccountId;
  nowMs = T0;

  constructor(store: Store, account: AccountId = A) {
    this.store = store;
    this.account = account;
  }

  plan(entity: Entity, id: string, fields: object | null): CommitPlan & { readonly version: Version } {
    const view = this.store.load(this.account, { entity, id, base: undefined, key: undefined }, this.nowMs);
    const revision = nextRevision(view.standing.head, this.nowMs);
    const lived = view.current !== undefined && view.current.record !== null;
    const action = fields === null ? "deleted" : lived ? "updated" : "created";
    const record =
      fields === null ? null : ({ id, revisionId: revision, updatedAt: "", ...fields } as WireRecord);
    const version: Version = {
      revision,
      entity,
      id,
      action,
      record,
      stamps: new Map(),
      raised: undefined,
      raises: 0,
      committedAtMs: Math.max(this.nowMs, view.standing.headAtMs),
      deviceId: "d1" as DeviceId,
      key: undefined,
      bornAt: lived ? (view.current?.bornAt as Revision) : revision,
      pastLives: [],
      backendVersion: undefined,
      supersededBy: undefined,
    };
    const expect = {
      head: view.standing.head,
      current: view.current?.revision,
      raises: view.current?.raises ?? 0,
    };
    return { expect, entity, id, version, raise: undefined, remember: undefined };
  }

  put(entity: Entity, id: string, fields: object | null): Revision {
    const plan = this.plan(entity, id, fields);
    expect(this.store.commit(this.account, plan, this.nowMs)).toBe("done");
    return plan.version.revision;
  }

  seen(after: Revision, upTo: Revision, tombstones = true, limit = 100): readonly string[] {
    const question = { after, upTo, entities: ALL, tombstones, limit };
    return this.store
      .snapshot(this.account, question)
      .map(({ id, record }) => (record ? `${id}=${record.v}` : `${id} gone`));
  }
}

function keyOf(key: string, expiresAtMs: number): Remembered {
  return {
    key: key as IdempotencyKey,
    entity: "task",
    operation: "update",
    askedId: "t1",
    payload: { title: key },
    ifMatch: undefined,
    recordId: "t1",
    revision: undefined,
    reply: { status: 200, body: { data: key } },
    expiresAtMs,
  };
}

function declareLog(createStore: () => Store): void {
  test("an account that nobody wrote to stands at genesis", () => {
    const store = createStore();
    expect(store.standing(A)).toEqual({ head: GENESIS, headAtMs: 0, floor: GENESIS, bottom: GENESIS });
    expect(store.has(A, GENESIS)).toBe(true);
    expect(store.current(A, "task", "t1")).toBeUndefined();
    expect(store.living(A, "task", undefined, 10)).toEqual([]);
    expect(store.logAfter(A, GENESIS, 10)).toEqual([]);
    expect(store.countAfter(A, GENESIS)).toBe(0);
  });

  test("[API-4] living records come in ASCII order of id, above the id asked for, tombstones left out", () => {
    const pen = new Pen(createStore());
    for (const id of ["b", "a", "_", "B", "c", "10", "9"]) pen.put("task", id, { v: 1 });
    pen.put("list", "aa", { v: 1 });
    pen.put("task", "b", null);
    const ids = (afterId: string | undefined, limit: number) =>
      pen.store.living(A, "task", afterId, limit).map(({ id }) => id);
    expect(ids(undefined, 100)).toEqual(["10", "9", "B", "_", "a", "c"]);
    expect(ids("9", 2)).toEqual(["B", "_"]);
    expect(ids("b", 9)).toEqual(["c"]);
    pen.put("task", "b", { v: 2 });
    expect(ids("a", 9)).toEqual(["b", "c"]);
  });

  test("[DLT-6] a snapshot shows each record once, as of its head, whatever came later", () => {
    const pen = new Pen(createStore());
    const r1 = pen.put("task", "x", { v: 1 });
    const r2 = pen.put("contact", "y", { v: 1 });
    const r3 = pen.put("task", "x", { v: 2 });
    const r4 = pen.put("contact", "y", null);
    const r5 = pen.put("contact", "y", { v: 3 });
    expect(pen.seen(GENESIS, r1)).toEqual(["x=1"]);
    expect(pen.seen(GENESIS, r2)).toEqual(["x=1", "y=1"]);
    expect(pen.seen(GENESIS, r3)).toEqual(["y=1", "x=2"]);
    expect(pen.seen(r2, r4)).toEqual(["x=2", "y gone"]);
    expect(pen.seen(r2, r4, false)).toEqual(["x=2"]);
    expect(pen.seen(r3, r5)).toEqual(["y=3"]);
    expect(pen.seen(GENESIS, r5, true, 1)).toEqual(["x=2"]);
    expect(pen.seen(r5, r5)).toEqual([]);
    const tasks = {
      after: GENESIS,
      upTo: r5,
      entities: new Set(["contact"] as const),
      tombstones: true,
      limit: 9,
    };
    expect(pen.store.snapshot(A, tasks).map(({ id }) => id)).toEqual(["y"]);
  });

  test("[EVT-2] the log after a revision is every version, in order", () => {
    const pen = new Pen(createStore());
    const all = [1, 2, 3, 4, 5].map((v) => pen.put("task", "x", { v }));
    const after = (revision: Revision, limit: number) =>
      pen.store.logAfter(A, revision, limit).map(({ revision: own }) => own);
    expect(after(GENESIS, 100)).toEqual(all);
    expect(after(all[1] as Revision, 2)).toEqual(all.slice(2, 4));
    expect(after(all[4] as Revision, 2)).toEqual([]);
    expect(pen.store.countAfter(A, all[0] as Revision)).toBe(4);
    for (const revision of all) expect(pen.store.has(A, revision)).toBe(true);
    expect(pen.store.has(A, nextRevision(all[4] as Revision, pen.nowMs))).toBe(false);
  });

  test("[IDM-4] accounts do not meet", () => {
    const store = createStore();
    const mine = new Pen(store, A).put("task", "x", { v: 1 });
    expect(store.current(B, "task", "x")).toBeUndefined();
    expect(store.has(B, mine)).toBe(false);
    new Pen(store, B).put("task", "x", { v: 9 });
    expect(store.current(A, "task", "x")?.record).toMatchObject({ v: 1 });
    expect(store.current(B, "task", "x")?.record).toMatchObject({ v: 9 });
  });
}

function declareCommits(createStore: () => Store): void {
  test("a commit is seen by every question at once", () => {
    const pen = new Pen(createStore());
    const r1 = pen.put("task", "x", { v: 1 });
    const view = pen.store.load(A, { entity: "task", id: "x", base: r1, key: undefined }, T0);
    expect(view.standing.head).toBe(r1);
    expect(view.current?.record).toMatchObject({ v: 1 });
    expect(view.base?.revision).toBe(r1);
    const r2 = pen.put("task", "x", { v: 2 });
    const later = pen.store.load(A, { entity: "task", id: "x", base: r1, key: undefined }, T0);
    expect(later.current?.revision).toBe(r2);
    expect(later.base).toMatchObject({ revision: r1, supersededBy: r2, record: { v: 1 } });
  });

  test("[IDM-6] raced: the head, the record or its stamps moved, and nothing is stored", () => {
    const pen = new Pen(createStore());
    pen.put("task", "x", { v: 1 });
    const late = { ...pen.plan("task", "x", { v: 2 }), remember: keyOf("k", T0 + 9) };
    pen.put("task", "y", { v: 1 });
    expect(pen.store.commit(A, late, T0)).toBe("raced");
    expect(pen.store.remembered(A, "k", T0)).toBeUndefined();
    expect(pen.store.current(A, "task", "x")?.record).toMatchObject({ v: 1 });
    const stamped = pen.plan("task", "x", { v: 3 });
    const raise = { ...stamped, version: undefined, raise: new Map([["title", stamp(5)]]) };
    expect(pen.store.commit(A, raise, T0)).toBe("done");
    expect(pen.store.commit(A, raise, T0)).toBe("raced");
    expect(pen.store.commit(A, stamped, T0)).toBe("raced");
    const taken = pen.plan("task", "z", { v: 1 });
    expect(pen.store.commit(A, { ...taken, id: "x" }, T0)).toBe("raced");
  });

  test("[REV-8] raised stamps belong to the version, and make no new one", () => {
    const pen = new Pen(createStore());
    const r1 = pen.put("task", "x", { v: 1 });
    const plan = { ...pen.plan("task", "x", {}), version: undefined, raise: new Map([["title", stamp(5)]]) };
    expect(pen.store.commit(A, plan, T0)).toBe("done");
    const current = pen.store.current(A, "task", "x") as Version;
    expect(current.revision).toBe(r1);
    expect(stampsOf(current).get("title")).toEqual(stamp(5));
    expect(current.stamps.size).toBe(0);
    expect(pen.store.standing(A).head).toBe(r1);
  });

  test("[IDM-10] a key is remembered until it expires, and bound once", () => {
    const pen = new Pen(createStore());
    const bind = (key: string, expiresAtMs: number, nowMs: number) =>
      pen.store.commit(
        A,
        { ...pen.plan("task", "t1", {}), version: undefined, remember: keyOf(key, expiresAtMs) },
        nowMs,
      );
    expect(bind("k", T0 + 100, T0)).toBe("done");
    expect(pen.store.remembered(A, "k", T0 + 99)).toEqual(keyOf("k", T0 + 100));
    expect(pen.store.remembered(A, "k", T0 + 100)).toBeUndefined();
    expect(pen.store.remembered(B, "k", T0)).toBeUndefined();
    expect(bind("k", T0 + 500, T0 + 99)).toBe("raced");
    expect(bind("k", T0 + 500, T0 + 100)).toBe("done");
    const wanted = { entity: "task", id: "t1", base: undefined, key: "k" } as const;
    expect(pen.store.load(A, wanted, T0 + 499).remembered).toEqual(keyOf("k", T0 + 500));
  });

  test("[API-5] ids and fields with the names of an object's own members", () => {
    const pen = new Pen(createStore());
    const fields = JSON.parse('{"v":1,"__proto__":{"a":1},"constructor":"c"}') as object;
    for (const id of ["__proto__", "constructor", "toString"]) {
      pen.put("list", id, fields);
      const record = pen.store.current(A, "list", id)?.record as WireRecord;
      expect(Object.getOwnPropertyDescriptor(record, "__proto__")?.value).toEqual({ a: 1 });
      expect(record.constructor).toBe("c");
    }
    expect(pen.store.remembered(A, "__proto__", T0)).toBeUndefined();
  });
}

function declarePruning(createStore: () => Store): void {
  test("[DLT-13] what was the head within retention is not below the floor, and the head never is", () => {
    const pen = new Pen(createStore());
    const r1 = pen.put("task", "x", { v: 1 });
    pen.nowMs = T0 + 5_000;
    const r2 = pen.put("task", "x", { v: 2 });
    pen.nowMs = T0 + 6_000;
    const r3 = pen.put("task", "x", { v: 3 });
    const floorAt = (nowMs: number) => {
      pen.store.prune(A, RETENTION_MS, nowMs);
      return pen.store.standing(A).floor;
    };
    expect(floorAt(T0 + 9_999)).toBe(GENESIS); // the first commit ended genesis' time as head at T0
    expect(floorAt(T0 + 10_000)).toBe(r1);
    expect(floorAt(T0 + 14_999)).toBe(r1);
    expect(floorAt(T0 + 15_000)).toBe(r2);
    expect(floorAt(T0 + 16_000)).toBe(r3);
    expect(floorAt(T0 + 999_999)).toBe(r3);
    expect(floorAt(T0)).toBe(r3); // a floor never falls
    expect(pen.store.has(A, r3)).toBe(true);
    expect(pen.store.has(A, r2)).toBe(false);
  });

  test("[DLT-10, DLT-12] the floor moves first; what it left behind serves on for the life of a cursor", () => {
    const pen = new Pen(createStore());
    pen.put("task", "x", { v: 1 });
    pen.put("task", "x", { v: 2 });
    pen.put("task", "y", { v: 1 });
    const r4 = pen.put("task", "y", null);
    const r5 = pen.put("task", "x", { v: 3 });
    const all = () => pen.store.logAfter(A, pen.store.standing(A).bottom, 99).length;
    expect(pen.store.prune(A, RETENTION_MS, T0 + RETENTION_MS)).toBe(true);
    expect(pen.store.standing(A)).toMatchObject({ floor: r5, bottom: GENESIS });
    expect(pen.seen(GENESIS, r4)).toEqual(["x=2", "y gone"]);
    pen.store.prune(A, RETENTION_MS, T0 + RETENTION_MS + CURSOR_LIFE_MS - 1);
    expect(pen.store.standing(A).bottom).toBe(GENESIS);
    expect(all()).toBe(5);
    expect(pen.store.prune(A, RETENTION_MS, T0 + RETENTION_MS + CURSOR_LIFE_MS)).toBe(false);
    expect(pen.store.standing(A)).toMatchObject({ floor: r5, bottom: r5 });
    expect(pen.seen(GENESIS, r5)).toEqual(["x=3"]);
    expect(pen.store.current(A, "task", "y")).toBeUndefined();
    expect(pen.store.has(A, r5)).toBe(true);
    const base = pen.store.load(A, { entity: "task", id: "x", base: r4, key: undefined }, T0).base;
    expect(base).toBeUndefined();
  });

  test("a floor that is a pruned tombstone still names a place in the log", () => {
    const pen = new Pen(createStore());
    pen.put("task", "x", { v: 1 });
    const gone = pen.put("task", "x", null);
    pen.store.prune(A, RETENTION_MS, T0 + RETENTION_MS);
    pen.store.prune(A, RETENTION_MS, T0 + RETENTION_MS + CURSOR_LIFE_MS);
    expect(pen.store.standing(A)).toMatchObject({ head: gone, floor: gone, bottom: gone });
    expect(pen.store.has(A, gone)).toBe(true);
    pen.nowMs = T0 + RETENTION_MS + CURSOR_LIFE_MS;
    const next = pen.put("task", "x", { v: 2 });
    expect(pen.store.logAfter(A, gone, 9).map(({ revision }) => revision)).toEqual([next]);
    expect(pen.seen(gone, next)).toEqual(["x=2"]);
  });

  test("what lives is never pruned, and what is pruned of a record that came back does not hurt it", () => {
    const pen = new Pen(createStore());
    pen.put("task", "old", { v: 1 });
    pen.put("task", "x", { v: 1 });
    pen.put("task", "x", null);
    const back = pen.put("task", "x", { v: 2 });
    pen.nowMs = T0 + 60_000;
    const r = pen.put("task", "new", { v: 1 });
    pen.store.prune(A, RETENTION_MS, T0 + 100_000);
    pen.store.prune(A, RETENTION_MS, T0 + 100_000 + CURSOR_LIFE_MS);
    expect(pen.seen(GENESIS, r)).toEqual(["old=1", "x=2", "new=1"]);
    expect(pen.store.current(A, "task", "x")?.revision).toBe(back);
    expect(pen.store.living(A, "task", undefined, 9).map(({ id }) => id)).toEqual(["new", "old", "x"]);
  });

  test("[CON-9] a record made again outlives its pruned tombstone", () => {
    const pen = new Pen(createStore());
    pen.put("task", "x", { v: 1 });
    pen.put("task", "x", null);
    pen.nowMs = T0 + RETENTION_MS + 1;
    pen.store.prune(A, RETENTION_MS, pen.nowMs);
    const back = pen.put("task", "x", { v: 2 });
    pen.store.prune(A, RETENTION_MS, pen.nowMs + CURSOR_LIFE_MS);
    expect(pen.store.standing(A).bottom < back).toBe(true);
    expect(pen.store.current(A, "task", "x")?.revision).toBe(back);
    expect(pen.seen(GENESIS, back)).toEqual(["x=2"]);
  });

  test("[IDM-10] a key that was bound again does not keep later ones from going", () => {
    const pen = new Pen(createStore());
    const bind = (key: string, expiresAtMs: number, nowMs: number) => {
      const plan = { ...pen.plan("task", "t1", {}), version: undefined, remember: keyOf(key, expiresAtMs) };
      expect(pen.store.commit(A, plan, nowMs)).toBe("done");
    };
    bind("k", T0 + 100, T0);
    bind("j", T0 + 150, T0);
    bind("k", T0 + 500, T0 + 100);
    pen.store.prune(A, RETENTION_MS, T0 + 200);
    expect(pen.store.remembered(A, "j", T0)).toBeUndefined();
    expect(pen.store.remembered(A, "k", T0)).toBeDefined();
  });

  test("[IDM-10] keys go when they expired, no earlier", () => {
    const pen = new Pen(createStore());
    const plan = { ...pen.plan("task", "t1", {}), version: undefined, remember: keyOf("k", T0 + 100) };
    pen.store.commit(A, plan, T0);
    expect(pen.store.prune(A, RETENTION_MS, T0 + 99)).toBe(true);
    expect(pen.store.remembered(A, "k", T0)).toBeDefined();
    expect(pen.store.prune(A, RETENTION_MS, T0 + 100)).toBe(false);
    expect(pen.store.remembered(A, "k", T0)).toBeUndefined();
  });
}

function stamp(timeMs: number): Stamp {
  return { timeMs, deviceId: "d", key: "k" };
}
