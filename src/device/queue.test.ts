/** Owns the tests of edits, attempts and waits (QUE-1 to QUE-6). Every server in here is a canned answer. */

import { describe, expect, it } from "vitest";
import { done, live, record, rev } from "./bench.fixture.ts";
import type { DeviceOutput } from "./port.ts";

const ANN = record("ann", 1, { name: "Ann", phone: "1" });
const BOB = record("bob", 2, { name: "Bob" });
const TASK = record("t1", 3, { title: "Buy milk" });

function kinds(outputs: readonly DeviceOutput[]): readonly string[] {
  return outputs.map((output) => output.output);
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
    const { mutation, key } = bench.edit({
      entity: "task",
      operation: "update",
      recordId: "t1",
      payload: { title: "Kept" },
    });
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
    expect(bench.last("show")).toMatchObject({
      fields: { title: "no" },
      waiting: [bench.last("queued").mutation],
    });
    bench.flush();
    bench.answer(bench.last("send").request, 400, { error: "invalid_request", message: "" });
    expect(bench.count("settled")).toBe(0);
    expect(bench.shown("t1")).toEqual({ title: "no" });
    bench.flush();
    expect(bench.settled).toMatchObject({ outcome: "failed", error: "invalid_request" });
    expect(bench.last("show")).toMatchObject({
      fields: { title: "Buy milk" },
      waiting: [],
      revision: rev(3),
    });
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
    const { key } = bench.edit({
      entity: "task",
      operation: "update",
      recordId: "t1",
      payload: { title: "x" },
    });
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
    const bench = live(
      [
        ["contact", ANN],
        ["contact", BOB],
      ],
      4,
    );
    bench.edit({ entity: "contact", operation: "update", recordId: "ann", payload: { phone: "2" } });
    bench.flush();
    bench.edit({ entity: "contact", operation: "update", recordId: "ann", payload: { phone: "3" } });
    bench.edit({ entity: "contact", operation: "update", recordId: "bob", payload: { phone: "4" } });
    bench.flush();
    bench.answer(bench.last("send").request, 503, { error: "unavailable", message: "" });
    bench.fire("retry", 1_200);
    bench.flush();
    expect(bench.last("send").message.call).toMatchObject({
      call: "update",
      id: "ann",
      body: { phone: "2" },
    });
    bench.answer(
      bench.last("send").request,
      429,
      { error: "rate_limited", message: "" },
      { retryAfterSeconds: 1 },
    );
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
    const bench = live(
      [
        ["contact", ANN],
        ["contact", BOB],
      ],
      4,
    );
    bench.edit({ entity: "contact", operation: "update", recordId: "ann", payload: { phone: "2" } });
    bench.flush();
    bench.answer(
      bench.last("send").request,
      409,
      { error: "in_flight", message: "" },
      { retryAfterSeconds: 30 },
    );
    bench.edit({ entity: "contact", operation: "update", recordId: "bob", payload: { phone: "4" } });
    bench.flush();
    expect(bench.last("send").message.call).toMatchObject({ id: "bob" });
  });

  it("[QUE-3] what was made on top of a failed one fails with it, and what comes after the rollback goes out", () => {
    const bench = live([["contact", ANN]], 4);
    bench.edit({ entity: "contact", operation: "update", recordId: "ann", payload: { phone: "2" } });
    bench.flush();
    const second = bench.edit({
      entity: "contact",
      operation: "update",
      recordId: "ann",
      payload: { phone: "3" },
    });
    bench.flush();
    bench.answer(bench.last("send").request, 422, { error: "idempotency_key_reused", message: "" });
    bench.flush();
    expect(bench.settled).toMatchObject({
      mutation: second.mutation,
      outcome: "failed",
      error: "dependency_failed",
    });
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
    bench.answer(
      bench.last("send").request,
      503,
      { error: "unavailable", message: "" },
      { retryAfterSeconds: 20 },
    );
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
    bench.answer(
      bench.last("send").request,
      503,
      { error: "unavailable", message: "" },
      { retryAfterSeconds: 20 },
    );
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
    const { mutation, key } = bench.edit({
      entity: "task",
      operation: "update",
      recordId: "t1",
      payload: { title: "x" },
    });
    bench.flush();
    for (let i = 0; i < 5; i++) {
      expect(bench.mutationsSent).toHaveLength(i + 1);
      bench.answer(bench.last("send").request, 500, {});
      bench.flush();
      bench.fire("retry", 12_000);
    }
    expect(bench.settled).toMatchObject({ mutation, outcome: "failed" });
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
    expect(bench.settled.outcome).toBe("discarded");
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
