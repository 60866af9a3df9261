/**
 * Owns the probe of a record's whole life by plain calls [API-1].
 * Refuses to know how records are stored: it compares what was sent with what comes back.
 */

import { boolean, constantFrom, record } from "fast-check";
import { jsonEqual } from "../../base/canonical-json.ts";
import { COLLECTION_OF, ENTITIES, type Entity } from "../../protocol/entity.ts";
import type { Actor } from "../actor.ts";
import type { Desk } from "../desk.ts";
import { fieldsOf, instantOf, patched, pathNamed } from "../expectations.ts";
import { idOf, sure } from "../moves.ts";
import { defineProbe, type Script } from "../probe.ts";
import { type Loose, listOf, looseOf, type Reply } from "../reply.ts";
import { fieldsFor } from "../values.ts";

/** Unknown fields, kept as they came, and a merge patch that goes deep into them. */
const UNKNOWN: Loose = {
  colour: "red",
  size: 12.5,
  deep: { a: { b: 1 }, c: [1, { d: 2 }] },
  tags: ["x", "y"],
};
const UNKNOWN_PATCH: Loose = {
  colour: null,
  size: 1e21,
  deep: { a: { b: null, e: false }, c: [{}] },
  tags: { x: true },
};

export const recordLife = defineProbe({
  id: "records/life",
  rules: ["API-1", "REV-9"],
  text: "A record is made, read, listed, patched and deleted; each read shows exactly what was written.",
  phases: [],
  runs: 4,
  values: () =>
    record({
      entity: constantFrom(...ENTITIES),
      before: fieldsFor,
      after: fieldsFor,
      named: boolean(),
    }),
  *script(desk, { entity, before, after, named }) {
    const phone = desk.actor("phone");
    // One member that no patch names must stay.
    const optional = entity === "contact" ? "email" : entity === "task" ? "dueAt" : undefined;
    const drawn = Object.entries(before(entity)).filter(([field]) => field !== optional);
    const fields = { ...Object.fromEntries(drawn), kept: desk.fresh("kept"), ...UNKNOWN };
    // In a body these are ignored, and null for a field that the protocol calls optional is "absent" (section 3).
    const nothing = optional === undefined ? {} : { [optional]: null };
    const beside = { revisionId: "sent along", updatedAt: "sent along", ...nothing };
    const id = named ? { id: desk.fresh("r") } : {};
    const made = yield* sure(desk, "API-1", phone.create(entity, { ...id, ...fields, ...beside }), 201);
    yield* shows(desk, made, fields);
    yield* isAddressed(desk, made, entity, named ? id.id : undefined);
    yield* shows(desk, yield* sure(desk, "API-1", phone.read(entity, idOf(made)), 200), fields);

    const patch = { ...after(entity), ...UNKNOWN_PATCH };
    const wanted = fieldsOf(patched(fields, patch));
    const ask = phone.update(entity, idOf(made), patch, { ifMatch: made.revision });
    const changed = yield* sure(desk, "API-1", ask, 200);
    yield* shows(desk, changed, wanted);
    yield* shows(desk, yield* sure(desk, "API-1", phone.read(entity, idOf(made)), 200), wanted);
    yield* listed(desk, phone, entity, idOf(made), wanted);
    yield* ends(desk, phone, entity, idOf(made), changed);
  },
});

export const neverSeen = defineProbe({
  id: "records/never-seen",
  rules: ["API-1", "CON-7"],
  text: "A read, an update and a delete of an id that was never seen are 404, whatever If-Match says.",
  phases: [],
  runs: 3,
  values: () => record({ entity: constantFrom(...ENTITIES), fields: fieldsFor, any: boolean() }),
  *script(desk, { entity, fields, any }) {
    const phone = desk.actor("phone");
    const id = desk.fresh("none");
    const headers = any ? { ifMatch: "*" } : {};
    yield* sure(desk, "API-1", phone.read(entity, id), 404);
    yield* sure(desk, any ? "API-1" : "CON-7", phone.update(entity, id, fields(entity), headers), 404);
    yield* sure(desk, any ? "API-1" : "CON-7", phone.delete(entity, id, headers), 404);
    yield* sure(desk, "API-1", phone.read(entity, id), 404);
  },
});

function* shows(desk: Desk, reply: Reply, fields: Loose): Script<void> {
  yield* desk.expect("API-1", jsonEqual(fieldsOf(reply.record), fields), {
    expected: `${reply.ask.label}: ${JSON.stringify(fields)}`,
    actual: JSON.stringify(fieldsOf(reply.record)),
  });
}

function* isAddressed(desk: Desk, made: Reply, entity: Entity, id: string | undefined): Script<void> {
  const { record } = made;
  yield* desk.expect("API-1", id === undefined ? idOf(made) !== "" : record.id === id, {
    expected: id === undefined ? "an id that the target made" : `the id ${id}`,
    actual: JSON.stringify(record.id),
  });
  yield* desk.expect("API-1", instantOf(record.updatedAt) !== undefined, {
    expected: "updatedAt in a record: RFC 3339, UTC, with milliseconds",
    actual: JSON.stringify(record.updatedAt),
  });
  const path = `/api/${COLLECTION_OF[entity]}/${encodeURIComponent(idOf(made))}`;
  const named = pathNamed(made.header("location") ?? "", made.ask.http.path);
  yield* desk.expect("API-1", named?.endsWith(path) === true, {
    expected: `Location: ${path}`,
    actual: made.header("location") ?? "no Location",
  });
}

/** A whole list holds the record once, and stands in ASCII order of id. */
function* listed(desk: Desk, actor: Actor, entity: Entity, id: string, fields: Loose): Script<void> {
  const list = yield* sure(desk, "API-1", actor.list(entity), 200);
  const found = listOf(list.data).filter((one) => looseOf(one).id === id);
  yield* desk.expect("API-1", found.length === 1 && jsonEqual(fieldsOf(found[0]), fields), {
    expected: `${id} once in the list, with ${JSON.stringify(fields)}`,
    actual: `${found.length} times: ${JSON.stringify(found.map(fieldsOf))}`,
  });
  const ids = listOf(list.data).map((one) => String(looseOf(one).id));
  const at = ids.findIndex((one, index) => index > 0 && one <= (ids[index - 1] as string));
  yield* desk.expect("API-1", at < 0, {
    expected: "a list in ASCII order of id",
    actual: `${ids[at - 1]} before ${ids[at]}`,
  });
}

function* ends(desk: Desk, actor: Actor, entity: Entity, id: string, last: Reply): Script<void> {
  const deleted = yield* sure(desk, "API-1", actor.delete(entity, id, { ifMatch: last.revision }), 200);
  yield* desk.expect("API-1", deleted.data === null, {
    expected: "data null after a deletion",
    actual: JSON.stringify(deleted.data),
  });
  yield* sure(desk, "API-1", actor.read(entity, id), 404);
  const list = yield* sure(desk, "API-1", actor.list(entity), 200);
  yield* desk.expect("API-1", !listOf(list.data).some((one) => looseOf(one).id === id), {
    expected: `a list without ${id}, which was deleted`,
    actual: "it is there",
  });
  const again = yield* sure(desk, "API-1", actor.delete(entity, id, { ifMatch: deleted.revision }), 200);
  yield* desk.expect("API-1", again.data === null && again.revision === deleted.revision, {
    expected: `a second deletion commits nothing: ${deleted.revision} still`,
    actual: `${again.revision}`,
  });
}
