/**
 * Owns the probes that hold an item against the single call: on two records with one past, and under one key
 * [BAT-4, IDM-9, IDM-1, IDM-8].
 * Refuses to know strategies: whatever the single call is answered, the item must be answered too.
 */

import { constantFrom, record } from "fast-check";
import { jsonEqual } from "../../base/canonical-json.ts";
import { ENTITIES, type Entity, REQUIRED_FIELD } from "../../protocol/entity.ts";
import { isDone, isSame, itemOf, type Mutation, resultsOf, type Told, toldAlone } from "../answers.ts";
import type { Desk } from "../desk.ts";
import { fieldsOf } from "../expectations.ts";
import { created, eventsUpToNow, idOf, listening, stir } from "../moves.ts";
import { defineProbe, type Script } from "../probe.ts";
import { type Loose, listOf, looseOf, textOf } from "../reply.ts";
import { each, fieldsFor, type SentFields } from "../values.ts";
import { isReplay } from "./idempotency.ts";
import { sent } from "./idempotency-memory.ts";

const PAST_MS = 60_000;

interface Twins {
  readonly entity: Entity;
  readonly before: SentFields;
  readonly other: SentFields;
}

export const asAlone = defineProbe({
  id: "batch/as-alone",
  rules: ["BAT-4"],
  text: "Of two records with one past, one is written by a call and one by an item: both end alike, and are told so.",
  phases: [3],
  runs: 1,
  values: () =>
    record({ pairs: each(PAIRS), fields: fieldsFor, otherFields: fieldsFor, staleFields: fieldsFor }),
  *script(desk, { pairs, ...drawn }) {
    for (const pair of pairs) yield* endAlike(desk, pair, drawn);
  },
});

interface Drawn {
  readonly fields: (entity: Entity) => SentFields;
  readonly otherFields: (entity: Entity) => SentFields;
  readonly staleFields: (entity: Entity) => SentFields;
}

/** The same write, by a call and by an item. */
function* endAlike(desk: Desk, pair: Pair, { fields, otherFields, staleFields }: Drawn): Script<void> {
  const { entity, operation, ifMatch, afterMs, isGone } = pair;
  const required = REQUIRED_FIELD[entity];
  const stale = { ...staleFields(entity), [required]: "the stale one's" };
  const twins: Twins = {
    entity,
    before: fields(entity),
    other: { ...otherFields(entity), [required]: "the other's" },
  };
  const atMs = (yield* desk.targetNow()) - PAST_MS;
  const told: Told[] = [];
  for (const inBatch of [false, true]) {
    const { id, base, current } = yield* twin(desk, twins, atMs, isGone);
    const match = { stale: base, current, none: undefined, nonsense: "no revision" }[ifMatch];
    const mutation: Mutation = {
      key: desk.fresh("k"),
      entity,
      operation,
      id,
      fields: operation === "delete" ? {} : stale,
      ifMatch: match,
    };
    told.push(yield* written(desk, mutation, atMs + 1_000 + afterMs, inBatch));
  }
  const [alone, item] = told;
  if (alone === undefined || item === undefined) return;
  yield* desk.expect("BAT-4", jsonEqual(essence(alone), essence(item)), {
    expected: JSON.stringify(essence(alone)),
    actual: JSON.stringify(essence(item)),
    because: `${operation} of a ${entity} with If-Match ${ifMatch}, by a call and by an item`,
  });
}

export const singleAndBatch = defineProbe({
  id: "batch/one-key-space",
  rules: ["IDM-9", "IDM-1", "IDM-8", "BAT-1", "BAT-4"],
  text: "One mutation, sent alone and as an item, twice in one batch too: one effect, and one answer.",
  phases: [3],
  needs: ({ declared }) => (declared.mutationsMax >= 2 ? undefined : "needs batch.mutationsMax of 2 or more"),
  runs: 2,
  values: () =>
    record({
      operation: constantFrom<Mutation["operation"][]>("create", "update", "delete"),
      ways: each(WAYS),
    }),
  *script(desk, { operation, ways }) {
    const phone = desk.actor("phone");
    const socket = yield* listening(desk, desk.actor("watcher"));
    const done: (readonly [id: string | undefined, way: Way])[] = [];
    for (const way of ways) done.push([yield* doneOnce(desk, operation, way), way]);
    if (socket === undefined) return;
    const events = yield* eventsUpToNow(desk, socket, phone);
    for (const [id, way] of done) {
      const own = events.filter((one) => one.id === id).length;
      yield* desk.expect(ruleOf(way), own === (operation === "create" ? 1 : 2), {
        expected: "one effect",
        actual: `${own} events of ${id}`,
        because: way,
      });
    }
  },
});

const WAYS = ["call, then item", "item, then call", "twice in a batch"] as const;
type Way = (typeof WAYS)[number];

function ruleOf(way: Way): "BAT-4" | "IDM-9" {
  return way === "twice in a batch" ? "BAT-4" : "IDM-9";
}

/** One mutation in two ways, answered alike; the id of its record. */
function* doneOnce(desk: Desk, operation: Mutation["operation"], way: Way): Script<string | undefined> {
  const phone = desk.actor("phone");
  const entity = ENTITIES[WAYS.indexOf(way) % ENTITIES.length] as Entity;
  const made = operation === "create" ? undefined : yield* created(desk, phone, entity, stir(desk, entity));
  const mutation: Mutation = {
    key: desk.fresh("k"),
    entity,
    operation,
    id: made === undefined ? desk.fresh("r") : idOf(made),
    fields: operation === "delete" ? {} : stir(desk, entity),
    ifMatch: made?.revision,
  };
  const [first, second] =
    way === "twice in a batch" ? yield* twice(desk, mutation) : yield* inTurn(desk, mutation, way);
  if (first === undefined || !isDone(first)) return yield* desk.discard(`a plain mutation: ${first?.says}`);
  yield* desk.expect(ruleOf(way), second !== undefined && isSame(first, second), {
    expected: first.says,
    actual: second?.says ?? "no result",
    because: way,
  });
  if (second !== undefined) yield* isReplay(desk, "IDM-1", first, second, way);
  return mutation.id;
}

/** By a call and by an item. The head moves on between: a batch tells it, and not what it replays [REV-4]. */
function* inTurn(desk: Desk, mutation: Mutation, way: Way): Script<readonly [Told, Told]> {
  const phone = desk.actor("phone");
  const first = yield* sent(desk, phone, mutation, way === "item, then call");
  yield* created(desk, phone, mutation.entity, stir(desk, mutation.entity));
  return [first, yield* sent(desk, desk.actor("tablet"), mutation, way === "call, then item")];
}

/** [BAT-1] one mutation that stands twice in a batch has two results, each with its id. */
function* twice(desk: Desk, mutation: Mutation): Script<readonly Told[]> {
  const reply = yield* desk.send(desk.actor("phone").batch([itemOf(mutation), itemOf(mutation)]));
  const ids = listOf(reply.body.results).map((result) => looseOf(result).id);
  yield* desk.expect("BAT-1", ids.length === 2 && ids.every((id) => id === mutation.key), {
    expected: `two results with the id ${mutation.key}`,
    actual: reply.isOk ? JSON.stringify(ids) : reply.says,
  });
  return resultsOf(reply);
}

interface Pair {
  readonly entity: Entity;
  readonly operation: "update" | "delete";
  readonly ifMatch: "stale" | "current" | "none" | "nonsense";
  /** The write's time, against that of the one in between. */
  readonly afterMs: number;
  readonly isGone: boolean;
}

/** The first is what only the item's own timestamp decides. */
const PAIRS: readonly Pair[] = [
  { entity: "task", operation: "update", ifMatch: "stale", afterMs: -200, isGone: false },
  { entity: "contact", operation: "update", ifMatch: "stale", afterMs: 200, isGone: false },
  { entity: "list", operation: "update", ifMatch: "stale", afterMs: 200, isGone: false },
  { entity: "task", operation: "update", ifMatch: "stale", afterMs: 200, isGone: true },
  { entity: "list", operation: "delete", ifMatch: "stale", afterMs: 200, isGone: false },
  { entity: "contact", operation: "update", ifMatch: "current", afterMs: -200, isGone: false },
  { entity: "contact", operation: "update", ifMatch: "none", afterMs: 200, isGone: false },
  { entity: "list", operation: "update", ifMatch: "nonsense", afterMs: 200, isGone: false },
];

/** A record that was made, and moved on or ended by somebody else; the same past each time but for ids. */
function* twin(
  desk: Desk,
  { entity, before, other }: Twins,
  atMs: number,
  isGone: boolean,
): Script<{ readonly id: string; readonly base: string | undefined; readonly current: string | undefined }> {
  const phone = desk.actor("phone");
  const made = yield* created(desk, phone, entity, before, { timestamp: atMs });
  const headers = { ifMatch: made.revision, timestamp: atMs + 1_000 };
  const tablet = desk.actor("tablet");
  const ask = isGone
    ? tablet.delete(entity, idOf(made), headers)
    : tablet.update(entity, idOf(made), other, headers);
  const moved = yield* desk.send(ask);
  if (!moved.isOk) return yield* desk.discard(`${ask.label}: answered ${moved.says}`);
  return { id: idOf(made), base: made.revision, current: moved.revision };
}

function* written(desk: Desk, mutation: Mutation, timestamp: number, inBatch: boolean): Script<Told> {
  const { key, entity, operation, id = "", fields, ifMatch } = mutation;
  const phone = desk.actor("phone");
  if (inBatch) {
    const [result] = resultsOf(yield* desk.send(phone.batch([{ ...itemOf(mutation), timestamp }])));
    return result ?? (yield* desk.discard("a batch of one has no result"));
  }
  const headers = { key, ifMatch, timestamp };
  const ask =
    operation === "delete" ? phone.delete(entity, id, headers) : phone.update(entity, id, fields, headers);
  return toldAlone(yield* desk.send(ask));
}

/** What two answers must share when only ids, revisions and commit times differ. */
function essence({ status, error, body }: Told): Loose {
  const meta = looseOf(body.meta);
  return {
    status,
    error: error ?? null,
    data: body.data === undefined ? "absent" : fieldsOf(body.data),
    serverData: body.serverData === undefined ? "absent" : fieldsOf(body.serverData),
    clientData: body.clientData ?? null,
    deleted: body.deleted ?? false,
    stamps: body.stamps ?? null,
    resolution: textOf(meta.resolution) ?? null,
    isMarked: meta.conflict !== undefined,
  };
}
