/**
 * Owns the probes of two accounts side by side [SEC-2, SEC-3]. Answers are looked at by the watch of tenancy; here is done
 * what could make one leak, and sockets are looked at.
 * Refuses to know where tenants are kept apart.
 */

import { constantFrom, integer, record } from "fast-check";
import { jsonEqual } from "../../base/canonical-json.ts";
import { ENTITIES, type Entity } from "../../protocol/entity.ts";
import type { Actor, Ask } from "../actor.ts";
import { hasPhase } from "../anatomy.ts";
import type { Desk } from "../desk.ts";
import { fieldsOf } from "../expectations.ts";
import { created, EVENT_MS_MAX, framesOf, idOf, listening, stir, sure } from "../moves.ts";
import { defineProbe, type Script } from "../probe.ts";
import { listOf, looseOf, type Reply, textOf } from "../reply.ts";
import { each } from "../values.ts";

export const isolation = defineProbe({
  id: "security/isolation",
  rules: ["SEC-2", "SEC-3"],
  text: "A record of another account is 404 for reads and writes, and the same id may be made in both.",
  phases: [],
  runs: 1,
  values: () => record({ start: integer({ min: 0, max: 2 }), cases: each(CASES) }),
  *script(desk, { start, cases }) {
    for (const [at, one] of cases.entries())
      yield* isApart(desk, ENTITIES[(start + at) % ENTITIES.length] as Entity, one);
  },
});

/** What became of the other account's record, and whether its revision is named. */
const CASES = [
  { alive: true, conditional: false },
  { alive: true, conditional: true },
  { alive: false, conditional: true },
] as const;

function* isApart(desk: Desk, entity: Entity, { alive, conditional }: (typeof CASES)[number]): Script<void> {
  const mine = desk.actor("mine", 0);
  const other = desk.actor("other", 1);
  const secret = { ...stir(desk, entity), notes: desk.fresh("secret") };
  // A name of the target's making may be somebody's in the first account, too: ours is nobody's.
  const body = { id: desk.fresh("o"), ...secret };
  const theirs = yield* sure(desk, "API-1", other.create(entity, body), 201);
  const id = idOf(theirs);
  if (!alive) yield* sure(desk, "API-1", other.delete(entity, id, { ifMatch: theirs.revision }), 200);
  const headers = conditional ? { ifMatch: theirs.revision } : {};
  const asks = [
    mine.read(entity, id),
    mine.read(entity, id, `"${theirs.revision}"`),
    mine.update(entity, id, stir(desk, entity), headers),
    mine.delete(entity, id, headers),
  ];
  for (const ask of asks)
    yield* sure(
      desk,
      "SEC-2",
      ask,
      404,
      `${id} is a record of the other account, ${alive ? "alive" : "deleted"}`,
    );
  const own = { id, ...stir(desk, entity) };
  const made = yield* sure(desk, "SEC-2", mine.create(entity, own), 201, `${id} is another account's too`);
  yield* sure(desk, "SEC-2", mine.delete(entity, id, { ifMatch: made.revision }), 200);
  const read = yield* sure(desk, "SEC-2", other.read(entity, id), alive ? 200 : 404);
  if (!alive) return;
  yield* desk.expect("SEC-2", jsonEqual(fieldsOf(read.record), secret), {
    expected: `${id} of the other account as it was`,
    actual: JSON.stringify(fieldsOf(read.record)),
  });
}

export const leaks = defineProbe({
  id: "security/leaks",
  rules: ["SEC-3", "IDM-4", "DLT-12"],
  text: "Another account's cursors, revisions and keys give nothing of it away, and no event of it reaches a socket.",
  phases: [],
  runs: 1,
  values: () => record({ entity: constantFrom(...ENTITIES), fulls: each([false, true]) }),
  *script(desk, { entity, fulls }) {
    const mine = desk.actor("mine", 0);
    const other = desk.actor("other", 1);
    const socket = yield* listening(desk, mine);
    yield* listening(desk, other);
    const key = desk.fresh("key");
    const theirs: Reply[] = [];
    for (let nth = 0; nth < 3; nth++) {
      const fields = { ...stir(desk, entity), notes: desk.fresh("secret") };
      theirs.push(yield* created(desk, other, entity, fields, nth === 0 ? { key } : {}));
    }
    const own = yield* created(desk, mine, entity, stir(desk, entity));
    const [first, , last] = theirs as [Reply, Reply, Reply];
    // The watch of tenancy looks at each of these answers: whatever they say, it is nothing of the other's.
    yield* desk.send(mine.list(entity));
    yield* usesTheirCursor(desk, mine, other, entity);
    if (hasPhase(desk.facts, 5))
      for (const full of fulls) yield* usesTheirRevision(desk, mine, other, first, full);
    if (hasPhase(desk.facts, 2))
      yield* desk.send(mine.update(entity, idOf(own), stir(desk, entity), { ifMatch: last.revision }));
    if (hasPhase(desk.facts, 3)) yield* usesTheirKey(desk, mine, first, key);
    const gone = other.delete(entity, idOf(last), { ifMatch: last.revision });
    yield* sure(desk, "API-1", gone, 200);
    if (socket === undefined) return;
    const sentinel = idOf(yield* created(desk, mine, entity, stir(desk, entity)));
    const view = yield* desk.watch(
      socket,
      (seen) => framesOf(seen, "sync_event").some((event) => event.id === sentinel),
      EVENT_MS_MAX,
    );
    const foreign = view.frames.find(({ text }) =>
      // The first of theirs was made again under our own name.
      theirs.slice(1).some((one) => text.includes(idOf(one)) || text.includes(String(one.record.notes))),
    );
    yield* desk.expect("SEC-3", foreign === undefined, {
      expected: "no event of another account on this socket",
      actual: foreign?.text.slice(0, 200) ?? "",
    });
  },
});

function* usesTheirCursor(desk: Desk, mine: Actor, other: Actor, entity: Entity): Script<void> {
  const page = yield* sure(desk, "API-1", other.list(entity, { limit: 1 }), 200);
  const cursor = textOf(page.meta.nextCursor);
  if (cursor !== undefined) yield* desk.send(mine.list(entity, { limit: 50, cursor }));
}

/** Their revision as `since`, and the cursor of their delta. */
function* usesTheirRevision(
  desk: Desk,
  mine: Actor,
  other: Actor,
  first: Reply,
  full: boolean,
): Script<void> {
  yield* desk.send(mine.changes({ since: first.revision }));
  const since = full ? undefined : first.revision;
  const page = yield* desk.send(other.changes({ since, limit: 1 }));
  const cursor = textOf(page.body.nextCursor);
  if (cursor === undefined) return;
  const reply = yield* desk.send(mine.changes({ since, limit: 50, cursor }));
  // [DLT-9] a `since` that this account never had may be refused first.
  yield* desk.expect("DLT-12", reply.status === 400 || reply.status === 410, {
    expected: "400 for a cursor of another account",
    actual: reply.isOk ? `${reply.status} with ${listOf(reply.body.changes).length} changes` : reply.says,
  });
}

/** The very same request as theirs, under their key: it is ours alone. */
function* usesTheirKey(desk: Desk, mine: Actor, theirs: Reply, key: string): Script<void> {
  const body = theirs.ask.http.body ?? "{}";
  const path = theirs.ask.http.path;
  const again: Ask = mine.raw("POST", path, { "idempotency-key": key }, body, "sends the same as the other");
  const reply = yield* desk.send(again);
  yield* desk.expect("IDM-4", reply.status === 201 && reply.header("idempotency-replayed") !== "true", {
    expected: "201: the key of another account is none of ours",
    actual: reply.isOk ? "its answer, replayed" : reply.says,
  });
  yield* desk.expect("SEC-3", jsonEqual(fieldsOf(looseOf(reply.data)), fieldsOf(looseOf(theirs.data))), {
    expected: "the record that we sent",
    actual: JSON.stringify(reply.data),
  });
}
