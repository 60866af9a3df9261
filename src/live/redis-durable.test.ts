/**
 * Owns the proof that several instances over one Redis are one proxy: what one wrote the others show, and what must
 * happen once happens once.
 */

import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import type { RecordBody } from "../protocol/messages.ts";
import type { Answer } from "../protocol/request.ts";
import { GENESIS, type Revision } from "../protocol/revision.ts";
import { A, B } from "../proxy/desk.fixture.ts";
import { type Clock, SYSTEM_CLOCK } from "./clock.ts";
import type { RedisOptions } from "./redis-durable.ts";
import { RedisInstance, statuses, until } from "./redis-instance.fixture.ts";
import { RedisKeys } from "./redis-keys.ts";
import { RedisLink } from "./redis-link.ts";
import { RedisScripts } from "./redis-scripts.ts";
import { HAS_REDIS, type RedisServer, startRedis, titled } from "./redis-server.fixture.ts";
import { parcelOf } from "./redis-stage.ts";

const revisionOf = (answer: Answer): Revision => (answer.body as RecordBody).meta.revisionId;
const NEVER_MS = 3_600_000;

describe.skipIf(!HAS_REDIS)(titled("instances over one Redis"), () => {
  let server: RedisServer;
  let count = 0;
  let prefix = "";
  const running: RedisInstance[] = [];

  beforeAll(async () => {
    server = await startRedis();
  });

  afterEach(async () => {
    await Promise.all(running.splice(0).map((instance) => instance.close()));
  });

  afterAll(() => server.stop());

  async function instances(many: number, options: Partial<RedisOptions> = {}): Promise<RedisInstance[]> {
    prefix = `test${++count}`;
    return Promise.all(Array.from({ length: many }, () => another(options)));
  }

  async function another(options: Partial<RedisOptions> = {}): Promise<RedisInstance> {
    const instance = await RedisInstance.start({
      url: server.url,
      prefix,
      pollEveryMs: NEVER_MS,
      ...options,
    });
    running.push(instance);
    return instance;
  }

  test("[EVT-1] a change through one instance reaches the sockets of the other, by a wake", async () => {
    const [one, two] = (await instances(2)) as [RedisInstance, RedisInstance];
    const socket = await two.socket();
    const made = await one.create({ id: "c1", name: "Ada" });
    await until("the event arrives", () => two.events(socket).length > 0);
    expect(two.events(socket)).toEqual([revisionOf(made)]);
    expect(two.foreign).toContain(A);
    expect(two.durable.watch.current(A, "contact", "c1")?.record).toMatchObject({ name: "Ada" });
    expect(one.foreign).not.toContain(B);
  });

  test("an instance that is closed while it looks after its store ends", async () => {
    const rounds: (() => void)[] = [];
    const clock: Clock = {
      nowMs: () => SYSTEM_CLOCK.nowMs() + NEVER_MS * rounds.length,
      after: (_delayMs, run) => {
        rounds.push(run);
        return () => {};
      },
    };
    const [one] = (await instances(1, { clock })) as [RedisInstance];
    rounds.at(-1)?.();
    const ended = await Promise.race([one.close().then(() => "closed"), sleep(5_000, "still open")]);
    running.length = 0;
    expect(ended).toBe("closed");
    expect(rounds).toHaveLength(1);
  });

  test("[REV-9] what one instance answered, the other reads at once", async () => {
    const [one, two] = (await instances(2)) as [RedisInstance, RedisInstance];
    await one.create({ id: "c1", name: "0" });
    for (let round = 1; round <= 20; round++) {
      const [writer, reader] = round % 2 ? [one, two] : [two, one];
      const written = await writer.rename("c1", String(round));
      const read = await reader.read("c1");
      expect(read.body).toMatchObject({ data: { name: String(round) } });
      expect(revisionOf(read)).toBe(revisionOf(written));
    }
  });

  test("[CON-5] of conditional writes at once over two instances exactly one is applied", async () => {
    const pair = await instances(2);
    const [one] = pair as [RedisInstance];
    let base = revisionOf(await one.create({ id: "c1", name: "Ada" }));
    for (let round = 0; round < 5; round++) {
      const answers = await Promise.all(
        Array.from({ length: 20 }, (_each, index) =>
          (pair[index % 2] as RedisInstance).rename("c1", `${round}/${index}`, { ifMatch: base }),
        ),
      );
      expect(statuses(answers)).toEqual([200, ...Array<number>(19).fill(409)]);
      base = revisionOf(answers.find(({ status }) => status === 200) as Answer);
    }
    expect(one.durable.watch.countAfter(A, GENESIS)).toBe(6);
  });

  test("[IDM-2] one key at once over two instances has one effect, and every answer is the same", async () => {
    const pair = await instances(2);
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_each, index) =>
        (pair[index % 2] as RedisInstance).create({ id: "c1", name: "Ada" }, { idempotencyKey: "k1" }),
      ),
    );
    expect(statuses(answers)).toEqual(Array<number>(20).fill(201));
    expect(new Set(answers.map(revisionOf)).size).toBe(1);
    await (pair[0] as RedisInstance).read("c1");
    expect((pair[0] as RedisInstance).durable.watch.countAfter(A, GENESIS)).toBe(1);
  });

  test("[IDM-2] unkeyed writes that raced are each applied once", async () => {
    const pair = (await instances(2)) as [RedisInstance, RedisInstance];
    const answers = await Promise.all(
      Array.from({ length: 60 }, (_each, index) =>
        (pair[index % 2] as RedisInstance).create({ id: `c${index}`, name: "Ada" }),
      ),
    );
    expect(statuses(answers)).toEqual(Array<number>(60).fill(201));
    await pair[0].read("c1");
    expect(pair[0].durable.watch.countAfter(A, GENESIS)).toBe(60);
    // What an engine reports of a run that was overtaken must not be reported.
    const commits = pair.flatMap(({ outputs }) => outputs.filter(({ output }) => output === "committed"));
    expect(commits).toHaveLength(60);
  });

  test("[EVT-6] sockets on both instances get every change once, in order, also while both write", async () => {
    const [one, two] = (await instances(2)) as [RedisInstance, RedisInstance];
    const sockets: (readonly [RedisInstance, number])[] = [];
    const writes: Promise<Answer>[] = [];
    for (let round = 0; round < 30; round++) {
      writes.push(one.create({ id: `a${round}`, name: "x" }), two.create({ id: `b${round}`, name: "x" }));
      if (round % 5 === 0) {
        await writes[0];
        const from = round % 10 === 0 ? one : two;
        sockets.push([from, await from.socket(GENESIS)]);
      }
    }
    const revisions = (await Promise.all(writes))
      .map(revisionOf)
      .sort((left, right) => (left < right ? -1 : 1));
    for (const [instance, socket] of sockets) {
      await until("all events arrive", () => instance.events(socket).length >= 60);
      expect(instance.events(socket)).toEqual(revisions);
    }
    for (const { durable } of [one, two]) {
      expect(durable.watch.logAfter(A, GENESIS, 99).map(({ revision }) => revision)).toEqual(revisions);
    }
  });

  test("works are judged apart: one that throws leaves nothing, and harms no other", async () => {
    const [one] = (await instances(1)) as [RedisInstance];
    const { durable } = one;
    const outcomes = await Promise.allSettled([
      one.create({ id: "c1", name: "Ada" }),
      durable.transact(A, () => {
        durable.desk.push.putPending({
          account: A,
          deviceId: "d1" as never,
          entity: "task",
          revision: GENESIS,
          attempts: 0,
        });
        throw new RangeError("planted");
      }),
      one.create({ id: "c2", name: "Bob" }),
    ]);
    expect(outcomes.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
    expect(outcomes[1]).toMatchObject({ reason: { name: "RangeError" } });
    expect(await durable.transact(A, () => [...durable.desk.push.allPending()])).toEqual([]);
    expect(durable.watch.countAfter(A, GENESIS)).toBe(2);
  });

  test("the watch shows nothing before it is stored", async () => {
    const [one] = (await instances(1)) as [RedisInstance];
    await one.durable.open(A);
    const writing = one.create({ id: "c1", name: "Ada" });
    await Promise.resolve();
    await Promise.resolve();
    expect(one.durable.watch.standing(A).head).toBe(GENESIS);
    expect(one.durable.watch.living(A, "contact", undefined, 9)).toEqual([]);
    await writing;
    expect(one.durable.watch.countAfter(A, GENESIS)).toBe(1);
  });

  test("[EVT-6] an instance that lost its pub/sub connection catches up from the log", async () => {
    const [one, two] = (await instances(2)) as [RedisInstance, RedisInstance];
    const socket = await two.socket();
    const revisions: Revision[] = [];
    for (let round = 0; round < 10; round++) {
      await server.admin.call("CLIENT", "KILL", "TYPE", "pubsub");
      for (let more = 0; more < 3; more++) {
        revisions.push(revisionOf(await one.create({ id: `c${round}-${more}`, name: "x" })));
      }
      await until("it catches up", () => two.events(socket).length >= revisions.length);
      expect(two.events(socket)).toEqual(revisions);
    }
  });

  test("[EVT-1] a wake that is lost delays an event by no more than a poll", async () => {
    const [two] = (await instances(1, { pollEveryMs: 50 })) as [RedisInstance];
    await two.durable.open(A);
    class DeafKeys extends RedisKeys {
      override get wakes(): string {
        return "nobody listens here";
      }
    }
    const link = new RedisLink({ url: server.url, cluster: false, commandTimeoutMs: 2_000 });
    await link.ready(2_000);
    const before = two.foreign.length;
    const step = { step: "end_token", token: "t", sentAtMs: 0 } as const;
    await new RedisScripts(link, new DeafKeys(prefix), "deaf").append(A, "", parcelOf(step), true);
    await until("the poll finds it", () => two.foreign.length > before, 1_000);
    link.close();
  });

  test("scripts that the server forgot are told it again", async () => {
    const [one] = (await instances(1)) as [RedisInstance];
    await one.create({ id: "c1", name: "Ada" });
    await server.admin.call("SCRIPT", "FLUSH");
    expect((await one.rename("c1", "Bob")).status).toBe(200);
    expect(one.durable.watch.countAfter(A, GENESIS)).toBe(2);
  });

  test("[DLT-13] what one instance pruned is pruned on the other, and nothing is written when nothing changes", async () => {
    const [one, two] = (await instances(2)) as [RedisInstance, RedisInstance];
    await one.create({ id: "c1", name: "Ada" }, { idempotencyKey: "k1" });
    const made = await one.rename("c1", "Bob");
    await two.durable.open(A);
    const length = () => server.admin.xlen(new RedisKeys(prefix).log(A));
    const prune = (instance: RedisInstance, nowMs: number) =>
      instance.durable.upkeep(() => instance.durable.desk.prune(A, 1_000, nowMs));
    const before = await length();
    expect(await prune(two, Date.now() - 60_000)).toBe(true);
    expect(await length()).toBe(before);
    expect(await prune(two, Date.now() + 60_000)).toBe(true);
    expect(await length()).toBe(before + 1);
    await one.read("c1");
    for (const { durable } of [one, two]) expect(durable.watch.standing(A).floor).toBe(revisionOf(made));
    expect(await prune(one, Date.now() + 30 * 86_400_000)).toBe(false);
    await two.read("c1");
    for (const { durable } of [one, two]) {
      expect(durable.watch.standing(A).bottom).toBe(revisionOf(made));
      expect(durable.watch.countAfter(A, GENESIS)).toBe(1);
    }
  });

  test("[EVT-6] replicas that are let go of come back whole, and a watched one is not let go of", async () => {
    const [one, two] = (await instances(2, { replicasMax: 2 })) as [RedisInstance, RedisInstance];
    const socket = await two.socket();
    await one.create({ id: "c1", name: "Ada" });
    const others = Array.from({ length: 200 }, (_each, index) => `other-${index}` as never);
    for (const account of others) await two.durable.transact(account, () => {});
    await one.rename("c1", "Bob");
    await until("the event arrives", () => two.events(socket).length === 2);
    for (const account of others) await one.durable.transact(account, () => {});
    expect((await one.read("c1")).body).toMatchObject({ data: { name: "Bob" } });
    const replicas = (two.durable as unknown as { replicas: ReadonlyMap<string, unknown> }).replicas;
    expect(replicas.size).toBeLessThanOrEqual(4);
  });
});
