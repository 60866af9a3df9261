/**
 * Owns the proof that pushes, receipts and tokens survive an instance, and belong to one account, however many
 * instances there are.
 */

import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import type { AccountId } from "../protocol/messages.ts";
import { A, B } from "../proxy/desk.fixture.ts";
import type { ProxyOutput } from "../proxy/port.ts";
import { RedisInstance, until } from "./redis-instance.fixture.ts";
import { RedisKeys } from "./redis-keys.ts";
import { RedisLink } from "./redis-link.ts";
import { RedisScripts } from "./redis-scripts.ts";
import { HAS_REDIS, type RedisServer, startRedis, titled } from "./redis-server.fixture.ts";
import { parcelOf } from "./redis-stage.ts";
import { RedisTokens } from "./redis-tokens.ts";

const NEVER_MS = 3_600_000;
const LATER_MS = 60_000;
const messagesOf = (outputs: readonly ProxyOutput[]) =>
  outputs.flatMap((output) => (output.output === "push_send" ? output.messages : []));

describe.skipIf(!HAS_REDIS)(titled("push over Redis"), () => {
  let server: RedisServer;
  let count = 0;
  const running: RedisInstance[] = [];

  beforeAll(async () => {
    server = await startRedis();
  });

  afterEach(async () => {
    await Promise.all(running.splice(0).map((instance) => instance.close()));
  });

  afterAll(() => server.stop());

  async function start(prefix: string, pollEveryMs = NEVER_MS): Promise<RedisInstance> {
    const instance = await RedisInstance.start({ url: server.url, prefix, pollEveryMs });
    running.push(instance);
    return instance;
  }

  const register = (instance: RedisInstance, token: string, deviceId: string, pushToken: string) => {
    const body = { token: pushToken, platform: "ios", topics: ["contact"] };
    return instance.call({ call: "push_register", body }, { token, deviceId });
  };

  const tokensOf = (instance: RedisInstance, account: AccountId) =>
    instance.durable.transact(account, () =>
      [...instance.durable.desk.push.registrations(account)].map(({ token }) => token),
    );

  const pendingOf = (instance: RedisInstance) =>
    instance.durable.upkeep(() => [...instance.durable.desk.push.allPending()].length);

  test("[PSH-1] what an instance had to send when it died is sent by the next, once the store is read", async () => {
    const prefix = `push${++count}`;
    const one = await start(prefix);
    await register(one, "tok-a", "d1", "ExponentPushToken[1]");
    await one.upkeep();
    await one.create({ id: "c1", name: "Ada" }, { deviceId: "d2" });
    // It is not closed: nothing of it says goodbye.
    const two = await start(prefix);
    const outputs = await two.upkeep();
    expect(messagesOf(outputs).map(({ to }) => to)).toEqual(["ExponentPushToken[1]"]);
    await two.ticket(outputs);
    expect(await pendingOf(two)).toBe(0);
    expect(await pendingOf(await start(prefix))).toBe(0);
  });

  test("[PSH-6] receipts that were to be read are read by the next instance, and a dead token ends wherever it is", async () => {
    const prefix = `push${++count}`;
    const one = await start(prefix);
    await register(one, "tok-a", "d1", "ExponentPushToken[1]");
    await one.upkeep();
    await one.create({ id: "c1", name: "Ada" }, { deviceId: "d2" });
    one.clock.aheadMs = LATER_MS;
    await one.ticket(await one.upkeep());
    const two = await start(prefix);
    const [asked] = (await two.upkeep()).filter(({ output }) => output === "push_receipts");
    expect(asked).toMatchObject({ tickets: [expect.stringMatching(/^t/)] });
    const sentAtMs = Date.now() + LATER_MS;
    await two.durable.upkeep(() => {
      two.durable.desk.push.endToken("ExponentPushToken[1]", sentAtMs);
      for (const { ticket } of two.durable.desk.push.allReceipts()) two.durable.desk.push.dropReceipt(ticket);
    });
    expect(await tokensOf(one, A)).toEqual([]);
    const three = await start(prefix);
    expect(await three.durable.upkeep(() => [...three.durable.desk.push.allReceipts()])).toEqual([]);
  });

  test("pushes of a living instance are left to it, and taken up when it shows no sign of life, or leaves", async () => {
    const prefix = `push${++count}`;
    const heir = await start(prefix, 20);
    const keys = new RedisKeys(prefix);
    const [heirName = ""] = await server.admin.smembers(keys.instances);
    const beats = () => {
      heir.clock.aheadMs += LATER_MS;
    };
    for (const end of ["dies", "leaves"]) {
      const one = await start(prefix);
      await register(one, "tok-a", "d1", "ExponentPushToken[1]");
      await one.create({ id: `c-${end}`, name: "Ada" }, { deviceId: "d2" });
      // Each beat looks for the dead after its sign of life: the second says that the first has looked.
      for (let beat = 0; beat < 2; beat++) {
        await server.admin.del(keys.alive(heirName));
        beats();
        await until("it beats", async () => (await server.admin.exists(keys.alive(heirName))) === 1);
      }
      expect(await pendingOf(heir)).toBe(0);
      const [instance] = (await server.admin.smembers(keys.instances)).slice(-1);
      if (end === "leaves") await one.close();
      else
        for (const other of await server.admin.smembers(keys.instances))
          await server.admin.del(keys.alive(other));
      expect(instance).toBeDefined();
      // A beat that was under way has looked before: the next one sees.
      await until("it is taken up", async () => {
        beats();
        return (await pendingOf(heir)) === 1;
      });
      await heir.durable.upkeep(() => heir.durable.desk.push.dropPending(A, "d1" as never, "contact"));
      await until("nothing is listed", async () => {
        const lists = (await server.admin.keys(`${prefix}:pending:*`)).map((key) => server.admin.scard(key));
        return (await Promise.all(lists)).every((size) => size === 0);
      });
      await one.close();
    }
  });

  test("[PSH-3, SEC-3] a token moves between accounts, whichever instance they are served by", async () => {
    const prefix = `push${++count}`;
    const [one, two] = [await start(prefix), await start(prefix)];
    expect((await register(one, "tok-a", "d1", "ExponentPushToken[1]")).status).toBe(201);
    expect((await register(two, "tok-b", "d9", "ExponentPushToken[1]")).status).toBe(201);
    for (const instance of [one, two]) {
      expect(await tokensOf(instance, A)).toEqual([]);
      expect(await tokensOf(instance, B)).toEqual(["ExponentPushToken[1]"]);
    }
    await register(two, "tok-a", "d1", "ExponentPushToken[1]");
    expect([await tokensOf(one, A), await tokensOf(one, B)]).toEqual([["ExponentPushToken[1]"], []]);
  });

  test("[PSH-3] registered at once by two accounts over two instances, a token ends with one of them", async () => {
    const prefix = `push${++count}`;
    const pair = [await start(prefix), await start(prefix)] as const;
    for (let round = 0; round < 5; round++) {
      const answers = await Promise.all(
        Array.from({ length: 12 }, (_each, index) =>
          register(
            pair[index % 2] as RedisInstance,
            index % 3 ? "tok-a" : "tok-b",
            `d${index}`,
            "ExponentPushToken[1]",
          ),
        ),
      );
      expect(answers.every(({ status }) => status === 201)).toBe(true);
      const held = [...(await tokensOf(pair[0], A)), ...(await tokensOf(pair[1], B))];
      expect(held).toEqual(["ExponentPushToken[1]"]);
    }
  });

  test("[PSH-3] while a token is being registered, nobody else may", async () => {
    const link = new RedisLink({ url: server.url, cluster: false, commandTimeoutMs: 2_000 });
    await link.ready(2_000);
    const keys = new RedisKeys(`push${++count}`);
    const scripts = new RedisScripts(link, keys, "test");
    const tokens = new RedisTokens({ link, keys, scripts, touched: () => {} });
    const parcel = (account: AccountId) =>
      parcelOf({
        step: "register",
        registration: {
          account,
          deviceId: "d1" as never,
          token: "t",
          platform: "ios",
          topics: [],
          registeredAtMs: 0,
        },
      });
    const release = await tokens.claim(A, parcel(A));
    let claimed = false;
    const second = tokens.claim(B, parcel(B)).then((releaseSecond) => {
      claimed = true;
      return releaseSecond();
    });
    const tries = await commandCalls(server.admin, "set");
    await until("it has tried again", async () => (await commandCalls(server.admin, "set")) > tries + 2);
    expect(claimed).toBe(false);
    await release();
    await second;
    expect(await link.call("GET", keys.tokenOwner("t"))).toBe(B);
    expect(await server.admin.exists(keys.tokenLock("t"))).toBe(0);
    link.close();
  });
});

/** How often this Redis has carried a command out. */
async function commandCalls(
  admin: { info(section: string): Promise<string> },
  name: string,
): Promise<number> {
  const stats = await admin.info("commandstats");
  return Number(new RegExp(`cmdstat_${name}:calls=(\\d+)`).exec(stats)?.[1] ?? 0);
}
