/** Owns the tests of the way out of the queue (QUE-9 to QUE-16). Every server in here is a canned answer. */

import { describe, expect, it } from "vitest";
import { stream } from "../base/prng.ts";
import type { BatchMutation } from "../protocol/messages.ts";
import { Bench, CAPABILITIES, done, event, live, meta, record, rev } from "./bench.fixture.ts";

const ANN = record("ann", 1, { name: "Ann", phone: "1" });
const BOB = record("bob", 2, { name: "Bob" });
const TASK = record("t1", 3, { title: "Buy milk" });
const LIST = record("l1", 4, { name: "Shop", items: [{ id: "a", text: "apples" }] });

function itemsOf(bench: Bench): readonly BatchMutation[] {
  const { call } = bench.last("send").message;
  return call.call === "batch" ? (call.body as { mutations: readonly BatchMutation[] }).mutations : [];
}

/** A batch answer: one result an item, in order. */
function results(items: readonly BatchMutation[], each: readonly (readonly [number, object])[]): object {
  return {
    results: items.map((item, i) => ({ id: item.id, status: each[i]?.[0], ...each[i]?.[1] })),
    meta: meta(99),
  };
}

describe("QUE-9 to QUE-13", () => {
  it("[QUE-9] however many wake-ups come together, one request of mutations is out", () => {
    const bench = live(
      [
        ["contact", ANN],
        ["contact", BOB],
      ],
      4,
    );
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
    expect(bench.last("send").message).toMatchObject({
      ifMatch: rev(6),
      idempotencyKey: bench.last("queued").key,
    });
  });

  it("[QUE-10] a list edit behind a merged one keeps what others added", () => {
    const bench = live([["list", LIST]], 4);
    const apples = { id: "a", text: "apples" };
    bench.edit({
      entity: "list",
      operation: "update",
      recordId: "l1",
      payload: { items: [apples, { id: "b", text: "bread" }] },
    });
    bench.flush();
    bench.edit({
      entity: "list",
      operation: "update",
      recordId: "l1",
      payload: { items: [{ id: "b", text: "bread" }] },
    });
    bench.flush();
    const merged = record("l1", 7, {
      name: "Shop",
      items: [apples, { id: "c", text: "cake" }, { id: "b", text: "bread" }],
    });
    bench.answer(bench.last("send").request, 200, done(merged, 7, "merged"));
    expect(bench.settled.outcome).toBe("merged");
    bench.flush();
    expect(bench.last("send").message).toMatchObject({
      ifMatch: rev(7),
      call: {
        body: {
          items: [
            { id: "c", text: "cake" },
            { id: "b", text: "bread" },
          ],
        },
      },
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
      expect(bench.last("send").message).toMatchObject({
        call: { call: "delete", id: edit.recordId },
        ifMatch: rev(5),
      });
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
      for (let i = 0; i < 50; i++)
        ids.add(bench.edit({ entity: "task", operation: "create", payload: { title: "x" } }).edit.recordId);
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
  function queued(
    count: number,
    settings: object = {},
    capabilities: object = CAPABILITIES,
    text = "x",
  ): Bench {
    const bench = live([], 4, settings, capabilities);
    bench.feed({ input: "offline" });
    for (let i = 0; i < count; i++)
      bench.edit({ entity: "task", operation: "create", recordId: `n${i}`, payload: { title: text } });
    bench.flush();
    bench.feed({ input: "online" });
    bench.flush();
    return bench;
  }

  it("[QUE-15] a long queue goes in batches within mutationsMax", () => {
    const bench = queued(7, {}, { ...CAPABILITIES, batch: { mutationsMax: 5 } });
    expect(itemsOf(bench)).toHaveLength(5);
    const all = itemsOf(bench).map((_, i): [number, object] => [
      201,
      done(record(`n${i}`, 10 + i, { title: "x" }), 10 + i),
    ]);
    bench.answer(bench.last("send").request, 200, results(itemsOf(bench), all));
    bench.flush();
    expect(bench.waiting).toBe(2);
    expect(bench.last("send").message.call.call).toBe("create");
  });

  it("[QUE-15] what was chosen and never left goes with those that came after it", () => {
    const bench = live([], 4);
    bench.edit({ entity: "task", operation: "create", recordId: "n0", payload: { title: "x" } });
    bench.feed({ input: "offline" });
    bench.flush();
    for (const id of ["n1", "n2", "n3"])
      bench.edit({ entity: "task", operation: "create", recordId: id, payload: { title: "x" } });
    bench.flush();
    bench.feed({ input: "online" });
    bench.flush();
    expect(itemsOf(bench)).toHaveLength(4);
  });

  it("[QUE-15] a proxy that takes fewer at once than are worth a batch gets as many as it takes", () => {
    const bench = queued(7, { batchFrom: 6 }, { ...CAPABILITIES, batch: { mutationsMax: 2 } });
    expect(itemsOf(bench)).toHaveLength(2);
    const single = queued(7, { batchFrom: 6 }, { ...CAPABILITIES, batch: { mutationsMax: 1 } });
    expect(single.last("send").message.call.call).toBe("create");
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
    const create = bench.edit({
      entity: "list",
      operation: "create",
      recordId: "new",
      payload: { name: "L" },
    });
    bench.edit({ entity: "list", operation: "update", recordId: "new", payload: { name: "M" } });
    bench.edit({ entity: "list", operation: "update", recordId: "new", payload: { name: "N" } });
    bench.edit({ entity: "contact", operation: "update", recordId: "ann", payload: { phone: "2" } });
    bench.flush();
    bench.feed({ input: "online" });
    bench.flush();
    expect(
      itemsOf(bench).map(({ operation, recordId, ifMatch, ifMatchMutation }) => ({
        operation,
        recordId,
        ifMatch,
        ifMatchMutation,
      })),
    ).toEqual([
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
    expect(bench.last("send").message).toMatchObject({
      call: { call: "update", id: "new", body: { name: "N" } },
      ifMatch: rev(11),
    });
    expect(bench.waiting).toBe(2);
  });

  it("[MRG-10] what hung on a create that came to other terms goes on under a new key", () => {
    const bench = live([["contact", ANN]], 4);
    bench.feed({ input: "offline" });
    bench.edit({ entity: "list", operation: "create", recordId: "new", payload: { name: "L" } });
    const update = bench.edit({ entity: "list", operation: "update", recordId: "new", payload: { x: 1 } });
    bench.edit({ entity: "contact", operation: "update", recordId: "ann", payload: { phone: "2" } });
    bench.flush();
    bench.feed({ input: "online" });
    bench.flush();
    const sent = itemsOf(bench);
    const theirs = record("new", 9, { name: "Theirs" });
    const exists = {
      error: "already_exists",
      message: "",
      currentRevision: rev(9),
      serverData: theirs,
      clientData: {},
    };
    const answers = [
      [409, exists],
      [424, { error: "dependency_failed", message: "" }],
      [200, done(record("ann", 10, { name: "Ann", phone: "2" }), 10)],
    ] as const;
    bench.answer(bench.last("send").request, 200, results(sent, answers));
    bench.flush();
    expect(bench.waiting).toBe(2);
    const renamed = bench.last("rekeyed");
    expect(renamed.mutation).toBe(update.mutation);
    bench.feed({ input: "chosen", mutation: bench.last("ask").mutation, choice: "mine" });
    bench.flush();
    expect(bench.last("send").message).toMatchObject({
      call: { call: "update", id: "new", body: { name: "L" } },
      ifMatch: rev(9),
    });
    bench.answer(bench.last("send").request, 200, done(record("new", 11, { name: "L" }), 11));
    bench.flush();
    expect(bench.last("send").message).toMatchObject({
      call: { call: "update", body: { x: 1 } },
      ifMatch: rev(11),
      idempotencyKey: renamed.key,
    });
  });

  it("[QUE-16] timestamps follow the server's clock, across restarts and steps of the wall clock", () => {
    const bench = live([["task", TASK]], 4);
    bench.wallErrorMs = 600_000;
    const trueMs = (): number => 1_700_000_000_000 + bench.nowMs;
    bench.restart();
    bench.feed({ input: "opened" });
    bench.nowMs += 400;
    bench.answer(
      bench.last("send").request,
      200,
      { data: CAPABILITIES, meta: meta(4) },
      { dateMs: trueMs() - 200 },
    );
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
    expect(Math.abs(Number(bench.mutationsSent.at(-1)?.message.timestamp) - trueMs())).toBeLessThanOrEqual(
      500,
    );
  });
});

describe("without the durable queue", () => {
  it("an edit goes at once, alone and without a key, and fails when it cannot", () => {
    const bench = new Bench({ phases: new Set([1]) });
    bench.start();
    bench.feed({ input: "opened" });
    for (const data of [[], [TASK], []])
      bench.answer(bench.last("send").request, 200, { data, meta: meta(4) });
    bench.flush();
    expect(bench.last("connect").subscription.lastRevisionId).toBe(rev(4));
    bench.feed({
      input: "edit",
      edit: { entity: "task", operation: "update", recordId: "t1", payload: { title: "x" } },
    });
    expect(bench.last("send").message.idempotencyKey).toBeUndefined();
    expect(bench.last("send").message.ifMatch).toBeUndefined();
    bench.lose(bench.last("send").request);
    expect(bench.settled.outcome).toBe("failed");
    bench.feed({ input: "offline" });
    bench.edit({ entity: "task", operation: "update", recordId: "t1", payload: { title: "y" } });
    expect(bench.settled).toMatchObject({ outcome: "failed", error: "unreachable" });
    expect(bench.count("saved")).toBe(0);
    expect(bench.waiting).toBe(0);
  });

  it("an edit shows when the server has it, and not before", () => {
    const bench = new Bench({ phases: new Set([1]) });
    bench.start();
    bench.feed({ input: "opened" });
    for (const data of [[], [TASK], []])
      bench.answer(bench.last("send").request, 200, { data, meta: meta(4) });
    bench.flush();
    const before = bench.count("show");
    bench.edit({ entity: "task", operation: "update", recordId: "t1", payload: { title: "x" } });
    expect(bench.count("show")).toBe(before);
    const { request } = bench.last("send");
    bench.edit({ entity: "task", operation: "update", recordId: "t1", payload: { title: "y" } });
    const data = { ...TASK, title: "x", revisionId: rev(5) };
    bench.answer(request, 200, { data, meta: meta(5) });
    expect(bench.last("show")).toMatchObject({ id: "t1", fields: { title: "x" }, waiting: [] });
  });
});
