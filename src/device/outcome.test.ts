/** Owns the tests of answers and restarts (QUE-7, QUE-8, QUE-14). Every server in here is a canned answer. */

import { describe, expect, it } from "vitest";
import { done, live, meta, record, rev } from "./bench.fixture.ts";

const ANN = record("ann", 1, { name: "Ann", phone: "1" });
const TASK = record("t1", 3, { title: "Buy milk" });
const LIST = record("l1", 4, { name: "Shop", items: [{ id: "a", text: "apples" }] });

describe("QUE-7, QUE-14: restarts", () => {
  it("[QUE-7] syncing is pending again, with its key", () => {
    const bench = live([["task", TASK]], 4);
    const { key } = bench.edit({
      entity: "task",
      operation: "update",
      recordId: "t1",
      payload: { title: "x" },
    });
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
    const second = bench.edit({
      entity: "contact",
      operation: "update",
      recordId: "tmp",
      payload: { phone: "9" },
    });
    bench.answer(bench.last("send").request, 201, done(record("real", 5, { name: "Cy" }), 5));
    expect(bench.replica.map((one) => one.id)).toEqual(["real"]);
    bench.flush();
    expect(bench.last("show")).toMatchObject({ id: "real", waiting: [second.mutation] });
    bench.flush();
    expect(bench.last("send").message).toMatchObject({
      call: { call: "update", id: "real" },
      ifMatch: rev(5),
    });
    bench.restart();
    expect(
      bench.edit({ entity: "contact", operation: "update", recordId: "tmp", payload: { phone: "8" } }).edit
        .recordId,
    ).toBe("real");
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
      return JSON.stringify(
        (bench.sent("create").at(-1)?.message.call as { body?: unknown } | undefined)?.body,
      );
    });
    expect(texts[0]).toBe(texts[1]);
    expect(texts[0]).toBe(JSON.stringify({ ...odd, id: "c1" }));
    expect(texts[0]).toContain('"__proto__":{"a":null}');
  });

  it("[QUE-14] a device from stored entries equals one from the same entries through JSON", () => {
    const bench = live(
      [
        ["list", LIST],
        ["contact", ANN],
        ["task", record("__proto__", 2, { title: "odd" })],
      ],
      4,
    );
    bench.feed({ input: "offline" });
    bench.edit({
      entity: "list",
      operation: "update",
      recordId: "l1",
      payload: { items: [{ id: "b", text: "" }], x: null },
    });
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
    expect(bench.settled).toMatchObject({ outcome: "failed", error });
  });

  it("[QUE-8] 404 on a delete: done", () => {
    const bench = live([["task", TASK]], 4);
    bench.edit({ entity: "task", operation: "delete", recordId: "t1" });
    bench.flush();
    bench.answer(bench.last("send").request, 404, { error: "not_found", message: "" });
    expect(bench.settled.outcome).toBe("applied");
    expect(bench.replica).toEqual([]);
  });

  it("[QUE-8] 401 pauses the queue and loses nothing; signing in goes on", () => {
    const bench = live([["task", TASK]], 4);
    const { key } = bench.edit({
      entity: "task",
      operation: "update",
      recordId: "t1",
      payload: { title: "x" },
    });
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

  it("[QUE-8] what left with the token before is no word on that of now", () => {
    const bench = live([["task", TASK]], 4);
    bench.feed({ input: "refresh" });
    const page = bench.last("send").request;
    bench.edit({ entity: "task", operation: "update", recordId: "t1", payload: { title: "x" } });
    bench.flush();
    const update = bench.last("send").request;
    bench.feed({ input: "signed_in", token: "new" });
    bench.answer(page, 401, { error: "unauthorized", message: "" });
    bench.answer(update, 401, { error: "unauthorized", message: "" });
    bench.feed({ input: "socket_closed", socket: bench.last("connect").socket, code: 4401 });
    expect(bench.count("notice")).toBe(0);
    expect(bench.sent("changes").at(-1)?.message.token).toBe("new");
    expect(bench.mutationsSent.at(-1)?.message.token).toBe("new");
    bench.answer(bench.mutationsSent.at(-1)?.request ?? 0, 401, { error: "unauthorized", message: "" });
    expect(bench.last("notice").notice).toBe("signed_out");
  });

  it("[QUE-8, SYS-4] 401 for items of a batch pauses what they are, and signing in goes on", () => {
    const bench = live([], 4);
    bench.feed({ input: "offline" });
    const keys = ["a", "b", "c"].map(
      (recordId) =>
        bench.edit({ entity: "task", operation: "create", recordId, payload: { title: "x" } }).key,
    );
    bench.feed({ input: "online" });
    bench.flush();
    const a = { id: keys[0], status: 201, ...done(record("a", 5, { title: "x" }), 5) };
    const refused = keys.slice(1).map((id) => ({ id, status: 401, error: "unauthorized", message: "" }));
    bench.answer(bench.last("send").request, 200, { results: [a, ...refused], meta: meta(5) });
    bench.flush();
    expect(bench.last("notice").notice).toBe("signed_out");
    expect([bench.count("settled"), bench.waiting]).toEqual([1, 2]);
    bench.feed({ input: "signed_in", token: "new" });
    bench.flush();
    expect(bench.mutationsSent.at(-1)?.message).toMatchObject({ idempotencyKey: keys[1], token: "new" });
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
