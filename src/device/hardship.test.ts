/** Owns the tests of what a device makes of those who answer, or meddle, in the proxy's place, and of kills between steps. */

import { describe, expect, it } from "vitest";
import type { BatchMutation } from "../protocol/messages.ts";
import { Bench, done, live, meta, record, rev } from "./bench.fixture.ts";

const ANN = record("ann", 1, { name: "Ann", phone: "1" });
const TASK = record("t1", 3, { title: "Buy milk" });

/** A 409 that names the revision which the write named itself. */
function spoiled(bench: Bench, at: ReturnType<typeof record>): void {
  const body = {
    error: "conflict",
    message: "",
    currentRevision: at.revisionId,
    serverData: at,
    clientData: {},
  };
  bench.answer(bench.last("send").request, 409, body);
  bench.flush();
}

describe("somebody on the way", () => {
  it.each([
    ["contact", ANN, { phone: "2" }],
    ["task", TASK, { title: "Buy tea" }],
  ] as const)(
    "[MRG-10] a %s's 409 at the very revision it rests on is no conflict: it fails, and is shown",
    (entity, at, payload) => {
      const bench = live([[entity, at]], 4);
      bench.edit({ entity, operation: "update", recordId: at.id, payload });
      bench.flush();
      spoiled(bench, at);
      expect(bench.settled).toMatchObject({ outcome: "failed", error: "conflict" });
      expect(bench.count("ask")).toBe(0);
      expect(bench.count("rekeyed")).toBe(0);
      expect(bench.shown(at.id)).toMatchObject(entity === "contact" ? { phone: "1" } : { title: "Buy milk" });
    },
  );

  it("[FUL-2] a page of a listing that says there is more, and not where, takes nothing away", () => {
    const bench = new Bench({ phases: new Set([1, 2, 3, 4]) });
    for (const [key, value] of live([["contact", ANN]], 4).disk) bench.disk.set(key, value);
    bench.start();
    bench.feed({ input: "refresh" });
    bench.answer(bench.last("send").request, 200, { data: [], meta: meta(5, { hasMore: true }) });
    bench.nowMs += 1_200;
    bench.feed({ input: "timer", timer: "sync" });
    expect(bench.last("send").message.call).toMatchObject({ call: "list", collection: "contacts" });
    for (const data of [[ANN], [], []])
      bench.answer(bench.last("send").request, 200, { data, meta: meta(5) });
    expect(bench.shown("ann")).toEqual({ name: "Ann", phone: "1" });
  });

  it("[QUE-16] the clock of a captive portal is not believed", () => {
    const bench = live([["task", TASK]], 4);
    const trueMs = (): number => 1_700_000_000_000 + bench.nowMs;
    bench.feed({ input: "refresh" });
    const { request } = bench.last("send");
    bench.feed({
      input: "answered",
      request,
      answer: { status: 200, headers: { dateMs: trueMs() - 86_400_000 }, body: "<html>" },
    });
    bench.edit({ entity: "task", operation: "update", recordId: "t1", payload: { title: "x" } });
    bench.flush();
    expect(Math.abs(Number(bench.mutationsSent[0]?.message.timestamp) - trueMs())).toBeLessThan(1_000);
  });
});

describe("kills", () => {
  it("[QUE-6] what failed is told again after a restart, also when its retry was not stored", () => {
    const bench = live([["contact", ANN]], 4);
    const { mutation } = bench.edit({
      entity: "contact",
      operation: "update",
      recordId: "ann",
      payload: { phone: "2" },
    });
    bench.flush();
    bench.answer(bench.last("send").request, 400, { error: "invalid_request", message: "" });
    bench.flush();
    expect(bench.settled.outcome).toBe("failed");
    bench.feed({ input: "retry", mutation });
    const outputs = bench.restart();
    expect(outputs).toContainEqual({
      output: "settled",
      mutation,
      outcome: "failed",
      error: "invalid_request",
    });
    bench.feed({ input: "discard", mutation });
    bench.flush();
    expect(bench.restart().some(({ output }) => output === "settled")).toBe(false);
  });
});

describe("storage that is slow to know", () => {
  it("[QUE-5] its wait does not put off that of a call", () => {
    const bench = live([["task", TASK]], 4);
    bench.edit({ entity: "task", operation: "update", recordId: "t1", payload: { title: "x" } });
    for (let failures = 0; failures < 5; failures++) {
      bench.nowMs += 60_000;
      bench.feed({ input: "timer", timer: "sync" });
      bench.failWrite();
    }
    const storageMs = bench.last("timer").afterMs;
    expect(storageMs).toBeGreaterThan(10_000);
    bench.feed({ input: "refresh" });
    const before = bench.count("send");
    bench.answer(bench.last("send").request, 503, { error: "unavailable", message: "" });
    expect(bench.last("timer")).toMatchObject({ timer: "sync" });
    expect(bench.last("timer").afterMs).toBeLessThanOrEqual(1_200);
    bench.fire("sync");
    expect(bench.count("send")).toBe(before + 1);
    expect(bench.last("timer")).toMatchObject({ timer: "sync" });
    expect(bench.last("timer").afterMs).toBeGreaterThan(10_000);
  });

  it("[QUE-3] what is made on top of a create that failed, and is not yet known to have, fails with it", () => {
    const bench = live([["contact", ANN]], 4);
    bench.edit({ entity: "contact", operation: "create", recordId: "new", payload: { name: "Eve" } });
    bench.flush();
    bench.answer(bench.last("send").request, 400, { error: "invalid_request", message: "" });
    bench.failWrite();
    const update = bench.edit({
      entity: "contact",
      operation: "update",
      recordId: "new",
      payload: { phone: "2" },
    });
    expect(bench.last("notice").notice).toBe("storage_failed");
    bench.nowMs += 5_000;
    bench.fire("sync");
    bench.flush();
    expect(bench.last("settled")).toMatchObject({ mutation: update.mutation, outcome: "failed" });
    expect(bench.shown("new")).toBeUndefined();
    expect(bench.waiting).toBe(0);
  });
});

describe("[QUE-8] 424 to an update that hangs on its create", () => {
  it("whose create was there under a former key: it goes on alone, under a key of its own", () => {
    const bench = live([["contact", ANN]], 4);
    bench.feed({ input: "offline" });
    bench.edit({ entity: "list", operation: "create", recordId: "new", payload: { name: "L" } });
    const update = bench.edit({ entity: "list", operation: "update", recordId: "new", payload: { x: 1 } });
    bench.edit({ entity: "contact", operation: "update", recordId: "ann", payload: { phone: "2" } });
    bench.flush();
    bench.feed({ input: "online" });
    bench.flush();
    const { call } = bench.last("send").message;
    const items =
      call.call === "batch" ? (call.body as { mutations: readonly BatchMutation[] }).mutations : [];
    const exists = {
      error: "already_exists",
      message: "",
      currentRevision: rev(9),
      serverData: record("new", 9, { name: "L" }),
      clientData: {},
    };
    const each = [
      { status: 409, ...exists },
      { status: 424, error: "dependency_failed", message: "" },
      { status: 200, ...done(record("ann", 10, { name: "Ann", phone: "2" }), 10) },
    ];
    const results = items.map(({ id }, at) => ({ id, ...each[at] }));
    bench.answer(bench.last("send").request, 200, { results, meta: meta(10) });
    bench.flush();
    expect(bench.last("rekeyed").mutation).toBe(update.mutation);
    expect(bench.last("send").message).toMatchObject({
      call: { call: "update", id: "new", body: { x: 1 } },
      ifMatch: rev(9),
      idempotencyKey: bench.last("rekeyed").key,
    });
  });
});
