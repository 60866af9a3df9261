/**
 * Owns the proof of section 4 as far as it is the proxy's: EVT, and SEC where it is about sockets.
 */

import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { DAY_MS, SECOND_MS } from "../base/time.ts";
import { COLLECTIONS, ENTITIES, type Entity } from "../protocol/entity.ts";
import type { AccountId } from "../protocol/messages.ts";
import { CLOSE } from "../protocol/request.ts";
import { GENESIS, type Revision } from "../protocol/revision.ts";
import { A, configOf, Desk, limitsOf, recordOf, revisionOf, START_MS } from "./desk.fixture.ts";
import { revisions, said, tasks } from "./frames.fixture.ts";

describe("live", () => {
  test("[EVT-1, EVT-9] ready at once; then every committed change with all its fields", () => {
    const desk = new Desk();
    const socket = desk.open();
    expect(desk.frames(socket)).toEqual([{ type: "ready", revisionId: GENESIS }]);
    const headers = { deviceId: "d1", idempotencyKey: "k1" };
    const made = desk.made("contact", { id: "c1", name: "Ada", extra: { a: [1] } }, headers);
    const updated = desk.update("contact", "c1", { name: "Bea" }, { deviceId: "d2" });
    desk.batch([{ id: "m1", entity: "contact", operation: "delete", recordId: "c1" }]);
    expect(desk.frames(socket).slice(1)).toEqual([
      {
        type: "sync_event",
        entity: "contact",
        action: "created",
        id: "c1",
        revisionId: made.revisionId,
        payload: made,
        origin: { deviceId: "d1", mutationId: "k1" },
      },
      {
        type: "sync_event",
        entity: "contact",
        action: "updated",
        id: "c1",
        revisionId: revisionOf(updated),
        payload: recordOf(updated),
        origin: { deviceId: "d2" },
      },
      {
        type: "sync_event",
        entity: "contact",
        action: "deleted",
        id: "c1",
        revisionId: desk.head(),
        payload: null,
      },
    ]);
    const later = desk.open();
    expect(desk.frames(later)).toEqual([{ type: "ready", revisionId: desk.head() }]);
  });

  test("[EVT-1] what another instance committed comes when it wakes this one", () => {
    const one = new Desk();
    const two = new Desk({}, one.store);
    const socket = one.open();
    tasks(two, 2);
    expect(revisions(one.frames(socket))).toEqual([]);
    one.proxy.wake(A, one.nowMs);
    one.collect();
    expect(said(one.frames(socket))).toEqual(["ready", "created t0", "created t1"]);
    // Not woken, but writing itself: what lies before its own change comes before it.
    tasks(two, 1, 2);
    tasks(one, 1, 3);
    expect(said(one.frames(socket)).slice(3)).toEqual(["created t2", "created t3"]);
    one.proxy.wake("nobody" as AccountId, one.nowMs);
  });

  test("[EVT-2, EVT-7] ascending, none left out, none twice, on every socket", () => {
    const desk = new Desk();
    const sockets = [desk.open({ deviceId: "d1" }), desk.open({ deviceId: "d1" }), desk.open()];
    const made = tasks(desk, 30);
    for (const socket of sockets) expect(revisions(desk.frames(socket))).toEqual(made);
  });

  test("[EVT-3, CON-3] what was refused or failed makes no event", () => {
    const desk = new Desk();
    const first = desk.made("contact", { id: "c1", name: "1" }).revisionId;
    desk.update("contact", "c1", { name: "2" });
    const socket = desk.open();
    desk.update("contact", "c1", { name: "3" }, { ifMatch: first });
    desk.delete("contact", "c1", { ifMatch: first });
    desk.create("contact", { id: "c1", name: "x" });
    desk.create("contact", { name: 5 });
    desk.update("contact", "none", { name: "x" });
    desk.update("contact", "c1", { name: "2" });
    desk.create("contact", { name: "x" }, { token: "wrong" });
    desk.delete("task", "none");
    expect(said(desk.frames(socket))).toEqual(["ready"]);
  });

  test("[EVT-4] only subscribed entities; none named means all; unknown names have no events", () => {
    const desk = new Desk();
    const all = desk.open({ entities: [] });
    const some = desk.open({ entities: ["tasks", "lists"] });
    const odd = desk.open({ entities: ["tasks", "notes"] });
    const none = desk.open({ entities: ["notes"] });
    desk.made("contact", { id: "c1", name: "x" });
    desk.made("task", { id: "t1", title: "x" });
    desk.made("list", { id: "l1", name: "x" });
    expect(said(desk.frames(all))).toEqual(["ready", "created c1", "created t1", "created l1"]);
    expect(said(desk.frames(some))).toEqual(["ready", "created t1", "created l1"]);
    expect(said(desk.frames(odd))).toEqual(["ready", "created t1"]);
    expect(said(desk.frames(none))).toEqual(["ready"]);
  });

  test("[EVT-12] a second socket of the same device loses nothing when the first closes late", () => {
    const desk = new Desk();
    const first = desk.open({ deviceId: "d1" });
    tasks(desk, 1);
    const second = desk.open({ deviceId: "d1", lastRevisionId: desk.head() });
    tasks(desk, 1, 1);
    desk.proxy.socketClosed(first);
    desk.proxy.socketClosed(first);
    tasks(desk, 1, 2);
    expect(said(desk.frames(second))).toEqual(["ready", "created t1", "created t2"]);
    expect(said(desk.frames(first))).toEqual(["ready", "created t0", "created t1"]);
  });

  test("[SEC-1, SEC-3] no token, no socket; and nothing of another account", () => {
    const desk = new Desk();
    expect(desk.proxy.openSocket({}, START_MS)).toBeUndefined();
    expect(desk.proxy.openSocket({ token: "wrong", lastRevisionId: GENESIS }, START_MS)).toBeUndefined();
    desk.collect();
    expect(desk.outputs).toEqual([]);
    const foreign = desk.open({ token: "tok-b" });
    tasks(desk, 3);
    expect(said(desk.frames(foreign))).toEqual(["ready"]);
    expect(said(desk.frames(desk.open({ token: "tok-b", lastRevisionId: desk.head() })))).toEqual([
      "resync_required revision_unknown",
      "ready",
    ]);
  });

  test("[SEC-5] a socket whose token was taken away is closed with 4401, before the next event", () => {
    const accounts = new Map(configOf().accounts);
    const desk = new Desk({ accounts });
    const busy = desk.open();
    const quiet = desk.open({ token: "tok-b" });
    accounts.delete("tok-a");
    accounts.delete("tok-b");
    accounts.set("tok-c", A);
    desk.made("task", { title: "x" }, { token: "tok-c" });
    expect([said(desk.frames(busy)), desk.closeCode(busy)]).toEqual([["ready"], CLOSE.unauthorized]);
    desk.pass(31 * SECOND_MS);
    expect(desk.closeCode(quiet)).toBe(CLOSE.unauthorized);
  });

  test("commits come before the frames that tell of them", () => {
    const desk = new Desk();
    desk.open();
    desk.batch(
      [1, 2].map((n) => ({ id: `m${n}`, entity: "task", operation: "create", payload: { title: "x" } })),
    );
    expect(desk.outputs.map(({ output }) => output)).toEqual([
      "frame",
      "committed",
      "committed",
      "frame",
      "frame",
    ]);
  });
});

describe("resumption", () => {
  test("[EVT-5] the events after R come first, R not among them, then ready, then live", () => {
    const desk = new Desk();
    const made = tasks(desk, 4);
    const socket = desk.open({ lastRevisionId: made[1] as string });
    expect(said(desk.frames(socket))).toEqual(["created t2", "created t3", "ready"]);
    expect(desk.frames(socket)[2]).toEqual({ type: "ready", revisionId: made[3] });
    tasks(desk, 1, 4);
    expect(said(desk.frames(socket)).slice(3)).toEqual(["created t4"]);
    expect(said(desk.frames(desk.open({ lastRevisionId: desk.head() })))).toEqual(["ready"]);
  });

  test("[EVT-5] the replay is the log: each change with the record as it was then", () => {
    const desk = new Desk();
    const first = desk.made("task", { id: "t1", title: "1" });
    const second = recordOf(desk.update("task", "t1", { title: "2" }));
    desk.delete("task", "t1");
    const frames = desk.frames(desk.open({ lastRevisionId: GENESIS }));
    expect(frames.map((frame) => (frame.type === "sync_event" ? frame.payload : frame.type))).toEqual([
      first,
      second,
      null,
      "ready",
    ]);
  });

  test("[EVT-4, EVT-5] a filtered replay", () => {
    const desk = new Desk();
    for (const entity of ENTITIES) desk.made(entity, { id: entity, name: "n", title: "t" });
    const frames = desk.frames(desk.open({ lastRevisionId: GENESIS, entities: ["lists"] }));
    expect(said(frames)).toEqual(["created list", "ready"]);
    expect(said(desk.frames(desk.open({ lastRevisionId: GENESIS, entities: ["notes"] })))).toEqual(["ready"]);
  });

  test("[EVT-8] unknown and malformed: resync_required with head and floor, then ready, then live", () => {
    const desk = new Desk();
    const head = tasks(desk, 3)[2] as Revision;
    for (const lastRevisionId of ["", "x", "rev_9999999999_zzzzzz", "rev_1704067200_000009", `"${head}"`]) {
      const socket = desk.open({ lastRevisionId });
      expect(desk.frames(socket), lastRevisionId).toEqual([
        { type: "resync_required", reason: "revision_unknown", revisionId: head, floorRevision: GENESIS },
        { type: "ready", revisionId: head },
      ]);
    }
    const socket = desk.open({ lastRevisionId: "x" });
    tasks(desk, 1, 3);
    expect(said(desk.frames(socket))).toEqual(["resync_required revision_unknown", "ready", "created t3"]);
  });

  test("[EVT-8] below the floor: revision_expired; at the floor: a full replay", () => {
    const desk = new Desk();
    const [first, second] = tasks(desk, 2);
    desk.nowMs = START_MS + DAY_MS / 2;
    tasks(desk, 3, 2);
    desk.pass(DAY_MS * 0.75);
    const { floor, head } = desk.store.standing(A);
    expect(floor).toBe(second);
    expect(said(desk.frames(desk.open({ lastRevisionId: floor })))).toEqual([
      "created t2",
      "created t3",
      "created t4",
      "ready",
    ]);
    for (const lastRevisionId of [GENESIS, first as string]) {
      expect(desk.frames(desk.open({ lastRevisionId }))[0]).toEqual({
        type: "resync_required",
        reason: "revision_expired",
        revisionId: head,
        floorRevision: floor,
      });
    }
  });

  test("[EVT-8] more than replayMax behind: too_far_behind; exactly replayMax: a replay", () => {
    const desk = new Desk(limitsOf({ replayMax: 5 }));
    const made = tasks(desk, 6);
    expect(said(desk.frames(desk.open({ lastRevisionId: GENESIS })))).toEqual([
      "resync_required too_far_behind",
      "ready",
    ]);
    const socket = desk.open({ lastRevisionId: made[0] as string });
    expect(revisions(desk.frames(socket))).toEqual(made.slice(1));
  });

  test("[EVT-2, EVT-6] from any point of the log, with any room and any writer meanwhile, nothing falls between", () => {
    const scene = fc.record({
      before: fc.nat(12),
      from: fc.nat(),
      during: fc.array(fc.constantFrom("write", "drain", "drain all", "other"), { maxLength: 40 }),
      room: fc.integer({ min: 2, max: 6 }),
      entities: fc.constantFrom(undefined, ["tasks"], ["tasks", "lists"]),
    });
    fc.assert(
      fc.property(scene, ({ before, from, during, room, entities }) => {
        const desk = new Desk(limitsOf({ socketBacklogMax: room }));
        const other = new Desk({}, desk.store);
        let n = 0;
        const write = (at: Desk) =>
          at.made(ENTITIES[n % 3] as Entity, { id: `r${n++}`, name: "n", title: "t" }).revisionId;
        const log: Revision[] = [];
        for (let index = 0; index < before; index++) log.push(write(desk));
        const points = [GENESIS, ...log];
        const since = points[from % points.length] as Revision;
        const socket = desk.open({
          lastRevisionId: since,
          ...(entities === undefined ? undefined : { entities }),
        });
        for (const act of during) {
          if (act === "write") log.push(write(desk));
          else if (act === "drain") desk.proxy.socketDrained(socket, 1);
          else if (act === "drain all") desk.proxy.socketDrained(socket, room);
          else {
            log.push(write(other));
            desk.proxy.wake(A, desk.nowMs);
          }
          desk.collect();
        }
        const wanted = log.filter(
          (_, index) => !entities || entities.some((own) => own === COLLECTIONS[index % 3]),
        );
        const expected = wanted.filter((revision) => revision > since);
        const isPrefix = () => {
          const got = revisions(desk.frames(socket));
          expect(got).toEqual(expected.slice(0, got.length));
          return got;
        };
        isPrefix();
        if (desk.closeCode(socket) === undefined) {
          for (let index = 0; index < 80; index++) desk.proxy.socketDrained(socket, 1);
          desk.collect();
          expect(isPrefix()).toEqual(expected);
          const frames = desk.frames(socket);
          const ready = frames.findIndex(({ type }) => type === "ready");
          const head = (before === 0 ? GENESIS : log[before - 1]) as Revision;
          expect(frames[ready]).toEqual({ type: "ready", revisionId: head });
          expect(frames.filter(({ type }) => type !== "sync_event")).toHaveLength(1);
          expect(revisions(frames.slice(0, ready)).every((revision) => revision <= head)).toBe(true);
          expect(revisions(frames.slice(ready)).every((revision) => revision > head)).toBe(true);
        } else expect(desk.closeCode(socket)).toBe(CLOSE.overloaded);
      }),
      { numRuns: 300 },
    );
  });
});
