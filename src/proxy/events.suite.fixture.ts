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
import { A, limitsOf, recordOf, revisionOf, START_MS } from "./desk.fixture.ts";
import { revisions, said, tasks } from "./frames.fixture.ts";
import type { DeskMaker, TestDesk } from "./test-desk.fixture.ts";

export function declareEventRules(desks: DeskMaker): void {
  describe("live", () => {
    test("[EVT-1, EVT-9] ready at once; then every committed change with all its fields", async () => {
      const desk = await desks.create();
      const socket = await desk.open();
      expect(await desk.frames(socket)).toEqual([{ type: "ready", revisionId: GENESIS }]);
      const headers = { deviceId: "d1", idempotencyKey: "k1" };
      const made = await desk.made("contact", { id: "c1", name: "Ada", extra: { a: [1] } }, headers);
      const updated = await desk.update("contact", "c1", { name: "Bea" }, { deviceId: "d2" });
      await desk.batch([{ id: "m1", entity: "contact", operation: "delete", recordId: "c1" }]);
      expect((await desk.frames(socket)).slice(1)).toEqual([
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
          revisionId: await desk.head(),
          payload: null,
        },
      ]);
      const later = await desk.open();
      expect(await desk.frames(later)).toEqual([{ type: "ready", revisionId: await desk.head() }]);
    });

    test("[EVT-1] what another instance committed comes when it wakes this one", async () => {
      const one = await desks.create();
      const two = await one.second();
      const socket = await one.open();
      await tasks(two, 2);
      await one.wake(A);
      expect(said(await one.frames(socket))).toEqual(["ready", "created t0", "created t1"]);
      // Not woken, but writing itself: what lies before its own change comes before it.
      await tasks(two, 1, 2);
      await tasks(one, 1, 3);
      expect(said(await one.frames(socket)).slice(3)).toEqual(["created t2", "created t3"]);
      await one.wake("nobody" as AccountId);
    });

    test("[EVT-2, EVT-7] ascending, none left out, none twice, on every socket", async () => {
      const desk = await desks.create();
      const sockets = [
        await desk.open({ deviceId: "d1" }),
        await desk.open({ deviceId: "d1" }),
        await desk.open(),
      ];
      const made = await tasks(desk, 30);
      for (const socket of sockets) expect(revisions(await desk.frames(socket))).toEqual(made);
    });

    test("[EVT-3, CON-3] what was refused or failed makes no event", async () => {
      const desk = await desks.create();
      const first = (await desk.made("contact", { id: "c1", name: "1" })).revisionId;
      await desk.update("contact", "c1", { name: "2" });
      const socket = await desk.open();
      await desk.update("contact", "c1", { name: "3" }, { ifMatch: first });
      await desk.delete("contact", "c1", { ifMatch: first });
      await desk.create("contact", { id: "c1", name: "x" });
      await desk.create("contact", { name: 5 });
      await desk.update("contact", "none", { name: "x" });
      await desk.update("contact", "c1", { name: "2" });
      await desk.create("contact", { name: "x" }, { token: "wrong" });
      await desk.delete("task", "none");
      expect(said(await desk.frames(socket))).toEqual(["ready"]);
    });

    test("[EVT-4] only subscribed entities; none named means all; unknown names have no events", async () => {
      const desk = await desks.create();
      const all = await desk.open({ entities: [] });
      const some = await desk.open({ entities: ["tasks", "lists"] });
      const odd = await desk.open({ entities: ["tasks", "notes"] });
      const none = await desk.open({ entities: ["notes"] });
      await desk.made("contact", { id: "c1", name: "x" });
      await desk.made("task", { id: "t1", title: "x" });
      await desk.made("list", { id: "l1", name: "x" });
      expect(said(await desk.frames(all))).toEqual(["ready", "created c1", "created t1", "created l1"]);
      expect(said(await desk.frames(some))).toEqual(["ready", "created t1", "created l1"]);
      expect(said(await desk.frames(odd))).toEqual(["ready", "created t1"]);
      expect(said(await desk.frames(none))).toEqual(["ready"]);
    });

    test("[EVT-12] a second socket of the same device loses nothing when the first closes late", async () => {
      const desk = await desks.create();
      const first = await desk.open({ deviceId: "d1" });
      await tasks(desk, 1);
      const second = await desk.open({ deviceId: "d1", lastRevisionId: await desk.head() });
      await tasks(desk, 1, 1);
      await desk.hangUp(first);
      await desk.hangUp(first);
      await tasks(desk, 1, 2);
      expect(said(await desk.frames(second))).toEqual(["ready", "created t1", "created t2"]);
      expect(said(await desk.frames(first))).toEqual(["ready", "created t0", "created t1"]);
    });

    test("[SEC-1, SEC-3] no token, no socket; and nothing of another account", async () => {
      const desk = await desks.create();
      expect(await desk.tryOpen({})).toBeUndefined();
      expect(await desk.tryOpen({ token: "wrong", lastRevisionId: GENESIS })).toBeUndefined();
      expect(await desk.outputCount()).toBe(0);
      const foreign = await desk.open({ token: "tok-b" });
      await tasks(desk, 3);
      expect(said(await desk.frames(foreign))).toEqual(["ready"]);
      expect(
        said(await desk.frames(await desk.open({ token: "tok-b", lastRevisionId: await desk.head() }))),
      ).toEqual(["resync_required revision_unknown", "ready"]);
    });

    test("[SEC-5] a socket whose token was taken away is closed with 4401, before the next event", async () => {
      const desk = await desks.create();
      const busy = await desk.open();
      const quiet = await desk.open({ token: "tok-b" });
      await desk.setTokens(new Map([["tok-c", A]]));
      await desk.made("task", { title: "x" }, { token: "tok-c" });
      expect([said(await desk.frames(busy)), await desk.closeCode(busy)]).toEqual([
        ["ready"],
        CLOSE.unauthorized,
      ]);
      await desk.pass(31 * SECOND_MS);
      expect(await desk.closeCode(quiet)).toBe(CLOSE.unauthorized);
    });
  });

  describe("resumption", () => {
    test("[EVT-5] the events after R come first, R not among them, then ready, then live", async () => {
      const desk = await desks.create();
      const made = await tasks(desk, 4);
      const socket = await desk.open({ lastRevisionId: made[1] as string });
      expect(said(await desk.frames(socket))).toEqual(["created t2", "created t3", "ready"]);
      expect((await desk.frames(socket))[2]).toEqual({ type: "ready", revisionId: made[3] });
      await tasks(desk, 1, 4);
      expect(said(await desk.frames(socket)).slice(3)).toEqual(["created t4"]);
      expect(said(await desk.frames(await desk.open({ lastRevisionId: await desk.head() })))).toEqual([
        "ready",
      ]);
    });

    test("[EVT-5] the replay is the log: each change with the record as it was then", async () => {
      const desk = await desks.create();
      const first = await desk.made("task", { id: "t1", title: "1" });
      const second = recordOf(await desk.update("task", "t1", { title: "2" }));
      await desk.delete("task", "t1");
      const frames = await desk.frames(await desk.open({ lastRevisionId: GENESIS }));
      expect(frames.map((frame) => (frame.type === "sync_event" ? frame.payload : frame.type))).toEqual([
        first,
        second,
        null,
        "ready",
      ]);
    });

    test("[EVT-4, EVT-5] a filtered replay", async () => {
      const desk = await desks.create();
      for (const entity of ENTITIES) await desk.made(entity, { id: entity, name: "n", title: "t" });
      const frames = await desk.frames(await desk.open({ lastRevisionId: GENESIS, entities: ["lists"] }));
      expect(said(frames)).toEqual(["created list", "ready"]);
      expect(
        said(await desk.frames(await desk.open({ lastRevisionId: GENESIS, entities: ["notes"] }))),
      ).toEqual(["ready"]);
    });

    test("[EVT-8] unknown and malformed: resync_required with head and floor, then ready, then live", async () => {
      const desk = await desks.create();
      const head = (await tasks(desk, 3))[2] as Revision;
      for (const lastRevisionId of ["", "x", "rev_9999999999_zzzzzz", "rev_1704067200_000009", `"${head}"`]) {
        const socket = await desk.open({ lastRevisionId });
        expect(await desk.frames(socket), lastRevisionId).toEqual([
          { type: "resync_required", reason: "revision_unknown", revisionId: head, floorRevision: GENESIS },
          { type: "ready", revisionId: head },
        ]);
      }
      const socket = await desk.open({ lastRevisionId: "x" });
      await tasks(desk, 1, 3);
      expect(said(await desk.frames(socket))).toEqual([
        "resync_required revision_unknown",
        "ready",
        "created t3",
      ]);
    });

    test("[EVT-8] below the floor: revision_expired; at the floor: a full replay", async () => {
      const desk = await desks.create();
      const [first, second] = await tasks(desk, 2);
      desk.nowMs = START_MS + DAY_MS / 2;
      await tasks(desk, 3, 2);
      await desk.pass(DAY_MS * 0.75);
      const { floor, head } = await desk.look(A, (store) => store.standing(A));
      expect(floor).toBe(second);
      expect(said(await desk.frames(await desk.open({ lastRevisionId: floor })))).toEqual([
        "created t2",
        "created t3",
        "created t4",
        "ready",
      ]);
      for (const lastRevisionId of [GENESIS, first as string]) {
        expect((await desk.frames(await desk.open({ lastRevisionId })))[0]).toEqual({
          type: "resync_required",
          reason: "revision_expired",
          revisionId: head,
          floorRevision: floor,
        });
      }
    });

    test("[EVT-8] more than replayMax behind: too_far_behind; exactly replayMax: a replay", async () => {
      const desk = await desks.create(limitsOf({ replayMax: 5 }));
      const made = await tasks(desk, 6);
      expect(said(await desk.frames(await desk.open({ lastRevisionId: GENESIS })))).toEqual([
        "resync_required too_far_behind",
        "ready",
      ]);
      const socket = await desk.open({ lastRevisionId: made[0] as string });
      expect(revisions(await desk.frames(socket))).toEqual(made.slice(1));
    });

    test("[EVT-2, EVT-6] from any point of the log, while two instances write, nothing falls between", async () => {
      const scene = fc.record({
        before: fc.nat(12),
        from: fc.nat(),
        during: fc.array(fc.constantFrom("write", "other"), { maxLength: 20 }),
        entities: fc.constantFrom(undefined, ["tasks"], ["tasks", "lists"]),
      });
      await fc.assert(
        fc.asyncProperty(scene, async ({ before, from, during, entities }) => {
          const desk = await desks.create();
          const other = await desk.second();
          const log: Revision[] = [];
          const write = async (at: TestDesk) => {
            const entity = ENTITIES[log.length % 3] as Entity;
            log.push((await at.made(entity, { id: `r${log.length}`, name: "n", title: "t" })).revisionId);
          };
          for (let n = 0; n < before; n++) await write(desk);
          const head = log.at(-1) ?? GENESIS;
          const since = [GENESIS, ...log][from % (log.length + 1)] as Revision;
          const subscription = {
            lastRevisionId: since,
            ...(entities === undefined ? undefined : { entities }),
          };
          // The socket is opened while the first of the later writes is on its way.
          const [socket] = await Promise.all([
            desk.open(subscription),
            during.length > 0 ? write(desk) : undefined,
          ]);
          for (const act of during.slice(1)) {
            await write(act === "write" ? desk : other);
            if (act === "other") await desk.wake(A);
          }
          const wanted = log.filter(
            (revision, nth) =>
              revision > since && (!entities || entities.some((own) => own === COLLECTIONS[nth % 3])),
          );
          const frames = await desk.frames(socket);
          expect(revisions(frames)).toEqual(wanted);
          const [ready, ...more] = frames.filter(({ type }) => type !== "sync_event");
          expect([ready?.type, more]).toEqual(["ready", []]);
          // The socket was opened before or after that write; `ready` tells of the head that it found.
          const found = ready?.type === "ready" ? ready.revisionId : GENESIS;
          expect([head, log[before]]).toContain(found);
          const nth = frames.findIndex(({ type }) => type === "ready");
          expect(revisions(frames.slice(0, nth)).every((revision) => revision <= found)).toBe(true);
          expect(revisions(frames.slice(nth)).every((revision) => revision > found)).toBe(true);
        }),
        { numRuns: desks.runs(100) },
      );
    });
  });
}
