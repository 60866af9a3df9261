/**
 * Owns the probes of a delta's pages: their sizes, and that nothing is lost between them while others write
 * [DLT-3, DLT-4, DLT-5, DLT-8].
 * Refuses to know whether a target's pages are one snapshot: only what a device ends up with counts.
 */

import { array, constantFrom, integer, record, subarray } from "fast-check";
import { jsonEqual } from "../../base/canonical-json.ts";
import { COLLECTION_OF, ENTITIES, REQUIRED_FIELD } from "../../protocol/entity.ts";
import type { RuleId } from "../../protocol/rules/registry.ts";
import { hasPhase } from "../anatomy.ts";
import {
  beginning,
  type Chronicle,
  type Commit,
  type Move,
  movesOf,
  nameOf,
  type State,
} from "../chronicle.ts";
import { endOf, folded, type Page, pagesOf, readPage } from "../delta.ts";
import type { Desk } from "../desk.ts";
import { defineProbe, type Script } from "../probe.ts";
import { listOf, looseOf } from "../reply.ts";
import type { TargetFacts } from "../target.ts";
import { briefly, difference } from "./delta-history.ts";

export const deltaLimits = defineProbe({
  id: "delta/limits",
  rules: ["DLT-4", "DLT-3", "DLT-6"],
  text: "Pages of n-1, n and n+1 items, of the entities asked for, hold every change once; n items are one page.",
  phases: [5],
  // Among other probes the head moves between two readings, and of a full page nothing could be said.
  alone: true,
  runs: 2,
  values: () =>
    record({ moves: movesOf(2, 5), entities: subarray([...ENTITIES], { minLength: 1, maxLength: 2 }) }),
  *script(desk, { moves, entities }) {
    const chronicle = yield* beginning(desk);
    yield* chronicle.play(moves);
    // Whatever was drawn: the last page has one that is wanted, and others stand before and behind it.
    const others = ENTITIES.filter((entity) => !entities.includes(entity));
    for (const entity of [...others, ...entities]) yield* chronicle.mark(entity);
    const slot = SLOT_FREE + ENTITIES.indexOf(entities[0] ?? "task");
    // One of them is changed: what comes is its latest state.
    yield* chronicle.play([moveOf(slot), moveOf(slot)]);
    for (const entity of others) yield* chronicle.mark(entity);
    const reader = desk.actor("reader");
    const query = { since: chronicle.start, entities: entities.map((entity) => COLLECTION_OF[entity]) };
    const whole = yield* pagesOf(desk, reader, query, "DLT-6");
    const count = whole.reduce((sum, page) => sum + page.length, 0);
    const wanted = only(chronicle.stateAfter(), entities);
    for (const limit of [count - 1, count, count + 1]) {
      if (limit < 1) continue;
      const pages = yield* pagesOf(desk, reader, { ...query, limit }, "DLT-4");
      yield* areSized(desk, pages, limit);
      yield* areOfEntities(desk, pages, entities);
      const differs = difference(folded(new Map(), pages), wanted);
      yield* desk.expect("DLT-6", differs === undefined, {
        expected: `${differs} as it is now, by pages of ${limit}`,
        actual: pages.map(({ changes }) => JSON.stringify(changes.map(briefly))).join(" "),
      });
      const [first] = pages;
      // Only where nobody else wrote in between can the same count be expected, and only up to the maximum [API-2].
      if (limit > desk.facts.declared.deltaLimitMax) continue;
      if (first === undefined || limit < count || endOf(pages) !== endOf(whole)) continue;
      // A page may hold less than it may.
      if (first.length < count && first.hasMore) continue;
      yield* desk.expect("DLT-4", !first.hasMore, {
        expected: `hasMore false: there are ${count} changes and the limit is ${limit}`,
        actual: `hasMore true, after ${first.length}`,
      });
    }
  },
});

export const deltaLimitMax = defineProbe({
  id: "delta/limit-max",
  rules: ["DLT-4", "BAT-6"],
  text: "One change more than limitMax comes in two pages, also when more is asked for; limitMax changes are one page.",
  phases: [5],
  needs: (facts) =>
    fillingCost(facts) <= 40
      ? undefined
      : `needs a smaller delta.limitMax or a larger batch.mutationsMax: filling a page of ${facts.declared.deltaLimitMax} takes ${fillingCost(facts)} requests`,
  runs: 1,
  values: () => record({ entity: constantFrom(...ENTITIES) }),
  *script(desk, { entity }) {
    const { deltaLimitMax: limitMax } = desk.facts.declared;
    const chronicle = yield* beginning(desk);
    const first = yield* chronicle.mark(entity);
    yield* fill(desk, entity, limitMax);
    const reader = desk.actor("reader");
    const base = { entities: [COLLECTION_OF[entity]] };
    for (const limit of [undefined, limitMax + 1]) {
      const pages = yield* pagesOf(desk, reader, { ...base, since: chronicle.start, limit }, "DLT-4");
      yield* areSized(desk, pages, limitMax);
      const count = new Set(pages.flatMap(({ changes }) => changes.map(({ id }) => id))).size;
      yield* desk.expect("DLT-4", count === limitMax + 1, {
        expected: `${limitMax + 1} records by pages of ${limit ?? "no limit"}`,
        actual: String(count),
      });
    }
    const exact = yield* pagesOf(desk, reader, { ...base, since: first.revision, limit: limitMax }, "DLT-4");
    const [page] = exact;
    // Whoever else wrote meanwhile stands on the same page, or on one behind it.
    const length = exact.reduce((sum, one) => sum + one.length, 0);
    if (page?.changes.length === limitMax && length === limitMax)
      yield* desk.expect("DLT-4", !page.hasMore, {
        expected: `hasMore false: exactly ${limitMax} changes`,
        actual: "hasMore true",
      });
  },
});

export const deltaMoving = defineProbe({
  id: "delta/moving",
  rules: ["DLT-5", "DLT-6"],
  text: "Records are written, ended and made again between pages: after the next sync a device has all of it.",
  phases: [5],
  runs: 4,
  values: () =>
    record({
      before: movesOf(5, 8),
      between: movesOf(3, 6),
      limit: integer({ min: 1, max: 2 }),
      from: integer({ min: 0, max: 3 }),
    }),
  *script(desk, { before, between, limit, from }) {
    const chronicle = yield* beginning(desk);
    yield* chronicle.play(before);
    const length = Math.min(from, chronicle.commits.length - 1);
    const since = chronicle.revisions[length] as string;
    const written = [...between];
    const interfere = function* (): Script<void> {
      const move = written.shift();
      if (move !== undefined) yield* chronicle.play([move]);
    };
    const reader = desk.actor("reader");
    const pages = yield* pagesOf(desk, reader, { since, limit }, "DLT-5", interfere);
    const state = folded(chronicle.stateAfter(length), pages);
    // First what is lost for good, then what was not there yet.
    yield* catchesUp(desk, "DLT-5", chronicle, state, endOf(pages));
    yield* isWithin(desk, "DLT-6", chronicle, state, endOf(pages));
  },
});

export const deltaAtOnce = defineProbe({
  id: "delta/at-once",
  rules: ["DLT-5"],
  text: "A delta that is asked for while others write, and the next one from where it ended, hold every change.",
  phases: [5],
  runs: 2,
  values: () => record({ entities: array(constantFrom(...ENTITIES), { minLength: 3, maxLength: 5 }) }),
  *script(desk, { entities }) {
    const reader = desk.actor("reader");
    const since = (yield* desk.send(reader.capabilities())).revision;
    const writes = entities.map((entity) => {
      return desk.actor("phone").create(entity, { id: desk.fresh("a"), [REQUIRED_FIELD[entity]]: "at once" });
    });
    const asks = writes.flatMap((write, at) => (at % 2 === 0 ? [write, reader.changes({ since })] : [write]));
    const replies = yield* desk.atOnce(asks);
    const made = replies.filter(({ status }) => status === 201).map(({ record }) => record.id);
    for (const reply of replies) {
      const page = readPage(desk, reply);
      if (reply.status !== 200 || page.hasMore) continue;
      const next = yield* pagesOf(desk, reader, { since: page.currentRevision }, "DLT-5");
      const told = [page, ...next].flatMap(({ changes }) => changes.map(({ id }) => id));
      const lost = made.find((id) => !told.includes(id));
      yield* desk.expect("DLT-5", lost === undefined, {
        expected: `${lost} in the delta up to ${page.currentRevision}, or in the next`,
        actual: "in neither",
      });
    }
  },
});

export const deltaFull = defineProbe({
  id: "delta/full",
  rules: ["DLT-8", "DLT-5"],
  text: "Without since the whole account comes as created, also by pages while others write.",
  phases: [5],
  runs: 2,
  values: () => record({ before: movesOf(4, 8), between: movesOf(2, 4), quiet: constantFrom(true, false) }),
  *script(desk, { before, between, quiet }) {
    const chronicle = yield* beginning(desk);
    yield* chronicle.play(before);
    const length = chronicle.commits.length;
    const written = quiet ? [] : [...between];
    const interfere = function* (): Script<void> {
      const move = written.shift();
      if (move !== undefined) yield* chronicle.play([move]);
    };
    const reader = desk.actor("reader");
    // A first look tells whether small pages are bearable here: the account may hold much of others.
    const look = yield* pagesOf(desk, reader, {}, "DLT-8");
    const count = look.reduce((sum, page) => sum + page.length, 0);
    yield* isFull(desk, chronicle, look, length);
    const limit = Math.max(2, Math.ceil(count / 20));
    const pages = yield* pagesOf(desk, reader, { limit }, "DLT-8", interfere);
    yield* isFull(desk, chronicle, pages, length);
    const state = folded(new Map(), pages);
    yield* isWithin(desk, "DLT-8", chronicle, state, endOf(pages));
    yield* catchesUp(desk, "DLT-5", chronicle, state, endOf(pages));
  },
});

function* isFull(desk: Desk, chronicle: Chronicle, pages: readonly Page[], length: number): Script<void> {
  yield* desk.expect("DLT-8", pages[0]?.reply.body.fullSync === true, {
    expected: "fullSync: true",
    actual: JSON.stringify(pages[0]?.reply.body.fullSync) ?? "absent",
  });
  // What was written meanwhile may come in whatever state it has by then.
  const moved = new Set(chronicle.commits.slice(length).map(({ id }) => id));
  const odd = pages
    .flatMap(({ changes }) => changes)
    .find(({ id, action }) => action !== "created" && !moved.has(String(id)));
  yield* desk.expect("DLT-8", odd === undefined, {
    expected: "everything as created, and no tombstones",
    actual: odd === undefined ? "" : briefly(odd),
  });
}

function* areSized(desk: Desk, pages: readonly Page[], limit: number): Script<void> {
  const max = Math.min(limit, desk.facts.declared.deltaLimitMax);
  const tooLong = pages.find(({ length }) => length > max);
  yield* desk.expect("DLT-4", tooLong === undefined, {
    expected: `at most ${max} items a page`,
    actual: `${tooLong?.length} items`,
  });
}

function* areOfEntities(desk: Desk, pages: readonly Page[], entities: readonly string[]): Script<void> {
  const all = pages.flatMap(({ reply }) => listOf(reply.body.changes).map(looseOf));
  const other = all.find(({ entity }) => !entities.includes(String(entity)));
  yield* desk.expect("DLT-3", other === undefined, {
    expected: `only ${entities.join(", ")}`,
    actual: `a ${other?.entity}`,
  });
}

/** A slot that no drawn move has; from here on they belong to the entities in their order. */
const SLOT_FREE = 6;

/** Makes the record of a slot, or changes it. */
function moveOf(slot: number): Move {
  return { slot, ends: false, by: "phone", batched: false, keyed: false, fields: () => ({}) };
}

/** [DLT-6] each record stands as at `end`, or, where it was written meanwhile, newer. */
function* isWithin(desk: Desk, rule: RuleId, chronicle: Chronicle, state: State, end: string): Script<void> {
  const length = chronicle.lengthAt(end);
  if (length === undefined) return;
  const states = Array.from({ length: chronicle.commits.length - length + 1 }, (_, at) =>
    chronicle.stateAfter(length + at),
  );
  const names = new Set([...state.keys(), ...states.flatMap((one) => [...one.keys()])]);
  const wrong = [...names].find((name) => !states.some((one) => jsonEqual(one.get(name), state.get(name))));
  yield* desk.expect(rule, wrong === undefined, {
    expected: `${wrong} as at ${end} or newer: ${JSON.stringify(states.map((one) => one.get(wrong ?? "")?.revisionId ?? "gone"))}`,
    actual: JSON.stringify(state.get(wrong ?? "")) ?? "not there",
  });
}

/** [DLT-5] the last page's `currentRevision` is safe as the next `since`. */
function* catchesUp(desk: Desk, rule: RuleId, chronicle: Chronicle, state: State, end: string): Script<void> {
  const pages = yield* pagesOf(desk, desk.actor("reader"), { since: end }, rule);
  const differs = difference(folded(state, pages), chronicle.stateAfter());
  const latest = chronicle.commits.findLast(({ entity, id }) => nameOf(entity, id) === differs);
  yield* desk.expect(rule, differs === undefined, {
    expected: `after pages up to ${end} and the sync from there: ${differs} ${latest?.action} at ${latest?.revision}`,
    actual: "lost",
    because: `commits: ${chronicle.commits.map(toldOf).join(", ")}`,
  });
}

function toldOf({ action, id, revision }: Commit): string {
  return `${action} ${id} ${revision}`;
}

function only(state: State, entities: readonly string[]): State {
  return new Map([...state].filter(([name]) => entities.some((entity) => name.startsWith(`${entity} `))));
}

/** Requests that it takes to make one record more than a page holds. */
function fillingCost(facts: TargetFacts): number {
  const { deltaLimitMax, mutationsMax } = facts.declared;
  return Math.ceil((deltaLimitMax + 1) / (hasPhase(facts, 3) ? Math.max(1, mutationsMax) : 1));
}

function* fill(desk: Desk, entity: (typeof ENTITIES)[number], count: number): Script<void> {
  const phone = desk.actor("phone");
  const bodies = Array.from({ length: count }, () => ({
    id: desk.fresh("f"),
    [REQUIRED_FIELD[entity]]: "one of many",
  }));
  if (!hasPhase(desk.facts, 3)) {
    for (const body of bodies) yield* desk.send(phone.create(entity, body));
    return;
  }
  const { mutationsMax } = desk.facts.declared;
  for (let at = 0; at < count; at += mutationsMax) {
    const items = bodies
      .slice(at, at + mutationsMax)
      .map((payload) => ({ id: desk.fresh("k"), entity, operation: "create", payload }));
    const reply = yield* desk.send(phone.batch(items));
    const refused = listOf(reply.body.results)
      .map(looseOf)
      .find(({ status }) => status !== 201);
    yield* desk.expect("BAT-6", reply.status === 200 && refused === undefined, {
      expected: `201 for each of ${items.length} creates in a batch`,
      actual: refused === undefined ? reply.says : `${refused.status} ${refused.error}`,
    });
  }
}
