/**
 * Owns the proof that the store runs on a Redis Cluster: every script and command keeps to one slot, and accounts are
 * spread over the slots.
 */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { AccountId } from "../protocol/messages.ts";
import { A, B } from "../proxy/desk.fixture.ts";
import { createRedisDurable } from "./redis-durable.ts";
import { RedisInstance, until } from "./redis-instance.fixture.ts";
import { RedisKeys } from "./redis-keys.ts";
import { HAS_REDIS, type RedisServer, startRedis, titled } from "./redis-server.fixture.ts";

const NAMES = ["a", "", "}", "{", "{}", "a}b{c", "ä", "a b", "%", "%7b;", "{a}", "__proto__", "\ud800"];

describe.skipIf(!HAS_REDIS)(titled("a Redis Cluster"), () => {
  let server: RedisServer;
  let folder: string;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "zeke-redis-"));
    const nodes = join(folder, "nodes.conf");
    server = await startRedis(undefined, [
      "--cluster-enabled",
      "yes",
      "--cluster-config-file",
      nodes,
      "--cluster-announce-ip",
      "127.0.0.1",
    ]);
    await server.admin.call("CLUSTER", "ADDSLOTSRANGE", 0, 16383);
    await until("the cluster is up", async () =>
      String(await server.admin.call("CLUSTER", "INFO")).includes("cluster_state:ok"),
    );
  });

  afterAll(async () => {
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  test("[SEC-3] all keys of an account share a slot, whatever it is called; accounts share no key, and spread", async () => {
    const keys = new RedisKeys("zeke");
    const all = new Set<string>();
    const slots = new Set<unknown>();
    for (const account of NAMES as AccountId[]) {
      const own = [
        keys.log(account),
        keys.base(account),
        keys.snapshot(account, "x"),
        keys.snapshotLock(account),
      ];
      for (const key of own) all.add(key);
      const ownSlots = await Promise.all(own.map((key) => server.admin.call("CLUSTER", "KEYSLOT", key)));
      expect(new Set(ownSlots).size).toBe(1);
      slots.add(ownSlots[0]);
    }
    expect(all.size).toBe(4 * NAMES.length);
    expect(slots.size).toBeGreaterThan(NAMES.length / 2);
    await expect(createRedisDurable({ url: server.url, prefix: "a{b}" })).rejects.toThrow(/prefix/);
  });

  test("writes, wakes, snapshots, tokens and receipts stay within their slots", async () => {
    const options = { url: server.url, cluster: true, isSnapshotDue: () => true };
    const one = await RedisInstance.start(options);
    const two = await RedisInstance.start(options);
    try {
      const socket = await two.socket();
      const registration = { token: "ExponentPushToken[1]", platform: "ios", topics: ["contact"] } as const;
      for (const [token, deviceId] of [
        ["tok-b", "d1"],
        ["tok-a", "d2"],
      ] as const) {
        const answer = await one.call({ call: "push_register", body: registration }, { token, deviceId });
        expect(answer.status).toBe(201);
      }
      await one.create({ id: "c1", name: "Ada" });
      await until("the event arrives", () => two.events(socket).length === 1);
      one.clock.aheadMs = 60_000;
      await one.ticket(await one.upkeep());
      const { durable } = one;
      const held = (account: AccountId) =>
        durable.transact(account, () => [...durable.desk.push.registrations(account)].length);
      expect([await held(A), await held(B)]).toEqual([1, 0]);
      expect(await durable.upkeep(() => [...durable.desk.push.allReceipts()])).toHaveLength(1);
      const base = new RedisKeys("zeke").base(A);
      await until("a snapshot is taken", async () => (await server.admin.exists(base)) === 1);
    } finally {
      await Promise.all([one.close(), two.close()]);
    }
  });
});
