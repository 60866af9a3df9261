/** Owns the tests of the device's queue, by rule of section 7. Every server in here is a canned answer. */

import { describe, expect, it } from "vitest";
import { stream } from "../base/prng.ts";
import type { BatchMutation } from "../protocol/messages.ts";
import { Bench, CAPABILITIES, done, event, live, meta, record, rev } from "./bench.fixture.ts";
import type { DeviceOutput } from "./port.ts";

const ANN = record("ann", 1, { name: "Ann", phone: "1" });
const BOB = record("bob", 2, { name: "Bob" });
const TASK = record("t1", 3, { title: "Buy milk" });
const LIST = record("l1", 4, { name: "Shop", items: [{ id: "a", text: "apples" }] });

function kinds(outputs: readonly DeviceOutput[]): readonly string[] {
  return outputs.map((output) => output.output);
}

function itemsOf(bench: Bench): readonly BatchMutation[] {
  const { call } = bench.last("send").message;
  return call.call === "batch" ? (call.body as { mutations: readonly BatchMutation[] }).mutations : [];
}

/** A batch answer: one result an item, in order. */
function results(items: readonly BatchMutation[], each: readonly (readonly [number, object])[]): object {
  return { results: items.map((item, i) => ({ id: item.id, status: each[i]?.[0], ...each[i]?.[1] })), meta: meta(99) };
}

describe("QUE-1: durable before done", () => {
  it("[QUE-1] an edit is shown at once, and saved and sent only once its write is flushed", () => {
    const bench = live([["task", TASK]], 4);
    const outputs = bench.feed({
      input: "edit",
      edit: { entity: "task", operation: "update", recordId: "t1", payload: { title: "Buy bread" } },
    });
    expect(kinds(outputs)).toEqual(["queued", "show", "store"]);
    expect(bench.mutationsSent).toHaveLength(0);
    bench.flush();
    expect(bench.last("saved").mutation).toBe(bench.last("queued").mutation);
    expect(bench.mutationsSent).toHaveLength(1);
  });

  it("[QUE-1] killed before the flush, the edit is gone and was never called saved nor sent", () => {
    const bench = live([["task", TASK]], 4);
    bench.edit({ entity: "task", operation: "update", recordId: "t1", payload: { title: "Lost" } });
    bench.restart();
    expect(bench.waiting).toBe(0);
    expect(bench.count("saved")).toBe(0);
    expect(bench.mutationsSent).toHaveLength(0);
    expect(bench.shown("t1")).toEqual({ title: "Buy milk" });
  });

  it("[QUE-1] killed after the flush, the edit is there, shown, and goes out", () => {
    const bench = live([["task", TASK]], 4);
    const { mutation, key } = bench.edit({ entity: "task", operation: "update", recordId: "t1", payload: { title: "Kept" } });
    bench.feed({ input: "offline" });
    bench.flush();
    bench.restart();
    expect(bench.shown("t1")).toEqual({ title: "Kept" });
    expect(bench.last("show").waiting).toEqual([mutation]);
    bench.flush();
    expect(bench.last("send").message.idempotencyKey).toBe(key);
  });

  it("[QUE-1] a write that fails is made again, and nothing goes ahead of it", () => {
    const bench = live([["task", TASK]], 4);
    bench.edit({ entity: "task", operation: "update", recordId: "t1", payload: { title: "x" } });
    bench.failWrite();
    expect(bench.last("notice").notice).toBe("storage_failed");
    bench.flush();
    expect(bench.count("saved")).toBe(0);
    expect(bench.mutationsSent).toHaveLength(0);
    bench.nowMs += 2_000;
    bench.feed({ input: "timer", timer: "sync" });
    bench.flush();
    expect(bench.count("saved")).toBe(1);
    expect(bench.mutationsSent).toHaveLength(1);
  });
});

describe("QUE-2: shown, and rolled back", () => {
  it("[QUE-2] a refused edit is rolled back and shown so", () => {
    const bench = live([["task", TASK]], 4);
    bench.edit({ entity: "task", operation: "update", recordId: "t1", payload: { title: "no" } });
    expect(bench.last("show")).toMatchObject({ fields: { title: "no" }, waiting: [bench.last("queued").mutation] });
    bench.flush();
    bench.answer(bench.last("send").request, 400, { error: "invalid_request", message: "" });
    expect(bench.count("settled")).toBe(0);
    expect(bench.shown("t1")).toEqual({ title: "no" });
    bench.flush();
    expect(bench.last("settled")).toMatchObject({ outcome: "failed", error: "invalid_request" });
    expect(bench.last("show")).toMatchObject({ fields: { title: "Buy milk" }, waiting: [], revision: rev(3) });
  });

  it("[QUE-2] a rejected delete brings the record back", () => {
    const bench = live([["task", TASK]], 4);
    bench.edit({ entity: "task", operation: "delete", recordId: "t1" });
    expect(bench.last("show").fields).toBeUndefined();
    bench.flush();
    bench.answer(bench.last("send").request, 403, { error: "invalid_request", message: "" });
    bench.flush();
    expect(bench.last("show").fields).toEqual({ title: "Buy milk" });
  });
});

describe("QUE-2 and QUE-1 together", () => {
  it("[QUE-1] a failure is told once it is durable: killed before, it was never told, and the edit goes on", () => {
    const bench = live([["task", TASK]], 4);
    const { key } = bench.edit({ entity: "task", operation: "update", recordId: "t1", payload: { title: "x" } });
    bench.flush();
    bench.answer(bench.last("send").request, 400, { error: "invalid_request", message: "" });
    bench.restart();
    bench.flush();
    expect(bench.count("settled")).toBe(0);
    expect(bench.last("send").message.idempotencyKey).toBe(key);
  });
});

describe("QUE-3: order by record", () => {
  it("[QUE-3] a second edit of one record waits; another record's goes on", () => {
    const bench = live([["contact", ANN], ["contact", BOB]], 4);
    bench.edit({ entity: "contact", operation: "update", recordId: "ann", payload: { phone: "2" } });
    bench.flush();
    bench.edit({ entity: "contact", operation: "update", recordId: "ann", payload: { phone: "3" } });
    bench.edit({ entity: "contact", operation: "update", recordId: "bob", payload: { phone: "4" } });
    bench.flush();
    bench.answer(bench.last("send").request, 503, { error: "unavailable", message: "" });
    bench.fire("retry", 1_200);
    bench.flush();
    expect(bench.last("send").message.call).toMatchObject({ call: "update", id: "ann", body: { phone: "2" } });
    bench.answer(bench.last("send").request, 429, { error: "rate_limited", message: "" }, { retryAfterSeconds: 1 });
    bench.fire("retry", 2_400);
    bench.flush();
    bench.answer(bench.last("send").request, 200, done(record("ann", 5, { name: "Ann", phone: "2" }), 5));
    bench.flush();
    expect(bench.mutationsSent.map((one) => (one.message.call as { body?: unknown }).body)).toEqual([
      { phone: "2" },
      { phone: "2" },
      { phone: "2" },
      { phone: "3" },
    ]);
  });

  it("[QUE-3] one in back-off of its own does not hold up other records", () => {
    const bench = live([["contact", ANN], ["contact", BOB]], 4);
    bench.edit({ entity: "contact", operation: "update", recordId: "ann", payload: { phone: "2" } });
    bench.flush();
    bench.answer(bench.last("send").request, 409, { error: "in_flight", message: "" }, { retryAfterSeconds: 30 });
    bench.edit({ entity: "contact", operation: "update", recordId: "bob", payload: { phone: "4" } });
    bench.flush();
    expect(bench.last("send").message.call).toMatchObject({ id: "bob" });
  });

  it("[QUE-3] what was made on top of a failed one fails with it, and what comes after the rollback goes out", () => {
    const bench = live([["contact", ANN]], 4);
    bench.edit({ entity: "contact", operation: "update", recordId: "ann", payload: { phone: "2" } });
    bench.flush();
    const second = bench.edit({ entity: "contact", operation: "update", recordId: "ann", payload: { phone: "3" } });
    bench.flush();
    bench.answer(bench.last("send").request, 422, { error: "idempotency_key_reused", message: "" });
    bench.flush();
    expect(bench.last("settled")).toMatchObject({ mutation: second.mutation, outcome: "failed", error: "dependency_failed" });
    expect(bench.waiting).toBe(0);
    bench.edit({ entity: "contact", operation: "update", recordId: "ann", payload: { phone: "4" } });
    bench.flush();
    expect(bench.last("send").message.call).toMatchObject({ body: { phone: "4" } });
  });
});

describe("QUE-4, QUE-5, QUE-6: attempts", () => {
  it("[QUE-4, QUE-5] every attempt has the same key and bytes, after 1, 2, 4, 8 s and up to a fifth more", () => {
    const bench = live([["task", TASK]], 4, { attemptsMax: 9 });
    bench.edit({ entity: "task", operation: "update", recordId: "t1", payload: { title: "x" } });
    bench.flush();
    const waits: number[] = [];
    for (let i = 0; i < 8; i++) {
      const before = bench.nowMs;
      bench.lose(bench.last("send").request);
      bench.flush();
      while (bench.mutationsSent.length === i + 1) {
        bench.fire("retry", 1);
        bench.flush();
        if (bench.nowMs - before > 100_000) break;
      }
      waits.push(bench.nowMs - before);
    }
    const least = [1, 2, 4, 8, 16, 32, 60, 60];
    waits.forEach((waitMs, i) => {
      expect(waitMs).toBeGreaterThanOrEqual((least[i] ?? 0) * 1_000);
      expect(waitMs).toBeLessThanOrEqual((least[i] ?? 0) * 1_200 + 2);
    });
    expect(new Set(bench.mutationsSent.map((one) => JSON.stringify(one.message))).size).toBe(1);
  });

  it("[QUE-5] never sooner than Retry-After, whatever wakes the device", () => {
    const bench = live([["task", TASK]], 4);
    bench.edit({ entity: "task", operation: "update", recordId: "t1", payload: { title: "x" } });
    bench.flush();
    bench.answer(bench.last("send").request, 503, { error: "unavailable", message: "" }, { retryAfterSeconds: 20 });
    bench.flush();
    bench.nowMs += 19_000;
    bench.feed({ input: "offline" });
    bench.feed({ input: "online" });
    bench.feed({ input: "closed" });
    bench.feed({ input: "opened" });
    bench.feed({ input: "timer", timer: "retry" });
    expect(bench.mutationsSent).toHaveLength(1);
    bench.nowMs += 1_000;
    bench.feed({ input: "timer", timer: "retry" });
    expect(bench.mutationsSent).toHaveLength(2);
  });

  it("[QUE-5] a restart does not cut the wait short", () => {
    const bench = live([["task", TASK]], 4);
    bench.edit({ entity: "task", operation: "update", recordId: "t1", payload: { title: "x" } });
    bench.flush();
    bench.answer(bench.last("send").request, 503, { error: "unavailable", message: "" }, { retryAfterSeconds: 20 });
    bench.flush();
    bench.nowMs += 5_000;
    bench.restart();
    bench.flush();
    expect(bench.mutationsSent).toHaveLength(1);
    bench.fire("retry");
    bench.flush();
    expect(bench.mutationsSent).toHaveLength(2);
    expect(bench.nowMs).toBeGreaterThanOrEqual(1_000_000 + 20_000);
  });

  it("[QUE-6] five attempts that reached out end it; it stays, and is retried under a new key or discarded", () => {
    const bench = live([["task", TASK]], 4);
    const { mutation, key } = bench.edit({ entity: "task", operation: "update", recordId: "t1", payload: { title: "x" } });
    bench.flush();
    for (let i = 0; i < 5; i++) {
      expect(bench.mutationsSent).toHaveLength(i + 1);
      bench.answer(bench.last("send").request, 500, {});
      bench.flush();
      bench.fire("retry", 12_000);
    }
    expect(bench.last("settled")).toMatchObject({ mutation, outcome: "failed" });
    bench.restart();
    expect(bench.shown("t1")).toEqual({ title: "Buy milk" });
    bench.feed({ input: "retry", mutation });
    expect(bench.last("rekeyed").mutation).toBe(mutation);
    expect(bench.shown("t1")).toEqual({ title: "x" });
    bench.flush();
    expect(bench.last("send").message.idempotencyKey).toBe(bench.last("rekeyed").key);
    expect(bench.last("rekeyed").key).not.toBe(key);
    bench.answer(bench.last("send").request, 400, { error: "invalid_request", message: "" });
    bench.flush();
    bench.feed({ input: "discard", mutation });
    expect(bench.last("settled").outcome).toBe("discarded");
    bench.flush();
    expect([...bench.disk.keys()].filter((name) => name.startsWith("mutation/"))).toEqual([]);
  });

  it("[QUE-6] being offline costs no attempt, and coming back may try at once", () => {
    const bench = live([["task", TASK]], 4);
    bench.edit({ entity: "task", operation: "update", recordId: "t1", payload: { title: "x" } });
    bench.flush();
    for (let i = 0; i < 9; i++) {
      bench.lose(bench.last("send").request, "unreachable");
      bench.feed({ input: "offline" });
      bench.flush();
      bench.nowMs += 10;
      bench.feed({ input: "online" });
    }
    expect(bench.mutationsSent).toHaveLength(10);
    expect(bench.waiting).toBe(1);
  });
});

describe("QUE-7, QUE-14: restarts", () => {
  it("[QUE-7] syncing is pending again, with its key", () => {
    const bench = live([["task", TASK]], 4);
    const { key } = bench.edit({ entity: "task", operation: "update", recordId: "t1", payload: { title: "x" } });
    bench.flush();
    const before = bench.last("send").message;
    bench.restart();
    bench.flush();
    expect(bench.last("send").message.idempotencyKey).toBe(key);
    expect(bench.last("send").message).toEqual(before);
  });

  it("[QUE-7] a proxy's own id takes the temporary one's place, and the map survives", () => {
    const bench = live([], 4);
    bench.edit({ entity: "contact", operation: "create", recordId: "tmp", payload: { name: "Cy" } });
    bench.flush();
    const second = bench.edit({ entity: "contact", operation: "update", recordId: "tmp", payload: { phone: "9" } });
    bench.answer(bench.last("send").request, 201, done(record("real", 5, { name: "Cy" }), 5));
    expect(bench.replica.map((one) => one.id)).toEqual(["real"]);
    expect(bench.last("show")).toMatchObject({ id: "real", waiting: [second.mutation] });
    bench.flush();
    expect(bench.last("send").message).toMatchObject({ call: { call: "update", id: "real" }, ifMatch: rev(5) });
    bench.restart();
    expect(bench.edit({ entity: "contact", operation: "update", recordId: "tmp", payload: { phone: "8" } }).edit.recordId).toBe("real");
  });

  it("[QUE-14] what was queued is sent byte for byte after a restart through JSON", () => {
    const odd = JSON.parse(
      '{"name":"Zoë 😀","phone":null,"meta":{},"when":"2024-01-01T00:00:00.000Z","__proto__":{"a":null},"constructor":[[],{}],"n":-0.5}',
    );
    const texts = [true, false].map((restarts) => {
      const bench = live([], 4);
      bench.feed({ input: "offline" });
      bench.edit({ entity: "contact", operation: "create", recordId: "c1", payload: odd });
      bench.flush();
      if (restarts) bench.restart(false);
      bench.feed({ input: "online" });
      bench.flush();
      return JSON.stringify((bench.sent("create").at(-1)?.message.call as { body: unknown }).body);
    });
    expect(texts[0]).toBe(texts[1]);
    expect(texts[0]).toBe(JSON.stringify({ ...odd, id: "c1" }));
    expect(texts[0]).toContain('"__proto__":{"a":null}');
  });

  it("[QUE-14] a device from stored entries equals one from the same entries through JSON", () => {
    const bench = live([["list", LIST], ["contact", ANN], ["task", record("__proto__", 2, { title: "odd" })]], 4);
    bench.feed({ input: "offline" });
    bench.edit({ entity: "list", operation: "update", recordId: "l1", payload: { items: [{ id: "b", text: "" }], x: null } });
    bench.edit({ entity: "contact", operation: "delete", recordId: "ann" });
    bench.edit({ entity: "task", operation: "update", recordId: "__proto__", payload: { notes: "n" } });
    bench.flush();
    bench.start(false);
    const plain = bench.replica;
    expect(bench.restart(false).length).toBeGreaterThan(0);
    expect(bench.replica).toEqual(plain);
    expect(bench.shown("__proto__")).toEqual({ title: "odd", notes: "n" });
  });
});

describe("QUE-8: what an answer means", () => {
  const failing: readonly (readonly [number, string])[] = [
    [400, "invalid_request"],
    [403, "invalid_request"],
    [404, "not_found"],
    [413, "payload_too_large"],
    [422, "idempotency_key_reused"],
    [424, "dependency_failed"],
  ];
  it.each(failing)("[QUE-8] %i on an update: failed at once", (status, error) => {
    const bench = live([["task", TASK]], 4);
    bench.edit({ entity: "task", operation: "update", recordId: "t1", payload: { title: "x" } });
    bench.flush();
    bench.answer(bench.last("send").request, status, { error, message: "" });
    bench.flush();
    expect(bench.last("settled")).toMatchObject({ outcome: "failed", error });
  });

  it("[QUE-8] 404 on a delete: done", () => {
    const bench = live([["task", TASK]], 4);
    bench.edit({ entity: "task", operation: "delete", recordId: "t1" });
    bench.flush();
    bench.answer(bench.last("send").request, 404, { error: "not_found", message: "" });
    expect(bench.last("settled").outcome).toBe("applied");
    expect(bench.replica).toEqual([]);
  });

  it("[QUE-8] 401 pauses the queue and loses nothing; signing in goes on", () => {
    const bench = live([["task", TASK]], 4);
    const { key } = bench.edit({ entity: "task", operation: "update", recordId: "t1", payload: { title: "x" } });
    bench.flush();
    bench.answer(bench.last("send").request, 401, { error: "unauthorized", message: "" });
    expect(bench.last("notice").notice).toBe("signed_out");
    bench.flush();
    bench.nowMs += 600_000;
    bench.feed({ input: "timer", timer: "retry" });
    expect(bench.mutationsSent).toHaveLength(1);
    expect(bench.waiting).toBe(1);
    bench.feed({ input: "signed_in", token: "new" });
    bench.flush();
    expect(bench.mutationsSent.at(-1)?.message).toMatchObject({ idempotencyKey: key, token: "new" });
  });

  const retried: readonly (readonly [number, unknown])[] = [
    [408, { error: "unavailable", message: "" }],
    [425, {}],
    [429, { error: "rate_limited", message: "" }],
    [500, "oops"],
    [503, { error: "unavailable", message: "" }],
    [409, { error: "in_flight", message: "" }],
    [200, "<html>please log in</html>"],
    [200, { data: { id: "t1" } }],
    [403, "<html>blocked</html>"],
    [302, null],
  ];
  it.each(retried)("[QUE-8] %i %j: tried again", (status, body) => {
    const bench = live([["task", TASK]], 4);
    bench.edit({ entity: "task", operation: "update", recordId: "t1", payload: { title: "x" } });
    bench.flush();
    bench.answer(bench.last("send").request, status, body);
    expect(bench.count("settled")).toBe(0);
    bench.flush();
    bench.fire("retry", 1_201);
    bench.flush();
    expect(bench.mutationsSent).toHaveLength(2);
  });
});

describe("QUE-9 to QUE-13", () => {
  it("[QUE-9] however many wake-ups come together, one request of mutations is out", () => {
    const bench = live([["contact", ANN], ["contact", BOB]], 4);
    bench.edit({ entity: "contact", operation: "update", recordId: "ann", payload: { phone: "2" } });
    bench.edit({ entity: "contact", operation: "update", recordId: "bob", payload: { phone: "3" } });
    bench.flush();
    for (const input of ["online", "opened", "closed", "opened"] as const) bench.feed({ input });
    bench.feed({ input: "timer", timer: "retry" });
    bench.feed({ input: "push", trigger: { type: "sync_trigger", entity: "contact", revisionId: rev(9) } });
    expect(bench.mutationsSent).toHaveLength(1);
  });

  it("[QUE-10] an edit made while one is on its way goes after it, on the revision it ended with", () => {
    const bench = live([["contact", ANN]], 4);
    bench.edit({ entity: "contact", operation: "update", recordId: "ann", payload: { phone: "2" } });
    bench.flush();
    expect(bench.last("send").message.ifMatch).toBe(rev(1));
    bench.edit({ entity: "contact", operation: "update", recordId: "ann", payload: { phone: "3" } });
    bench.flush();
    expect(bench.mutationsSent).toHaveLength(1);
    bench.answer(bench.last("send").request, 200, done(record("ann", 6, { name: "Ann", phone: "2" }), 6));
    expect(bench.shown("ann")).toEqual({ name: "Ann", phone: "3" });
    bench.flush();
    expect(bench.last("send").message).toMatchObject({ ifMatch: rev(6), idempotencyKey: bench.last("queued").key });
  });

  it("[QUE-10] a list edit behind a merged one keeps what others added", () => {
    const bench = live([["list", LIST]], 4);
    const apples = { id: "a", text: "apples" };
    bench.edit({ entity: "list", operation: "update", recordId: "l1", payload: { items: [apples, { id: "b", text: "bread" }] } });
    bench.flush();
    bench.edit({ entity: "list", operation: "update", recordId: "l1", payload: { items: [{ id: "b", text: "bread" }] } });
    bench.flush();
    const merged = record("l1", 7, { name: "Shop", items: [apples, { id: "c", text: "cake" }, { id: "b", text: "bread" }] });
    bench.answer(bench.last("send").request, 200, done(merged, 7, "merged"));
    expect(bench.last("settled").outcome).toBe("merged");
    bench.flush();
    expect(bench.last("send").message).toMatchObject({
      ifMatch: rev(7),
      call: { body: { items: [{ id: "c", text: "cake" }, { id: "b", text: "bread" }] } },
    });
  });

  it("[QUE-11] a create that never left and its delete cancel, once that is durable", () => {
    const bench = live([], 4);
    bench.feed({ input: "offline" });
    const { mutation, edit } = bench.edit({ entity: "task", operation: "create", payload: { title: "x" } });
    bench.flush();
    bench.edit({ entity: "task", operation: "delete", recordId: edit.recordId });
    expect(bench.count("settled")).toBe(0);
    expect(bench.replica).toEqual([]);
    bench.flush();
    expect(bench.all("settled").map((one) => [one.mutation, one.outcome])).toEqual([
      [mutation, "cancelled"],
      [bench.last("queued").mutation, "cancelled"],
    ]);
    bench.feed({ input: "online" });
    bench.flush();
    expect(bench.mutationsSent).toHaveLength(0);
    expect(bench.waiting).toBe(0);
  });

  it("[QUE-11] a create that may have left does not cancel, not even after a restart", () => {
    for (const restarts of [false, true]) {
      const bench = live([], 4);
      const { edit } = bench.edit({ entity: "task", operation: "create", payload: { title: "x" } });
      bench.flush();
      expect(bench.sent("create")).toHaveLength(1);
      if (restarts) bench.restart();
      bench.edit({ entity: "task", operation: "delete", recordId: edit.recordId });
      bench.flush();
      expect(bench.count("settled")).toBe(0);
      bench.answer(bench.last("send").request, 201, done(record(edit.recordId, 5, { title: "x" }), 5));
      bench.flush();
      expect(bench.last("send").message).toMatchObject({ call: { call: "delete", id: edit.recordId }, ifMatch: rev(5) });
    }
  });

  it("[QUE-12] a newer server record shows under the waiting edit", () => {
    const bench = live([["contact", ANN]], 4);
    bench.feed({ input: "offline" });
    bench.feed({ input: "online" });
    bench.edit({ entity: "contact", operation: "update", recordId: "ann", payload: { phone: "2" } });
    bench.feed({ input: "socket_opened", socket: bench.last("connect").socket });
    bench.frame(event("contact", record("ann", 8, { name: "Anne", phone: "1" })));
    expect(bench.last("show")).toMatchObject({ revision: rev(8), fields: { name: "Anne", phone: "2" } });
  });

  it("[QUE-13] creates of one millisecond are different records, also when clock and randomness start anew", () => {
    const bench = new Bench();
    bench.start(false, stream(7, "same"));
    const ids = new Set<string>();
    for (let round = 0; round < 3; round++) {
      for (let i = 0; i < 50; i++) ids.add(bench.edit({ entity: "task", operation: "create", payload: { title: "x" } }).edit.recordId);
      bench.flush();
      bench.wallErrorMs -= 3_600_000;
      bench.restart(false);
      bench.start(false, stream(7, "same"));
    }
    expect(ids.size).toBe(150);
    expect(bench.replica).toHaveLength(150);
    const stamps = [...bench.disk.values()].map((value) => (value as { timestampMs?: number }).timestampMs);
    expect(new Set(stamps.filter((stamp) => stamp !== undefined)).size).toBe(150);
  });
});

describe("QUE-15, QUE-16", () => {
  function queued(count: number, settings: object = {}, capabilities: object = CAPABILITIES, text = "x"): Bench {
    const bench = live([], 4, settings, capabilities);
    bench.feed({ input: "offline" });
    for (let i = 0; i < count; i++) bench.edit({ entity: "task", operation: "create", recordId: `n${i}`, payload: { title: text } });
    bench.flush();
    bench.feed({ input: "online" });
    bench.flush();
    return bench;
  }

  it("[QUE-15] a long queue goes in batches within mutationsMax", () => {
    const bench = queued(7, {}, { ...CAPABILITIES, batch: { mutationsMax: 5 } });
    expect(itemsOf(bench)).toHaveLength(5);
    const all = itemsOf(bench).map((_, i): [number, object] => [201, done(record(`n${i}`, 10 + i, { title: "x" }), 10 + i)]);
    bench.answer(bench.last("send").request, 200, results(itemsOf(bench), all));
    bench.flush();
    expect(bench.waiting).toBe(2);
    expect(bench.last("send").message.call.call).toBe("create");
  });

  it("[QUE-15] and within bodyBytesMax", () => {
    const bench = queued(6, {}, { ...CAPABILITIES, bodyBytesMax: 20_000 }, "😀".repeat(1_500));
    const { call } = bench.last("send").message;
    expect(new TextEncoder().encode(JSON.stringify(call)).length).toBeLessThan(20_000);
  });

  it("[QUE-15] a batch that is too large for the proxy is halved, and nothing fails", () => {
    const bench = queued(8);
    expect(itemsOf(bench)).toHaveLength(8);
    bench.answer(bench.last("send").request, 413, { error: "batch_too_large", message: "" });
    bench.flush();
    expect(itemsOf(bench)).toHaveLength(4);
    expect(bench.count("settled")).toBe(0);
  });

  it("[QUE-15] an update goes with its create, hung on it; a second one waits for the answer", () => {
    const bench = live([["contact", ANN]], 4);
    bench.feed({ input: "offline" });
    const create = bench.edit({ entity: "list", operation: "create", recordId: "new", payload: { name: "L" } });
    bench.edit({ entity: "list", operation: "update", recordId: "new", payload: { name: "M" } });
    bench.edit({ entity: "list", operation: "update", recordId: "new", payload: { name: "N" } });
    bench.edit({ entity: "contact", operation: "update", recordId: "ann", payload: { phone: "2" } });
    bench.flush();
    bench.feed({ input: "online" });
    bench.flush();
    expect(itemsOf(bench).map(({ operation, recordId, ifMatch, ifMatchMutation }) => ({ operation, recordId, ifMatch, ifMatchMutation }))).toEqual([
      { operation: "create", recordId: undefined, ifMatch: undefined, ifMatchMutation: undefined },
      { operation: "update", recordId: "new", ifMatch: undefined, ifMatchMutation: create.key },
      { operation: "update", recordId: "ann", ifMatch: rev(1), ifMatchMutation: undefined },
    ]);
    const sent = itemsOf(bench);
    bench.lose(bench.last("send").request);
    bench.fire("retry", 1_201);
    bench.flush();
    expect(itemsOf(bench)).toEqual(sent);
    bench.answer(
      bench.last("send").request,
      200,
      results(sent, [
        [201, done(record("new", 10, { name: "L" }), 10)],
        [200, done(record("new", 11, { name: "M" }), 11)],
        [503, { error: "unavailable", message: "" }],
      ]),
    );
    bench.flush();
    expect(bench.last("send").message).toMatchObject({ call: { call: "update", id: "new", body: { name: "N" } }, ifMatch: rev(11) });
    expect(bench.waiting).toBe(2);
  });

  it("[QUE-16] timestamps follow the server's clock, across restarts and steps of the wall clock", () => {
    const bench = live([["task", TASK]], 4);
    bench.wallErrorMs = 600_000;
    const trueMs = (): number => 1_700_000_000_000 + bench.nowMs;
    bench.restart();
    bench.feed({ input: "opened" });
    bench.nowMs += 400;
    bench.answer(bench.last("send").request, 200, { data: CAPABILITIES, meta: meta(4) }, { dateMs: trueMs() - 200 });
    bench.flush();
    bench.wallErrorMs = -5_000;
    bench.edit({ entity: "task", operation: "update", recordId: "t1", payload: { title: "x" } });
    bench.flush();
    const [first] = bench.mutationsSent;
    expect(Math.abs(Number(first?.message.timestamp) - trueMs())).toBeLessThanOrEqual(200);
    bench.wallErrorMs = 600_000;
    bench.restart();
    bench.edit({ entity: "task", operation: "update", recordId: "t1", payload: { title: "y" } });
    bench.answer(bench.last("send").request, 200, done(record("t1", 9, { title: "x" }), 9));
    bench.flush();
    expect(Math.abs(Number(bench.mutationsSent.at(-1)?.message.timestamp) - trueMs())).toBeLessThanOrEqual(500);
  });
});

describe("without the durable queue", () => {
  it("an edit goes at once, alone and without a key, and fails when it cannot", () => {
    const bench = new Bench({ phases: new Set([1]) });
    bench.start();
    bench.feed({ input: "opened" });
    for (const data of [[], [TASK], []]) bench.answer(bench.last("send").request, 200, { data, meta: meta(4) });
    bench.flush();
    expect(bench.last("connect").subscription.lastRevisionId).toBe(rev(4));
    bench.feed({ input: "edit", edit: { entity: "task", operation: "update", recordId: "t1", payload: { title: "x" } } });
    expect(bench.last("send").message.idempotencyKey).toBeUndefined();
    expect(bench.last("send").message.ifMatch).toBeUndefined();
    bench.lose(bench.last("send").request);
    expect(bench.last("settled").outcome).toBe("failed");
    bench.feed({ input: "offline" });
    bench.edit({ entity: "task", operation: "update", recordId: "t1", payload: { title: "y" } });
    expect(bench.last("settled")).toMatchObject({ outcome: "failed", error: "unreachable" });
    expect(bench.count("saved")).toBe(0);
    expect(bench.waiting).toBe(0);
  });
});
