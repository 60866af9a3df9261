/**
 * Holds the committed documents to the generator, the generator to docs/protocol.md and to the schemas that judge at
 * run time, and both documents to themselves.
 */

import { readdirSync, readFileSync } from "node:fs";
import { Ajv2020 } from "ajv/dist/2020.js";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Json, JsonObject } from "../../base/canonical-json.ts";
import { COLLECTIONS } from "../entity.ts";
import { ERROR_CODES, ERRORS } from "../errors.ts";
import { CLOSE } from "../request.ts";
import { parseRevision } from "../revision.ts";
import { ruleById } from "../rules/registry.ts";
import { asyncapiDocument } from "./asyncapi.ts";
import { CALLS } from "./calls.ts";
import { openapiDocument } from "./openapi.ts";
import { refsIn } from "./reach.ts";
import { componentSchemas } from "./schemas.ts";
import { SHAPES } from "./shapes.ts";

const ROOT = new URL("../../../", import.meta.url);
const PROTOCOL = readFileSync(new URL("docs/protocol.md", ROOT), "utf8");
const DOCUMENTS: readonly (readonly [file: string, document: JsonObject])[] = [
  ["openapi.json", openapiDocument()],
  ["asyncapi.json", asyncapiDocument()],
];

const at = (document: Json, pointer: string): unknown =>
  pointer
    .split("/")
    .slice(1)
    .reduce<unknown>(
      (inner, step) => (inner as Record<string, unknown> | undefined)?.[unescaped(step)],
      document,
    );
const unescaped = (step: string) => step.replaceAll("~1", "/").replaceAll("~0", "~");

describe.each(DOCUMENTS)("%s", (file, document) => {
  test("is what the generator makes; else run `npm run contract`", () => {
    const committed: unknown = JSON.parse(readFileSync(new URL(file, ROOT), "utf8"));
    // As texts: the order of members counts too.
    expect(JSON.stringify(committed, null, 1)).toBe(JSON.stringify(document, null, 1));
  });

  test("every reference leads somewhere, and nothing stands there that nothing refers to", () => {
    const refs = new Set(refsIn(document));
    expect(refs.size).toBeGreaterThan(10);
    for (const ref of refs) expect([ref, typeof at(document, ref.slice(1))]).toEqual([ref, "object"]);
    const { components } = document as { components: Record<string, JsonObject> };
    for (const kind of ["schemas", "responses", "parameters", "headers", "messages"]) {
      for (const name of Object.keys(components[kind] ?? {})) {
        expect(refs.has(`#/components/${kind}/${name}`), `${kind}/${name}`).toBe(true);
      }
    }
  });

  test("every rule that it names exists", () => {
    const ids = [...JSON.stringify(document).matchAll(/\b[A-Z]{3}-\d+\b/g)].map(([id]) => id);
    expect(ids.length).toBeGreaterThan(30);
    for (const id of new Set(ids)) expect([id, ruleById(id)?.id]).toEqual([id, id]);
  });

  test("every schema compiles in strict mode", () => {
    const ajv = new Ajv2020({ strict: true, allowUnionTypes: true });
    ajv.addVocabulary(["components"]);
    const schemas = at(document, "/components/schemas") as JsonObject;
    expect(Object.keys(schemas).length).toBeGreaterThan(5);
    for (const name of Object.keys(schemas)) {
      ajv.compile({ $ref: `#/components/schemas/${name}`, components: { schemas } });
    }
    for (const schema of schemasIn(document)) ajv.compile({ allOf: [schema], components: { schemas } });
  });
});

/** The schemas of parameters, headers and bodies. */
function schemasIn(value: Json): readonly Json[] {
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([member, inner]: [string, Json]) =>
    member === "schema" ? [inner] : schemasIn(inner),
  );
}

describe("the calls", () => {
  test("are those of docs/protocol.md, none more, none less", () => {
    const named = [...PROTOCOL.matchAll(/`(GET|POST|PUT|PATCH|DELETE) (\/api\/[^\s`?]+)/g)].flatMap(
      ([, method = "", path = ""]) =>
        (path.includes("{collection}") ? COLLECTIONS : [""]).map(
          (collection) => `${method} ${path.replace("{collection}", collection)}`,
        ),
    );
    const known = CALLS.map(({ method, path }) => `${method.toUpperCase()} ${path}`);
    expect([...known].sort()).toEqual([...new Set(named)].sort());
    expect(new Set(known).size).toBe(known.length);
    expect(new Set(CALLS.map(({ operationId }) => operationId)).size).toBe(CALLS.length);
  });

  test("name the parameters of their paths, and a shape for every body", () => {
    const shapes = new Set(SHAPES.map(({ name }) => name));
    for (const { path, parameters, body, answers } of CALLS) {
      expect(parameters.includes("id")).toBe(path.includes("{id}"));
      for (const name of [body, ...answers.map(({ shape }) => shape)]) {
        if (name !== undefined) expect([name, shapes.has(name)]).toEqual([name, true]);
      }
    }
  });

  test("every error code has its place, under its status and no other", () => {
    const { paths } = openapiDocument() as { paths: Record<string, Record<string, JsonObject>> };
    const seen = new Map<string, Set<string>>();
    for (const operation of Object.values(paths).flatMap((methods) => Object.values(methods))) {
      for (const [status, response] of Object.entries(operation.responses as JsonObject)) {
        const { $ref } = response as { $ref?: string };
        const told = JSON.stringify($ref === undefined ? response : at(openapiDocument(), $ref.slice(1)));
        for (const code of ERROR_CODES) {
          if (told.includes(`"${code}"`)) seen.set(code, new Set([...(seen.get(code) ?? []), status]));
        }
      }
    }
    // A dependency fails inside a batch only, where its status is a result's.
    const alone = ERROR_CODES.filter((code) => code !== "dependency_failed");
    expect([...seen].map(([code, statuses]) => [code, [...statuses]]).sort()).toEqual(
      alone.map((code) => [code, [String(ERRORS[code].status)]]).sort(),
    );
  });
});

test("every close code of the protocol is told", () => {
  const codes = at(asyncapiDocument(), "/channels/events/x-close-codes") as JsonObject;
  for (const code of Object.values(CLOSE)) expect(Object.keys(codes)).toContain(String(code));
});

describe("the schemas judge as those at run time do", () => {
  const ajv = new Ajv2020({ strict: true, allowUnionTypes: true });
  ajv.addVocabulary(["components"]);
  const components = { schemas: componentSchemas() };
  const judge = new Map(
    SHAPES.map(({ name }) => [name, ajv.compile({ $ref: `#/components/schemas/${name}`, components })]),
  );
  const judges = (name: string, value: unknown): boolean => judge.get(name)?.(value) === true;

  /** These say more than types: what goes with which entity, and with a deletion. */
  const STRICTER = new Set(["Change", "Changes", "SyncEvent"]);
  const FOLDER = new URL("fixtures/wire/", ROOT);
  const EXAMPLES = readdirSync(FOLDER)
    .filter((name) => name.endsWith(".json") && !name.endsWith(".roadmap.json"))
    .map((name) => [name, JSON.parse(readFileSync(new URL(name, FOLDER), "utf8")) as Json] as const);
  const WRONG: readonly Json[] = [
    null,
    true,
    7,
    -1.5,
    "",
    "deleted",
    "contact",
    "x y",
    [],
    ["task"],
    {},
    { a: 1 },
  ];

  /** The value with one member, somewhere, replaced or taken away. */
  function* variations(value: Json): Generator<Json> {
    if (typeof value !== "object" || value === null) return;
    for (const [member, inner] of Object.entries(value) as [string, Json][]) {
      const put = (changed: Json | undefined): Json => {
        const copy = structuredClone(value) as Record<string, Json>;
        if (changed !== undefined) copy[member] = changed;
        else if (Array.isArray(copy)) copy.splice(Number(member), 1);
        else delete copy[member];
        return copy as Json;
      };
      yield put(undefined);
      for (const wrong of WRONG) yield put(wrong);
      for (const changed of variations(inner)) yield put(changed);
    }
  }

  test.each(EXAMPLES)("on %s and on all that is like it", (_, example) => {
    const shapes = SHAPES.filter(({ name, schema }) => {
      if (!schema.safeParse(example).success) return false;
      return !STRICTER.has(name) || judges(name, example);
    });
    expect(shapes.length).toBeGreaterThan(0);
    let refused = 0;
    for (const value of [example, ...variations(example)]) {
      for (const { name, schema } of shapes) {
        const atRunTime = schema.safeParse(value).success;
        const inDocument = judges(name, value);
        if (!atRunTime) refused++;
        if (STRICTER.has(name) && atRunTime && !inDocument) continue;
        expect([name, inDocument, JSON.stringify(value)]).toEqual([name, atRunTime, JSON.stringify(value)]);
      }
    }
    expect(refused).toBeGreaterThan(0);
  });

  test.each([
    ["sync-event.json", "SyncEvent"],
    ["sync-event-deleted.json", "SyncEvent"],
    ["changes.json", "Changes"],
    ["changes-full-page.json", "Changes"],
  ])("%s is a %s by the stricter word too", (file, name) => {
    expect(judges(name, EXAMPLES.find(([own]) => own === file)?.[1])).toBe(true);
  });

  test("[REV-2] on revisions", () => {
    const texts = fc.oneof(
      fc.string(),
      fc.stringMatching(/^rev_[0-9]{9,11}_[0-9a-zA-Z]{5,8}$/),
      fc.stringMatching(/^rev_[0-9]{10}_[0-9a-z]{6,9}\n?$/),
    );
    fc.assert(
      fc.property(texts, (text) => {
        expect(judges("Revision", text)).toBe(parseRevision(text) !== undefined);
      }),
      { numRuns: 2_000 },
    );
  });

  const record = { id: "a", revisionId: "rev_1704067200_00abc1", updatedAt: "2024-01-01T00:00:00.000Z" };
  const event = {
    type: "sync_event",
    entity: "task",
    action: "updated",
    id: "a",
    revisionId: record.revisionId,
  };
  const task = { ...record, title: "x" };
  test.each<[string, boolean, string, JsonObject]>([
    ["a task of a task", true, "SyncEvent", { ...event, payload: task }],
    ["a contact of a task", false, "SyncEvent", { ...event, payload: { ...record, name: "x" } }],
    ["no record of an update", false, "SyncEvent", { ...event, payload: null }],
    ["no record of a deletion", true, "SyncEvent", { ...event, action: "deleted", payload: null }],
    ["a record of a deletion", false, "SyncEvent", { ...event, action: "deleted", payload: task }],
    ["a change with data", true, "Change", { ...event, data: task }],
    ["a change without data", false, "Change", event],
    ["a change of another entity", false, "Change", { ...event, entity: "list", data: task }],
    ["a deletion", true, "Change", { ...event, action: "deleted" }],
    ["a deletion with data", false, "Change", { ...event, action: "deleted", data: task }],
    ["a record whose field is null", false, "Task", { ...task, done: null }],
    ["a create whose field is null", true, "TaskCreate", { title: "x", done: null }],
    ["fields that nobody knows", true, "Task", { ...task, later: { any: [1] } }],
  ])("%s: %s", (_, fits, name, value) => expect(judges(name, value)).toBe(fits));
});
