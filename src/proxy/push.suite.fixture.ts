/**
 * Owns the proof of section 8 as far as it is the proxy's: PSH.
 */

import { describe, expect, test } from "vitest";
import { MINUTE_MS, SECOND_MS } from "../base/time.ts";
import { changesOf, configOf, errorOf } from "./desk.fixture.ts";

import { answer, messages, ok, register, TOPICS, told, write } from "./provider.fixture.ts";
import type { DeskMaker } from "./test-desk.fixture.ts";

export function declarePushRules(desks: DeskMaker): void {
  describe("registration", () => {
    test("register 201, topics 200, unregister 200; 404 for topics of nobody", async () => {
      const desk = await desks.create();
      const device = { deviceId: "d1" };
      const set = async (topics: unknown) =>
        await desk.call({ call: "push_topics", body: { topics } }, device);
      expect([(await set(["task"])).status, errorOf(await set(["task"]))]).toEqual([404, "not_found"]);
      const registered = await register(desk, "d1", "t1", ["task", "task", "list"]);
      expect(registered.status).toBe(201);
      expect(registered.body).toMatchObject({ data: { deviceId: "d1", topics: ["task", "list"] } });
      expect((await set(["contact"])).body).toMatchObject({ data: { deviceId: "d1", topics: ["contact"] } });
      const gone = await desk.call({ call: "push_unregister" }, device);
      expect([gone.status, gone.body]).toMatchObject([200, { data: { deviceId: "d1", topics: [] } }]);
      expect((await desk.call({ call: "push_unregister" }, device)).status).toBe(200);
      expect((await set([])).status).toBe(404);
    });

    test("[API-2] bad registrations are 400 and register nobody", async () => {
      const desk = await desks.create();
      const good = { token: "t1", platform: "ios", topics: ["task"] };
      const bad = [
        null,
        [],
        {},
        { ...good, token: "" },
        { ...good, platform: "web" },
        { ...good, topics: ["note"] },
      ];
      for (const body of bad) {
        expect((await desk.call({ call: "push_register", body }, { deviceId: "d1" })).status).toBe(400);
      }
      for (const headers of [{}, { deviceId: "" }, { deviceId: "a b" }]) {
        expect((await desk.call({ call: "push_register", body: good }, headers)).status).toBe(400);
        expect((await desk.call({ call: "push_topics", body: { topics: [] } }, headers)).status).toBe(400);
        expect((await desk.call({ call: "push_unregister" }, headers)).status).toBe(400);
      }
      await write(desk);
      await desk.pass(MINUTE_MS);
      expect(desk.sends).toEqual([]);
    });
  });

  describe("who is told", () => {
    test("[PSH-1, PSH-5] a committed change, within 5 s, as the silent message; by then a delta shows it", async () => {
      const desk = await desks.create();
      await register(desk, "d1", "t1");
      const since = await desk.head();
      const revision = await write(desk, "d2");
      expect(changesOf(await desk.changes({ since })).changes[0]?.revisionId).toBe(revision);
      await desk.pass(5 * SECOND_MS);
      expect(messages(desk)).toEqual([
        {
          to: "t1",
          _contentAvailable: true,
          priority: "normal",
          data: { type: "sync_trigger", entity: "task", revisionId: revision },
        },
      ]);
    });

    test("[PSH-2] not the device that made it, not other topics, not the unregistered, not other accounts", async () => {
      const desk = await desks.create();
      await register(desk, "maker", "t-maker");
      await register(desk, "reader", "t-reader");
      await register(desk, "lists", "t-lists", ["list"]);
      await register(desk, "gone", "t-gone");
      await register(desk, "foreign", "t-foreign", TOPICS, "tok-b");
      await desk.call({ call: "push_unregister" }, { deviceId: "gone" });
      const revision = await write(desk, "maker");
      await desk.pass(5 * SECOND_MS);
      expect(told(desk)).toEqual([`t-reader ${revision}`]);
    });

    test("[PSH-2] a change of no known device goes to all; a refused one to none", async () => {
      const desk = await desks.create();
      await register(desk, "d1", "t1");
      await register(desk, "d2", "t2");
      await desk.create("task", { title: 5 });
      await desk.delete("task", "none");
      await desk.pass(5 * SECOND_MS);
      expect(desk.sends).toEqual([]);
      const revision = await write(desk);
      await desk.pass(5 * SECOND_MS);
      expect(told(desk)).toEqual([`t1 ${revision}`, `t2 ${revision}`]);
    });

    test("[PSH-2] who unregisters, or drops the topic, while a push waits, gets none", async () => {
      const desk = await desks.create();
      await register(desk, "d1", "t1");
      await register(desk, "d2", "t2");
      await write(desk);
      await desk.call({ call: "push_unregister" }, { deviceId: "d1" });
      await desk.call({ call: "push_topics", body: { topics: ["list"] } }, { deviceId: "d2" });
      await desk.pass(MINUTE_MS);
      expect(desk.sends).toEqual([]);
    });

    test("[PSH-3] a token moves with its new owner, and a new token replaces the old", async () => {
      const desk = await desks.create();
      await register(desk, "d1", "t1");
      await register(desk, "d1", "t1", TOPICS, "tok-b");
      await write(desk);
      await desk.pass(5 * SECOND_MS);
      expect(desk.sends).toEqual([]);
      const revision = (await desk.made("task", { title: "x" }, { token: "tok-b" })).revisionId;
      await desk.pass(5 * SECOND_MS);
      expect(told(desk)).toEqual([`t1 ${revision}`]);
      await register(desk, "d5", "t5");
      await register(desk, "d5", "t6");
      const next = await write(desk);
      await desk.pass(5 * SECOND_MS);
      expect(told(desk).slice(1)).toEqual([`t6 ${next}`]);
    });

    test("[PSH-1] entities for which push is off are not told of", async () => {
      const desk = await desks.create({ push: { ...configOf().push, entities: ["list"] } });
      await register(desk, "d1", "t1");
      await write(desk);
      await desk.pass(MINUTE_MS);
      expect(desk.sends).toEqual([]);
    });
  });

  describe("how many", () => {
    test("[PSH-4] changes close together: one push per device and entity, naming the last that was not its own", async () => {
      const desk = await desks.create();
      await register(desk, "d1", "t1");
      await register(desk, "d2", "t2");
      await write(desk, "d3");
      const byFirst = await write(desk, "d1");
      const bySecond = await write(desk, "d2");
      const contact = (await desk.made("contact", { name: "x" }, { deviceId: "d1" })).revisionId;
      await desk.pass(5 * SECOND_MS);
      expect([...told(desk)].sort((left, right) => (left < right ? -1 : 1))).toEqual([
        `t1 ${bySecond}`,
        `t2 ${byFirst}`,
        `t2 ${contact}`,
      ]);
    });

    test("[PSH-4] a steady stream of changes does not put the push off", async () => {
      const desk = await desks.create();
      await register(desk, "d1", "t1");
      const firstMs = desk.nowMs;
      for (let n = 0; n < 40; n++) {
        await write(desk);
        await desk.pass(100);
      }
      expect(desk.sends.length).toBeGreaterThanOrEqual(3);
      expect(desk.nowMs - firstMs).toBeLessThan(5 * SECOND_MS);
    });

    test("[PSH-4] what changes while a push is on its way gets another", async () => {
      const desk = await desks.create();
      await register(desk, "d1", "t1");
      const first = await write(desk);
      await desk.pass(SECOND_MS);
      const second = await write(desk);
      await desk.pass(5 * SECOND_MS);
      await answer(desk, ok);
      expect(told(desk)).toEqual([`t1 ${first}`, `t1 ${second}`]);
      await desk.pass(10 * MINUTE_MS);
      expect(desk.sends).toHaveLength(2);
      expect(await desk.lookAtPush((push) => [...push.allPending()])).toEqual([]);
    });

    test("[PSH-10] at most 100 messages a send call, at most 1,000 ids a receipts call", async () => {
      const desk = await desks.create();
      for (let n = 0; n < 1_050; n++) await register(desk, `d${n}`, `t${n}`);
      await write(desk);
      await desk.pass(5 * SECOND_MS);
      expect(desk.sends.map((send) => send.messages.length)).toEqual([
        ...Array.from({ length: 10 }, () => 100),
        50,
      ]);
      expect(new Set(messages(desk).map(({ to }) => to)).size).toBe(1_050);
      await answer(desk, ok);
      await desk.pass(16 * MINUTE_MS);
      expect(desk.asks.map(({ tickets }) => tickets.length)).toEqual([1_000, 50]);
    });
  });
}
