/** Owns the tests of revisions, events, syncs, pushes and reads, by rule. Every server in here is a canned answer. */

import { describe, expect, it } from "vitest";
import type { Frame } from "../protocol/request.ts";
import {
  Bench,
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

function gone(entity: string, id: string, n: number): object {
  return { entity, action: "deleted", id, revisionId: rev(n) };
}

/** A device with ANN and TASK at revision 4, restarted, opened and past capabilities: its delta is out. */
function reopened(settings: object = {}): Bench {
  const bench = live([["contact", ANN], ["task", TASK]], 4, settings);
  bench.restart();
  bench.feed({ input: "opened" });
  bench.answer(bench.last("send").request, 200, { data: CAPABILITIES, meta: meta(4) });
  return bench;
}

describe("REV-11: last seen", () => {
  it("[REV-11] the revision is put out only after the data that it covers is durable", () => {
    const bench = live([["contact", ANN]], 4);
    bench.frame(event("contact", record("ann", 5, { name: "B" })));
    expect(bench.unflushed.flatMap((write) => write.puts.map((put) => put[0]))).toEqual(["record/contact/ann"]);
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
    expect(bench.last("send").message.call).toMatchObject({ since: rev(2), entities: ["contacts", "tasks", "lists"] });
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
      expect(bench.last("settled").outcome).toBe("applied");
      expect(bench.shown("n1")).toBeUndefined();
    }
  });

  it("[REV-12] a tombstone outlives a kill until last-seen has passed it, and then it goes", () => {
    const bench = live([["task", TASK]], 4);
    bench.frame(deletion("task", "t1", 6));
    bench.flush(1);
    bench.restart();
    expect(bench.disk.get("record/task/t1")).toEqual({ deletedAt: rev(6) });
    bench.feed({ input: "opened" });
    bench.answer(bench.last("send").request, 200, { data: CAPABILITIES, meta: meta(4) });
    bench.answer(bench.last("send").request, 200, changesBody([change("task", record("t1", 5, { title: "old" }))], 5));
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
    const bench = live([["contact", ANN], ["task", TASK]], 4);
    expect(bench.last("connect").subscription).toEqual({
      token: "tok",
      deviceId: "phone",
      lastRevisionId: rev(4),
      entities: ["contacts", "tasks", "lists"],
    });
    for (const query of [{ entity: "contact" }, { entity: "contact", id: "ann" }, { entity: "contact", id: "bob" }, { entity: "task" }] as const) {
      bench.feed({ input: "read", query });
      expect(bench.last("read_answered").fresh).toBe(true);
    }
    bench.frame(event("contact", record("ann", 5, { name: "B" })));
    expect(bench.all("invalidate").map((one) => one.queries)).toEqual([[{ entity: "contact" }, { entity: "contact", id: "ann" }]]);
    bench.frame(event("contact", record("ann", 5, { name: "B" })));
    bench.frame(event("list", record("l9", 6, { name: "L" })));
    expect(bench.count("invalidate")).toBe(1);
    bench.feed({ input: "read", query: { entity: "contact", id: "ann" } });
    expect(bench.last("read_answered")).toMatchObject({ fresh: true, revision: rev(5) });
  });

  it("[EVT-15] resync_required: a delta, no jump of last seen over the gap, and no pending work lost", () => {
    const bench = reopened();
    bench.answer(bench.last("send").request, 200, changesBody([], 4));
    bench.flush();
    bench.edit({ entity: "task", operation: "update", recordId: "t1", payload: { title: "mine" } });
    const resync: Frame = { type: "resync_required", reason: "too_far_behind", revisionId: rev(50), floorRevision: rev(0) };
    bench.frame(resync);
    bench.frame({ type: "ready", revisionId: rev(50) });
    bench.frame(event("contact", record("ann", 51, { name: "Live" })));
    bench.flush();
    expect(bench.last("advanced").revision).toBe(rev(4));
    bench.feed({ input: "read", query: { entity: "task" } });
    expect(bench.sent("changes").at(-1)?.message.call).toMatchObject({ since: rev(4) });
    bench.answer(bench.sent("changes").at(-1)?.request ?? 0, 200, changesBody([change("task", record("t1", 40, { title: "s", done: true }))], 50));
    bench.flush();
    expect(bench.last("advanced").revision).toBe(rev(51));
    expect(bench.shown("t1")).toEqual({ title: "mine", done: true });
    expect(bench.shown("ann")).toEqual({ name: "Live" });
  });

  it("[EVT-15, FUL-1] revision_unknown: in full, for that reason, from whatever history", () => {
    const bench = live([["contact", record("ann", 100, { name: "Other history" })]], 100);
    bench.frame({ type: "resync_required", reason: "revision_unknown", revisionId: rev(8), floorRevision: rev(0) });
    bench.frame({ type: "ready", revisionId: rev(8) });
    expect(bench.last("sync_started")).toMatchObject({ sync: "full", reason: "unknown" });
    bench.frame(event("task", record("t9", 9, { title: "new" })));
    bench.answer(bench.last("send").request, 200, changesBody([change("contact", ANN)], 8));
    bench.flush();
    expect(bench.replica.map((one) => [one.id, one.revision])).toEqual([["ann", rev(1)], ["t9", rev(9)]]);
    expect(bench.last("advanced").revision).toBe(rev(9));
  });

  it("[EVT-18] unknown entities, fields and frames are passed over, and the revision moves on", () => {
    const bench = live([["contact", ANN]], 4);
    const unknown = { type: "sync_event", entity: "invoice", action: "created", id: "i1", revisionId: rev(5), payload: { id: "i1" } };
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
      const { afterMs } = bench.all("timer").filter((one) => one.timer === "reconnect").at(-1) ?? { afterMs: 0 };
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
    bench.answer(bench.last("send").request, 200, changesBody([change("contact", record("ann", 9, { name: "missed" }))], 9));
    expect(bench.count("disconnect")).toBe(1);
    bench.nowMs += 1_200;
    bench.feed({ input: "timer", timer: "reconnect" });
    expect(bench.last("connect").subscription.lastRevisionId).toBe(rev(9));
  });
});

describe("FUL: full sync", () => {
  it("[FUL-1] on open: changes since the stored revision, page by page; the revision only at the end", () => {
    const bench = reopened();
    expect(bench.last("sync_started")).toEqual({ output: "sync_started", sync: "delta" });
    bench.answer(bench.last("send").request, 200, changesBody([change("contact", record("ann", 5, { name: "B" }))], 9, "c1"));
    bench.flush();
    expect(bench.all("advanced")).toHaveLength(3);
    expect(bench.last("send").message.call).toMatchObject({ since: rev(4), cursor: "c1" });
    bench.answer(bench.last("send").request, 200, changesBody([gone("task", "t1", 8)], 9));
    bench.flush();
    expect(bench.last("advanced").revision).toBe(rev(9));
    expect(bench.replica.map((one) => one.id)).toEqual(["ann"]);
  });

  it("[FUL-1] nothing stored: in full, reason first", () => {
    const bench = live([], 4);
    expect(bench.last("sync_started")).toMatchObject({ sync: "full", reason: "first" });
    expect(bench.sent("changes")[0]?.message.call).not.toHaveProperty("since");
  });

  it("[FUL-1] 410: in full, reason expired; refresh: requested", () => {
    const bench = reopened();
    bench.answer(bench.last("send").request, 410, { error: "revision_expired", message: "", currentRevision: rev(90), floorRevision: rev(80) });
    expect(bench.last("sync_ended")).toMatchObject({ sync: "delta", revision: undefined });
    expect(bench.last("sync_started")).toMatchObject({ sync: "full", reason: "expired" });
    bench.answer(bench.last("send").request, 200, changesBody([], 90));
    bench.feed({ input: "refresh" });
    expect(bench.last("sync_started")).toMatchObject({ sync: "full", reason: "requested" });
  });

  it("[FUL-2] all at once: gone ones go, newer ones and waiting edits stay, in one write", () => {
    const bench = live([["contact", ANN], ["task", TASK], ["list", record("l1", 4, { name: "L" })]], 4);
    bench.edit({ entity: "list", operation: "update", recordId: "l1", payload: { name: "Mine" } });
    bench.flush();
    bench.feed({ input: "refresh" });
    bench.take();
    bench.answer(bench.last("send").request, 200, changesBody([change("contact", record("ann", 6, { name: "Old" }))], 10, "c1"));
    bench.frame(event("contact", record("ann", 12, { name: "Newest" })));
    bench.frame(event("contact", record("new", 13, { name: "New" })));
    bench.flush();
    expect(bench.shown("t1")).toBeDefined();
    const outputs = bench.answer(bench.last("send").request, 200, changesBody([change("list", record("l1", 7, { name: "S", x: 1 }))], 10));
    expect(outputs.filter((output) => output.output === "store")).toHaveLength(1);
    expect(bench.replica.map((one) => [one.id, one.fields])).toEqual([
      ["ann", { name: "Newest" }],
      ["new", { name: "New" }],
      ["l1", { name: "Mine", x: 1 }],
    ]);
    bench.flush();
    expect(bench.last("advanced").revision).toBe(rev(13));
    bench.restart();
    expect(bench.replica.map((one) => one.id)).toEqual(["ann", "new", "l1"]);
    expect(bench.waiting).toBe(1);
  });

  it("[FUL-3] killed between pages, or before the revision is stored, the next start begins again and loses nothing", () => {
    const bench = reopened();
    bench.answer(bench.last("send").request, 410, { error: "revision_expired", message: "", currentRevision: rev(90), floorRevision: rev(80) });
    bench.answer(bench.last("send").request, 200, changesBody([change("contact", record("ann", 50, { name: "X" }))], 90, "c1"));
    bench.flush();
    bench.restart();
    expect(bench.replica.map((one) => one.fields)).toEqual([{ name: "Ann" }, { title: "Buy milk" }]);
    bench.feed({ input: "opened" });
    bench.answer(bench.last("send").request, 200, { data: CAPABILITIES, meta: meta(4) });
    expect(bench.last("send").message.call).toMatchObject({ since: rev(4) });
    bench.answer(bench.last("send").request, 200, changesBody([gone("contact", "ann", 60)], 90));
    bench.flush(1);
    bench.restart();
    bench.feed({ input: "opened" });
    bench.answer(bench.last("send").request, 200, { data: CAPABILITIES, meta: meta(4) });
    expect(bench.last("send").message.call).toMatchObject({ since: rev(4) });
    expect(bench.replica.map((one) => one.id)).toEqual(["t1"]);
  });

  it("[FUL-4] gone longer than retention: an update of what was deleted is not sent as a create", () => {
    const bench = live([["task", TASK]], 4);
    bench.feed({ input: "offline" });
    bench.edit({ entity: "task", operation: "update", recordId: "t1", payload: { title: "mine" } });
    bench.flush();
    bench.restart(false);
    bench.feed({ input: "opened" });
    bench.feed({ input: "online" });
    bench.flush();
    const mutation = bench.mutationsSent.at(-1);
    expect(mutation?.message.call.call).toBe("update");
    bench.answer(mutation?.request ?? 0, 404, { error: "not_found", message: "" });
    bench.flush();
    expect(bench.last("settled")).toMatchObject({ outcome: "failed", error: "not_found" });
    bench.answer(bench.sent("capabilities").at(-1)?.request ?? 0, 200, { data: CAPABILITIES, meta: meta(4) });
    bench.answer(bench.last("send").request, 410, { error: "revision_expired", message: "", currentRevision: rev(90), floorRevision: rev(80) });
    bench.answer(bench.last("send").request, 200, changesBody([], 90));
    expect(bench.replica).toEqual([]);
    bench.flush();
    expect(bench.sent("create")).toHaveLength(0);
  });

  it("a cursor that is too old begins the sync again after a wait, and a broken page is asked for again", () => {
    const bench = reopened();
    bench.answer(bench.last("send").request, 200, changesBody([], 9, "c1"));
    bench.answer(bench.last("send").request, 200, "<html>");
    bench.nowMs += 1_200;
    bench.feed({ input: "timer", timer: "sync" });
    expect(bench.last("send").message.call).toMatchObject({ cursor: "c1" });
    bench.answer(bench.last("send").request, 410, { error: "revision_expired", message: "", currentRevision: rev(9), floorRevision: rev(2) });
    expect(bench.last("sync_ended").revision).toBeUndefined();
    bench.nowMs += 2_400;
    bench.feed({ input: "timer", timer: "sync" });
    expect(bench.last("send").message.call).toEqual({ call: "changes", since: rev(4), entities: ["contacts", "tasks", "lists"] });
  });
});

describe("PSH: pushes", () => {
  const push = (bench: Bench, n: number): void => {
    bench.feed({ input: "push", trigger: { type: "sync_trigger", entity: "task", revisionId: rev(n) } });
  };

  it("[PSH-8] a push syncs by delta, in the background too; many at once make one sync, and one more after it", () => {
    const bench = live([["task", TASK]], 4);
    bench.feed({ input: "closed" });
    for (let n = 5; n < 15; n++) push(bench, n);
    expect(bench.sent("changes")).toHaveLength(2);
    push(bench, 20);
    bench.answer(bench.last("send").request, 200, changesBody([change("task", record("t1", 14, { title: "pushed" }))], 14));
    bench.flush();
    expect(bench.shown("t1")).toEqual({ title: "pushed" });
    expect(bench.last("advanced").revision).toBe(rev(14));
    expect(bench.sent("changes")).toHaveLength(3);
    bench.answer(bench.last("send").request, 200, changesBody([], 14));
    expect(bench.sent("changes")).toHaveLength(3);
    push(bench, 14);
    expect(bench.sent("changes")).toHaveLength(3);
    expect(bench.count("connect")).toBe(1);
  });

  it("[PSH-9] with no push at all the device converges at the next open", () => {
    const bench = reopened();
    bench.answer(bench.last("send").request, 200, changesBody([change("task", record("t1", 9, { title: "new" }))], 9));
    expect(bench.shown("t1")).toEqual({ title: "new" });
  });

  it("the token is registered once, again when topics change, and whole when the proxy forgot it", () => {
    const settings = { token: "T", platform: "ios", topics: ["task"] } as const;
    const bench = live([], 4, { push: settings });
    expect(bench.sent("push_register")[0]?.message.call).toEqual({ call: "push_register", body: settings });
    bench.answer(bench.last("send").request, 201, { data: { deviceId: "phone", topics: ["task"] }, meta: meta(4) });
    bench.flush();
    const again = new Bench({ push: { ...settings, topics: ["task", "list"] } });
    for (const [key, value] of bench.disk) again.disk.set(key, value);
    again.start();
    again.feed({ input: "opened" });
    again.answer(again.last("send").request, 200, { data: CAPABILITIES, meta: meta(4) });
    again.answer(again.last("send").request, 200, changesBody([], 4));
    expect(again.last("send").message.call).toEqual({ call: "push_topics", body: { topics: ["task", "list"] } });
    again.answer(again.last("send").request, 404, { error: "not_found", message: "" });
    expect(again.last("send").message.call.call).toBe("push_register");
  });
});

describe("FLG-4, reads, and the rest", () => {
  it("[FLG-4] another protocol: it says so, sends nothing more, keeps the queue, and works offline", () => {
    const bench = new Bench();
    bench.start();
    bench.feed({ input: "opened" });
    bench.edit({ entity: "task", operation: "create", recordId: "n1", payload: { title: "x" } });
    bench.flush();
    expect(bench.mutationsSent).toHaveLength(0);
    bench.answer(bench.last("send").request, 200, { data: { ...CAPABILITIES, protocol: "2" }, meta: meta(4) });
    expect(bench.last("notice").notice).toBe("protocol_mismatch");
    bench.nowMs += 60_000;
    for (const timer of ["retry", "sync", "poll", "reconnect"] as const) bench.feed({ input: "timer", timer });
    expect(bench.count("send")).toBe(1);
    expect(bench.count("connect")).toBe(0);
    expect(bench.shown("n1")).toEqual({ title: "x" });
    bench.edit({ entity: "task", operation: "update", recordId: "n1", payload: { title: "y" } });
    bench.flush();
    expect(bench.count("saved")).toBe(2);
    bench.feed({ input: "closed" });
    bench.feed({ input: "opened" });
    bench.answer(bench.last("send").request, 200, { data: CAPABILITIES, meta: meta(4) });
    bench.flush();
    expect(bench.mutationsSent).toHaveLength(1);
  });

  it("reads are answered at once; one that is not vouched for asks for one sync", () => {
    const bench = live([["task", TASK]], 4, { freshForMs: 60_000, pollEveryMs: 600_000 });
    bench.feed({ input: "socket_closed", socket: bench.last("connect").socket, code: 1006 });
    bench.feed({ input: "read", query: { entity: "task" } });
    expect(bench.last("read_answered").fresh).toBe(true);
    bench.nowMs += 60_001;
    const before = bench.sent("changes").length;
    for (let i = 0; i < 3; i++) bench.feed({ input: "read", query: { entity: "task", id: "t1" } });
    expect(bench.last("read_answered")).toMatchObject({ fresh: false, revision: rev(3) });
    expect(bench.sent("changes")).toHaveLength(before + 1);
  });

  it("after a start every record is shown once, edits on top, in order of entity and id", () => {
    const bench = live([["task", TASK], ["contact", record("z", 2, { name: "Z" })], ["contact", ANN]], 4);
    bench.edit({ entity: "contact", operation: "update", recordId: "z", payload: { name: "Mine" } });
    bench.flush();
    const shown = bench.restart(false).filter((output) => output.output === "show");
    expect(shown.map((output) => output.output === "show" && [output.id, output.fields])).toEqual([
      ["ann", { name: "Ann" }],
      ["z", { name: "Mine" }],
      ["t1", { title: "Buy milk" }],
    ]);
  });

  it("without phase 5 collections are listed page by page, and the first head is where the stream begins", () => {
    const bench = new Bench({ phases: new Set([1, 2, 3, 4]) });
    bench.start();
    bench.feed({ input: "opened" });
    bench.answer(bench.last("send").request, 200, { data: CAPABILITIES, meta: meta(4) });
    expect(bench.last("sync_started")).toMatchObject({ sync: "full", reason: "first" });
    bench.answer(bench.last("send").request, 200, { data: [ANN], meta: meta(4, { hasMore: true, nextCursor: "c" }) });
    expect(bench.last("send").message.call).toMatchObject({ call: "list", collection: "contacts", cursor: "c" });
    bench.answer(bench.last("send").request, 200, { data: [record("bob", 6, { name: "Bob" })], meta: meta(6) });
    bench.answer(bench.last("send").request, 200, { data: [TASK], meta: meta(7) });
    bench.answer(bench.last("send").request, 200, { data: [], meta: meta(8) });
    expect(bench.replica.map((one) => one.id)).toEqual(["ann", "bob", "t1"]);
    expect(bench.last("connect").subscription.lastRevisionId).toBe(rev(4));
  });

  it("without phase 1 an open app polls", () => {
    const bench = new Bench({ phases: new Set([2, 3, 5]) });
    bench.start();
    bench.feed({ input: "opened" });
    bench.answer(bench.last("send").request, 200, { data: CAPABILITIES, meta: meta(4) });
    bench.answer(bench.last("send").request, 200, changesBody([], 4));
    expect(bench.count("connect")).toBe(0);
    bench.fire("poll");
    expect(bench.last("send").message.call).toMatchObject({ call: "changes", since: rev(4) });
  });

  it("the last bytes of a text that cannot be measured cheaply are over-estimated, never under", async () => {
    const { measure } = await import("./bytes.ts");
    for (const value of ["", "ab\"\\\n\u0001", "Zoë 😀 \ud800", { "é": [1.5e-7, null, true, { a: [] }] }, ["x", {}]]) {
      expect(measure(value)).toBeGreaterThanOrEqual(new TextEncoder().encode(JSON.stringify(value)).length);
    }
  });
});
