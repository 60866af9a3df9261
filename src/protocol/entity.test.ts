/** Tests of the three entities: which bodies a create and a patch may carry, and which ids a client may make. */

import { describe, expect, test } from "vitest";
import {
  COLLECTION_OF,
  COLLECTIONS,
  CREATE_FIELDS,
  DeviceIdText,
  ENTITIES,
  ENTITY_OF,
  type Entity,
  PATCH_FIELDS,
  REQUIRED_FIELD,
  RecordId,
  STRATEGY_OF,
} from "./entity.ts";

const creates = (entity: Entity, body: unknown) => CREATE_FIELDS[entity].safeParse(body).success;
const patches = (entity: Entity, body: unknown) => PATCH_FIELDS[entity].safeParse(body).success;
const item = (id: string, more: object = {}) => ({ id, text: "milk", ...more });

describe("names", () => {
  test("entities and collections lead to each other, and nothing else leads anywhere", () => {
    expect(ENTITIES.map((entity) => COLLECTION_OF[entity])).toEqual([...COLLECTIONS]);
    for (const entity of ENTITIES) expect(ENTITY_OF.get(COLLECTION_OF[entity])).toBe(entity);
    for (const name of ["contact", "Contacts", "__proto__", "constructor", ""])
      expect(ENTITY_OF.get(name)).toBeUndefined();
  });

  test("[MRG-1] [MRG-2] [MRG-5] the strategies are those of section 5", () => {
    expect(STRATEGY_OF).toEqual({
      contact: "server_authoritative",
      task: "last_writer_wins",
      list: "additive_merge",
    });
  });
});

describe("[API-2] [API-5] ids", () => {
  test.each(["a", "A-Z_0.9", "__proto__", "constructor", "...", ".a", "x".repeat(128)])(
    "%s may name a record",
    (id) => {
      expect(RecordId.safeParse(id).success).toBe(true);
    },
  );

  test.each(["", ".", "..", "x".repeat(129), "a b", "a/b", "é", "a\n", "a%20", "😀", 1, null])(
    "%j may not",
    (id) => {
      expect(RecordId.safeParse(id).success).toBe(false);
    },
  );

  test("a device has the same alphabet and length", () => {
    for (const id of ["phone-1", "x".repeat(128)]) expect(DeviceIdText.safeParse(id).success).toBe(true);
    for (const id of ["", "x".repeat(129), "my phone", "phone\n"])
      expect(DeviceIdText.safeParse(id).success).toBe(false);
  });
});

describe("[API-2] what a create may carry", () => {
  test.each(ENTITIES)("%s: its required field alone, and not without it", (entity) => {
    const field = REQUIRED_FIELD[entity];
    expect(creates(entity, { [field]: "" })).toBe(true);
    expect(creates(entity, {})).toBe(false);
    expect(creates(entity, { [field]: null })).toBe(false);
    expect(creates(entity, { [field]: 1 })).toBe(false);
    for (const body of [null, [], "x", 1, undefined]) expect(creates(entity, body)).toBe(false);
  });

  test.each<[Entity, object]>([
    ["contact", { name: "Jane", phone: "+1", email: "j@x", notes: "n" }],
    ["contact", { name: "Jane", phone: null, email: null, notes: null }],
    ["contact", { name: "Jane", pronoun: { any: ["thing", 1, null] } }],
    ["task", { title: "Buy", done: false, dueAt: "2024-02-29", notes: "" }],
    ["task", { title: "Buy", done: null, dueAt: null, notes: null }],
    ["list", { name: "Food", items: [] }],
    ["list", { name: "Food", items: null }],
    [
      "list",
      { name: "Food", items: [item("a"), item("b", { done: true }), item("c", { done: null, aisle: 4 })] },
    ],
    ["list", { name: "Food", items: [item("😀".repeat(128)), item(" "), item("__proto__")] }],
  ])("%s %j", (entity, body) => expect(creates(entity, body)).toBe(true));

  test.each<[Entity, object]>([
    ["contact", { name: "Jane", phone: 1 }],
    ["contact", { name: "Jane", email: [] }],
    ["contact", { name: "Jane", notes: {} }],
    ["task", { title: "Buy", done: "yes" }],
    ["task", { title: "Buy", dueAt: 1 }],
    ["task", { title: "Buy", notes: false }],
    ["list", { name: "Food", items: {} }],
    ["list", { name: "Food", items: [item("")] }],
    ["list", { name: "Food", items: [item("x".repeat(129))] }],
    ["list", { name: "Food", items: [item("a"), item("b"), item("a")] }],
    ["list", { name: "Food", items: [{ id: "a" }] }],
    ["list", { name: "Food", items: [{ text: "milk" }] }],
    ["list", { name: "Food", items: [item("a", { done: 1 })] }],
    ["list", { name: "Food", items: [item("a", { text: null })] }],
    ["list", { name: "Food", items: [null] }],
  ])("not %s %j", (entity, body) => expect(creates(entity, body)).toBe(false));

  test("[API-5] a required field is not found inside a member called __proto__", () => {
    expect(creates("contact", JSON.parse('{"__proto__":{"name":"Jane"}}'))).toBe(false);
    expect(creates("contact", JSON.parse('{"name":"Jane","__proto__":{"phone":1},"constructor":1}'))).toBe(
      true,
    );
  });
});

describe("[API-2] what a merge patch may carry", () => {
  test.each(ENTITIES)("%s: nothing at all, or its required field, but not its removal", (entity) => {
    const field = REQUIRED_FIELD[entity];
    expect(patches(entity, {})).toBe(true);
    expect(patches(entity, { [field]: "new" })).toBe(true);
    expect(patches(entity, { [field]: null })).toBe(false);
    expect(patches(entity, { [field]: 1 })).toBe(false);
    expect(patches(entity, { unknown: null })).toBe(true);
    for (const body of [null, [], "x"]) expect(patches(entity, body)).toBe(false);
  });

  test("null removes what is optional; a wrong type is refused as in a create", () => {
    expect(patches("contact", { phone: null, email: null, notes: null })).toBe(true);
    expect(patches("list", { items: null })).toBe(true);
    expect(patches("contact", { phone: 1 })).toBe(false);
    expect(patches("list", { items: [item("a"), item("a")] })).toBe(false);
  });
});
