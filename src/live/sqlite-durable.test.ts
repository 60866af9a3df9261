/**
 * Owns the proof of what is durable and when: answers after the commit, one commit a turn, failed turns lost as a
 * whole, a full disk survived, everything there again after the file was opened anew.
 */

import { setTimeout as sleep, setImmediate as turnOfLoop } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import type { DeviceId } from "../protocol/messages.ts";
import { GENESIS, type Revision } from "../protocol/revision.ts";
import { CURSOR_LIFE_MS, stampsOf } from "../proxy/store.ts";
import { StoreUnavailable } from "./durable.ts";
import { besides, clearShelfAfterEach, newFile, openStore } from "./sqlite-shelf.fixture.ts";
import { A, B, keyOf, planOf, put, T0 } from "./sqlite-write.fixture.ts";

clearShelfAfterEach();

function versionsIn(file: string): number {
  return besides(file, (db) => db.prepare("SELECT count(*) FROM versions").pluck().get() as number);
}

describe("a turn", () => {
  test("[IDM-6] an answer comes after the commit, and not before", async () => {
    const file = newFile();
    const durable = openStore(file);
    const seen: string[] = [];
    const write = durable
      .transact(A, () => put(durable.desk, "t1", { v: 1 }))
      .then(() => {
        seen.push(`answered with ${versionsIn(file)} on disk`);
      });
    for (let i = 0; i < 20; i++) await Promise.resolve();
    seen.push(`${versionsIn(file)} on disk before`);
    await write;
    expect(seen).toEqual(["0 on disk before", "answered with 1 on disk"]);
  });

  test("all that comes in one turn shares one commit, and is answered in its order", async () => {
    const file = newFile();
    const durable = openStore(file);
    const order: number[] = [];
    const counts: number[] = [];
    const writes = [1, 2, 3].map((n) =>
      durable
        .transact(A, () => put(durable.desk, `t${n}`, { v: n }))
        .then(() => {
          order.push(n);
          counts.push(versionsIn(file));
        }),
    );
    await Promise.all(writes);
    expect(order).toEqual([1, 2, 3]);
    expect(counts).toEqual([3, 3, 3]);
  });

  test("a read waits for what it saw, and for nothing when nothing is on its way", async () => {
    const file = newFile();
    const durable = openStore(file);
    const read = () => durable.transact(A, () => durable.desk.current(A, "task", "t1")?.record?.v);
    let answered = false;
    void read().then(() => {
      answered = true;
    });
    await Promise.resolve();
    await Promise.resolve();
    expect(answered).toBe(true);
    void durable.transact(A, () => put(durable.desk, "t1", { v: 1 }));
    const late = read().then((value) => [value, versionsIn(file)]);
    expect(await late).toEqual([1, 1]);
  });

  test("[PSH-5] the watch shows nothing that is not committed, and all that is when the answer comes", async () => {
    const durable = openStore();
    const { watch, desk } = durable;
    expect(watch.standing(A).head).toBe(GENESIS);
    const first = await durable.transact(A, () => put(desk, "t1", { v: 1 }));
    const write = durable.transact(A, () => put(desk, "t1", { v: 2 }));
    const before = [
      watch.standing(A).head,
      watch.logAfter(A, GENESIS, 9).length,
      watch.countAfter(A, GENESIS),
    ];
    expect(before).toEqual([first, 1, 1]);
    expect(watch.current(A, "task", "t1")?.record).toMatchObject({ v: 1 });
    const second = await write;
    expect(watch.standing(A)).toEqual(desk.standing(A));
    expect(watch.logAfter(A, first, 9).map(({ revision }) => revision)).toEqual([second]);
    expect(watch.has(A, second)).toBe(true);
    expect(watch.logAfter(A, GENESIS, 9)).toEqual(desk.logAfter(A, GENESIS, 9));
  });

  test("the watch is not written to", () => {
    const { watch } = openStore();
    expect(() => put(watch, "t1", {})).toThrow(/desk alone/);
    expect(() => watch.prune(A, 1, T0)).toThrow(/desk alone/);
    expect(() => watch.push.dropReceipt("x")).toThrow(/desk alone/);
  });
});

describe("a turn that fails", () => {
  test("a work that throws before it wrote harms no other", async () => {
    const durable = openStore();
    const good = durable.transact(A, () => put(durable.desk, "t1", { v: 1 }));
    const bad = durable.transact(A, () => {
      throw new Error("of the engine");
    });
    await expect(bad).rejects.toThrow("of the engine");
    await good;
    expect(durable.watch.current(A, "task", "t1")).toBeDefined();
    expect(durable.trouble()).toBeUndefined();
  });

  test("[SYS-2] a work that throws after it wrote: nothing of the turn is stored, and those beside it may come again", async () => {
    const file = newFile();
    const durable = openStore(file);
    const { desk } = durable;
    const first = await durable.transact(A, () => put(desk, "t1", { v: 1 }, "k1"));
    const beside = durable.transact(B, () => put(desk, "t1", { v: 1 }, undefined, B));
    const bad = durable.transact(A, () => {
      put(desk, "t1", { v: 2 }, "k2");
      desk.push.putReceipt({ ticket: "x", token: "t", sentAtMs: T0, attempts: 0 });
      throw new Error("of the engine");
    });
    const after = durable.transact(A, () => put(desk, "t3", { v: 3 }));
    await expect(beside).rejects.toThrow(StoreUnavailable);
    await expect(bad).rejects.toThrow("of the engine");
    await after; // It came after the turn was lost, and began another.
    expect(desk.current(A, "task", "t1")?.revision).toBe(first);
    expect(desk.standing(B).head).toBe(GENESIS);
    expect(desk.remembered(A, "k1", T0)).toBeDefined();
    expect(desk.remembered(A, "k2", T0)).toBeUndefined();
    expect([...desk.push.allReceipts()]).toEqual([]);
    expect(versionsIn(file)).toBe(2);
    expect(desk.logAfter(A, GENESIS, 9)).toEqual(durable.watch.logAfter(A, GENESIS, 9));
  });

  test("a commit that fails: nobody is answered, nothing is stored, and the store goes on", async () => {
    const file = newFile();
    await openStore(file).close();
    // What is deferred is judged by COMMIT itself, which leaves the transaction open when it fails.
    besides(file, (db) =>
      db.exec(`
        CREATE TABLE trap (x INTEGER REFERENCES accounts (number) DEFERRABLE INITIALLY DEFERRED);
        CREATE TRIGGER spring AFTER INSERT ON versions WHEN NEW.id = 'trap' BEGIN INSERT INTO trap VALUES (-1); END;
      `),
    );
    const durable = openStore(file);
    const { desk } = durable;
    const first = await durable.transact(A, () => put(desk, "t1", { v: 1 }));
    const turn = [
      durable.transact(A, () => put(desk, "t1", { v: 2 })),
      durable.transact(A, () => put(desk, "trap", { v: 1 })),
    ];
    for (const outcome of await Promise.allSettled(turn)) {
      expect(outcome.status === "rejected" && outcome.reason).toBeInstanceOf(StoreUnavailable);
    }
    expect(durable.trouble()).toMatch(/^the store fails \(SQLITE_CONSTRAINT/);
    expect(desk.standing(A).head).toBe(first);
    expect(desk.current(A, "task", "t1")?.record).toMatchObject({ v: 1 });
    await durable.transact(A, () => put(desk, "t1", { v: 3 }));
    expect(durable.trouble()).toBeUndefined();
    expect(versionsIn(file)).toBe(2);
  });

  test("a statement that ends the whole transaction by itself leaves nothing of it", async () => {
    const file = newFile();
    await openStore(file).close();
    besides(file, (db) =>
      db.exec(
        "CREATE TRIGGER spring BEFORE INSERT ON versions WHEN NEW.id = 'trap' BEGIN SELECT RAISE(ROLLBACK, 'no'); END",
      ),
    );
    const durable = openStore(file);
    const { desk } = durable;
    const beside = durable.transact(A, () => put(desk, "t1", { v: 1 }));
    const trap = durable.transact(A, () => put(desk, "trap", { v: 1 }));
    await expect(beside).rejects.toThrow(StoreUnavailable);
    await expect(trap).rejects.toThrow(StoreUnavailable);
    expect(versionsIn(file)).toBe(0);
    await durable.transact(A, () => put(desk, "t1", { v: 2 }));
    expect(versionsIn(file)).toBe(1);
  });

  test("another program that holds the file locked is waited for a moment, then told of", async () => {
    const file = newFile();
    const durable = openStore(file);
    const { desk } = durable;
    await durable.transact(A, () => put(desk, "t1", { v: 1 }));
    const write = () => durable.transact(A, () => put(desk, "t1", { v: 2 }));
    const refused = besides(file, (db) => {
      db.exec("BEGIN IMMEDIATE");
      return write();
    });
    await expect(refused).rejects.toThrow(/another program holds the store's file locked/);
    expect(durable.trouble()).toMatch(/another program/);
    await write();
    expect(durable.trouble()).toBeUndefined();
  });
});

describe("a full disk", () => {
  const big = { text: "x".repeat(100_000) };

  test("[API-7] [SYS-2] writes are refused, reads go on, nothing answered is lost, and with room it goes on", async () => {
    const file = newFile();
    const durable = openStore(file, { pagesMax: 200 });
    const { desk } = durable;
    const stored: string[] = [];
    let refused: unknown;
    for (let n = 0; n < 100 && refused === undefined; n++) {
      // Towards the end one of two may still find room by itself: that is tried too.
      const ids = n < 5 ? [`a${n}`, `b${n}`] : [`a${n}`];
      const turn = ids.map((id) => durable.transact(A, () => put(desk, id, big, id)).then(() => id));
      for (const outcome of await Promise.allSettled(turn)) {
        if (outcome.status === "fulfilled") stored.push(outcome.value);
        else refused ??= outcome.reason;
      }
    }
    expect(refused).toBeInstanceOf(StoreUnavailable);
    expect((refused as StoreUnavailable).retryAfterMs).toBeGreaterThan(0);
    expect(durable.trouble()).toBe("the disk is full (SQLITE_FULL)");
    expect(stored.length).toBeGreaterThan(4);
    const ids = () => desk.living(A, "task", undefined, 999).map(({ id }) => id);
    const read = await durable.transact(A, ids);
    expect(read).toEqual(stored.toSorted());
    expect(durable.watch.countAfter(A, GENESIS)).toBe(stored.length);
    for (const id of stored) expect(desk.remembered(A, id, T0)?.recordId).toBe(id);
    await expect(durable.transact(A, () => put(desk, "c", big))).rejects.toThrow(StoreUnavailable);
    durable.limitPages(1_000);
    await durable.transact(A, () => put(desk, "c", big));
    expect(durable.trouble()).toBeUndefined();
    await durable.close();
    expect(openStore(file).desk.living(A, "task", undefined, 999).length).toBe(stored.length + 1);
  });

  test("when there is room again the store says so by itself, though nobody writes", async () => {
    const file = newFile();
    const durable = openStore(file, { pagesMax: 100 });
    const fill = async () => {
      for (let n = 0; n < 50; n++) await durable.transact(A, () => put(durable.desk, "t1", big));
    };
    await expect(fill()).rejects.toThrow(StoreUnavailable);
    await sleep(1_200); // One look at it, which finds it full.
    expect(durable.trouble()).toBe("the disk is full (SQLITE_FULL)");
    durable.limitPages(1_000);
    await expect.poll(() => durable.trouble()).toBeUndefined();
    const left = () => besides(file, (db) => db.prepare("SELECT count(*) FROM probe").pluck().get());
    await expect.poll(left).toBe(0);
  });

  test("what pruning drops makes room", async () => {
    const durable = openStore(newFile(), { pagesMax: 200 });
    const { desk } = durable;
    const fill = async () => {
      for (let n = 0; n < 200; n++) await durable.transact(A, () => put(desk, "t1", big));
    };
    await expect(fill()).rejects.toThrow(StoreUnavailable);
    await durable.upkeep(() => desk.prune(A, 1, T0 + 10));
    await durable.upkeep(() => desk.prune(A, 1, T0 + 10 + CURSOR_LIFE_MS));
    await durable.transact(A, () => put(desk, "t1", big));
    expect(durable.trouble()).toBeUndefined();
  });
});

describe("the file opened again", () => {
  test("[REV-7] [IDM-6] shows everything: versions, stamps, keys, standing, pushes, receipts", async () => {
    const file = newFile();
    const old = openStore(file);
    const { desk } = old;
    const deviceId = "d1" as DeviceId;
    const token = "\ud800 ExponentPushToken[\u0000ü]";
    const fields = JSON.parse('{"v":1,"__proto__":{"a":1},"text":"\\ud800 ü 😀"}') as object;
    const stamp = { timeMs: T0 + 5, deviceId: "d", key: "k" };
    await old.transact(A, () => {
      put(desk, "__proto__", fields, "__proto__");
      put(desk, "t2", { v: 1 });
      const plan = planOf(desk, "t2", {});
      const stamped = { ...plan.version, stamps: new Map([["v", stamp]]), backendVersion: 1.5 };
      desk.commit(A, { ...plan, version: stamped }, T0);
      const raise = { ...planOf(desk, "t2", {}), version: undefined, raise: new Map([["w", stamp]]) };
      desk.commit(A, raise, T0);
      const pastLives = [{ bornAt: GENESIS, diedAt: "rev_1" as Revision }];
      const lived = planOf(desk, "t3", {});
      desk.commit(A, { ...lived, version: { ...lived.version, pastLives } }, T0);
      const deletion = {
        ...keyOf("gone", "t3", undefined),
        operation: "delete" as const,
        payload: undefined,
      };
      desk.commit(A, { ...planOf(desk, "t3", {}), version: undefined, remember: deletion }, T0);
      desk.push.register({
        account: A,
        deviceId,
        token,
        platform: "ios",
        topics: ["task"],
        registeredAtMs: T0,
      });
      desk.push.putPending({ account: A, deviceId, entity: "task", revision: GENESIS, attempts: 2 });
      desk.push.putReceipt({ ticket: "\ud800", token, sentAtMs: T0, attempts: 1 });
    });
    await old.upkeep(() => desk.prune(A, 1, T0 + 10));
    const shown = (store: typeof desk) => ({
      standing: store.standing(A),
      log: store.logAfter(A, GENESIS, 99),
      count: store.countAfter(A, GENESIS),
      raised: [...stampsOf(store.current(A, "task", "t2") ?? expect.fail("t2 is gone"))],
      keys: ["__proto__", "gone", "none"].map((key) => store.remembered(A, key, T0)),
      own: Object.getOwnPropertyDescriptor(store.current(A, "task", "__proto__")?.record, "__proto__")?.value,
      registrations: [...store.push.registrations(A)],
      pending: [...store.push.allPending()],
      receipts: [...store.push.allReceipts()],
    });
    const before = shown(desk);
    expect(before.log.length).toBe(4);
    expect(before.own).toEqual({ a: 1 });
    expect(before.registrations[0]?.token).toBe(token);
    expect(before.keys[1]).toMatchObject({ recordId: "t3", payload: undefined });
    expect(before.standing.floor).toBe(before.standing.head);
    await old.close();
    const again = openStore(file);
    expect(shown(again.desk)).toEqual(before);
    expect(shown(again.watch)).toEqual(before);
    // The floor that was on its way to be the bottom goes on sinking.
    await again.upkeep(() => again.desk.prune(A, 1, T0 + 10 + CURSOR_LIFE_MS));
    expect(again.desk.standing(A).bottom).toBe(before.standing.floor);
  });

  test("[REV-6] a head that was a pruned tombstone is still the head", async () => {
    const file = newFile();
    const old = openStore(file);
    const gone = await old.transact(A, () => {
      put(old.desk, "t0", {});
      put(old.desk, "t1", {});
      const plan = planOf(old.desk, "t1", {});
      old.desk.commit(A, { ...plan, version: { ...plan.version, action: "deleted", record: null } }, T0);
      return plan.version.revision;
    });
    await old.upkeep(() => old.desk.prune(A, 1, T0 + 10));
    await old.upkeep(() => old.desk.prune(A, 1, T0 + 10 + CURSOR_LIFE_MS));
    await old.close();
    expect(versionsIn(file)).toBe(1);
    expect(besides(file, (db) => db.prepare("SELECT id FROM records").pluck().all())).toEqual(["t0"]);
    const again = openStore(file);
    expect(again.desk.standing(A)).toMatchObject({ head: gone, floor: gone, bottom: gone });
    const next = await again.transact(A, () => put(again.desk, "t1", {}));
    expect(next > gone).toBe(true);
    expect(again.watch.logAfter(A, gone, 9).map(({ revision }) => revision)).toEqual([next]);
    expect(again.watch.countAfter(A, gone)).toBe(1);
  });

  test("closing stores what is still on its way, answers it, and takes nothing more", async () => {
    const file = newFile();
    const durable = openStore(file);
    const write = durable.transact(A, () => put(durable.desk, "t1", { v: 1 }));
    await durable.close();
    await write;
    await expect(durable.transact(A, () => 1)).rejects.toThrow(StoreUnavailable);
    await durable.close();
    await turnOfLoop();
    expect(openStore(file).desk.current(A, "task", "t1")).toBeDefined();
  });
});

describe("pruning in steps", () => {
  test("a step drops a bounded number of rows; the rest goes by itself, between calls", async () => {
    const file = newFile();
    const durable = openStore(file, { pruneRowsMax: 10 });
    const { desk } = durable;
    await durable.transact(A, () => {
      for (let n = 0; n < 100; n++) put(desk, "t1", { v: n }, `k${n}`);
    });
    const late = T0 + CURSOR_LIFE_MS + 1_000_000;
    await durable.upkeep(() => desk.prune(A, 1, late - CURSOR_LIFE_MS));
    expect(await durable.upkeep(() => desk.prune(A, 1, late))).toBe(true);
    const left = versionsIn(file);
    expect(left).toBeLessThan(100);
    expect(left).toBeGreaterThanOrEqual(80);
    await expect.poll(() => versionsIn(file)).toBe(1);
    expect(besides(file, (db) => db.prepare("SELECT count(*) FROM keys").pluck().get())).toBe(0);
    expect(desk.prune(A, 1, late)).toBe(false);
    expect(desk.current(A, "task", "t1")?.record).toMatchObject({ v: 99 });
  });
});
