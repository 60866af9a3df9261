/** Owns the tests of what a device makes of a 409, by rule of section 5. Every server in here is a canned answer. */

import { describe, expect, it } from "vitest";
import type { WireRecord } from "../protocol/entity.ts";
import { type Bench, CAPABILITIES, deletion, done, event, live, record, rev } from "./bench.fixture.ts";
import type { Choice } from "./port.ts";

const ANN = record("ann", 1, { name: "Ann", phone: "1", email: "a@x" });
const TASK = record("t1", 3, { title: "Buy milk", done: false, notes: "n" });
const LIST = record("l1", 4, {
  name: "Shop",
  items: [
    { id: "a", text: "apples" },
    { id: "b", text: "bread" },
  ],
});
const BY_CLIENT = { ...CAPABILITIES, conflicts: { ...CAPABILITIES.conflicts, resolvedBy: "client" } };

function conflict(server: WireRecord | null, revision: number, stamps?: object, error = "conflict"): object {
  const body = { error, message: "", currentRevision: rev(revision), serverData: server, clientData: {} };
  return { ...body, ...(server === null ? { deleted: true } : {}), ...(stamps ? { stamps } : {}) };
}

/** A contact whose update of phone and name was refused, as the server has another phone. */
function refusedContact(): Bench {
  const bench = live([["contact", ANN]], 4);
  bench.edit({
    entity: "contact",
    operation: "update",
    recordId: "ann",
    payload: { phone: "2", name: "Anna" },
  });
  bench.flush();
  bench.answer(
    bench.last("send").request,
    409,
    conflict(record("ann", 9, { name: "Ann", phone: "7", email: "a@x" }), 9),
  );
  bench.flush();
  return bench;
}

function choose(bench: Bench, choice: Choice): void {
  bench.feed({ input: "chosen", mutation: bench.last("ask").mutation, choice });
  bench.flush();
}

describe("MRG-9 contacts", () => {
  it("[MRG-9] both versions are kept and asked about; mine stays on top meanwhile, and blocks what follows", () => {
    const bench = refusedContact();
    expect(bench.last("ask")).toMatchObject({
      mine: { name: "Anna", phone: "2", email: "a@x" },
      server: { name: "Ann", phone: "7", email: "a@x" },
    });
    expect(bench.last("show")).toMatchObject({
      revision: rev(9),
      fields: { name: "Anna", phone: "2", email: "a@x" },
    });
    bench.edit({ entity: "contact", operation: "update", recordId: "ann", payload: { email: "b@x" } });
    bench.flush();
    expect(bench.mutationsSent).toHaveLength(1);
    expect(bench.waiting).toBe(2);
  });

  it("[MRG-9] after a restart it asks again", () => {
    const bench = refusedContact();
    const asked = bench.last("ask");
    bench.restart();
    expect(bench.count("ask")).toBe(2);
    expect(bench.last("ask")).toEqual(asked);
    choose(bench, "mine");
    expect(bench.last("send").message).toMatchObject({
      ifMatch: rev(9),
      call: { body: { phone: "2", name: "Anna" } },
    });
  });

  it("[QUE-7, MRG-9] a kill before the question is stored: it goes out as it was, and the same answer asks again", () => {
    const bench = live([["contact", ANN]], 4);
    const update = { entity: "contact", operation: "update", recordId: "ann" } as const;
    bench.edit({ ...update, payload: { phone: "2" } });
    bench.flush();
    const first = bench.last("send");
    const refusal = conflict(record("ann", 9, { name: "Ann", phone: "7" }), 9);
    bench.answer(first.request, 409, refusal);
    expect(bench.count("ask")).toBe(1);
    bench.restart();
    expect(bench.count("ask")).toBe(1);
    bench.feed({ input: "opened" });
    bench.flush();
    const [, again] = bench.mutationsSent;
    expect(again?.message).toMatchObject({ idempotencyKey: first.message.idempotencyKey });
    bench.answer(again?.request ?? 0, 409, refusal, { replayed: true });
    expect(bench.last("ask")).toMatchObject({
      entity: "contact",
      mine: { phone: "2" },
      server: { phone: "7" },
    });
  });

  it("[MRG-9, QUE-3] only a person moves on what is asked about, and what was made on top of it; all else goes", () => {
    const bench = refusedContact();
    expect([bench.waiting, bench.undecided]).toEqual([1, 1]);
    bench.edit({ entity: "contact", operation: "update", recordId: "ann", payload: { email: "b@x" } });
    bench.edit({ entity: "task", operation: "create", payload: { title: "Else" } });
    expect([bench.waiting, bench.undecided]).toEqual([3, 2]);
    bench.restart();
    expect(bench.undecided).toBe(bench.waiting);
    choose(bench, "mine");
    expect(bench.undecided).toBe(0);
  });

  it("[MRG-9, MRG-10] mine goes out again on the server's revision, under a new key", () => {
    const bench = refusedContact();
    choose(bench, "mine");
    const { message } = bench.last("send");
    expect(message).toMatchObject({ ifMatch: rev(9), call: { body: { phone: "2", name: "Anna" } } });
    expect(message.idempotencyKey).toBe(bench.last("rekeyed").key);
    expect(message.idempotencyKey).not.toBe(bench.last("queued").key);
    bench.answer(bench.last("send").request, 200, done(record("ann", 10, { name: "Anna", phone: "2" }), 10));
    expect(bench.settled.outcome).toBe("applied");
  });

  it("[MRG-9] the server's version stands, and is shown", () => {
    const bench = refusedContact();
    choose(bench, "server");
    expect(bench.settled.outcome).toBe("yielded");
    expect(bench.last("show")).toMatchObject({
      fields: { name: "Ann", phone: "7", email: "a@x" },
      waiting: [],
    });
    expect(bench.mutationsSent).toHaveLength(1);
  });

  it("[MRG-9] a merge sends what the other side did not touch", () => {
    const bench = refusedContact();
    choose(bench, "merge");
    expect(bench.last("send").message).toMatchObject({ ifMatch: rev(9), call: { body: { name: "Anna" } } });
    expect((bench.last("send").message.call as { body: object }).body).not.toHaveProperty("phone");
    bench.answer(bench.last("send").request, 200, done(record("ann", 10, { name: "Anna", phone: "7" }), 10));
    expect(bench.settled.outcome).toBe("merged");
  });
});

describe("MRG-9 deletions and creations", () => {
  it("[MRG-9] a stale delete asks; mine deletes on the new revision", () => {
    const bench = live([["task", TASK]], 4);
    bench.edit({ entity: "task", operation: "delete", recordId: "t1" });
    bench.flush();
    bench.answer(bench.last("send").request, 409, conflict(record("t1", 9, { title: "New" }), 9));
    expect(bench.last("ask")).toMatchObject({ mine: null, server: { title: "New" } });
    expect(bench.shown("t1")).toBeUndefined();
    bench.flush();
    choose(bench, "mine");
    expect(bench.last("send").message).toMatchObject({ ifMatch: rev(9), call: { call: "delete", id: "t1" } });
  });

  it("[MRG-9, FUL-4] an update of a deleted record brings nothing back by itself; mine is a new create", () => {
    const bench = live([["task", TASK]], 4);
    bench.edit({ entity: "task", operation: "update", recordId: "t1", payload: { title: "Mine" } });
    bench.flush();
    bench.frame(deletion("task", "t1", 9));
    expect(bench.shown("t1")).toEqual({ title: "Mine", done: false, notes: "n" });
    bench.answer(bench.last("send").request, 409, conflict(null, 9));
    expect(bench.last("ask")).toMatchObject({
      mine: { title: "Mine", done: false, notes: "n" },
      server: null,
    });
    bench.flush();
    bench.restart();
    choose(bench, "mine");
    expect(bench.last("send").message).toMatchObject({
      call: { call: "create", body: { id: "t1", title: "Mine", done: false, notes: "n" } },
      idempotencyKey: bench.last("rekeyed").key,
    });
  });

  it("[MRG-9, FUL-4] and when the server's deletion stands, the record is gone", () => {
    const bench = live([["list", LIST]], 4);
    bench.edit({ entity: "list", operation: "update", recordId: "l1", payload: { name: "Mine" } });
    bench.flush();
    bench.answer(bench.last("send").request, 409, conflict(null, 9));
    choose(bench, "server");
    expect(bench.settled.outcome).toBe("yielded");
    expect(bench.replica).toEqual([]);
    // What was kept to show the edit on, while it waited, does not stay in storage.
    bench.flush();
    expect(JSON.stringify([...bench.disk.values()])).not.toContain("apples");
    bench.restart();
    expect(bench.replica).toEqual([]);
  });

  it("[MRG-9] already_exists with what was sent is our own create; with something else it asks", () => {
    for (const [fields, outcome] of [
      [{ title: "x" }, "applied"],
      [{ title: "theirs" }, undefined],
    ] as const) {
      const bench = live([], 4);
      bench.edit({
        entity: "task",
        operation: "create",
        recordId: "n1",
        payload: { title: "x", notes: null },
      });
      bench.flush();
      bench.answer(
        bench.last("send").request,
        409,
        conflict(record("n1", 9, fields), 9, undefined, "already_exists"),
      );
      bench.flush();
      expect(bench.all("settled").at(-1)?.outcome).toBe(outcome);
      expect(bench.count("ask")).toBe(outcome ? 0 : 1);
    }
  });
});

describe("resolvedBy: client", () => {
  function refusedTask(stamps: object, capabilities: object = BY_CLIENT): Bench {
    const bench = live([["task", TASK]], 4, {}, capabilities);
    bench.edit({
      entity: "task",
      operation: "update",
      recordId: "t1",
      payload: { title: "Mine", notes: "mine" },
    });
    bench.flush();
    const server = record("t1", 9, { title: "Theirs", done: false, notes: "theirs" });
    bench.answer(bench.last("send").request, 409, conflict(server, 9, stamps));
    bench.flush();
    return bench;
  }

  it("[MRG-9, MRG-10] a task's fields with the larger stamp go out again, under a new key", () => {
    const bench = refusedTask({ title: 4e12, notes: 1 });
    expect(bench.last("send").message).toMatchObject({
      ifMatch: rev(9),
      idempotencyKey: bench.last("rekeyed").key,
    });
    expect((bench.last("send").message.call as { body: object }).body).toEqual({ notes: "mine" });
    bench.answer(
      bench.last("send").request,
      200,
      done(record("t1", 10, { title: "Theirs", notes: "mine" }), 10),
    );
    expect(bench.settled.outcome).toBe("merged");
  });

  it("[MRG-9] a task that loses every field yields, and the server's version is shown", () => {
    const bench = refusedTask({ title: 4e12, notes: 4e12 });
    expect(bench.settled.outcome).toBe("yielded");
    expect(bench.shown("t1")).toMatchObject({ title: "Theirs", notes: "theirs" });
    expect(bench.mutationsSent).toHaveLength(1);
  });

  it("[QUE-10, MRG-9] an edit on top of one that yielded rests on what that one rested on", () => {
    const bench = live([["task", TASK]], 4);
    for (const title of ["A", "B", "C"]) {
      bench.edit({ entity: "task", operation: "update", recordId: "t1", payload: { title } });
    }
    bench.flush();
    bench.answer(bench.last("send").request, 200, done(record("t1", 7, { title: "A" }), 7));
    bench.flush();
    bench.answer(bench.last("send").request, 409, conflict(record("t1", 9, { title: "Theirs" }), 9));
    expect(bench.settled.outcome).toBe("yielded");
    expect(bench.last("send").message).toMatchObject({ ifMatch: rev(7), call: { body: { title: "C" } } });
  });

  it("[MRG-9] under a proxy that resolves, a task's 409 says that all is lost, whatever the stamps", () => {
    expect(refusedTask({ title: 1, notes: 1 }, CAPABILITIES).settled.outcome).toBe("yielded");
  });

  it("[MRG-9] a list is merged: nothing added on either side is lost, removals and edits stand", () => {
    const bench = live([["list", LIST]], 4, {}, BY_CLIENT);
    const items = [
      { id: "b", text: "Bread!" },
      { id: "m", text: "mine" },
    ];
    bench.edit({ entity: "list", operation: "update", recordId: "l1", payload: { items } });
    bench.flush();
    const theirs = [
      { id: "a", text: "apples" },
      { id: "b", text: "bread" },
      { id: "t", text: "theirs" },
    ];
    const server = record("l1", 9, { name: "Shop", items: theirs });
    bench.answer(bench.last("send").request, 409, conflict(server, 9, { items: 4e12, "items/b/text": 1 }));
    bench.flush();
    expect(bench.last("send").message).toMatchObject({
      ifMatch: rev(9),
      call: {
        body: {
          items: [
            { id: "b", text: "Bread!" },
            { id: "t", text: "theirs" },
            { id: "m", text: "mine" },
          ],
        },
      },
    });
    expect(bench.shown("l1")).toMatchObject({ items: [{ id: "b" }, { id: "t" }, { id: "m" }] });
  });

  it("[MRG-9] resolving goes on for a bounded number of times", () => {
    const bench = refusedTask({ title: 1, notes: 1 });
    for (let i = 0; i < 40 && bench.count("settled") === 0; i++) {
      const server = record("t1", 10 + i, { title: `T${i}`, notes: `N${i}` });
      bench.answer(bench.last("send").request, 409, conflict(server, 10 + i, { title: 1, notes: 1 }));
      bench.flush();
    }
    expect(bench.settled).toMatchObject({ outcome: "failed", error: "conflict" });
  });
});

describe("EVT-16: echoes", () => {
  it("[EVT-16] an echo settles an edit whose answer was lost, and a newer edit stays on top", () => {
    const bench = live([["contact", ANN]], 4);
    const first = bench.edit({
      entity: "contact",
      operation: "update",
      recordId: "ann",
      payload: { phone: "2" },
    });
    bench.flush();
    const second = bench.edit({
      entity: "contact",
      operation: "update",
      recordId: "ann",
      payload: { phone: "3" },
    });
    bench.flush();
    bench.lose(bench.last("send").request);
    bench.frame(
      event("contact", record("ann", 8, { name: "Ann", phone: "2" }), {
        deviceId: "phone",
        mutationId: first.key,
      }),
    );
    expect(bench.settled).toMatchObject({ mutation: first.mutation, outcome: "applied" });
    expect(bench.last("show")).toMatchObject({
      revision: rev(8),
      fields: { phone: "3" },
      waiting: [second.mutation],
    });
    bench.fire("retry", 1_201);
    bench.flush();
    expect(bench.last("send").message).toMatchObject({ ifMatch: rev(8), idempotencyKey: second.key });
  });

  it("[EVT-16] with the answer still out, the echo waits for it, and nothing is settled twice", () => {
    const bench = live([["list", LIST]], 4);
    const { key } = bench.edit({
      entity: "list",
      operation: "update",
      recordId: "l1",
      payload: { name: "S" },
    });
    bench.flush();
    const merged = record("l1", 8, { name: "S", items: [] });
    bench.frame(event("list", merged, { deviceId: "phone", mutationId: key }));
    expect(bench.count("settled")).toBe(0);
    bench.answer(bench.last("send").request, 200, done(merged, 8, "merged"));
    bench.flush();
    expect(bench.all("settled").map((one) => one.outcome)).toEqual(["merged"]);
    bench.frame(event("list", merged, { deviceId: "phone", mutationId: key }));
    expect(bench.count("settled")).toBe(1);
  });

  it("[EVT-16] an echo takes back a failure that was none", () => {
    const bench = live([["task", TASK]], 4, { attemptsMax: 1 });
    const { key } = bench.edit({
      entity: "task",
      operation: "update",
      recordId: "t1",
      payload: { title: "x" },
    });
    bench.flush();
    bench.lose(bench.last("send").request);
    bench.flush();
    expect(bench.settled.outcome).toBe("failed");
    bench.frame(event("task", record("t1", 8, { title: "x" }), { deviceId: "phone", mutationId: key }));
    expect(bench.settled.outcome).toBe("applied");
    bench.feed({ input: "retry", mutation: bench.last("queued").mutation });
    expect(bench.waiting).toBe(0);
  });
});
