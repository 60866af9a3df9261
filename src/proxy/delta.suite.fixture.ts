/**
 * Owns the proof of section 9 as far as it is the proxy's: DLT.
 */

import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ENTITIES, type Entity, type WireRecord } from "../protocol/entity.ts";
import type { Change, ChangesBody } from "../protocol/messages.ts";
import { GENESIS, type Revision } from "../protocol/revision.ts";
import { changesOf, errorOf, limitsOf, recordsOf } from "./desk.fixture.ts";
import { allPages, type DeskMaker, type TestDesk } from "./test-desk.fixture.ts";

/** What each change says, in few words. */
function said(body: { changes: readonly Change[] }): readonly string[] {
  return body.changes.map(({ action, id }) => `${action} ${id}`);
}

/** The account's whole state, by entity and id. */
type State = ReadonlyMap<string, WireRecord>;

async function stateOf(desk: TestDesk): Promise<State> {
  const state = new Map<string, WireRecord>();
  for (const entity of ENTITIES) {
    for (const own of recordsOf(await desk.list(entity))) state.set(`${entity} ${own.id}`, own);
  }
  return state;
}

function applyPages(before: State, pages: readonly ChangesBody[]): State {
  const state = new Map(before);
  for (const { entity, id, action, data } of pages.flatMap(({ changes }) => changes)) {
    if (action === "deleted") state.delete(`${entity} ${id}`);
    else state.set(`${entity} ${id}`, data as WireRecord);
  }
  return state;
}

interface Step {
  readonly act: "put" | "drop";
  readonly entity: Entity;
  readonly id: string;
}

const step = fc.record<Step>({
  act: fc.constantFrom("put", "put", "drop"),
  entity: fc.constantFrom(...ENTITIES),
  id: fc.constantFrom("a", "b", "c", "d"),
});

async function run(desk: TestDesk, { act, entity, id }: Step): Promise<void> {
  if (act === "drop") await desk.delete(entity, id);
  else if ((await desk.create(entity, { id, name: "n", title: "t" })).status === 409) {
    await desk.update(entity, id, { at: desk.nowMs });
  }
}

export function declareDeltaRules(desks: DeskMaker): void {
  describe("what a delta says", () => {
    test("[DLT-1] the changes after since, each record once, in its latest state, ascending", async () => {
      const desk = await desks.create();
      await desk.made("contact", { id: "c1", name: "1" });
      const since = (await desk.made("task", { id: "t1", title: "1" })).revisionId;
      await desk.update("contact", "c1", { name: "2" });
      await desk.made("list", { id: "l1", name: "1" });
      await desk.update("contact", "c1", { name: "3" });
      const body = changesOf(await desk.changes({ since }));
      expect(said(body)).toEqual(["created l1", "updated c1"]);
      expect(body.changes[1]?.data).toMatchObject({ name: "3", revisionId: await desk.head() });
      expect(body).toMatchObject({ currentRevision: await desk.head(), hasMore: false });
      expect(body.nextCursor).toBeUndefined();
      expect(body.fullSync).toBeUndefined();
    });

    test("[DLT-2] created, updated, deleted: as it was at since, over any number of lives", async () => {
      const desk = await desks.create();
      const put = async () => (await desk.made("task", { id: "x", title: "t" })).revisionId;
      const points: [Revision, "created" | "updated"][] = [[GENESIS, "created"]];
      for (let life = 0; life < 3; life++) {
        points.push([await put(), "updated"]);
        await desk.update("task", "x", { life });
        points.push([await desk.head(), "updated"]);
        await desk.delete("task", "x");
        points.push([await desk.head(), "created"]);
      }
      const dead = await desk.head();
      for (const [since] of points) {
        expect(said(changesOf(await desk.changes({ since })))).toEqual(since === dead ? [] : ["deleted x"]);
      }
      await put();
      for (const [since, action] of points) {
        expect([since, ...said(changesOf(await desk.changes({ since })))]).toEqual([since, `${action} x`]);
      }
    });

    test("[DLT-2] what came and went in between is deleted, and has no data", async () => {
      const desk = await desks.create();
      const since = (await desk.made("task", { id: "other", title: "t" })).revisionId;
      await desk.made("task", { id: "x", title: "t" });
      await desk.delete("task", "x");
      const body = changesOf(await desk.changes({ since }));
      expect(body.changes).toEqual([
        { entity: "task", action: "deleted", id: "x", revisionId: await desk.head() },
      ]);
    });

    test("[DLT-3] only entities asked for; none named means all; an unknown one is 400", async () => {
      const desk = await desks.create();
      await desk.made("contact", { id: "c1", name: "1" });
      await desk.made("task", { id: "t1", title: "1" });
      await desk.made("list", { id: "l1", name: "1" });
      const asked = async (...entities: string[]) =>
        said(changesOf(await desk.changes({ since: GENESIS, entities })));
      expect(await asked("tasks")).toEqual(["created t1"]);
      expect(await asked("lists", "contacts")).toEqual(["created c1", "created l1"]);
      expect(await asked()).toHaveLength(3);
      expect(said(changesOf(await desk.changes({ since: GENESIS })))).toHaveLength(3);
      for (const entities of [["task"], ["tasks", "notes"], ["tasks", ""], ["__proto__"], ["Tasks"]]) {
        expect([
          (await desk.changes({ entities })).status,
          errorOf(await desk.changes({ entities })),
        ]).toEqual([400, "invalid_request"]);
      }
    });

    test("[DLT-4] at most limit items a page; exactly limit items says no more", async () => {
      const desk = await desks.create(limitsOf({ deltaLimitMax: 4 }));
      for (let n = 0; n < 4; n++) await desk.made("task", { id: `t${n}`, title: "t" });
      const page = async (limit?: number) =>
        changesOf(await desk.changes({ since: GENESIS, ...(limit === undefined ? undefined : { limit }) }));
      expect(await page(3)).toMatchObject({ hasMore: true, nextCursor: expect.any(String) });
      expect((await page(3)).changes).toHaveLength(3);
      expect(await page(4)).toMatchObject({ hasMore: false });
      expect((await page(4)).nextCursor).toBeUndefined();
      expect((await page(9)).changes).toHaveLength(4);
      await desk.made("task", { id: "t4", title: "t" });
      for (const limit of [undefined, 4, 5, 1e9]) {
        expect((await page(limit)).changes).toHaveLength(4);
        expect((await page(limit)).hasMore).toBe(true);
      }
      for (const limit of [0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY]) {
        expect(errorOf(await desk.changes({ limit }))).toBe("invalid_request");
      }
    });

    test("[DLT-4] the limit may change from page to page", async () => {
      const desk = await desks.create();
      for (let n = 0; n < 6; n++) await desk.made("task", { id: `t${n}`, title: "t" });
      const first = changesOf(await desk.changes({ since: GENESIS, limit: 1 }));
      const second = changesOf(
        await desk.changes({ since: GENESIS, limit: 2, cursor: String(first.nextCursor) }),
      );
      const third = changesOf(await desk.changes({ since: GENESIS, cursor: String(second.nextCursor) }));
      expect([first, second, third].flatMap(said)).toEqual([0, 1, 2, 3, 4, 5].map((n) => `created t${n}`));
      expect(third.hasMore).toBe(false);
    });

    test("[DLT-7] nothing new: 200, no changes, the same revision", async () => {
      const desk = await desks.create();
      expect(changesOf(await desk.changes({ since: GENESIS }))).toMatchObject({
        changes: [],
        currentRevision: GENESIS,
      });
      const since = (await desk.made("task", { title: "t" })).revisionId;
      const body = changesOf(await desk.changes({ since }));
      expect(body).toMatchObject({ changes: [], currentRevision: since, hasMore: false });
      expect(changesOf(await desk.changes({ since: body.currentRevision })).changes).toEqual([]);
    });

    test("[DLT-8] no since: the living, all created, fullSync on every page, no tombstones", async () => {
      const desk = await desks.create();
      for (const id of ["a", "b", "c", "d"]) await desk.made("contact", { id, name: id });
      await desk.update("contact", "a", { name: "A" });
      await desk.delete("contact", "b");
      const pages = await allPages(desk, { limit: 1 });
      expect(pages.flatMap(said)).toEqual(["created c", "created d", "created a"]);
      expect(pages.every(({ fullSync }) => fullSync === true)).toBe(true);
      expect((await (await desks.create()).changes()).body).toMatchObject({
        changes: [],
        fullSync: true,
        currentRevision: GENESIS,
      });
    });

    test("[DLT-11] deleted and made again: alive, the tombstone does not hide it", async () => {
      const desk = await desks.create();
      const alive = (await desk.made("task", { id: "x", title: "1" })).revisionId;
      await desk.delete("task", "x");
      const dead = await desk.head();
      const again = await desk.made("task", { id: "x", title: "2" });
      for (const [since, action] of [
        [GENESIS, "created"],
        [alive, "updated"],
        [dead, "created"],
      ] as const) {
        expect(changesOf(await desk.changes({ since })).changes).toEqual([
          { entity: "task", action, id: "x", revisionId: again.revisionId, data: again },
        ]);
      }
      expect(said(changesOf(await desk.changes()))).toEqual(["created x"]);
    });
  });

  describe("pages while others write", () => {
    test("[DLT-1, DLT-2, DLT-5, DLT-6, DLT-8] from every since, in pages of any size, the state at the end", async () => {
      const scene = fc.record({
        history: fc.array(step, { minLength: 1, maxLength: 25 }),
        meanwhile: fc.array(step, { maxLength: 12 }),
        limit: fc.integer({ min: 1, max: 4 }),
        full: fc.boolean(),
        at: fc.nat(),
      });
      await fc.assert(
        fc.asyncProperty(scene, async ({ history, meanwhile, limit, full, at }) => {
          const desk = await desks.create();
          const points: [Revision, State][] = [[GENESIS, new Map()]];
          for (const each of history) {
            await run(desk, each);
            points.push([await desk.head(), await stateOf(desk)]);
          }
          const [since, before] = points[at % points.length] as [Revision, State];
          const captured = await stateOf(desk);
          const capturedHead = await desk.head();
          const later = [...meanwhile];
          const question = full ? { limit } : { since, limit };
          const pages = await allPages(desk, question, async () => {
            const next = later.shift();
            if (next) await run(desk, next);
          });
          expect(pages.every(({ currentRevision }) => currentRevision === capturedHead)).toBe(true);
          expect(applyPages(full ? new Map() : before, pages)).toEqual(captured);
          const changes = pages.flatMap(({ changes }) => changes);
          const revisions = changes.map(({ revisionId }) => revisionId);
          expect([...revisions].sort((left, right) => (left < right ? -1 : 1))).toEqual(revisions);
          expect(new Set(changes.map(({ entity, id }) => `${entity} ${id}`)).size).toBe(changes.length);
          for (const { entity, id, action } of changes) {
            const name = `${entity} ${id}`;
            const lived = !full && before.has(name);
            expect(action).toBe(captured.has(name) ? (lived ? "updated" : "created") : "deleted");
          }
          // What came meanwhile comes with the next sync.
          const next = await allPages(desk, { since: capturedHead, limit });
          expect(applyPages(captured, next)).toEqual(await stateOf(desk));
        }),
        { numRuns: desks.runs(300) },
      );
    });

    test("[DLT-6] one entity's pages lead to that entity's state", async () => {
      const desk = await desks.create();
      for (let n = 0; n < 9; n++)
        await run(desk, { act: "put", entity: ENTITIES[n % 3] as Entity, id: `r${n}` });
      const pages = await allPages(desk, { entities: ["tasks"], limit: 1 }, () => desk.delete("task", "r7"));
      expect(pages.flatMap(said)).toEqual(["created r1", "created r4", "created r7"]);
    });
  });
}
