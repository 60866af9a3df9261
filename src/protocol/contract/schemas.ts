/**
 * Owns the JSON Schemas (2020-12) of the contract: translated from the zod schemas that judge at run time.
 * Refuses to know which call carries what. What zod cannot tell (what its custom checks want, which payload goes with
 * which entity) is added here, and nothing is taken away.
 */

import { z } from "zod";
import type { Json, JsonObject } from "../../base/canonical-json.ts";
import { ENTITIES } from "../entity.ts";
import { Change, RevisionText, SyncEvent } from "../messages.ts";
import { GENESIS } from "../revision.ts";
import { AnyRecord, nameOf, Payload, SHAPES } from "./shapes.ts";

const NULL: JsonObject = { type: "null" };

/** Where both documents keep their schemas. */
const SCHEMAS_AT = "#/components/schemas/";

/** A reference to a schema of `componentSchemas`. */
export function schemaRef(name: string): JsonObject {
  return { $ref: SCHEMAS_AT + name };
}

/** Every schema by its name, in the order of `SHAPES`. */
export function componentSchemas(): JsonObject {
  const registry = z.registry<{ id: string }>();
  for (const { schema, name } of SHAPES) registry.add(schema, { id: name });
  const { schemas } = z.toJSONSchema(registry, {
    uri: (name) => SCHEMAS_AT + name,
    unrepresentable: "any",
    override: ({ zodSchema, jsonSchema }) => void Object.assign(jsonSchema, ADDED.get(zodSchema)),
  });
  return Object.fromEntries(
    SHAPES.map(({ name, description }) => {
      const { $schema: _dialect, $id: _id, ...schema } = schemas[name] as unknown as JsonObject;
      return [name, { description, ...(plain(schema) as JsonObject) }] as const;
    }),
  );
}

/** What a translation lacks, by the zod schema that it is of. */
const ADDED: ReadonlyMap<unknown, JsonObject> = new Map<unknown, JsonObject>([
  [
    RevisionText,
    {
      type: "string",
      pattern: "^rev_[0-9]{10}_[0-9a-z]{6,}$",
      examples: ["rev_1704067200_00abc1", GENESIS],
    },
  ],
  [AnyRecord, schemaRef("Record")],
  [Payload, { type: "object", additionalProperties: true }],
  [SyncEvent, { allOf: [...payloadOfEntity("payload"), ...payloadOfAction("payload", NULL)] }],
  [Change, { allOf: [...payloadOfEntity("data"), ...payloadOfAction("data", false)] }],
]);

/** [EVT-1, DLT-1] the member is a record of the entity that is named beside it. */
function payloadOfEntity(member: "payload" | "data"): readonly JsonObject[] {
  return ENTITIES.map((entity) => ({
    if: { not: has("entity", { const: entity }) },
    else: { type: "object", properties: { [member]: { anyOf: [schemaRef(nameOf(entity)), NULL] } } },
  }));
}

/** A deletion carries no record, and nothing else goes without one. */
function payloadOfAction(member: "payload" | "data", ofDeletion: Json): readonly JsonObject[] {
  const isDeletion = has("action", { const: "deleted" });
  return [
    { if: { not: isDeletion }, else: { type: "object", properties: { [member]: ofDeletion } } },
    { if: isDeletion, else: has(member, { type: "object" }) },
  ];
}

function has(member: string, schema: JsonObject): JsonObject {
  return { type: "object", properties: { [member]: schema }, required: [member] };
}

/** zod writes "any value" as an empty schema; readers know `true` better. */
function plain(schema: Json): Json {
  if (Array.isArray(schema)) return schema.map(plain);
  if (typeof schema !== "object" || schema === null) return schema;
  return Object.fromEntries(
    Object.entries(schema).map(([word, value]) => [
      word,
      word === "additionalProperties" && isEmpty(value) ? true : plain(value),
    ]),
  );
}

function isEmpty(value: Json): boolean {
  return typeof value === "object" && value !== null && Object.keys(value).length === 0;
}
