/**
 * Owns the proof that Redis may go and come back: who asks meanwhile is told to come again, nothing that was
 * acknowledged is lost, and nobody must restart anything.
 */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, onTestFinished, test } from "vitest";
import { GENESIS } from "../protocol/revision.ts";
import { A } from "../proxy/desk.fixture.ts";
import { StoreUnavailable } from "./durable.ts";
import { createRedisDurable } from "./redis-durable.ts";
import { RedisInstance, statuses, until } from "./redis-instance.fixture.ts";
import { HAS_REDIS, type RedisServer, startRedis, titled } from "./redis-server.fixture.ts";

async function server(folder?: string): Promise<RedisServer> {
  const started = await startRedis(folder);
  onTestFinished(() => started.stop());
  return started;
}

async function instance(url: string, commandTimeoutMs = 2_000): Promise<RedisInstance> {
  const started = await RedisInstance.start({ url, commandTimeoutMs, pollEveryMs: 100 });
  onTestFinished(() => started.close());
  return started;
}

describe.skipIf(!HAS_REDIS)(titled("Redis goes away"), () => {
  test("[SYS-2, API-7] killed and started again: 503 in between, nothing acknowledged is lost, no restart", async () => {
    const folder = mkdtempSync(join(tmpdir(), "zeke-redis-"));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    const redis = await server(folder);
    const pair = [await instance(redis.url), await instance(redis.url)] as const;
    const socket = await pair[1].socket();
    const acknowledged = new Set<string>();
    let refused = 0;
    for (let round = 0; round < 3; round++) {
      let up = true;
      const writers = pair.map(async (each, writer) => {
        for (let write = 0; up; write++) {
          const id = `c${round}-${writer}-${write}`;
          try {
            await each.create({ id, name: "x" }, { idempotencyKey: id });
            acknowledged.add(id);
          } catch (error) {
            expect(error).toBeInstanceOf(StoreUnavailable);
            refused++;
            // A refusal is at once; without a pause nothing else would ever run.
            await sleep(1);
          }
        }
      });
      await until("some writes are through", () => acknowledged.size > (round + 1) * 50);
      await redis.kill();
      await until("the instances say so", () => pair.every(({ durable }) => durable.trouble() !== undefined));
      up = false;
      await Promise.all(writers);
      const startedMs = Date.now();
      await expect(pair[0].read("c0-0-0")).rejects.toBeInstanceOf(StoreUnavailable);
      await expect(pair[0].durable.open(A)).rejects.toBeInstanceOf(StoreUnavailable);
      expect(Date.now() - startedMs).toBeLessThan(1_000);
      expect(pair[0].durable.trouble()).toBe("redis is not reachable");
      await redis.start();
      await until("the instances are ready", () =>
        pair.every(({ durable }) => durable.trouble() === undefined),
      );
    }
    expect(refused).toBeGreaterThan(0);
    for (const each of pair) {
      await each.read("c0-0-0");
      for (const id of acknowledged) expect(each.durable.watch.current(A, "contact", id), id).toBeDefined();
    }
    const all = pair[0].durable.watch.logAfter(A, GENESIS, 1_000_000).map(({ revision }) => revision);
    await until("the socket has caught up", () => pair[1].events(socket).length >= all.length);
    expect(pair[1].events(socket)).toEqual(all);
  });

  test("[IDM-2] a write whose answer did not come in time is 503, and its retry has no second effect", async () => {
    const redis = await server();
    const one = await instance(redis.url, 150);
    await one.create({ id: "c0", name: "Ada" });
    await redis.admin.call("CLIENT", "PAUSE", 600, "ALL");
    const key = { idempotencyKey: "k1" };
    await expect(one.create({ id: "c1", name: "Bob" }, key)).rejects.toBeInstanceOf(StoreUnavailable);
    expect(one.durable.trouble()).toBe("redis does not answer");
    await until("it answers again", () => one.durable.trouble() === undefined);
    const retried = await Promise.all([
      one.create({ id: "c1", name: "Bob" }, key),
      one.create({ id: "c1", name: "Bob" }, key),
    ]);
    expect(statuses(retried)).toEqual([201, 201]);
    expect(one.durable.watch.countAfter(A, GENESIS)).toBe(2);
  });

  test("[API-7] a Redis that is full refuses, and works again when there is room", async () => {
    const redis = await server();
    const one = await instance(redis.url);
    await one.create({ id: "c1", name: "Ada" });
    await redis.admin.config("SET", "maxmemory", "1");
    await expect(one.rename("c1", "Bob")).rejects.toThrow("redis refused: OOM");
    expect(one.durable.watch.countAfter(A, GENESIS)).toBe(1);
    await redis.admin.config("SET", "maxmemory", "0");
    expect((await one.rename("c1", "Bob")).status).toBe(200);
  });

  test("a Redis that forgot everything is believed, not overruled", async () => {
    const redis = await server();
    const one = await instance(redis.url);
    await one.create({ id: "c1", name: "Ada" });
    await redis.admin.flushall();
    expect((await one.read("c1")).status).toBe(404);
    expect((await one.create({ id: "c1", name: "Bob" })).status).toBe(201);
    expect(one.durable.watch.countAfter(A, GENESIS)).toBe(1);
  });

  test("[SEC-4] at the start a Redis that is not there, or wants another password, is told of without secrets", async () => {
    const redis = await server();
    await redis.admin.config("SET", "requirepass", "s3cret");
    for (const url of [redis.url.replace("//", "//:s3cre7@"), "redis://:s3cre7@127.0.0.1:1"]) {
      const error = await createRedisDurable({ url, connectTimeoutMs: 300 }).catch(
        (reason: unknown) => reason,
      );
      expect(error).toBeInstanceOf(StoreUnavailable);
      expect(`${String(error)} ${JSON.stringify(error)} ${String((error as Error).cause)}`).not.toMatch(
        /s3cre|127/,
      );
    }
    const one = await instance(redis.url.replace("//", "//:s3cret@"));
    expect((await one.create({ id: "c1", name: "Ada" })).status).toBe(201);
  });

  test("after close every call is refused, and what was under way is stored", async () => {
    const redis = await server();
    const one = await instance(redis.url);
    const writes = Array.from({ length: 50 }, (_each, index) => one.create({ id: `c${index}`, name: "x" }));
    const settled = Promise.all(writes);
    await one.close();
    expect(statuses(await settled)).toEqual(Array<number>(50).fill(201));
    await expect(one.read("c1")).rejects.toBeInstanceOf(StoreUnavailable);
    const two = await instance(redis.url);
    await two.durable.open(A);
    expect(two.durable.watch.countAfter(A, GENESIS)).toBe(50);
  });
});
