/** Owns the tests of revisions and events (REV, EVT rules). Every server in here is a canned answer. */

import { describe, expect, it } from "vitest";
import type { Frame } from "../protocol/request.ts";
import {
  type Bench,
  CAPABILITIES,
  changesBody,
  deletion,
  done,
  event,
  live,
  meta,
  record,
  rev,
} from "./bench.fixture.ts";

const ANN = record("ann", 1, { name: "Ann" });
const TASK = record("t1", 3, { title: "Buy milk" });

function change(entity: string, data: ReturnType<typeof record>): object {
  return { entity, action: "updated", id: data.id, revisionId: data.revisionId, data };
}

/** A device with ANN and TASK at revision 4, restarted, opened and past capabilities: its delta is out. */
function reopened(settings: object = {}): Bench {
  const bench = live(
    [
      ["contact", ANN],
      ["task", TASK],
    ],
    4,
    settings,
  );
  bench.restart();
  bench.feed({ input: "opened" });
  bench.answer(bench.last("send").request, 200, { data: CAPABILITIES, meta: meta(4) });
  return bench;
}

describe("REV-11: last seen", () => {
  it("[REV-11] the revision is put out only after the data that it covers is durable", () => {
    const bench = live([["contact", ANN]], 4);
    bench.frame(event("contact", record("ann", 5, { name: "B" })));
    expect(bench.unflushed.flatMap((write) => write.puts.map((put) => put[0]))).toEqual([
      "record/contact/ann",
    ]);
    expect(bench.last("advanced").revision).toBe(rev(4));
    bench.flush(1);
    expect(bench.unflushed.flatMap((write) => write.puts)).toEqual([
      ["revisions", { contact: rev(5), task: rev(5), list: rev(5) }],
    ]);
    expect(bench.last("advanced").revision).toBe(rev(4));
    bench.flush();
    expect(bench.all("advanced").slice(-3)).toEqual([
      { output: "advanced", entity: "contact", revision: rev(5) },
      { output: "advanced", entity: "task", revision: rev(5) },
      { output: "advanced", entity: "list", revision: rev(5) },
    ]);
  });

  it("[REV-11] a failed write of data holds the revision back", () => {
    const bench = live([["contact", ANN]], 4);
    bench.frame(event("contact", record("ann", 5, { name: "B" })));
    bench.frame(event("task", record("t2", 6, { title: "C" })));
    bench.failWrite();
    bench.flush(1);
    expect(bench.disk.get("record/task/t2")).toMatchObject({ title: "C" });
    expect(bench.disk.get("record/contact/ann")).toMatchObject({ name: "Ann" });
    expect(bench.last("advanced").revision).toBe(rev(4));
    bench.flush(1);
    expect(bench.last("advanced").revision).toBe(rev(4));
    bench.flush();
    expect(bench.disk.get("record/contact/ann")).toMatchObject({ name: "B" });
    expect(bench.last("advanced").revision).toBe(rev(6));
  });

  it("[REV-11] entities that share a request send the smallest of theirs", () => {
    const bench = live([["contact", ANN]], 4);
    bench.disk.set("revisions", { contact: rev(4), task: rev(2), list: rev(3) });
    bench.restart();
    bench.feed({ input: "opened" });
    bench.answer(bench.last("send").request, 200, { data: CAPABILITIES, meta: meta(4) });
    expect(bench.last("send").message.call).toMatchObject({
      since: rev(2),
      entities: ["contacts", "tasks", "lists"],
    });
  });

  it("[REV-11] the answer to an own write does not move it: others' changes may lie between", () => {
    const bench = live([["contact", ANN]], 4);
    bench.edit({ entity: "contact", operation: "update", recordId: "ann", payload: { phone: "2" } });
    bench.flush();
    bench.answer(bench.last("send").request, 200, done(record("ann", 9, { name: "Ann", phone: "2" }), 9));
    bench.flush();
    expect(bench.last("advanced").revision).toBe(rev(4));
  });
});

describe("REV-12: never back", () => {
  it("[REV-12] an older event, delta, answer, full sync or conflict body never replaces a newer record", () => {
    const bench = live([["contact", ANN]], 4);
    const newest = record("ann", 20, { name: "Newest" });
    const older = record("ann", 10, { name: "Older" });
    bench.edit({ entity: "contact", operation: "update", recordId: "ann", payload: { name: "Mine" } });
    bench.flush();
    bench.frame(event("contact", newest));
    bench.frame(event("contact", older));
    bench.answer(bench.mutationsSent.at(-1)?.request ?? 0, 200, done(older, 10));
    bench.flush();
    expect(bench.last("show")).toMatchObject({ revision: rev(20), fields: { name: "Newest" } });
    bench.feed({ input: "refresh" });
    bench.answer(bench.last("send").request, 200, changesBody([change("contact", older)], 15));
    expect(bench.shown("ann")).toEqual({ name: "Newest" });
    bench.feed({ input: "push", trigger: { type: "sync_trigger", entity: "contact", revisionId: rev(30) } });
    bench.answer(bench.last("send").request, 200, changesBody([change("contact", older)], 30));
    expect(bench.shown("ann")).toEqual({ name: "Newest" });
  });

  it("[REV-12] a replayed answer does not bring back what was deleted since, with or without a tombstone at hand", () => {
    for (const knewIt of [true, false]) {
      const bench = live([["contact", ANN]], 4);
      bench.edit({ entity: "task", operation: "create", recordId: "n1", payload: { title: "x" } });
      bench.flush();
      if (knewIt) bench.frame(event("task", record("n1", 5, { title: "x" })));
      bench.frame(deletion("task", "n1", 6));
      bench.answer(bench.mutationsSent.at(-1)?.request ?? 0, 201, done(record("n1", 5, { title: "x" }), 5));
      expect(bench.settled.outcome).toBe("applied");
      expect(bench.shown("n1")).toBeUndefined();
    }
  });

  it("[REV-12] what came and went unseen is not brought in by an old answer, nor gone twice", () => {
    const bench = live([["contact", ANN]], 4);
    bench.edit({ entity: "task", operation: "create", recordId: "n1", payload: { title: "x" } });
    bench.flush();
    bench.lose(bench.mutationsSent.at(-1)?.request ?? 0);
    bench.feed({ input: "refresh" });
    bench.answer(bench.sent("changes").at(-1)?.request ?? 0, 200, changesBody([change("contact", ANN)], 10));
    bench.flush();
    bench.nowMs += 1_200;
    bench.feed({ input: "timer", timer: "retry" });
    bench.flush();
    bench.answer(bench.mutationsSent.at(-1)?.request ?? 0, 201, done(record("n1", 5, { title: "x" }), 5));
    expect(bench.settled.outcome).toBe("applied");
    expect(bench.shown("n1")).toBeUndefined();
    expect(bench.last("show")).toMatchObject({ id: "n1", fields: undefined, waiting: [] });
    bench.take();
    bench.frame(event("task", record("n1", 5, { title: "x" })));
    bench.frame(deletion("task", "n1", 6));
    expect(bench.take().filter((output) => output.output === "show")).toEqual([]);
  });

  it("[REV-12] a tombstone outlives a kill until last-seen has passed it, and then it goes", () => {
    const bench = live([["task", TASK]], 4);
    bench.frame(deletion("task", "t1", 6));
    bench.flush(1);
    bench.restart();
    expect(bench.disk.get("record/task/t1")).toEqual({ deletedAt: rev(6) });
    bench.feed({ input: "opened" });
    bench.answer(bench.last("send").request, 200, { data: CAPABILITIES, meta: meta(4) });
    bench.answer(
      bench.last("send").request,
      200,
      changesBody([change("task", record("t1", 5, { title: "old" }))], 5),
    );
    expect(bench.shown("t1")).toBeUndefined();
    bench.frame({ type: "ready", revisionId: rev(7) });
    bench.flush();
    for (let n = 8; n < 10; n++) {
      bench.feed({ input: "push", trigger: { type: "sync_trigger", entity: "task", revisionId: rev(n) } });
      bench.answer(bench.last("send").request, 200, changesBody([], n));
      bench.flush();
    }
    expect(bench.disk.has("record/task/t1")).toBe(false);
  });
});

describe("EVT-14 to EVT-19", () => {
  it("[EVT-14] the socket resumes from last seen, and an event makes stale exactly the reads that it touches", () => {
    const bench = live(
      [
        ["contact", ANN],
        ["task", TASK],
      ],
      4,
    );
    expect(bench.last("connect").subscription).toEqual({
      token: "tok",
      deviceId: "phone",
      lastRevisionId: rev(4),
      entities: ["contacts", "tasks", "lists"],
    });
    for (const query of [
      { entity: "contact" },
      { entity: "contact", id: "ann" },
      { entity: "contact", id: "bob" },
      { entity: "task" },
    ] as const) {
      bench.feed({ input: "read", query });
      expect(bench.last("read_answered").fresh).toBe(true);
    }
    bench.frame(event("contact", record("ann", 5, { name: "B" })));
    expect(bench.all("invalidate").map((one) => one.queries)).toEqual([
      [{ entity: "contact" }, { entity: "contact", id: "ann" }],
    ]);
    bench.frame(event("contact", record("ann", 5, { name: "B" })));
    bench.frame(event("list", record("l9", 6, { name: "L" })));
    expect(bench.count("invalidate")).toBe(1);
    bench.feed({ input: "read", query: { entity: "contact", id: "ann" } });
    expect(bench.last("read_answered")).toMatchObject({ fresh: true, revision: rev(5) });
  });

  const tasks = { input: "read", query: { entity: "task" } } as const;
  const gone = { entity: "task", action: "deleted", id: "t9", revisionId: rev(6) };

  it("[EVT-14] a deletion makes its collection stale, although a page had brought it and nothing was shown of it", () => {
    const bench = live([["task", TASK]], 4);
    bench.feed(tasks);
    bench.feed({ input: "push", trigger: { type: "sync_trigger", entity: "task", revisionId: rev(5) } });
    const more = { ...changesBody([gone], 9), hasMore: true, nextCursor: "c" };
    bench.answer(bench.last("send").request, 200, more);
    expect(bench.count("invalidate")).toBe(0);
    bench.frame(deletion("task", "t9", 6));
    expect(bench.all("invalidate").map(({ queries }) => queries)).toEqual([[{ entity: "task" }]]);
    bench.frame(deletion("task", "t9", 6));
    expect(bench.count("invalidate")).toBe(1);
  });

  it("[EVT-14] and although it was stored before a kill that its revision did not outlive", () => {
    const bench = live([["task", TASK]], 4);
    bench.frame(deletion("task", "t1", 6));
    bench.flush(1);
    bench.restart();
    bench.feed({ input: "opened" });
    bench.answer(bench.last("send").request, 200, { data: CAPABILITIES, meta: meta(4) });
    bench.answer(bench.last("send").request, 200, changesBody([], 5));
    bench.feed(tasks);
    bench.take();
    bench.frame(deletion("task", "t1", 6));
    expect(bench.count("invalidate")).toBe(1);
  });

  it("[EVT-15] resync_required: a delta, no jump of last seen over the gap, and no pending work lost", () => {
    const bench = reopened();
    bench.answer(bench.last("send").request, 200, changesBody([], 4));
    bench.flush();
    bench.edit({ entity: "task", operation: "update", recordId: "t1", payload: { title: "mine" } });
    const resync: Frame = {
      type: "resync_required",
      reason: "too_far_behind",
      revisionId: rev(50),
      floorRevision: rev(0),
    };
    bench.frame(resync);
    bench.frame({ type: "ready", revisionId: rev(50) });
    bench.frame(event("contact", record("ann", 51, { name: "Live" })));
    bench.flush();
    expect(bench.last("advanced").revision).toBe(rev(4));
    bench.feed({ input: "read", query: { entity: "task" } });
    expect(bench.sent("changes").at(-1)?.message.call).toMatchObject({ since: rev(4) });
    bench.answer(
      bench.sent("changes").at(-1)?.request ?? 0,
      200,
      changesBody([change("task", record("t1", 40, { title: "s", done: true }))], 50),
    );
    bench.flush();
    expect(bench.last("advanced").revision).toBe(rev(51));
    expect(bench.shown("t1")).toEqual({ title: "mine", done: true });
    expect(bench.shown("ann")).toEqual({ name: "Live" });
  });

  it("[EVT-15, FUL-1] revision_unknown: in full, for that reason, from whatever history", () => {
    const bench = live([["contact", record("ann", 100, { name: "Other history" })]], 100);
    bench.frame({
      type: "resync_required",
      reason: "revision_unknown",
      revisionId: rev(8),
      floorRevision: rev(0),
    });
    bench.frame({ type: "ready", revisionId: rev(8) });
    expect(bench.last("sync_started")).toMatchObject({ sync: "full", reason: "unknown" });
    bench.frame(event("task", record("t9", 9, { title: "new" })));
    bench.answer(bench.last("send").request, 200, changesBody([change("contact", ANN)], 8));
    bench.flush();
    expect(bench.replica.map((one) => [one.id, one.revision])).toEqual([
      ["ann", rev(1)],
      ["t9", rev(9)],
    ]);
    expect(bench.last("advanced").revision).toBe(rev(9));
  });

  it("[EVT-18] unknown entities, fields and frames are passed over, and the revision moves on", () => {
    const bench = live([["contact", ANN]], 4);
    const unknown = {
      type: "sync_event",
      entity: "invoice",
      action: "created",
      id: "i1",
      revisionId: rev(5),
      payload: { id: "i1" },
    };
    bench.frame(unknown as unknown as Frame);
    bench.frame({ type: "weather", revisionId: rev(99), sky: "blue" } as unknown as Frame);
    bench.frame({ ...event("contact", record("ann", 6, { name: "B", colour: "red" })), trace: 1 } as Frame);
    bench.flush();
    expect(bench.last("advanced").revision).toBe(rev(6));
    expect(bench.shown("ann")).toEqual({ name: "B", colour: "red" });
  });

  it("[EVT-19] reconnects wait 1, 2, 4, 8 s and so on, with jitter, until one is live", () => {
    const bench = live([], 4);
    const least = [1, 2, 4, 8, 16, 32, 60, 60];
    for (const seconds of least) {
      bench.feed({ input: "socket_closed", socket: bench.last("connect").socket, code: 1006 });
      const { afterMs } = bench
        .all("timer")
        .filter((one) => one.timer === "reconnect")
        .at(-1) ?? { afterMs: 0 };
      expect(afterMs).toBeGreaterThanOrEqual(seconds * 1_000);
      expect(afterMs).toBeLessThanOrEqual(seconds * 1_200);
      const before = bench.count("connect");
      bench.feed({ input: "offline" });
      bench.feed({ input: "online" });
      expect(bench.count("connect")).toBe(before);
      bench.nowMs += afterMs;
      bench.feed({ input: "timer", timer: "reconnect" });
      expect(bench.count("connect")).toBe(before + 1);
      bench.feed({ input: "socket_opened", socket: bench.last("connect").socket });
    }
    bench.frame({ type: "ready", revisionId: rev(4) });
    bench.feed({ input: "socket_closed", socket: bench.last("connect").socket, code: 1001 });
    expect(bench.last("timer").afterMs).toBeLessThanOrEqual(1_200);
  });

  it("frames of a socket that was given up count for nothing, and the background has none", () => {
    const bench = live([["contact", ANN]], 4);
    const { socket } = bench.last("connect");
    bench.feed({ input: "closed" });
    expect(bench.last("disconnect").socket).toBe(socket);
    bench.frame(event("contact", record("ann", 9, { name: "late" })));
    expect(bench.shown("ann")).toEqual({ name: "Ann" });
    bench.nowMs += 600_000;
    bench.feed({ input: "timer", timer: "poll" });
    expect(bench.sent("changes")).toHaveLength(1);
  });

  it("a socket that was silent for long while there was news is replaced", () => {
    const bench = live([["contact", ANN]], 4);
    bench.nowMs += 300_000;
    bench.feed({ input: "timer", timer: "poll" });
    bench.answer(
      bench.last("send").request,
      200,
      changesBody([change("contact", record("ann", 9, { name: "missed" }))], 9),
    );
    expect(bench.count("disconnect")).toBe(1);
    bench.nowMs += 1_200;
    bench.feed({ input: "timer", timer: "reconnect" });
    expect(bench.last("connect").subscription.lastRevisionId).toBe(rev(9));
  });
});
