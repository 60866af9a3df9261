/**
 * Owns the proof, at the engine alone, of what one delivery makes of a record, and of which are refused: WHK-1. Signatures
 * are the border's [WHK-2]; versions and repeats have webhook-order.test.ts.
 */

import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { DAY_MS, MINUTE_MS } from "../base/time.ts";
import { nextRevision } from "../protocol/revision.ts";
import { contact, deliver, fieldsAt, GONE, list, task } from "./deliveries.fixture.ts";
import {
  A,
  changesOf,
  conflictsOf,
  Desk,
  errorOf,
  metaOfAnswer,
  recordOf,
  recordsOf,
  revisionOf,
} from "./desk.fixture.ts";
import { accountOfWebhook } from "./webhook.ts";

describe("a commit", () => {
  test("[WHK-1] is a revision, an event without origin, a push to every device, and a delta item", () => {
    const desk = new Desk();
    for (const deviceId of ["d1", "d2"]) {
      const body = { token: `token-${deviceId}`, platform: "ios", topics: ["contact"] };
      desk.call({ call: "push_register", body }, { deviceId });
    }
    desk.made("contact", { id: "c1", name: "Ada" }, { deviceId: "d1" });
    desk.pass(MINUTE_MS);
    const sendsBefore = desk.sends.length;
    const socket = desk.open();
    const since = desk.head();
    const answer = deliver(desk, contact(1, { name: "Bea", extra: { kept: [null] } }));
    const revision = revisionOf(answer);
    expect(revision > since).toBe(true);
    const frames = desk.frames(socket);
    const record = recordOf(desk.read("contact", "c1"));
    expect(record).toMatchObject({ id: "c1", revisionId: revision, name: "Bea", extra: { kept: [null] } });
    expect(frames.at(-1)).toEqual({
      type: "sync_event",
      entity: "contact",
      action: "updated",
      id: "c1",
      revisionId: revision,
      payload: record,
    });
    expect(changesOf(desk.changes({ since })).changes).toEqual([
      { entity: "contact", action: "updated", id: "c1", revisionId: revision, data: record },
    ]);
    const commit = desk.commits.at(-1);
    expect(commit).toMatchObject({ account: A, action: "updated", revision, previous: since, record });
    expect([commit?.deviceId, commit?.key]).toEqual([undefined, undefined]);
    desk.pass(MINUTE_MS);
    const told = desk.sends.slice(sendsBefore).flatMap(({ messages }) => messages.map(({ to }) => to));
    expect([...told].sort()).toEqual(["token-d1", "token-d2"]);
  });

  test("[WHK-1, REV-4] meta is the head that it made, and it has no ETag", () => {
    const desk = new Desk();
    const answer = deliver(desk, contact(1, { name: "Ada" }));
    const record = recordOf(desk.read("contact", "c1"));
    expect(metaOfAnswer(answer)).toEqual({ revisionId: record.revisionId, updatedAt: record.updatedAt });
    expect(desk.head()).toBe(record.revisionId);
    expect(answer.headers.etag).toBeUndefined();
  });

  test("[WHK-1] also when it changes no field: that is how the version comes to be stored", () => {
    const desk = new Desk();
    for (const version of [1, 2, 3]) deliver(desk, contact(version, { name: "Ada" }));
    expect(desk.commits.map(({ action }) => action)).toEqual(["created", "updated", "updated"]);
    expect(desk.store.current(A, "contact", "c1")).toMatchObject({ backendVersion: 3, pastLives: [] });
  });

  test("[WHK-1] data replaces the whole record: what it does not name goes, null is absent, deep is kept", () => {
    const desk = new Desk();
    const before = { name: "Ada", phone: "1", extra: { a: 1, b: 2 }, old: true, __proto__: undefined };
    desk.made("contact", { ...before, id: "c1" } as never);
    const data = JSON.parse(
      '{"id":"c1","revisionId":"x","updatedAt":"y","name":"Bea","email":null,"extra":{"b":null},"__proto__":{"own":1}}',
    );
    deliver(desk, contact(1, data));
    const fields = JSON.stringify(fieldsAt(desk, "contact", "c1"));
    expect(fields).toBe('{"id":"c1","name":"Bea","extra":{"b":null},"__proto__":{"own":1}}');
    expect(desk.commits.at(-1)?.record?.updatedAt).not.toBe("y");
  });

  test("[WHK-1] what the backend calls created or updated is what the record was: alive or not", () => {
    const desk = new Desk();
    deliver(desk, contact(1, { name: "a" }, "updated"));
    deliver(desk, contact(2, { name: "b" }, "created"));
    deliver(desk, GONE(3));
    deliver(desk, contact(4, { name: "c" }, "updated"));
    expect(desk.commits.map(({ action }) => action)).toEqual(["created", "updated", "deleted", "created"]);
    expect(recordsOf(desk.list("contact"))).toMatchObject([{ id: "c1", name: "c" }]);
  });

  test("[WHK-1] counts in every conflict mode, without If-Match", () => {
    for (const mode of ["off", "advisory", "enforce"] as const) {
      const desk = new Desk(conflictsOf({ mode, ifMatch: "required", resolvedBy: "client" }));
      desk.made("contact", { id: "c1", name: "Ada" });
      expect(deliver(desk, contact(1, { name: "Bea" })).status).toBe(200);
      expect(fieldsAt(desk, "contact", "c1")).toEqual({ id: "c1", name: "Bea" });
    }
  });
});

describe("a deletion", () => {
  test("[WHK-1] leaves a tombstone, whatever its data says", () => {
    const desk = new Desk();
    const { revisionId: since } = desk.made("contact", { id: "c1", name: "Ada" });
    const answer = deliver(desk, contact(1, 7, "deleted"));
    const revisionId = revisionOf(answer);
    expect(desk.read("contact", "c1").status).toBe(404);
    expect(changesOf(desk.changes({ since })).changes).toEqual([
      { entity: "contact", action: "deleted", id: "c1", revisionId },
    ]);
    expect(deliver(desk, contact(2, null, "deleted")).status).toBe(200);
  });

  test("[WHK-4] of an id never seen holds against what was sent before it and arrives after it", () => {
    const desk = new Desk();
    deliver(desk, GONE(2));
    const { head } = desk.store.standing(A);
    expect(revisionOf(deliver(desk, contact(1, { name: "late" }, "created")))).toBe(head);
    expect(desk.read("contact", "c1").status).toBe(404);
    expect(desk.commits).toHaveLength(1);
  });

  test("[WHK-1, DLT-2] over a deletion ended no life: a later birth is created at every since", () => {
    const desk = new Desk();
    const genesis = desk.head();
    const heads = [genesis, desk.made("contact", { id: "c1", name: "Ada" }).revisionId];
    for (const body of [GONE(1), GONE(2), GONE(3), contact(4, { name: "Bea" })]) {
      heads.push(revisionOf(deliver(desk, body)));
    }
    const actions = heads.map((since) => changesOf(desk.changes({ since })).changes.map((c) => c.action));
    expect(actions).toEqual([["created"], ["updated"], ["created"], ["created"], ["created"], []]);
    // However many deletions there were, one life is over.
    expect(desk.store.current(A, "contact", "c1")?.pastLives).toHaveLength(1);
  });
});

describe("devices and the backend", () => {
  test("[WHK-1, CON-2] a stale write over a delivery is 409 with the backend's record", () => {
    const desk = new Desk();
    const { revisionId: ifMatch } = desk.made("contact", { id: "c1", name: "Ada", phone: "1" });
    deliver(desk, contact(1, { name: "Bea" }));
    const stale = desk.update("contact", "c1", { phone: "2" }, { ifMatch });
    const current = recordOf(desk.read("contact", "c1"));
    expect([stale.status, stale.body]).toMatchObject([
      409,
      { error: "conflict", currentRevision: current.revisionId, serverData: current },
    ]);
    expect(current.name).toBe("Bea");
    deliver(desk, GONE(2));
    const gone = desk.update("contact", "c1", { phone: "2" }, { ifMatch: current.revisionId });
    expect([gone.status, gone.body]).toMatchObject([409, { deleted: true, serverData: null }]);
  });

  test("[WHK-1, MRG-2] tasks: a concurrent write made before the delivery came loses, one made after it wins", () => {
    for (const [offMs, title] of [
      [-100, "backend"],
      [100, "device"],
    ] as const) {
      const desk = new Desk();
      const { revisionId: ifMatch } = desk.made("task", { id: "t1", title: "base", done: true });
      desk.nowMs += 1_000;
      deliver(desk, task(1, { title: "backend", notes: "n" }));
      const timestamp = desk.nowMs + offMs;
      desk.update("task", "t1", { title: "device" }, { ifMatch, timestamp, deviceId: "d1" });
      expect(fieldsAt(desk, "task", "t1")).toEqual({ id: "t1", title, notes: "n" });
    }
  });

  test("[WHK-1, MRG-4] what a delivery makes has its receive time, of no device; a contact has no stamps", () => {
    const desk = new Desk();
    deliver(desk, list(1, { name: "n", items: [{ id: "i1", text: "one" }] }));
    const stamps = desk.store.current(A, "list", "l1")?.stamps;
    expect([...(stamps?.keys() ?? [])].sort()).toEqual(["items", "items/i1/id", "items/i1/text", "name"]);
    const own = { timeMs: desk.nowMs, deviceId: "", key: "" };
    for (const stamp of stamps?.values() ?? []) expect(stamp).toEqual(own);
    for (const version of [1, 2]) deliver(desk, contact(version, { name: "Ada" }));
    expect(desk.store.current(A, "contact", "c1")?.stamps.size).toBe(0);
  });

  test("[MRG-4] no stamp falls, removed fields' neither: a fast clock's value is replaced, and stays so", () => {
    const desk = new Desk();
    const aheadMs = desk.nowMs + 4_000;
    const base = desk.made("task", { id: "t1", title: "base", notes: "base" });
    desk.update("task", "t1", { title: "fast", notes: "fast" }, { timestamp: aheadMs, deviceId: "d9" });
    const before = desk.store.current(A, "task", "t1")?.stamps;
    deliver(desk, task(1, { title: "backend" }));
    const after = desk.store.current(A, "task", "t1")?.stamps;
    for (const field of ["title", "notes"]) {
      expect(after?.get(field)).toEqual({ timeMs: aheadMs + 1, deviceId: "", key: "" });
      expect(before?.get(field)?.timeMs).toBe(aheadMs);
    }
    const late = { ifMatch: base.revisionId, timestamp: aheadMs, deviceId: "d9" };
    desk.update("task", "t1", { title: "late", notes: "late" }, late);
    expect(fieldsAt(desk, "task", "t1")).toEqual({ id: "t1", title: "backend" });
  });

  test("[WHK-1, MRG-5, MRG-6] lists: the delivery is a side of the merge", () => {
    const desk = new Desk();
    const [one, two] = [
      { id: "i1", text: "one" },
      { id: "i2", text: "two" },
    ];
    const { revisionId: ifMatch } = desk.made("list", { id: "l1", name: "n", items: [one, two] });
    deliver(desk, list(1, { name: "m", items: [two, { id: "i3", text: "three" }] }));
    const mine = { items: [one, two, { id: "i4", text: "four" }] };
    const merged = desk.update("list", "l1", mine, { ifMatch, timestamp: desk.nowMs, deviceId: "d1" });
    expect(metaOfAnswer(merged).resolution).toBe("merged");
    const { items } = recordOf(merged) as unknown as { items: readonly { id: string }[] };
    expect(items.map(({ id }) => id)).toEqual(["i2", "i3", "i4"]);
    deliver(desk, list(2, { name: "m" }));
    expect(fieldsAt(desk, "list", "l1")).toEqual({ id: "l1", name: "m" });
    expect([...(desk.store.current(A, "list", "l1")?.stamps.keys() ?? [])].sort()).toEqual(["items", "name"]);
  });
});

describe("a bad delivery", () => {
  test("[API-2] is 400, for no account 404, and changes nothing, the store of no account neither", () => {
    const desk = new Desk();
    const good = contact(1, { name: "Ada" }) as Record<string, unknown>;
    const { data: _data, ...bare } = good;
    const bodies = [
      undefined,
      null,
      7,
      "x",
      [],
      [good],
      {},
      { ...good, account: 7 },
      { ...good, entity: "contacts" },
      { ...good, entity: "__proto__" },
      { ...good, action: "upserted" },
      ...["", ".", "..", "a b", "a/b", "ä", "x".repeat(129), 7, null].map((id) => ({ ...good, id })),
      ...["1", null, undefined, Number.NaN, Number.POSITIVE_INFINITY].map((version) => ({
        ...good,
        version,
      })),
      bare,
      { ...bare, data: null },
      ...[[], "x", {}, { name: null }, { name: 7 }, { name: "x", phone: 1 }].map((data) => ({
        ...good,
        data,
      })),
      ...["c2", 7, null].map((id) => ({ ...good, data: { name: "x", id } })),
      { ...good, entity: "list", data: { name: "x", items: [{ id: "a" }] } },
      { ...good, action: "deleted", id: ".." },
    ];
    for (const body of bodies) {
      const answer = deliver(desk, body);
      expect([answer.status, errorOf(answer)], JSON.stringify(body)).toEqual([400, "invalid_request"]);
    }
    for (const id of ["", "x".repeat(256)]) expect(deliver(desk, good, id).status).toBe(400);
    for (const account of ["", "account-c", "tok-a", "__proto__"]) {
      const answer = deliver(desk, { ...good, account });
      expect([answer.status, errorOf(answer)]).toEqual([404, "not_found"]);
    }
    expect(desk.outputs).toEqual([]);
    expect(desk.read("contact", "c1").status).toBe(404);
    expect(deliver(desk, good, "x".repeat(255)).status).toBe(200);
  });

  test("[API-2] whatever JSON comes: an answer of the document, and no change unless it is 200", () => {
    const piece = fc.oneof(fc.jsonValue(), fc.constantFrom("contact", "updated", "deleted", "c1", A, 1));
    const body = fc.oneof(
      fc.jsonValue(),
      fc.record(
        {
          account: fc.constantFrom(A, "x"),
          entity: piece,
          action: piece,
          id: piece,
          version: piece,
          data: piece,
        },
        { requiredKeys: ["account"] },
      ),
    );
    fc.assert(
      fc.property(body, fc.string({ maxLength: 300 }), (came, id) => {
        const desk = new Desk();
        const answer = deliver(desk, came, id);
        expect([200, 400, 404]).toContain(answer.status);
        if (answer.status !== 200) expect(desk.commits).toEqual([]);
      }),
    );
  });

  test("the account is the one named, and no other member is looked at", () => {
    const { accounts } = new Desk().config;
    expect(accountOfWebhook({ account: A }, accounts)).toBe(A);
    for (const body of [{ account: "tok-a" }, { account: null }, {}, [], null, undefined, A]) {
      expect(accountOfWebhook(body, accounts)).toBeUndefined();
    }
  });
});

test("[REV-6, REV-7] deliveries and writes share one log, and a clock that steps back does not turn it", () => {
  const desk = new Desk();
  const made = desk.made("contact", { id: "c1", name: "Ada" });
  desk.nowMs -= DAY_MS;
  const answer = deliver(desk, contact(1, { name: "Bea" }));
  expect(revisionOf(answer)).toBe(nextRevision(made.revisionId, desk.nowMs));
  expect(metaOfAnswer(answer).updatedAt >= made.updatedAt).toBe(true);
});

test("[FLG-3] capabilities say whether there are webhooks", () => {
  for (const webhooks of [true, false]) {
    expect(new Desk({ webhooks }).call({ call: "capabilities" }).body).toMatchObject({ data: { webhooks } });
  }
});
