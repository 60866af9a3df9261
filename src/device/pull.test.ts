/** Owns the tests of syncs, pushes, reads and protocol versions. Every server in here is a canned answer. */

import { describe, expect, it } from "vitest";
import { Bench, CAPABILITIES, changesBody, event, live, meta, record, rev } from "./bench.fixture.ts";
import { measure } from "./bytes.ts";

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

describe("FUL: full sync", () => {
  it("[FUL-1] on open: changes since the stored revision, page by page; the revision only at the end", () => {
    const bench = reopened();
    expect(bench.last("sync_started")).toEqual({ output: "sync_started", sync: "delta" });
    bench.answer(
      bench.last("send").request,
      200,
      changesBody([change("contact", record("ann", 5, { name: "B" }))], 9, "c1"),
    );
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
    bench.answer(bench.last("send").request, 410, {
      error: "revision_expired",
      message: "",
      currentRevision: rev(90),
      floorRevision: rev(80),
    });
    expect(bench.last("sync_ended")).toMatchObject({ sync: "delta", revision: undefined });
    expect(bench.last("sync_started")).toMatchObject({ sync: "full", reason: "expired" });
    bench.answer(bench.last("send").request, 200, changesBody([], 90));
    bench.feed({ input: "refresh" });
    expect(bench.last("sync_started")).toMatchObject({ sync: "full", reason: "requested" });
  });

  it("[FUL-2] all at once: gone ones go, newer ones and waiting edits stay, in one write", () => {
    const bench = live(
      [
        ["contact", ANN],
        ["task", TASK],
        ["list", record("l1", 4, { name: "L" })],
      ],
      4,
    );
    bench.edit({ entity: "list", operation: "update", recordId: "l1", payload: { name: "Mine" } });
    bench.flush();
    bench.feed({ input: "refresh" });
    bench.take();
    bench.answer(
      bench.last("send").request,
      200,
      changesBody([change("contact", record("ann", 6, { name: "Old" }))], 10, "c1"),
    );
    bench.frame(event("contact", record("ann", 12, { name: "Newest" })));
    bench.frame(event("contact", record("new", 13, { name: "New" })));
    bench.flush();
    expect(bench.shown("t1")).toBeDefined();
    const outputs = bench.answer(
      bench.last("send").request,
      200,
      changesBody([change("list", record("l1", 7, { name: "S", x: 1 }))], 10),
    );
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
    bench.answer(bench.last("send").request, 410, {
      error: "revision_expired",
      message: "",
      currentRevision: rev(90),
      floorRevision: rev(80),
    });
    bench.answer(
      bench.last("send").request,
      200,
      changesBody([change("contact", record("ann", 50, { name: "X" }))], 90, "c1"),
    );
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
    expect(bench.settled).toMatchObject({ outcome: "failed", error: "not_found" });
    bench.answer(bench.sent("capabilities").at(-1)?.request ?? 0, 200, { data: CAPABILITIES, meta: meta(4) });
    bench.answer(bench.last("send").request, 410, {
      error: "revision_expired",
      message: "",
      currentRevision: rev(90),
      floorRevision: rev(80),
    });
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
    bench.answer(bench.last("send").request, 410, {
      error: "revision_expired",
      message: "",
      currentRevision: rev(9),
      floorRevision: rev(2),
    });
    expect(bench.last("sync_ended").revision).toBeUndefined();
    bench.nowMs += 2_400;
    bench.feed({ input: "timer", timer: "sync" });
    expect(bench.last("send").message.call).toEqual({
      call: "changes",
      since: rev(4),
      entities: ["contacts", "tasks", "lists"],
    });
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
    bench.answer(
      bench.last("send").request,
      200,
      changesBody([change("task", record("t1", 14, { title: "pushed" }))], 14),
    );
    bench.flush();
    expect(bench.shown("t1")).toEqual({ title: "pushed" });
    expect(bench.last("advanced").revision).toBe(rev(14));
    expect(bench.sent("changes")).toHaveLength(3);
    bench.answer(bench.last("send").request, 200, changesBody([], 14));
    expect(bench.sent("changes")).toHaveLength(3);
    push(bench, 14);
    expect(bench.sent("changes")).toHaveLength(3);
    push(bench, 30);
    push(bench, 31);
    expect(bench.sent("changes")).toHaveLength(4);
    bench.answer(bench.last("send").request, 200, changesBody([], 31));
    expect(bench.sent("changes")).toHaveLength(4);
    expect(bench.count("connect")).toBe(1);
  });

  it("[PSH-9] with no push at all the device converges at the next open", () => {
    const bench = reopened();
    bench.answer(
      bench.last("send").request,
      200,
      changesBody([change("task", record("t1", 9, { title: "new" }))], 9),
    );
    expect(bench.shown("t1")).toEqual({ title: "new" });
  });

  it("the token is registered once, again when topics change, and whole when the proxy forgot it", () => {
    const settings = { token: "T", platform: "ios", topics: ["task"] } as const;
    const bench = live([], 4, { push: settings });
    expect(bench.sent("push_register")[0]?.message.call).toEqual({ call: "push_register", body: settings });
    bench.answer(bench.last("send").request, 201, {
      data: { deviceId: "phone", topics: ["task"] },
      meta: meta(4),
    });
    bench.flush();
    const again = new Bench({ push: { ...settings, topics: ["task", "list"] } });
    for (const [key, value] of bench.disk) again.disk.set(key, value);
    again.start();
    again.feed({ input: "opened" });
    again.answer(again.last("send").request, 200, { data: CAPABILITIES, meta: meta(4) });
    again.answer(again.last("send").request, 200, changesBody([], 4));
    expect(again.last("send").message.call).toEqual({
      call: "push_topics",
      body: { topics: ["task", "list"] },
    });
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
    bench.answer(bench.last("send").request, 200, {
      data: { ...CAPABILITIES, protocol: "2" },
      meta: meta(4),
    });
    expect(bench.last("notice").notice).toBe("protocol_mismatch");
    bench.nowMs += 60_000;
    for (const timer of ["retry", "sync", "poll", "reconnect"] as const)
      bench.feed({ input: "timer", timer });
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

  it("[FLG-4] and still after a restart: it says so, asks, and sends nothing before the protocol is its own again", () => {
    const bench = live([["task", TASK]], 4);
    bench.nowMs += 3_600_000;
    bench.feed({ input: "closed" });
    bench.feed({ input: "opened" });
    const other = { data: { ...CAPABILITIES, protocol: "2" }, meta: meta(4) };
    bench.answer(bench.last("send").request, 200, other);
    bench.edit({ entity: "task", operation: "update", recordId: "t1", payload: { title: "x" } });
    bench.flush();
    bench.restart();
    bench.flush();
    expect(bench.all("notice")).toHaveLength(2);
    expect(bench.mutationsSent).toHaveLength(0);
    for (let restarts = 0; restarts < 2; restarts++) {
      bench.answer(bench.sent("capabilities").at(-1)?.request ?? 0, 200, {
        data: CAPABILITIES,
        meta: meta(4),
      });
      bench.flush();
      expect(bench.mutationsSent).toHaveLength(restarts + 1);
      bench.restart();
      bench.flush();
    }
    expect(bench.all("notice")).toHaveLength(2);
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
    const bench = live(
      [
        ["task", TASK],
        ["contact", record("z", 2, { name: "Z" })],
        ["contact", ANN],
      ],
      4,
    );
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
    bench.answer(bench.last("send").request, 200, {
      data: [ANN],
      meta: meta(4, { hasMore: true, nextCursor: "c" }),
    });
    expect(bench.last("send").message.call).toMatchObject({
      call: "list",
      collection: "contacts",
      cursor: "c",
    });
    bench.answer(bench.last("send").request, 200, {
      data: [record("bob", 6, { name: "Bob" })],
      meta: meta(6),
    });
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

  it("the last bytes of a text that cannot be measured cheaply are over-estimated, never under", () => {
    for (const value of [
      "",
      'ab"\\\n\u0001',
      "Zoë 😀 \ud800",
      { é: [1.5e-7, null, true, { a: [] }] },
      ["x", {}],
    ]) {
      expect(measure(value)).toBeGreaterThanOrEqual(new TextEncoder().encode(JSON.stringify(value)).length);
    }
  });
});
