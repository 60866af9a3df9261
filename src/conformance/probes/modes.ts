/**
 * Owns the probes of the modes in which conflicts are dealt with [FLG-1, FLG-2], and of what a target declares [FLG-3].
 * Refuses to know why a target has the mode that it has.
 */

import { constantFrom, record } from "fast-check";
import { jsonEqual } from "../../base/canonical-json.ts";
import { SECOND_MS } from "../../base/time.ts";
import { COLLECTION_OF, ENTITIES, type Entity, STRATEGY_OF } from "../../protocol/entity.ts";
import { hasPhase } from "../anatomy.ts";
import type { Desk } from "../desk.ts";
import { fieldsOf, patched } from "../expectations.ts";
import { created, idOf, stir, sure } from "../moves.ts";
import { defineProbe, type Script } from "../probe.ts";
import { type Loose, listOf, looseOf, type Reply, textOf } from "../reply.ts";
import { each, fieldsFor, type SentFields } from "../values.ts";

export const advisory = defineProbe({
  id: "modes/advisory",
  rules: ["FLG-1", "CON-1"],
  text: "In mode advisory a stale write is applied plainly and marked; on a deleted record it is 409.",
  phases: [2],
  needs: ({ declared }) => (declared.mode === "advisory" ? undefined : "needs conflicts.mode: advisory"),
  runs: 2,
  values: () =>
    record({
      entities: each(ENTITIES),
      before: fieldsFor,
      mine: fieldsFor,
      behindMs: constantFrom(0, 3_600_000),
    }),
  *script(desk, { entities, ...drawn }) {
    for (const entity of entities) yield* isMarkedAndApplied(desk, entity, drawn);
  },
});

/** Lists whose items would be merged where they are not plainly replaced. */
const ITEMS_BEFORE = {
  items: [
    { id: "i1", text: "goes" },
    { id: "i2", text: "stays" },
  ],
};
const ITEMS_AFTER = {
  items: [
    { id: "i2", text: "stays" },
    { id: "i3", text: "comes" },
  ],
};

interface Drawn {
  readonly before: (entity: Entity) => SentFields;
  readonly mine: (entity: Entity) => SentFields;
  readonly behindMs: number;
}

function* isMarkedAndApplied(desk: Desk, entity: Entity, { before, mine, behindMs }: Drawn): Script<void> {
  const [itemsBefore, itemsAfter] = entity === "list" ? [ITEMS_BEFORE, ITEMS_AFTER] : [{}, {}];
  const phone = desk.actor("phone");
  const tablet = desk.actor("tablet");
  const made = yield* created(desk, phone, entity, { ...before(entity), ...itemsBefore });
  const id = idOf(made);
  const edit = phone.update(entity, id, stir(desk, entity), { ifMatch: made.revision });
  const moved = yield* sure(desk, "CON-1", edit, 200);
  yield* desk.expect("FLG-1", moved.meta.conflict === undefined, {
    expected: "no meta.conflict: that write was not stale",
    actual: JSON.stringify(moved.meta),
  });
  const patch = { ...mine(entity), ...itemsAfter, ...stir(desk, entity) };
  const headers = { ifMatch: `"${made.revision}"`, timestamp: (yield* desk.targetNow()) - behindMs };
  const stale = yield* sure(desk, "FLG-1", tablet.update(entity, id, patch, headers), 200);
  yield* isMarked(desk, stale, made.revision, moved.revision);
  const wanted = fieldsOf(patched(fieldsOf(moved.record), patch));
  const read = yield* desk.send(phone.read(entity, id));
  const isApplied = jsonEqual(fieldsOf(read.record), wanted) && jsonEqual(read.record, stale.record);
  yield* desk.expect("FLG-1", isApplied, {
    expected: `the patch on the current record: ${JSON.stringify(wanted)}`,
    actual: JSON.stringify(fieldsOf(read.record)),
  });
  const gone = yield* staleDeletion(desk, read, made);
  const late = yield* desk.send(tablet.update(entity, id, patch, { ifMatch: made.revision }));
  const holds = late.status === 409 && late.body.deleted === true;
  yield* desk.expect("FLG-1", holds && late.body.currentRevision === gone.revision, {
    expected: `409 with deleted: true at ${gone.revision}`,
    actual: `${late.says} ${JSON.stringify(late.body)}`,
  });
}

function* isMarked(
  desk: Desk,
  reply: Reply,
  expectedRevision: string | undefined,
  actualRevision: string | undefined,
): Script<void> {
  const mark = looseOf(reply.meta.conflict);
  const holds = mark.expectedRevision === expectedRevision && mark.actualRevision === actualRevision;
  yield* desk.expect("FLG-1", holds, {
    expected: `meta.conflict: ${JSON.stringify({ expectedRevision, actualRevision })}`,
    actual: JSON.stringify(reply.meta.conflict),
  });
}

/** A deletion is a write like any other. */
function* staleDeletion(desk: Desk, current: Reply, made: Reply): Script<Reply> {
  const { actor, http } = made.ask;
  const entity = ENTITIES.find((one) => http.path.includes(COLLECTION_OF[one])) ?? "task";
  const ask = actor.delete(entity, idOf(made), { ifMatch: made.revision });
  const reply = yield* sure(desk, "FLG-1", ask, 200, "a stale deletion");
  yield* isMarked(desk, reply, made.revision, current.revision);
  return reply;
}

export const modeOff = defineProbe({
  id: "modes/off",
  rules: ["FLG-2"],
  text: "In mode off If-Match is ignored, whatever it says, and never required.",
  phases: [2],
  needs: ({ declared }) => (declared.mode === "off" ? undefined : "needs conflicts.mode: off"),
  runs: 2,
  values: () =>
    record({
      entity: constantFrom(...ENTITIES),
      before: fieldsFor,
      cases: each(
        TAGS.flatMap((tag) => [
          { tag, deletes: false },
          { tag, deletes: true },
        ]),
      ),
    }),
  *script(desk, { entity, before, cases }) {
    for (const one of cases) yield* isIgnored(desk, entity, before(entity), one);
  },
});

const TAGS = ["stale", "weak", "nonsense", "none", "any"] as const;

function* isIgnored(
  desk: Desk,
  entity: Entity,
  before: SentFields,
  { tag, deletes }: { readonly tag: (typeof TAGS)[number]; readonly deletes: boolean },
): Script<void> {
  const phone = desk.actor("phone");
  const made = yield* created(desk, phone, entity, before);
  const id = idOf(made);
  const moved = yield* sure(desk, "FLG-2", phone.update(entity, id, stir(desk, entity)), 200);
  const tags = {
    stale: made.revision,
    weak: `W/"${made.revision}"`,
    nonsense: '"x"',
    none: undefined,
    any: "*",
  };
  const patch = stir(desk, entity);
  const headers = { ifMatch: tags[tag] };
  const ask = deletes ? phone.delete(entity, id, headers) : phone.update(entity, id, patch, headers);
  yield* sure(desk, "FLG-2", ask, 200, `If-Match: ${tags[tag] ?? "none"}`);
  const read = yield* desk.send(phone.read(entity, id));
  const wanted = patched(fieldsOf(moved.record), patch);
  const isDone = deletes ? read.status === 404 : jsonEqual(fieldsOf(read.record), wanted);
  yield* desk.expect("FLG-2", isDone, {
    expected: deletes ? `404 for ${id}` : JSON.stringify(wanted),
    actual: read.isOk ? JSON.stringify(fieldsOf(read.record)) : read.says,
  });
}

const isCount = (value: unknown) => Number.isSafeInteger(value) && Number(value) > 0;

/** What capabilities must say: where it stands, and what may stand there. */
const MEMBERS: readonly (readonly [path: string, phase: number, holds: (value: unknown) => boolean])[] = [
  ["protocol", 2, (value) => value === "1"],
  ["conflicts.mode", 2, (value) => ["off", "advisory", "enforce"].includes(String(value))],
  ["conflicts.ifMatch", 2, (value) => ["optional", "required"].includes(String(value))],
  ["conflicts.resolvedBy", 2, (value) => ["server", "client"].includes(String(value))],
  ["delta.limitMax", 5, isCount],
  ["delta.retentionSeconds", 5, (value) => typeof value === "number" && value > 0],
  ["batch.mutationsMax", 3, isCount],
  ["idempotency.ttlSeconds", 3, isCount],
  ["push.provider", 4, (value) => typeof value === "string"],
  ["push.entities", 4, Array.isArray],
  ["push.receiptDelaySeconds", 4, (value) => typeof value === "number" && value >= 0],
  ["webhooks", 2, (value) => typeof value === "boolean"],
  ["bodyBytesMax", 2, isCount],
];

export const capabilities = defineProbe({
  id: "modes/capabilities",
  rules: ["FLG-3"],
  text: "What capabilities declare is there, and is true: modes by a stale write and a bare one, limits by reaching them.",
  phases: [2],
  runs: 2,
  values: () => record({ entity: constantFrom("contact" as const), fields: fieldsFor }),
  *script(desk, { fields }) {
    const phone = desk.actor("phone");
    const told = yield* sure(desk, "FLG-3", phone.capabilities(), 200);
    yield* isComplete(desk, told.record);
    const mode = memberAt(told.record, "conflicts.mode");
    const made = yield* created(desk, phone, "contact", fields("contact"));
    const id = idOf(made);
    const edit = phone.update("contact", id, stir(desk, "contact"), { ifMatch: made.revision });
    const moved = yield* sure(desk, "FLG-3", edit, 200);
    const stale = phone.update("contact", id, stir(desk, "contact"), { ifMatch: made.revision });
    const answer = yield* sure(
      desk,
      "FLG-3",
      stale,
      mode === "enforce" ? 409 : 200,
      `mode ${mode}, a stale write`,
    );
    yield* desk.expect("FLG-3", (answer.meta.conflict !== undefined) === (mode === "advisory"), {
      expected: `meta.conflict exactly in mode advisory; it is ${mode}`,
      actual: JSON.stringify(answer.meta),
    });
    if (moved.isOk) yield* isRequiredAsTold(desk, told.record, id);
    if (hasPhase(desk.facts, 2)) yield* resolvesAsTold(desk, told.record);
    yield* takesBodiesAsTold(desk, told.record);
    if (hasPhase(desk.facts, 5)) yield* isNotAboveFloor(desk, made.revision ?? "");
    const mutationsMax = Number(memberAt(told.record, "batch.mutationsMax"));
    if (!hasPhase(desk.facts, 3)) return;
    // Empty mutations are broken each by itself, and cost a target nothing.
    const items = (count: number) => Array.from({ length: count }, () => ({ id: desk.fresh("m") }));
    yield* sure(desk, "FLG-3", phone.batch(items(mutationsMax)), 200, "exactly batch.mutationsMax");
    yield* sure(desk, "FLG-3", phone.batch(items(mutationsMax + 1)), 413, "one more than batch.mutationsMax");
  },
});

function* isComplete(desk: Desk, data: Loose): Script<void> {
  for (const [path, phase, holds] of MEMBERS) {
    if (!hasPhase(desk.facts, phase)) continue;
    const value = memberAt(data, path);
    yield* desk.expect("FLG-3", holds(value), {
      expected: `${path} in capabilities, as section 5 has it`,
      actual: JSON.stringify(value) ?? "nothing",
    });
  }
  const phases = listOf(data.phases);
  yield* desk.expect("FLG-3", phases.length > 0 && phases.every((one) => typeof one === "number"), {
    expected: "phases: a list of numbers",
    actual: JSON.stringify(data.phases),
  });
  const floor = textOf(memberAt(data, "delta.floorRevision"));
  yield* desk.expect("FLG-3", !hasPhase(desk.facts, 5) || floor !== undefined, {
    expected: "delta.floorRevision",
    actual: String(floor),
  });
  for (const entity of ENTITIES) {
    const named = listOf(data.entities)
      .map(looseOf)
      .find((one) => one.entity === entity);
    const holds = named?.collection === COLLECTION_OF[entity] && named.strategy === STRATEGY_OF[entity];
    yield* desk.expect("FLG-3", holds, {
      expected: `entities: ${entity} with ${COLLECTION_OF[entity]} and ${STRATEGY_OF[entity]}`,
      actual: JSON.stringify(named),
    });
  }
}

function* isRequiredAsTold(desk: Desk, data: Loose, id: string): Script<void> {
  const isRequired =
    memberAt(data, "conflicts.ifMatch") === "required" && memberAt(data, "conflicts.mode") !== "off";
  const bare = desk.actor("phone").update("contact", id, stir(desk, "contact"));
  yield* sure(desk, "FLG-3", bare, isRequired ? 428 : 200, `ifMatch: ${memberAt(data, "conflicts.ifMatch")}`);
}

/** A stale update of another field of a task: 409 where the client resolves, 200 where the server does. */
function* resolvesAsTold(desk: Desk, data: Loose): Script<void> {
  if (memberAt(data, "conflicts.mode") !== "enforce") return;
  const phone = desk.actor("phone");
  const made = yield* created(desk, phone, "task", { title: "t" });
  const headers = { ifMatch: made.revision };
  yield* sure(desk, "FLG-3", phone.update("task", idOf(made), { title: "u" }, headers), 200);
  const resolvedBy = memberAt(data, "conflicts.resolvedBy");
  const stale = desk.actor("tablet").update("task", idOf(made), { notes: "n" }, headers);
  yield* sure(desk, "FLG-3", stale, resolvedBy === "client" ? 409 : 200, `resolvedBy: ${resolvedBy}`);
}

function* takesBodiesAsTold(desk: Desk, data: Loose): Script<void> {
  const phone = desk.actor("phone");
  const bare = phone.create("contact", { id: desk.fresh("c"), name: "n" });
  const body = String(bare.http.body).padEnd(Number(memberAt(data, "bodyBytesMax")), " ");
  yield* sure(desk, "FLG-3", { ...bare, http: { ...bare.http, body } }, 201, "exactly bodyBytesMax bytes");
}

/** What the declared floor is above is 410 (section 1): it never falls, and is asked for first. */
function* isNotAboveFloor(desk: Desk, since: string): Script<void> {
  const phone = desk.actor("phone");
  const told = yield* desk.send(phone.capabilities());
  const floor = textOf(memberAt(told.record, "delta.floorRevision")) ?? "";
  const reply = yield* desk.send(phone.changes({ since, limit: 1 }));
  yield* desk.expect("FLG-3", !desk.facts.ordered || !reply.isOk || floor <= since, {
    expected: `delta.floorRevision at most ${since}, for changes since that are 200`,
    actual: floor,
  });
}

/** A target whose floor moves while one may wait for it. */
const RETENTION_SECONDS_MAX = 30;

export const declaredFloor = defineProbe({
  id: "modes/floor",
  rules: ["FLG-3"],
  text: "The floor that capabilities declare can be named as since, also when the log has been pruned.",
  phases: [2, 5],
  needs: ({ declared, waitMsMax }) => {
    if (declared.retentionSeconds > RETENTION_SECONDS_MAX)
      return `needs delta.retentionSeconds of at most ${RETENTION_SECONDS_MAX}`;
    const needMs = 2 * (declared.retentionSeconds + 1) * SECOND_MS;
    return needMs <= waitMsMax ? undefined : `needs waits of ${needMs / SECOND_MS} s`;
  },
  runs: 1,
  values: () => constantFrom(undefined),
  *script(desk) {
    const phone = desk.actor("phone");
    yield* created(desk, phone, "task", { title: "old" });
    yield* desk.wait((desk.facts.declared.retentionSeconds + 1) * SECOND_MS);
    yield* created(desk, phone, "task", { title: "new" });
    yield* desk.wait((desk.facts.declared.retentionSeconds + 1) * SECOND_MS);
    // The floor may move between the two calls: it is asked for again.
    for (let nth = 0; nth < 3; nth++) {
      const told = yield* sure(desk, "FLG-3", phone.capabilities(), 200);
      const since = textOf(memberAt(told.record, "delta.floorRevision"));
      const reply = yield* desk.send(phone.changes({ since }));
      const now = memberAt((yield* desk.send(phone.capabilities())).record, "delta.floorRevision");
      if (now !== since) continue;
      yield* desk.expect("FLG-3", reply.status === 200, {
        expected: `200 for changes since the declared floor ${since}`,
        actual: reply.says,
      });
      return;
    }
  },
});

function memberAt(data: Loose, path: string): unknown {
  return path.split(".").reduce<unknown>((value, name) => looseOf(value)[name], data);
}
