/**
 * Owns the probe of texts that naive servers change [API-5], as values, as names of fields and as ids.
 * Refuses to know encodings: what comes back is compared code point for code point.
 */

import {
  type Arbitrary,
  constant,
  constantFrom,
  integer,
  oneof,
  record,
  string,
  uniqueArray,
} from "fast-check";
import { jsonEqual } from "../../base/canonical-json.ts";
import { ENTITIES, type Entity, REQUIRED_FIELD } from "../../protocol/entity.ts";
import type { Actor } from "../actor.ts";
import type { Desk } from "../desk.ts";
import { fieldsOf, patched } from "../expectations.ts";
import { idOf, sure } from "../moves.ts";
import { defineProbe, type Script } from "../probe.ts";
import { type Loose, listOf, looseOf, type Reply } from "../reply.ts";
import { ODD_TEXTS, text } from "../values.ts";

/** Names that are special to some language or store, and plain fields here. */
const NAMES = [
  "__proto__",
  "constructor",
  "prototype",
  "toString",
  "hasOwnProperty",
  "$set",
  "a.b",
  "a b",
  "ключ",
  "🙂",
];
const LENGTH_MAX = 10_000;
const PIECES = ["x", "é", "e\u0301", "שׁ", "🧑‍🌾", "字"] as const;

/** All of them in one text: what changes one of them is seen in every run. */
const EVERY = [...PIECES, ...ODD_TEXTS].join(" ");

/** Lengths of a text that a body has room for. */
function lengthsWithin(bodyBytesMax: number): Arbitrary<number> {
  const max = Math.min(LENGTH_MAX, Math.floor(bodyBytesMax / 16));
  return integer({ min: Math.min(EVERY.length, max), max });
}

export const oddTexts = defineProbe({
  id: "records/odd-texts",
  rules: ["API-5", "API-1"],
  text: "Texts of every script, up to 10,000 characters, and fields and item ids called __proto__ come back as they were.",
  phases: [],
  runs: 6,
  values: ({ declared }) =>
    record({
      entity: constantFrom(...ENTITIES),
      title: oneof(constant(""), text),
      piece: constantFrom(...PIECES),
      length: lengthsWithin(declared.bodyBytesMax),
      names: uniqueArray(constantFrom(...NAMES), { minLength: 2, maxLength: 5 }),
      value: string({ unit: "binary", maxLength: 20 }),
    }),
  *script(desk, { entity, title, piece, length, names, value }) {
    const phone = desk.actor("phone");
    const long = (EVERY + piece.repeat(Math.ceil(length / piece.length)))
      .slice(0, length)
      .replace(/[\ud800-\udbff]$/, "");
    const odd = Object.fromEntries(names.map((name) => [name, { [name]: value }]));
    const items = names.map((id) => ({ id, text: value }));
    const fields: Loose = { notes: long, ...odd, ...(entity === "list" ? { items } : {}) };
    const wanted = { [REQUIRED_FIELD[entity]]: title, ...fields };
    const body = { id: desk.fresh("r"), ...wanted };
    const made = yield* sure(desk, "API-5", phone.create(entity, body), 201);
    yield* shows(desk, made, wanted);
    yield* shows(desk, yield* sure(desk, "API-1", phone.read(entity, idOf(made)), 200), wanted);
    const odds = Object.fromEntries(names.map((name, at) => [name, at % 2 === 0 ? null : [value]]));
    const patch = { ...odds, notes: "" };
    const after = fieldsOf(patched(wanted, patch));
    const headers = { ifMatch: made.revision };
    yield* shows(
      desk,
      yield* sure(desk, "API-1", phone.update(entity, idOf(made), patch, headers), 200),
      after,
    );
    const list = yield* sure(desk, "API-1", phone.list(entity), 200);
    const listed = listOf(list.data).find((one) => looseOf(one).id === idOf(made));
    yield* desk.expect("API-5", jsonEqual(fieldsOf(listed), after), {
      expected: `${idOf(made)} in the list as it was written: ${JSON.stringify(after)}`,
      actual: JSON.stringify(listed),
    });
  },
});

export const oddIds = defineProbe({
  id: "records/odd-ids",
  rules: ["API-5", "API-1"],
  text: "__proto__ and constructor are ids like any other, and so are ids of dots, dashes and 128 characters.",
  phases: [],
  runs: 4,
  values: () =>
    record({
      entity: constantFrom(...ENTITIES),
      fixed: constantFrom("__proto__", "constructor"),
      tail: constantFrom("..", ".json", "_-.", "-".repeat(90), "A", "%"),
    }),
  *script(desk, { entity, fixed, tail }) {
    const phone = desk.actor("phone");
    const own = desk.fresh("i");
    const id = tail === "%" ? own.padEnd(128, "z") : `${own}${tail}`;
    yield* lives(desk, phone, entity, id);
    // These names are nobody's own: where somebody made such a record, it is let be.
    const before = yield* desk.send(phone.read(entity, fixed));
    yield* desk.expect("API-5", before.status === 404 || before.record.id === fixed, {
      expected: `404 for ${fixed}, which is an id like any other, or the record`,
      actual: before.says,
    });
    if (before.status === 404) yield* lives(desk, phone, entity, fixed);
  },
});

function* lives(desk: Desk, phone: Actor, entity: Entity, id: string): Script<void> {
  const fields = { [REQUIRED_FIELD[entity]]: desk.fresh("text") };
  const made = yield* desk.send(phone.create(entity, { id, ...fields }));
  if (made.status === 409 && made.error === "already_exists") return;
  yield* desk.expect("API-5", made.status === 201 && made.record.id === id, {
    expected: `201 for the id ${id}`,
    actual: made.isOk ? `the id ${made.record.id}` : made.says,
  });
  const read = yield* desk.send(phone.read(entity, id));
  const gone = yield* desk.send(phone.delete(entity, id, { ifMatch: made.revision }));
  yield* shows(desk, read, fields);
  yield* desk.expect("API-5", gone.status === 200, { expected: `200 for deleting ${id}`, actual: gone.says });
}

function* shows(desk: Desk, reply: Reply, wanted: Loose): Script<void> {
  yield* desk.expect("API-5", reply.isOk && jsonEqual(fieldsOf(reply.record), wanted), {
    expected: `${reply.ask.label}: ${JSON.stringify(wanted)}`,
    actual: reply.isOk ? JSON.stringify(fieldsOf(reply.record)) : reply.says,
  });
}
