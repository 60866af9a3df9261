/**
 * Owns the proof of section 6 as far as it is about batches: BAT.
 */

import { describe, expect, test } from "vitest";
import type { JsonObject } from "../base/canonical-json.ts";
import type { BatchBody } from "../protocol/messages.ts";
import { conflictsOf, Desk, errorOf, recordOf, recordsOf, START_MS } from "./desk.fixture.ts";

type Result = BatchBody["results"][number];

const create = (id: string, payload: JsonObject, more: object = {}) =>
  ({ id, entity: "task", operation: "create", payload, ...more }) as const;
const update = (id: string, recordId: string, payload: JsonObject, more: object = {}) =>
  ({ id, entity: "task", operation: "update", recordId, payload, ...more }) as const;
const remove = (id: string, recordId: string, more: object = {}) =>
  ({ id, entity: "task", operation: "delete", recordId, ...more }) as const;
const statuses = (results: readonly Result[]) => results.map(({ status }) => status);

describe("items", () => {
  test("[BAT-1, BAT-2] as many results as mutations, in order, each seeing what came before", () => {
    const desk = new Desk();
    const results = desk.batch([
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
    expect(recordOf(desk.read("task", "t1")).title).toBe("4");
  });

  test("[BAT-3] one that fails stops no other, and each result is what a read shows", () => {
    const desk = new Desk();
    desk.made("task", { id: "t0", title: "0" });
    const results = desk.batch([
      create("m1", { id: "t1", title: "1" }),
      create("m2", { id: "t0", title: "taken" }),
      update("m3", "none", { title: "x" }),
      update("m4", "t0", { title: 5 as never }),
      update("m5", "t0", { title: "new" }),
    ]);
    expect(statuses(results)).toEqual([201, 409, 404, 400, 200]);
    expect(results[0]?.data).toEqual(recordOf(desk.read("task", "t1")));
    expect(results[4]?.data).toEqual(recordOf(desk.read("task", "t0")));
    expect(recordsOf(desk.list("task"))).toHaveLength(2);
  });

  test("[BAT-4] each result is what the single call would have answered", () => {
    const one = new Desk();
    const many = new Desk();
    for (const desk of [one, many]) {
      desk.made("task", { id: "t1", title: "1", notes: "1" });
      desk.made("contact", { id: "c1", name: "1" });
      desk.update("task", "t1", { title: "2" });
      desk.update("contact", "c1", { name: "2" });
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
    const results = many.batch(items, { deviceId: "d1" });
    const singles = items.map(({ id, entity, operation, ...item }) => {
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
          ? one.create(entity, payload, headers)
          : operation === "update"
            ? one.update(entity, recordId, payload, headers)
            : one.delete(entity, recordId, headers);
      return { id, status: answer.status, ...(answer.body as JsonObject) };
    });
    expect(results).toEqual(singles);
    expect(statuses(results)).toEqual([200, 409, 409, 409, 400, 200, 409, 400]);
    expect(results[0]?.meta?.resolution).toBe("client_won");
  });

  test("[BAT-4] a batch sent twice has one effect", () => {
    const desk = new Desk();
    const items = [create("m1", { title: "1" }), update("m2", "m1", { title: "2" }), remove("m3", "m1")];
    const first = desk.batch(items);
    const again = desk.batch(items);
    expect(again).toEqual(first.map((result) => ({ ...result, replayed: true })));
    expect(desk.commits).toHaveLength(3);
  });

  test("[BAT-4] a key twice in one batch: the same is a replay, another is 422", () => {
    const desk = new Desk();
    const results = desk.batch([
      create("m1", { id: "t1", title: "1" }),
      create("m1", { id: "t1", title: "1" }),
      create("m1", { id: "t2", title: "1" }),
      update("m2", "m1", { title: "2" }),
    ]);
    expect(statuses(results)).toEqual([201, 201, 422, 200]);
    expect(results[1]?.replayed).toBe(true);
    expect(results[3]?.data?.id).toBe("t1");
  });

  test("[BAT-4] an item without timestamp has the receive time", () => {
    const desk = new Desk();
    const base = desk.made("task", { id: "t1", title: "1" }).revisionId;
    desk.update("task", "t1", { title: "2" }, { ifMatch: base, timestamp: START_MS + 10 });
    desk.nowMs = START_MS + 20;
    const header = { timestamp: 0 };
    expect(statuses(desk.batch([update("m1", "t1", { title: "3" }, { ifMatch: base })], header))).toEqual([
      200,
    ]);
    const old = update("m2", "t1", { title: "4" }, { ifMatch: base, timestamp: START_MS + 9 });
    expect(statuses(desk.batch([old]))).toEqual([409]);
  });

  test("[BAT-7] a broken item is its own 400, with the id that it bears", () => {
    const desk = new Desk();
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
    const results = desk.batch([create("m1", { id: "t1", title: "1" }), ...broken]);
    expect(statuses(results)).toEqual([201, ...broken.map(() => 400)]);
    expect(results.slice(1).map(({ error }) => error)).toEqual(broken.map(() => "invalid_request"));
    expect(results[6]?.id).toBe("b1");
    expect(desk.commits).toHaveLength(1);
  });

  test("[BAT-7] a broken envelope is 400 as a whole, and nothing is applied", () => {
    const desk = new Desk();
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
      const answer = desk.call({ call: "batch", body });
      expect([answer.status, errorOf(answer)]).toEqual([400, "invalid_request"]);
    }
    expect(desk.commits).toHaveLength(0);
  });

  test("[BAT-6] more than the maximum: 413 and nothing; exactly it: all; none: no results", () => {
    const desk = new Desk();
    const items = Array.from({ length: 21 }, (_, n) => create(`m${n}`, { id: `t${n}`, title: "x" }));
    const answer = desk.call({ call: "batch", body: { mutations: items } });
    expect([answer.status, errorOf(answer)]).toEqual([413, "batch_too_large"]);
    expect(desk.commits).toHaveLength(0);
    expect(statuses(desk.batch(items.slice(0, 20)))).toEqual(Array.from({ length: 20 }, () => 201));
    expect(desk.batch([])).toEqual([]);
  });

  test("[API-5] a payload comes back as it came, `__proto__` too", () => {
    const desk = new Desk();
    const payload = JSON.parse(
      '{"id":"__proto__","title":"x","__proto__":{"a":1},"constructor":[null]}',
    ) as JsonObject;
    const [result] = desk.batch([create("__proto__", payload), update("m2", "__proto__", { n: 1 })]);
    expect(Object.getOwnPropertyDescriptor(result?.data, "__proto__")?.value).toEqual({ a: 1 });
    expect(result?.data?.constructor).toEqual([null]);
    expect(recordOf(desk.read("task", "__proto__")).n).toBe(1);
  });
});

describe("temporary ids", () => {
  test("[BAT-5] in the same batch, and in a later one, they are the record that the create made", () => {
    const desk = new Desk();
    const results = desk.batch([
      create("m1", { title: "1" }),
      update("m2", "m1", { title: "2" }),
      create("m3", { id: "own", title: "1" }),
      update("m4", "m3", { title: "2", id: "own" }),
      update("m5", "m3", { title: "3", id: "m3" }),
    ]);
    expect(statuses(results)).toEqual([201, 200, 201, 200, 200]);
    const id = results[0]?.data?.id as string;
    expect(id).not.toBe("m1");
    expect(results[1]?.data?.id).toBe(id);
    expect(results[4]?.data?.id).toBe("own");
    expect(desk.batch([remove("m6", "m1")])[0]?.status).toBe(200);
    expect(desk.read("task", id).status).toBe(404);
  });

  test("[BAT-5] the same mutation with the temporary and with the real id is one mutation", () => {
    const desk = new Desk();
    const [made, first] = desk.batch([create("m1", { title: "1" }), update("m2", "m1", { title: "2" })]);
    const id = made?.data?.id as string;
    expect(desk.update("task", id, { title: "2" }, { idempotencyKey: "m2" }).body).toMatchObject({
      data: first?.data,
    });
    expect(desk.batch([update("m2", id, { title: "2" })])[0]).toEqual({ ...first, replayed: true });
    expect(desk.commits).toHaveLength(2);
  });

  test("[BAT-5] a create made alone lends its key as temporary id too", () => {
    const desk = new Desk();
    const { id } = recordOf(desk.create("task", { title: "1" }, { idempotencyKey: "m1" }));
    expect(desk.batch([update("m2", "m1", { title: "2" })])[0]?.data?.id).toBe(id);
  });

  test("[BAT-5] the create failed: 424, and independent items go on", () => {
    const desk = new Desk();
    desk.made("task", { id: "taken", title: "x" });
    const results = desk.batch([
      create("m1", { title: 5 as never }),
      update("m2", "m1", { title: "2" }),
      remove("m3", "m1"),
      create("m4", { id: "taken", title: "1" }),
      update("m5", "m4", { title: "2" }),
      { ...create("m6", { title: "x" }), timestamp: "broken" },
      update("m7", "m6", { title: "2" }),
      create("m8", { id: "t8", title: "8" }),
    ]);
    expect(statuses(results)).toEqual([400, 424, 424, 409, 424, 400, 424, 201]);
    for (const index of [1, 2, 4, 6]) expect(results[index]?.error).toBe("dependency_failed");
    expect(recordOf(desk.read("task", "taken")).title).toBe("x");
    // The create's refusal is remembered; a later batch still knows that it made nothing.
    expect(statuses(desk.batch([update("m5", "m4", { title: "2" })]))).toEqual([424]);
  });

  test("[BAT-5, IDM-5] a 424 is not remembered: once the create is mended, the same item goes through", () => {
    const desk = new Desk();
    expect(
      statuses(desk.batch([create("m1", { title: 5 as never }), update("m2", "m1", { title: "2" })])),
    ).toEqual([400, 424]);
    expect(statuses(desk.batch([create("m1", { title: "1" }), update("m2", "m1", { title: "2" })]))).toEqual([
      201, 200,
    ]);
  });

  test("[BAT-5] a failed create whose id a record bears does not hide the record from later batches", () => {
    const desk = new Desk();
    desk.made("task", { id: "m1", title: "x" });
    const same = [create("m1", { id: "m1", title: "y" }), update("m2", "m1", { title: "z" })];
    expect(statuses(desk.batch(same))).toEqual([409, 424]);
    expect(statuses(desk.batch([update("m3", "m1", { title: "z" })]))).toEqual([200]);
  });

  test("[BAT-5] only creates of that entity, of this account, within the ttl", () => {
    const desk = new Desk();
    desk.create("contact", { id: "t1", name: "x" }, { idempotencyKey: "m1" });
    desk.create("task", { id: "t1", title: "x" }, { idempotencyKey: "m2", token: "tok-b" });
    desk.create("task", { id: "t1", title: "x" }, { idempotencyKey: "m3" });
    desk.update("task", "t1", { title: "y" }, { idempotencyKey: "m4" });
    const results = desk.batch([
      update("n1", "m1", { title: "z" }),
      update("n2", "m2", { title: "z" }),
      update("n3", "m3", { title: "z" }),
      update("n4", "m4", { title: "z" }),
    ]);
    expect(statuses(results)).toEqual([404, 404, 200, 404]);
    desk.nowMs += desk.config.idempotencyTtlSeconds * 1_000;
    expect(statuses(desk.batch([update("n5", "m3", { title: "z" })]))).toEqual([404]);
  });
});

describe("chains", () => {
  test("[BAT-8] ifMatchMutation stands for the revision that its mutation ended with", () => {
    const desk = new Desk(conflictsOf({ ifMatch: "required" }));
    const chain = [
      create("m1", { title: "1" }),
      update("m2", "m1", { title: "2" }, { ifMatchMutation: "m1" }),
      update("m3", "m1", { title: "2" }, { ifMatchMutation: "m2" }),
      remove("m4", "m1", { ifMatchMutation: "m3" }),
    ];
    const results = desk.batch(chain);
    expect(statuses(results)).toEqual([201, 200, 200, 200]);
    expect(results[2]?.meta?.revisionId).toBe(results[1]?.meta?.revisionId);
    expect(desk.commits[1]).toMatchObject({ ifMatch: results[0]?.meta?.revisionId });
    // Also across batches, and the retry is a replay.
    expect(desk.batch(chain.slice(1)).map(({ replayed }) => replayed)).toEqual([true, true, true]);
  });

  test("[BAT-8] in the fingerprint stands the revision: alone and in a batch it is one mutation", () => {
    const desk = new Desk();
    const [made, next] = desk.batch([
      create("m1", { id: "t1", title: "1" }),
      update("m2", "t1", { title: "2" }, { ifMatchMutation: "m1" }),
    ]);
    const ifMatch = made?.meta?.revisionId as string;
    const alone = desk.update("task", "t1", { title: "2" }, { idempotencyKey: "m2", ifMatch });
    expect([alone.headers.replayed, alone.body]).toMatchObject([true, { data: next?.data }]);
  });

  test("[BAT-8] a later writer in between makes it stale", () => {
    const desk = new Desk();
    const contact = { entity: "contact" } as const;
    desk.batch([{ ...create("m1", { id: "c1", name: "1" }), ...contact }]);
    desk.update("contact", "c1", { name: "other" });
    const results = desk.batch([
      { ...update("m2", "c1", { name: "2" }, { ifMatchMutation: "m1" }), ...contact },
    ]);
    expect(results[0]).toMatchObject({ status: 409, error: "conflict", serverData: { name: "other" } });
  });

  test("[BAT-8] the named one failed, or is unknown: 424", () => {
    const desk = new Desk();
    desk.made("task", { id: "t1", title: "x" });
    const results = desk.batch([
      update("m1", "t1", { title: 5 as never }),
      update("m2", "t1", { title: "2" }, { ifMatchMutation: "m1" }),
      create("m3", { id: "t1", title: "taken" }),
      update("m4", "t1", { title: "2" }, { ifMatchMutation: "m3" }),
      update("m5", "t1", { title: "2" }, { ifMatchMutation: "nobody" }),
      update("m6", "t1", { title: "2" }, { ifMatchMutation: "m6" }),
      update("m7", "t1", { title: "2" }, { ifMatchMutation: "m8" }),
      update("m8", "t1", { title: "8" }),
      create("m9", { title: "x" }, { ifMatchMutation: "nobody" }),
    ]);
    expect(statuses(results)).toEqual([400, 424, 409, 424, 424, 424, 424, 200, 424]);
    expect(recordOf(desk.read("task", "t1")).title).toBe("8");
  });

  test("[BAT-5, BAT-8] a key that was refused as another's lends nothing of that other's", () => {
    const desk = new Desk();
    desk.create("task", { id: "t1", title: "1" }, { idempotencyKey: "m1" });
    const results = desk.batch([
      create("m1", { id: "t2", title: "1" }),
      update("m2", "m1", { title: "2" }),
      update("m3", "t1", { title: "2" }, { ifMatchMutation: "m1" }),
    ]);
    expect(statuses(results)).toEqual([422, 424, 424]);
    expect(recordOf(desk.read("task", "t1")).title).toBe("1");
  });

  test("[BAT-8] a failure goes down the whole chain", () => {
    const desk = new Desk();
    const results = desk.batch([
      create("m1", { title: 5 as never }),
      update("m2", "m1", { title: "2" }, { ifMatchMutation: "m1" }),
      update("m3", "m1", { title: "3" }, { ifMatchMutation: "m2" }),
    ]);
    expect(statuses(results)).toEqual([400, 424, 424]);
  });

  test("[BAT-8] when the named one is forgotten before it is, a retry is still a retry", () => {
    const desk = new Desk();
    desk.batch([create("m1", { id: "t1", title: "1" })]);
    desk.nowMs += 60_000;
    const item = update("m2", "t1", { title: "2" }, { ifMatchMutation: "m1" });
    const [first] = desk.batch([item]);
    desk.nowMs += desk.config.idempotencyTtlSeconds * 1_000 - 30_000;
    expect(desk.batch([item])[0]).toEqual({ ...first, replayed: true });
    expect(statuses(desk.batch([update("m3", "t1", { title: "2" }, { ifMatchMutation: "m1" })]))).toEqual([
      424,
    ]);
  });
});
