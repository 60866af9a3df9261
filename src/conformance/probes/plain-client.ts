/**
 * Owns the probes of clients that know less than all of the protocol: one that sends none of its headers [API-6], and one
 * that asks whether its copy is still good [API-8].
 * Refuses to know more than they do.
 */

import { constantFrom, record } from "fast-check";
import { jsonEqual } from "../../base/canonical-json.ts";
import { COLLECTION_OF, ENTITIES } from "../../protocol/entity.ts";
import { fieldsOf, patched } from "../expectations.ts";
import { created, idOf, stir, sure } from "../moves.ts";
import { defineProbe } from "../probe.ts";
import { listOf, looseOf } from "../reply.ts";
import { fieldsFor } from "../values.ts";

export const plainClient = defineProbe({
  id: "records/plain-client",
  rules: ["API-6"],
  text: "A client without any of the sync headers makes, lists, changes and deletes records.",
  phases: [],
  runs: 4,
  values: () => record({ entity: constantFrom(...ENTITIES), before: fieldsFor, after: fieldsFor }),
  *script(desk, { entity, before, after }) {
    const { mode, ifMatch } = desk.facts.declared;
    const isRequired = ifMatch === "required" && mode !== "off";
    const old = desk.actor("old");
    const path = `/api/${COLLECTION_OF[entity]}`;
    const call = (method: string, id?: string, body?: unknown) =>
      old.raw(
        method,
        id === undefined ? path : `${path}/${encodeURIComponent(id)}`,
        { "x-device-id": null },
        body === undefined ? undefined : JSON.stringify(body),
      );
    const made = yield* sure(desk, "API-6", call("POST", undefined, before(entity)), 201);
    const id = idOf(made);
    const list = yield* sure(desk, "API-6", call("GET"), 200);
    const listed = listOf(list.data).find((one) => looseOf(one).id === id);
    yield* desk.expect("API-6", jsonEqual(fieldsOf(listed), before(entity)), {
      expected: `${id} in the whole list, as it was written`,
      actual: JSON.stringify(listed),
    });
    const changed = yield* sure(desk, "API-6", call("PATCH", id, after(entity)), isRequired ? 428 : 200);
    const wanted = changed.isOk ? patched(before(entity), after(entity)) : before(entity);
    const read = yield* sure(desk, "API-6", call("GET", id), 200);
    yield* desk.expect("API-6", jsonEqual(fieldsOf(read.record), wanted), {
      expected: JSON.stringify(wanted),
      actual: JSON.stringify(fieldsOf(read.record)),
    });
    yield* sure(desk, "API-6", call("DELETE", id), isRequired ? 428 : 200);
    yield* sure(desk, "API-6", call("GET", id), isRequired ? 200 : 404);
  },
});

export const notModified = defineProbe({
  id: "records/not-modified",
  rules: ["API-8"],
  text: "If-None-Match with the current revision of a record is 304; with an older one the record comes.",
  phases: [],
  runs: 4,
  values: () => record({ entity: constantFrom(...ENTITIES), fields: fieldsFor }),
  *script(desk, { entity, fields }) {
    const phone = desk.actor("phone");
    const made = yield* created(desk, phone, entity, fields(entity));
    const id = idOf(made);
    if (made.revision === undefined) return;
    yield* sure(desk, "API-8", phone.read(entity, id, `"${made.revision}"`), 304);
    const changed = yield* sure(
      desk,
      "API-8",
      phone.update(entity, id, stir(desk, entity), { ifMatch: made.revision }),
      200,
    );
    const read = yield* sure(desk, "API-8", phone.read(entity, id, `"${made.revision}"`), 200);
    yield* desk.expect("API-8", read.revision === changed.revision, {
      expected: `${id} at ${changed.revision}`,
      actual: String(read.revision),
    });
  },
});
