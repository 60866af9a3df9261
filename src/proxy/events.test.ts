/**
 * Owns the proof, at the engine alone, of section 4 as far as it is the proxy's: EVT; and of what only one who counts
 * each frame in and out can see.
 */

import * as fc from "fast-check";
import { expect, test } from "vitest";
import { COLLECTIONS, ENTITIES, type Entity } from "../protocol/entity.ts";
import { CLOSE } from "../protocol/request.ts";
import { GENESIS, type Revision } from "../protocol/revision.ts";
import { A, Desk, limitsOf } from "./desk.fixture.ts";
import { ENGINE_DESKS } from "./engine-desk.fixture.ts";
import { declareEventRules } from "./events.suite.fixture.ts";
import { revisions } from "./frames.fixture.ts";

declareEventRules(ENGINE_DESKS);

test("an instance that is not woken looks at no log", () => {
  const one = new Desk();
  const two = new Desk({}, one.store);
  const socket = one.open();
  two.made("task", { title: "t" });
  one.collect();
  expect(revisions(one.frames(socket))).toEqual([]);
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
