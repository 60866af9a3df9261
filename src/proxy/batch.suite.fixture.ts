/**
 * Owns the proof of section 6 as far as it is about batches: BAT.
 */

import { describe, expect, test } from "vitest";
import type { JsonObject } from "../base/canonical-json.ts";
import { create, remove, statuses, update } from "./batch-items.fixture.ts";
import { errorOf, recordOf, recordsOf, START_MS } from "./desk.fixture.ts";
import type { DeskMaker } from "./test-desk.fixture.ts";

export function declareBatchRules(desks: DeskMaker): void {
  describe("items", () => {
    test("[BAT-1, BAT-2] as many results as mutations, in order, each seeing what came before", async () => {
      const desk = await desks.create();
      const results = await desk.batch([
        create("m1", { id: "t1", title: "1" }),
        update("m2", "t1", { title: "2" }),
        remove("m3", "t1"),
        update("m4", "t1", { title: "3" }),
        create("m5", { id: "t1", title: "4" }),
      ]);
      expect(results.map(({ id, status }) => `${id} ${status}`)).toEqual([
        "m1 201",
        "m2 200",
        "m3 200",
        "m4 404",
        "m5 201",
      ]);
      expect(desk.commits.map(({ key, action }) => `${key} ${action}`)).toEqual([
        "m1 created",
        "m2 updated",
        "m3 deleted",
        "m5 created",
      ]);
      expect(recordOf(await desk.read("task", "t1")).title).toBe("4");
    });

    test("[BAT-3] one that fails stops no other, and each result is what a read shows", async () => {
      const desk = await desks.create();
      await desk.made("task", { id: "t0", title: "0" });
      const results = await desk.batch([
        create("m1", { id: "t1", title: "1" }),
        create("m2", { id: "t0", title: "taken" }),
        update("m3", "none", { title: "x" }),
        update("m4", "t0", { title: 5 as never }),
        update("m5", "t0", { title: "new" }),
      ]);
      expect(statuses(results)).toEqual([201, 409, 404, 400, 200]);
      expect(results[0]?.data).toEqual(recordOf(await desk.read("task", "t1")));
      expect(results[4]?.data).toEqual(recordOf(await desk.read("task", "t0")));
      expect(recordsOf(await desk.list("task"))).toHaveLength(2);
    });

    test("[BAT-4] each result is what the single call would have answered", async () => {
      const one = await desks.create();
      const many = await desks.create();
      for (const desk of [one, many]) {
        await desk.made("task", { id: "t1", title: "1", notes: "1" });
        await desk.made("contact", { id: "c1", name: "1" });
        await desk.update("task", "t1", { title: "2" });
        await desk.update("contact", "c1", { name: "2" });
      }
      const base = one.commits[0]?.revision as string;
      const contactBase = one.commits[1]?.revision as string;
      const at = START_MS + 1_000;
      const items = [
        update("m1", "t1", { notes: "3" }, { ifMatch: `"${base}"`, timestamp: at }),
        update("m2", "t1", { title: "3" }, { ifMatch: base, timestamp: 0 }),
        { ...update("m3", "c1", { name: "3" }, { ifMatch: contactBase }), entity: "contact" },
        { ...remove("m4", "c1", { ifMatch: contactBase }), entity: "contact" },
        update("m5", "t1", { notes: "4" }, { ifMatch: "garbage" }),
        remove("m6", "t1", { ifMatch: "*" }),
        update("m7", "t1", { notes: "4" }, { ifMatch: base }),
        create("m8", { id: "..", title: "x" }),
      ] as const;
      one.nowMs = many.nowMs = at;
      const results = await many.batch(items, { deviceId: "d1" });
      const singles: JsonObject[] = [];
      for (const { id, entity, operation, ...item } of items) {
        one.nowMs = at;
        const { ifMatch, timestamp } = item as { ifMatch?: string; timestamp?: number };
        const headers = {
          deviceId: "d1",
          idempotencyKey: id,
          ...(ifMatch === undefined ? undefined : { ifMatch }),
          ...(timestamp === undefined ? undefined : { timestamp }),
        };
        const { recordId = "", payload } = item as { recordId?: string; payload?: JsonObject };
        const answer =
          operation === "create"
            ? await one.create(entity, payload, headers)
            : operation === "update"
              ? await one.update(entity, recordId, payload, headers)
              : await one.delete(entity, recordId, headers);
        singles.push({ id, status: answer.status, ...(answer.body as JsonObject) });
      }
      expect(results).toEqual(singles);
      expect(statuses(results)).toEqual([200, 409, 409, 409, 400, 200, 409, 400]);
      expect(results[0]?.meta?.resolution).toBe("client_won");
    });

    test("[BAT-4] a batch sent twice has one effect", async () => {
      const desk = await desks.create();
      const items = [create("m1", { title: "1" }), update("m2", "m1", { title: "2" }), remove("m3", "m1")];
      const first = await desk.batch(items);
      const again = await desk.batch(items);
      expect(again).toEqual(first.map((result) => ({ ...result, replayed: true })));
      expect(desk.commits).toHaveLength(3);
    });

    test("[BAT-4] a key twice in one batch: the same is a replay, another is 422", async () => {
      const desk = await desks.create();
      const results = await desk.batch([
        create("m1", { id: "t1", title: "1" }),
        create("m1", { id: "t1", title: "1" }),
        create("m1", { id: "t2", title: "1" }),
        update("m2", "m1", { title: "2" }),
      ]);
      expect(statuses(results)).toEqual([201, 201, 422, 200]);
      expect(results[1]?.replayed).toBe(true);
      expect(results[3]?.data?.id).toBe("t1");
    });

    test("[BAT-4] an item without timestamp has the receive time", async () => {
      const desk = await desks.create();
      const base = (await desk.made("task", { id: "t1", title: "1" })).revisionId;
      await desk.update("task", "t1", { title: "2" }, { ifMatch: base, timestamp: START_MS + 10 });
      desk.nowMs = START_MS + 20;
      const header = { timestamp: 0 };
      expect(
        statuses(await desk.batch([update("m1", "t1", { title: "3" }, { ifMatch: base })], header)),
      ).toEqual([200]);
      const old = update("m2", "t1", { title: "4" }, { ifMatch: base, timestamp: START_MS + 9 });
      expect(statuses(await desk.batch([old]))).toEqual([409]);
    });

    test("[BAT-7] a broken item is its own 400, with the id that it bears", async () => {
      const desk = await desks.create();
      const broken = [
        null,
        5,
        [],
        {},
        { id: 7 },
        { id: "b1" },
        { ...create("b2", { title: "x" }), entity: "note" },
        { ...create("b3", { title: "x" }), operation: "upsert" },
        { ...create("b4", { title: "x" }), payload: [] },
        { ...create("b5", { title: "x" }), timestamp: "now" },
        { ...create("b6", { title: "x" }), timestamp: -1 },
        { ...create("b7", { title: "x" }), timestamp: 1.5 },
        create("", { title: "x" }),
        create("k".repeat(256), { title: "x" }),
        { ...update("b8", "t1", {}), recordId: undefined },
        { ...update("b9", "t1", {}), recordId: 5 },
        { id: "b10", entity: "task", operation: "create" },
        { id: "b11", entity: "task", operation: "update", recordId: "t1" },
        update("b12", "t1", { id: "t2" }),
      ];
      const results = await desk.batch([create("m1", { id: "t1", title: "1" }), ...broken]);
      expect(statuses(results)).toEqual([201, ...broken.map(() => 400)]);
      expect(results.slice(1).map(({ error }) => error)).toEqual(broken.map(() => "invalid_request"));
      expect(results[6]?.id).toBe("b1");
      expect(desk.commits).toHaveLength(1);
    });

    test("[BAT-7] a broken envelope is 400 as a whole, and nothing is applied", async () => {
      const desk = await desks.create();
      const item = create("m1", { id: "t1", title: "1" });
      for (const body of [
        null,
        5,
        "x",
        [],
        [item],
        {},
        { mutations: null },
        { mutations: { 0: item } },
        { mutations: "x" },
      ]) {
        const answer = await desk.call({ call: "batch", body });
        expect([answer.status, errorOf(answer)]).toEqual([400, "invalid_request"]);
      }
      expect(desk.commits).toHaveLength(0);
    });

    test("[BAT-6] more than the maximum: 413 and nothing; exactly it: all; none: no results", async () => {
      const desk = await desks.create();
      const items = Array.from({ length: 21 }, (_, n) => create(`m${n}`, { id: `t${n}`, title: "x" }));
      const answer = await desk.call({ call: "batch", body: { mutations: items } });
      expect([answer.status, errorOf(answer)]).toEqual([413, "batch_too_large"]);
      expect(desk.commits).toHaveLength(0);
      expect(statuses(await desk.batch(items.slice(0, 20)))).toEqual(Array.from({ length: 20 }, () => 201));
      expect(await desk.batch([])).toEqual([]);
    });

    test("[API-5] a payload comes back as it came, `__proto__` too", async () => {
      const desk = await desks.create();
      const payload = JSON.parse(
        '{"id":"__proto__","title":"x","__proto__":{"a":1},"constructor":[null]}',
      ) as JsonObject;
      const [result] = await desk.batch([create("__proto__", payload), update("m2", "__proto__", { n: 1 })]);
      expect(Object.getOwnPropertyDescriptor(result?.data, "__proto__")?.value).toEqual({ a: 1 });
      expect(result?.data?.constructor).toEqual([null]);
      expect(recordOf(await desk.read("task", "__proto__")).n).toBe(1);
    });
  });
}
