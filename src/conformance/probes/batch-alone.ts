/**
 * Owns the probes that hold an item against the single call: on two records with one past, and under one key
 * [BAT-4, IDM-9, IDM-1, IDM-8].
 * Refuses to know strategies: whatever the single call is answered, the item must be answered too.
 */

import { type Arbitrary, constantFrom, integer, oneof, record } from "fast-check";
import { jsonEqual } from "../../base/canonical-json.ts";
import { ENTITIES, type Entity, REQUIRED_FIELD } from "../../protocol/entity.ts";
import { isDone, isSame, itemOf, type Mutation, resultsOf, type Told, toldAlone } from "../answers.ts";
import type { Desk } from "../desk.ts";
import { fieldsOf } from "../expectations.ts";
import { created, eventsUpToNow, idOf, listening, stir } from "../moves.ts";
import { defineProbe, type Script } from "../probe.ts";
import { type Loose, looseOf, textOf } from "../reply.ts";
import { FIELDS, type SentFields } from "../values.ts";
import { isReplay } from "./idempotency.ts";
import { sent } from "./idempotency-memory.ts";

const PAST_MS = 60_000;

interface Twins {
  readonly entity: Entity;
  readonly before: SentFields;
  readonly other: SentFields;
  readonly stale: SentFields;
}

export const asAlone = defineProbe({
  id: "batch/as-alone",
  rules: ["BAT-4"],
  text: "Of two records with one past, one is written by a call and one by an item: both end alike, and are told so.",
  phases: [3],
  runs: 10,
  values: () => oneof({ weight: 1, arbitrary: overtakenTask() }, { weight: 2, arbitrary: anyTwins() }),
  *script(desk, { twins, operation, ifMatch, afterMs, isGone }) {
    const { entity, stale } = twins;
    const atMs = (yield* desk.now()) - PAST_MS;
    const told: Told[] = [];
    for (const inBatch of [false, true]) {
      const { id, base, current } = yield* twin(desk, twins, atMs, isGone && ifMatch === "stale");
      const match = { stale: base, current, none: undefined, "*": "*", nonsense: "no revision" }[ifMatch];
      const mutation: Mutation = {
        key: desk.fresh("k"),
        entity,
        operation,
        id,
        fields: operation === "delete" ? {} : stale,
        ifMatch: match,
      };
      const timestamp = atMs + 1_000 + afterMs;
      told.push(yield* written(desk, mutation, timestamp, inBatch));
    }
    const [alone, item] = told;
    if (alone === undefined || item === undefined) return;
    yield* desk.expect("BAT-4", jsonEqual(essence(alone), essence(item)), {
      expected: JSON.stringify(essence(alone)),
      actual: JSON.stringify(essence(item)),
      because: `${operation} of a ${entity} with If-Match ${ifMatch}, by a call and by an item`,
    });
  },
});

export const singleAndBatch = defineProbe({
  id: "batch/one-key-space",
  rules: ["IDM-9", "IDM-1", "IDM-8", "BAT-4"],
  text: "One mutation, sent alone and as an item, twice in one batch too: one effect, and one answer.",
  phases: [3],
  needs: ({ declared }) => (declared.mutationsMax >= 2 ? undefined : "needs batch.mutationsMax of 2 or more"),
  runs: 6,
  values: () =>
    record({
      entity: constantFrom(...ENTITIES),
      operation: constantFrom<Mutation["operation"][]>("create", "update", "delete"),
      way: constantFrom("call, then item", "item, then call", "twice in a batch"),
    }),
  *script(desk, { entity, operation, way }) {
    const phone = desk.actor("phone");
    const socket = yield* listening(desk, desk.actor("watcher"));
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
      way === "twice in a batch"
        ? resultsOf(yield* desk.send(phone.batch([itemOf(mutation), itemOf(mutation)])))
        : [
            yield* sent(desk, phone, mutation, way === "item, then call"),
            yield* sent(desk, desk.actor("tablet"), mutation, way === "call, then item"),
          ];
    if (first === undefined || !isDone(first)) return yield* desk.discard(`a plain mutation: ${first?.says}`);
    const rule = way === "twice in a batch" ? "BAT-4" : "IDM-9";
    yield* desk.expect(rule, second !== undefined && isSame(first, second), {
      expected: first.says,
      actual: second?.says ?? "no result",
      because: way,
    });
    if (second !== undefined) yield* isReplay(desk, "IDM-1", first, second, way);
    if (socket === undefined) return;
    const events = (yield* eventsUpToNow(desk, socket, phone)).filter(({ id }) => id === mutation.id);
    yield* desk.expect(rule, events.length === (operation === "create" ? 1 : 2), {
      expected: "one effect",
      actual: `${events.length} events of ${mutation.id}`,
      because: way,
    });
  },
});

interface Pair {
  readonly twins: Twins;
  readonly operation: Mutation["operation"];
  readonly ifMatch: "stale" | "current" | "none" | "*" | "nonsense";
  /** The write's time, against that of the one in between. */
  readonly afterMs: number;
  readonly isGone: boolean;
}

function anyTwins(): Arbitrary<Pair> {
  return constantFrom(...ENTITIES).chain((entity) =>
    record({
      twins: twinsOf(entity),
      operation: constantFrom<Mutation["operation"][]>("update", "update", "delete"),
      ifMatch: constantFrom<Pair["ifMatch"][]>("stale", "stale", "stale", "current", "none", "*", "nonsense"),
      afterMs: oneof(integer({ min: -400, max: -1 }), integer({ min: 1, max: 400 })),
      isGone: constantFrom(false, false, true),
    }),
  );
}

/** What only the item's own timestamp decides. */
function overtakenTask(): Arbitrary<Pair> {
  return record({
    twins: twinsOf("task"),
    operation: constantFrom<Mutation["operation"]>("update"),
    ifMatch: constantFrom<Pair["ifMatch"]>("stale"),
    afterMs: integer({ min: -400, max: -1 }),
    isGone: constantFrom(false),
  });
}

function twinsOf(entity: Entity): Arbitrary<Twins> {
  const required = REQUIRED_FIELD[entity];
  return record({
    entity: constantFrom(entity),
    before: FIELDS[entity],
    other: FIELDS[entity].map((fields) => ({ ...fields, [required]: "the other's" })),
    stale: FIELDS[entity].map((fields) => ({ ...fields, [required]: "the stale one's" })),
  });
}

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
