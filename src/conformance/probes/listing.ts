/**
 * Owns the probe of listings by pages while others write [API-4], and of what their head is worth [REV-4].
 * Refuses to know cursors: they are handed back as they came.
 */

import { array, constantFrom, integer, record } from "fast-check";
import { ENTITIES, type Entity } from "../../protocol/entity.ts";
import type { Actor } from "../actor.ts";
import { hasPhase } from "../anatomy.ts";
import type { Desk } from "../desk.ts";
import { changesSince, created, idOf, stir, sure } from "../moves.ts";
import { defineProbe, type Script } from "../probe.ts";
import { type Loose, listOf, looseOf, type Reply, textOf } from "../reply.ts";

const PAGES_MAX = 500;

export const listing = defineProbe({
  id: "records/listing",
  rules: ["API-4", "API-2", "API-1", "REV-4"],
  text: "A listing by pages shows each record that nobody touched exactly once, whatever is written between the pages.",
  phases: [],
  runs: 4,
  values: () =>
    record({
      entity: constantFrom(...ENTITIES),
      count: integer({ min: 3, max: 9 }),
      pages: integer({ min: 2, max: 5 }),
      between: array(constantFrom("create", "update", "delete"), { minLength: 1, maxLength: 3 }),
      pick: integer({ min: 0, max: 8 }),
    }),
  *script(desk, { entity, count, pages, between, pick }) {
    const phone = desk.actor("phone");
    const records: Reply[] = [];
    for (let at = 0; at < count; at++) records.push(yield* created(desk, phone, entity, stir(desk, entity)));
    const whole = yield* sure(desk, "API-1", phone.list(entity), 200);
    records.sort((one, other) => (idOf(one) < idOf(other) ? -1 : 1));
    const ids = listOf(whole.data).map((one) => looseOf(one).id);
    // The first page ends among our records, whoever's stand before them: what is passed over is one of ours.
    const before = Math.max(0, ids.indexOf(records.map(idOf)[0]));
    const limit = before + Math.max(1, Math.ceil(count / pages));
    const moved = new Set<string>();
    const tablet = desk.actor("tablet");
    // The first record ends when it has been shown: what comes after it moves up.
    const changes = ["delete", ...between];
    const meanwhile = function* (): Script<void> {
      const change = changes.shift();
      if (change === undefined) return;
      if (change === "create") {
        moved.add(idOf(yield* created(desk, tablet, entity, stir(desk, entity))));
        return;
      }
      const meant =
        moved.size === 0
          ? records[0]
          : records.find((one, at) => (at + pick) % 2 === 0 && !moved.has(idOf(one)));
      if (meant === undefined) return;
      const [id, headers] = [idOf(meant), { ifMatch: meant.revision }];
      moved.add(id);
      const ask =
        change === "delete"
          ? tablet.delete(entity, id, headers)
          : tablet.update(entity, id, stir(desk, entity), headers);
      yield* sure(desk, "API-1", ask, 200);
    };
    const { seen, head } = yield* pageThrough(desk, phone, entity, limit, meanwhile);
    for (const one of records.map(idOf).filter((id) => !moved.has(id))) {
      const times = seen.filter(({ id }) => id === one).length;
      yield* desk.expect("API-4", times === 1, {
        expected: `${one}, which nobody touched, once on the pages of ${limit}`,
        actual: `${times} times`,
      });
    }
    yield* isSafeToSyncFrom(desk, phone, head, moved);
  },
});

interface Paged {
  readonly seen: readonly Loose[];
  /** Of the first page: the one to sync from. */
  readonly head: string | undefined;
}

function* pageThrough(
  desk: Desk,
  actor: Actor,
  entity: Entity,
  limit: number,
  meanwhile: () => Script<void>,
): Script<Paged> {
  const seen: Loose[] = [];
  let head: string | undefined;
  let cursor: string | undefined;
  for (let at = 0; at < PAGES_MAX; at++) {
    const ask = actor.list(entity, cursor === undefined ? { limit } : { limit, cursor });
    const page: Reply = yield* sure(desk, "API-1", ask, 200);
    const data = listOf(page.data).map(looseOf);
    yield* desk.expect("API-1", data.length <= limit, {
      expected: `at most ${limit} records on a page`,
      actual: String(data.length),
    });
    head ??= page.revision;
    seen.push(...data);
    cursor = page.meta.hasMore === true ? textOf(page.meta.nextCursor) : undefined;
    yield* desk.expect("API-1", page.meta.hasMore !== true || cursor !== undefined, {
      expected: "meta.nextCursor when meta.hasMore says that there is more",
      actual: JSON.stringify(page.meta),
    });
    if (cursor === undefined) return { seen, head };
    yield* meanwhile();
  }
  return yield* desk.discard("the listing has too many pages");
}

/** [REV-4] what was written after the first page comes with the changes since its head. */
function* isSafeToSyncFrom(
  desk: Desk,
  actor: Actor,
  head: string | undefined,
  moved: ReadonlySet<string>,
): Script<void> {
  if (moved.size === 0 || !hasPhase(desk.facts, 5)) return;
  const changed = new Set((yield* changesSince(desk, actor, head)).map(({ id }) => id));
  const lost = [...moved].find((id) => !changed.has(id));
  yield* desk.expect("REV-4", lost === undefined, {
    expected: `${lost} among the changes since ${head}, the head of the first page`,
    actual: "it is not",
  });
}

export const snapshot = defineProbe({
  id: "records/snapshot",
  rules: ["REV-4", "API-2"],
  text: "The head of a listing is of the same snapshot as its data: what the listing lacks comes with the changes since.",
  phases: [1, 5],
  runs: 4,
  values: () => record({ entity: constantFrom(...ENTITIES), writers: integer({ min: 4, max: 6 }) }),
  *script(desk, { entity, writers }) {
    const phone = desk.actor("phone");
    const huge = { limit: 1_000_000_000 };
    const first = yield* sure(desk, "API-2", phone.list(entity, huge), 200, "a limit is clamped");
    const writes = Array.from({ length: writers }, (_, at) =>
      desk.actor(`writer${at}`).create(entity, { id: desk.fresh("w"), ...stir(desk, entity) }),
    );
    const lists = [phone.list(entity), phone.list(entity), phone.list(entity)];
    const replies = yield* desk.atOnce(writes.flatMap((write, at) => [write, ...lists.slice(at, at + 1)]));
    if (first.revision === undefined) return;
    for (const list of replies.filter(({ ask }) => ask.http.method === "GET")) {
      const listed = new Set(listOf(list.data).map((one) => looseOf(one).id));
      const missing = replies.map(idOf).filter((id) => id !== "" && !listed.has(id));
      if (missing.length === 0) continue;
      const later = new Set((yield* changesSince(desk, phone, list.revision)).map(({ id }) => id));
      const lost = missing.find((id) => !later.has(id));
      yield* desk.expect("REV-4", lost === undefined, {
        expected: `${lost} in the list at ${list.revision}, or among the changes since`,
        actual: "in neither",
      });
    }
  },
});
