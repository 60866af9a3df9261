/**
 * Owns the proof that snapshots keep what they replace: for who follows, who starts cold, and who was left behind.
 */

import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { GENESIS } from "../protocol/revision.ts";
import { A } from "../proxy/desk.fixture.ts";
import { captureOf, textsOf } from "./redis-dump.ts";
import type { RedisOptions } from "./redis-durable.ts";
import type { AccountFold } from "./redis-fold.ts";
import { RedisInstance, until } from "./redis-instance.fixture.ts";
import { RedisKeys } from "./redis-keys.ts";
import { RedisLink } from "./redis-link.ts";
import { RedisScripts } from "./redis-scripts.ts";
import { HAS_REDIS, type RedisServer, startRedis, titled } from "./redis-server.fixture.ts";
import { isSnapshotDue } from "./redis-snapshot.ts";
import { EMPTY_PARCEL, parcelOf } from "./redis-stage.ts";

/** What a test must see of a store that nobody else may. */
interface Inside {
  readonly ears: RedisLink;
  readonly replicas: ReadonlyMap<string, { readonly fold: AccountFold }>;
}

const insideOf = (instance: RedisInstance) => instance.durable as unknown as Inside;
const dumpOf = (instance: RedisInstance) => {
  const fold = insideOf(instance).replicas.get(A)?.fold;
  return fold && [...textsOf(captureOf(fold))];
};

describe.skipIf(!HAS_REDIS)(titled("snapshots in Redis"), () => {
  let server: RedisServer;
  let count = 0;
  let keys = new RedisKeys("none");
  const running: RedisInstance[] = [];

  beforeAll(async () => {
    server = await startRedis();
  });

  afterEach(async () => {
    await Promise.all(running.splice(0).map((instance) => instance.close()));
  });

  afterAll(() => server.stop());

  async function start(prefix: string, options: Partial<RedisOptions> = {}): Promise<RedisInstance> {
    const often = { isSnapshotDue: (steps: number) => steps >= 20, pollEveryMs: 3_600_000 };
    const instance = await RedisInstance.start({ url: server.url, prefix, ...often, ...options });
    running.push(instance);
    keys = new RedisKeys(prefix);
    return instance;
  }

  async function write(
    instances: readonly RedisInstance[],
    writes: number,
    idempotencyKey: string,
  ): Promise<void> {
    for (let index = 0; index < writes; index++) {
      const instance = instances[index % instances.length] as RedisInstance;
      const key = { idempotencyKey: `${idempotencyKey}${index}`, deviceId: "d2" };
      const id = `c${index % 7}`;
      if ((await instance.read(id)).status === 404) await instance.create({ id, name: `n${index}` }, key);
      else if (index % 5 === 0) await instance.call({ call: "delete", entity: "contact", id }, key);
      else await instance.rename(id, `n${index}`, key);
    }
  }

  test("[REV-7] the stream is trimmed up to the snapshot; who starts cold and who follows show the same", async () => {
    const prefix = `snap${++count}`;
    const pair = [await start(prefix), await start(prefix)] as const;
    const body = { token: "ExponentPushToken[1]", platform: "ios", topics: ["contact"] };
    await pair[0].call({ call: "push_register", body }, { deviceId: "d1" });
    await write(pair, 200, "k");
    await Promise.all(pair.map((instance) => instance.read("c1")));
    await until(
      "the last snapshot is taken",
      async () => (await server.admin.exists(keys.snapshotLock(A))) === 0,
    );
    expect(await server.admin.xlen(keys.log(A))).toBeLessThan(100);
    expect(pair[0].durable.watch.countAfter(A, GENESIS)).toBeGreaterThan(100);
    const cold = await start(prefix);
    await cold.durable.open(A);
    expect(dumpOf(cold)).toEqual(dumpOf(pair[0]));
    expect(dumpOf(cold)).toEqual(dumpOf(pair[1]));
    const snapshots = await server.admin.keys(keys.snapshot(A, "*").replace("{", "\\{"));
    const lives = await Promise.all(snapshots.map((key) => server.admin.ttl(key)));
    expect(lives.filter((ttl) => ttl === -1)).toHaveLength(1);
    expect(lives.every((ttl) => ttl <= 300)).toBe(true);
  });

  test("[REV-9] an instance that was left behind the trimmed stream starts from the snapshot", async () => {
    const prefix = `snap${++count}`;
    const one = await start(prefix);
    const late = await start(prefix, { isSnapshotDue: () => false });
    await one.create({ id: "c1", name: "Ada" });
    await late.durable.open(A);
    insideOf(late).ears.close();
    await write([one], 100, "k");
    await until("a snapshot is taken", async () => (await server.admin.exists(keys.base(A))) === 1);
    const revision = late.durable.watch.standing(A).head;
    expect(await server.admin.xlen(keys.log(A))).toBeLessThan(100);
    expect((await late.rename("c1", "Bob")).status).not.toBe(503);
    await one.read("c1");
    expect(late.durable.watch.standing(A).head > revision).toBe(true);
    expect(dumpOf(late)).toEqual(dumpOf(one));
    expect(late.foreign).toContain(A);
  });

  test("[DLT-10] what was pruned is gone from Redis after the next snapshot", async () => {
    const prefix = `snap${++count}`;
    const one = await start(prefix, { isSnapshotDue: () => false });
    await one.create({ id: "c1", name: "Secret" });
    await one.call({ call: "delete", entity: "contact", id: "c1" });
    const { durable } = one;
    for (const laterMs of [86_400_000, 2 * 86_400_000]) {
      await durable.upkeep(() => durable.desk.prune(A, 1_000, Date.now() + laterMs));
    }
    const two = await start(prefix, { isSnapshotDue: () => true });
    await two.create({ id: "c2", name: "Bob" });
    await until("a snapshot is taken", async () => (await server.admin.exists(keys.base(A))) === 1);
    const { name } = await server.admin.hgetall(keys.base(A));
    const texts = [
      ...(await server.admin.lrange(keys.snapshot(A, name ?? ""), 0, -1)),
      ...(await server.admin.xrange(keys.log(A), "-", "+")).flatMap(([, fields]) => fields),
    ].join();
    expect(texts).toContain("Bob");
    expect(texts).not.toContain("Secret");
  });

  test("a snapshot that came too late, or is not whole, replaces nothing", async () => {
    const link = new RedisLink({ url: server.url, cluster: false, commandTimeoutMs: 2_000 });
    await link.ready(2_000);
    const own = new RedisKeys(`snap${++count}`);
    const scripts = new RedisScripts(link, own, "test");
    const ids: string[] = [];
    for (let index = 0; index < 3; index++) {
      const parcel = parcelOf({ step: "end_token", token: "t", sentAtMs: index });
      const told = await scripts.append(A, "", parcel, true);
      ids.push(told.told === "done" ? told.id : "");
    }
    const [early = "", middle = "", late = ""] = ids;
    for (const name of ["one", "two"]) await link.call("RPUSH", own.snapshot(A, name), "h", "{}");
    const rebase = (former: string, name: string, last: string, texts = 2) =>
      scripts.rebase(A, { former, name, last, texts });
    expect(await rebase("", "one", middle, 3)).toBe(false);
    expect(await rebase("", "one", middle)).toBe(true);
    expect(await rebase("", "two", late)).toBe(false);
    expect(await rebase("one", "two", early)).toBe(false);
    expect(await server.admin.xlen(own.log(A))).toBe(2);
    expect(await rebase("one", "two", late)).toBe(true);
    expect(await server.admin.xlen(own.log(A))).toBe(1);
    expect(await scripts.append(A, middle, EMPTY_PARCEL)).toEqual({ told: "lost" });
    link.close();
  });

  test("a snapshot is due when the stream holds more than the account, and never of a short stream", () => {
    expect(isSnapshotDue(2_000, 10)).toBe(false);
    expect(isSnapshotDue(2_001, 10)).toBe(true);
    expect(isSnapshotDue(50_000, 50_000)).toBe(false);
    expect(isSnapshotDue(50_001, 50_000)).toBe(true);
  });
});
