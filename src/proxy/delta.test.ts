/**
 * Owns the proof of section 9 as far as it is the proxy's: DLT.
 */

import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ENTITIES, type Entity, type WireRecord } from "../protocol/entity.ts";
import type { Change, ChangesBody } from "../protocol/messages.ts";
import { GENESIS, type Revision } from "../protocol/revision.ts";
import { allPages, changesOf, Desk, errorOf, limitsOf, recordsOf } from "./desk.fixture.ts";

/** What each change says, in few words. */
function said(body: { changes: readonly Change[] }): readonly string[] {
  return body.changes.map(({ action, id }) => `${action} ${id}`);
}

/** The account's whole state, by entity and id. */
type State = ReadonlyMap<string, WireRecord>;

function stateOf(desk: Desk): State {
  return new Map(
    ENTITIES.flatMap((entity) =>
      recordsOf(desk.list(entity)).map((own) => [`${entity} ${own.id}`, own] as const),
    ),
  );
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

function run(desk: Desk, { act, entity, id }: Step): void {
  if (act === "drop") desk.delete(entity, id);
  else if (desk.create(entity, { id, name: "n", title: "t" }).status === 409) {
    desk.update(entity, id, { at: desk.nowMs });
  }
}

describe("what a delta says", () => {
  test("[DLT-1] the changes after since, each record once, in its latest state, ascending", () => {
    const desk = new Desk();
    desk.made("contact", { id: "c1", name: "1" });
    const since = desk.made("task", { id: "t1", title: "1" }).revisionId;
    desk.update("contact", "c1", { name: "2" });
    desk.made("list", { id: "l1", name: "1" });
    desk.update("contact", "c1", { name: "3" });
    const body = changesOf(desk.changes({ since }));
    expect(said(body)).toEqual(["created l1", "updated c1"]);
    expect(body.changes[1]?.data).toMatchObject({ name: "3", revisionId: desk.head() });
    expect(body).toMatchObject({ currentRevision: desk.head(), hasMore: false });
    expect(body.nextCursor).toBeUndefined();
    expect(body.fullSync).toBeUndefined();
  });

  test("[DLT-2] created, updated, deleted: as it was at since, over any number of lives", () => {
    const desk = new Desk();
    const put = () => desk.made("task", { id: "x", title: "t" }).revisionId;
    const points: [Revision, "created" | "updated"][] = [[GENESIS, "created"]];
    for (let life = 0; life < 3; life++) {
      points.push([put(), "updated"]);
      desk.update("task", "x", { life });
      points.push([desk.head(), "updated"]);
      desk.delete("task", "x");
      points.push([desk.head(), "created"]);
    }
    const dead = desk.head();
    for (const [since] of points) {
      expect(said(changesOf(desk.changes({ since })))).toEqual(since === dead ? [] : ["deleted x"]);
    }
    put();
    for (const [since, action] of points) {
      expect([since, ...said(changesOf(desk.changes({ since })))]).toEqual([since, `${action} x`]);
    }
  });

  test("[DLT-2] what came and went in between is deleted, and has no data", () => {
    const desk = new Desk();
    const since = desk.made("task", { id: "other", title: "t" }).revisionId;
    desk.made("task", { id: "x", title: "t" });
    desk.delete("task", "x");
    const body = changesOf(desk.changes({ since }));
    expect(body.changes).toEqual([{ entity: "task", action: "deleted", id: "x", revisionId: desk.head() }]);
  });

  test("[DLT-3] only entities asked for; none named means all; an unknown one is 400", () => {
    const desk = new Desk();
    desk.made("contact", { id: "c1", name: "1" });
    desk.made("task", { id: "t1", title: "1" });
    desk.made("list", { id: "l1", name: "1" });
    const asked = (...entities: string[]) => said(changesOf(desk.changes({ since: GENESIS, entities })));
    expect(asked("tasks")).toEqual(["created t1"]);
    expect(asked("lists", "contacts")).toEqual(["created c1", "created l1"]);
    expect(asked()).toHaveLength(3);
    expect(said(changesOf(desk.changes({ since: GENESIS })))).toHaveLength(3);
    for (const entities of [["task"], ["tasks", "notes"], [""], ["__proto__"], ["Tasks"]]) {
      expect([desk.changes({ entities }).status, errorOf(desk.changes({ entities }))]).toEqual([
        400,
        "invalid_request",
      ]);
    }
  });

  test("[DLT-4] at most limit items a page; exactly limit items says no more", () => {
    const desk = new Desk(limitsOf({ deltaLimitMax: 4 }));
    for (let n = 0; n < 4; n++) desk.made("task", { id: `t${n}`, title: "t" });
    const page = (limit?: number) =>
      changesOf(desk.changes({ since: GENESIS, ...(limit === undefined ? undefined : { limit }) }));
    expect(page(3)).toMatchObject({ hasMore: true, nextCursor: expect.any(String) });
    expect(page(3).changes).toHaveLength(3);
    expect(page(4)).toMatchObject({ hasMore: false });
    expect(page(4).nextCursor).toBeUndefined();
    expect(page(9).changes).toHaveLength(4);
    desk.made("task", { id: "t4", title: "t" });
    for (const limit of [undefined, 4, 5, 1e9]) {
      expect(page(limit).changes).toHaveLength(4);
      expect(page(limit).hasMore).toBe(true);
    }
    for (const limit of [0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY]) {
      expect(errorOf(desk.changes({ limit }))).toBe("invalid_request");
    }
  });

  test("[DLT-4] the limit may change from page to page", () => {
    const desk = new Desk();
    for (let n = 0; n < 6; n++) desk.made("task", { id: `t${n}`, title: "t" });
    const first = changesOf(desk.changes({ since: GENESIS, limit: 1 }));
    const second = changesOf(desk.changes({ since: GENESIS, limit: 2, cursor: String(first.nextCursor) }));
    const third = changesOf(desk.changes({ since: GENESIS, cursor: String(second.nextCursor) }));
    expect([first, second, third].flatMap(said)).toEqual([0, 1, 2, 3, 4, 5].map((n) => `created t${n}`));
    expect(third.hasMore).toBe(false);
  });

  test("[DLT-7] nothing new: 200, no changes, the same revision", () => {
    const desk = new Desk();
    expect(changesOf(desk.changes({ since: GENESIS }))).toMatchObject({
      changes: [],
      currentRevision: GENESIS,
    });
    const since = desk.made("task", { title: "t" }).revisionId;
    const body = changesOf(desk.changes({ since }));
    expect(body).toMatchObject({ changes: [], currentRevision: since, hasMore: false });
    expect(changesOf(desk.changes({ since: body.currentRevision })).changes).toEqual([]);
  });

  test("[DLT-8] no since: the living, all created, fullSync on every page, no tombstones", () => {
    const desk = new Desk();
    for (const id of ["a", "b", "c", "d"]) desk.made("contact", { id, name: id });
    desk.update("contact", "a", { name: "A" });
    desk.delete("contact", "b");
    const pages = allPages(desk, { limit: 1 });
    expect(pages.flatMap(said)).toEqual(["created c", "created d", "created a"]);
    expect(pages.every(({ fullSync }) => fullSync === true)).toBe(true);
    expect(new Desk().changes().body).toMatchObject({
      changes: [],
      fullSync: true,
      currentRevision: GENESIS,
    });
  });

  test("[DLT-11] deleted and made again: alive, the tombstone does not hide it", () => {
    const desk = new Desk();
    const alive = desk.made("task", { id: "x", title: "1" }).revisionId;
    desk.delete("task", "x");
    const dead = desk.head();
    const again = desk.made("task", { id: "x", title: "2" });
    for (const [since, action] of [
      [GENESIS, "created"],
      [alive, "updated"],
      [dead, "created"],
    ] as const) {
      expect(changesOf(desk.changes({ since })).changes).toEqual([
        { entity: "task", action, id: "x", revisionId: again.revisionId, data: again },
      ]);
    }
    expect(said(changesOf(desk.changes()))).toEqual(["created x"]);
  });
});

describe("pages while others write", () => {
  test("[DLT-1, DLT-2, DLT-5, DLT-6, DLT-8] from every since, in pages of any size, the state at the end", () => {
    const scene = fc.record({
      history: fc.array(step, { minLength: 1, maxLength: 25 }),
      meanwhile: fc.array(step, { maxLength: 12 }),
      limit: fc.integer({ min: 1, max: 4 }),
      full: fc.boolean(),
      at: fc.nat(),
    });
    fc.assert(
      fc.property(scene, ({ history, meanwhile, limit, full, at }) => {
        const desk = new Desk();
        const points: [Revision, State][] = [[GENESIS, new Map()]];
        for (const each of history) {
          run(desk, each);
          points.push([desk.head(), stateOf(desk)]);
        }
        const [since, before] = points[at % points.length] as [Revision, State];
        const captured = stateOf(desk);
        const capturedHead = desk.head();
        const later = [...meanwhile];
        const question = full ? { limit } : { since, limit };
        const pages = allPages(desk, question, () => {
          const next = later.shift();
          if (next) run(desk, next);
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
        const next = allPages(desk, { since: capturedHead, limit });
        expect(applyPages(captured, next)).toEqual(stateOf(desk));
      }),
      { numRuns: 300 },
    );
  });

  test("[DLT-6] one entity's pages lead to that entity's state", () => {
    const desk = new Desk();
    for (let n = 0; n < 9; n++) run(desk, { act: "put", entity: ENTITIES[n % 3] as Entity, id: `r${n}` });
    const pages = allPages(desk, { entities: ["tasks"], limit: 1 }, () => desk.delete("task", "r7"));
    expect(pages.flatMap(said)).toEqual(["created r1", "created r4", "created r7"]);
  });
});
