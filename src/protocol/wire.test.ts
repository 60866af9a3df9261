/**
 * Parses every example of fixtures/wire with its schema, and shows of each schema that it refuses a broken one. The
 * lists below must name every file and every schema: a new one without an example fails.
 */

import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import * as messages from "./messages.ts";

const FOLDER = new URL("../../fixtures/wire/", import.meta.url);
const FILES = readdirSync(FOLDER).filter((name) => name.endsWith(".json"));

function example(name: string): Record<string, unknown> {
  return JSON.parse(readFileSync(new URL(`${name}.json`, FOLDER), "utf8"));
}

/** Entries of the device's queue never travel: their shape stands in section 7, and their schema only here. */
const QueueEntry = messages.BatchMutation.extend({
  timestamp: z.number().int(),
  recordId: z.string(),
  status: z.enum(["pending", "syncing", "failed", "completed"]),
  retryCount: z.number().int().nonnegative(),
  key: messages.KeyText,
});

const SCHEMAS: ReadonlyMap<string, z.ZodType> = new Map(
  Object.entries({ ...messages, QueueEntry }).flatMap(([name, value]) =>
    value instanceof z.ZodType ? [[name, value] as const] : [],
  ),
);

function schemaOf(name: string): z.ZodType {
  const schema = SCHEMAS.get(name);
  if (schema === undefined) throw new Error(`messages.ts has no schema ${name}`);
  return schema;
}

/** Which schemas each example must pass. */
const PASSES: Readonly<Record<string, readonly string[]>> = {
  "response-meta": ["RecordBody"],
  "record-deleted": ["RecordBody"],
  "record-merged": ["RecordBody"],
  "record-advisory": ["RecordBody"],
  collection: ["CollectionBody"],
  "sync-event": ["SyncEvent", "EventFrame"],
  "sync-event-deleted": ["SyncEvent", "EventFrame"],
  ready: ["Ready", "EventFrame"],
  "resync-required": ["ResyncRequired", "EventFrame"],
  checkpoint: ["Checkpoint", "EventFrame"],
  conflict: ["ErrorBody", "ConflictBody"],
  "error-already-exists": ["ErrorBody", "ConflictBody"],
  "error-conflict-deleted": ["ErrorBody", "ConflictBody"],
  "error-conflict-stamps": ["ErrorBody", "ConflictBody"],
  "error-not-found": ["ErrorBody"],
  "error-revision-expired": ["ErrorBody"],
  changes: ["ChangesBody"],
  "changes-full-page": ["ChangesBody"],
  "batch-request": ["BatchRequest"],
  "batch-result": ["BatchBody"],
  capabilities: ["CapabilitiesBody"],
  "queue-entry": ["QueueEntry"],
  "push-message": ["PushMessage"],
  "push-registration": ["PushRegistration"],
  "push-topics": ["PushTopics"],
  "push-answer": ["PushBody"],
  webhook: ["WebhookBody"],
  "webhook-deleted": ["WebhookBody"],
  "webhook-answer": ["RecordBody"],
};

/** A schema, the example to break, the member to break (a path), and what to put there; undefined removes it. */
const BROKEN: readonly (readonly [schema: string, example: string, path: string, value: unknown])[] = [
  ["RecordBody", "response-meta", "meta", undefined],
  ["RecordBody", "response-meta", "data", undefined],
  ["RecordBody", "response-meta", "data.revisionId", undefined],
  ["RecordBody", "response-meta", "data.id", undefined],
  ["RecordBody", "response-meta", "data.updatedAt", "yesterday"],
  ["RecordBody", "record-merged", "meta.resolution", "won"],
  ["RecordBody", "record-advisory", "meta.conflict.actualRevision", undefined],
  ["WireRecordBody", "response-meta#data", "updatedAt", undefined],
  ["Meta", "response-meta#meta", "revisionId", "abc123"],
  ["Meta", "response-meta#meta", "updatedAt", 1704067200000],
  ["Meta", "response-meta#meta", "updatedAt", "2024-01-01T00:00:00+01:00"],
  ["CollectionBody", "collection", "data", {}],
  ["CollectionBody", "collection", "meta.hasMore", "yes"],
  ["SyncEvent", "sync-event", "type", "event"],
  ["SyncEvent", "sync-event", "entity", "contacts"],
  ["SyncEvent", "sync-event", "payload", undefined],
  ["SyncEvent", "sync-event", "payload.revisionId", undefined],
  ["SyncEvent", "sync-event", "action", "changed"],
  ["SyncEvent", "sync-event", "revisionId", "rev_1_a"],
  ["EventFrame", "ready", "type", "pong"],
  ["Origin", "sync-event-deleted#origin", "deviceId", undefined],
  ["Ready", "ready", "revisionId", undefined],
  ["ResyncRequired", "resync-required", "reason", "because"],
  ["ResyncRequired", "resync-required", "floorRevision", undefined],
  ["Checkpoint", "checkpoint", "revisionId", null],
  ["ErrorBody", "error-not-found", "error", "oops"],
  ["ErrorBody", "error-not-found", "message", undefined],
  ["ErrorBody", "error-revision-expired", "floorRevision", "old"],
  ["ErrorBody", "error-conflict-stamps", "stamps.done", "2024"],
  ["ConflictBody", "conflict", "currentRevision", undefined],
  ["ConflictBody", "conflict", "serverData", undefined],
  ["ConflictBody", "conflict", "serverData.revisionId", undefined],
  ["ConflictBody", "conflict", "clientData", undefined],
  ["ConflictBody", "conflict", "clientData", []],
  ["ConflictBody", "conflict", "error", "not_found"],
  ["Change", "changes#changes.0", "revisionId", undefined],
  ["Change", "changes#changes.0", "data.id", undefined],
  ["ChangesBody", "changes", "meta", undefined],
  ["ChangesBody", "changes", "hasMore", undefined],
  ["ChangesBody", "changes", "currentRevision", undefined],
  ["ChangesBody", "changes", "changes.1.action", "removed"],
  ["BatchRequest", "batch-request", "mutations", {}],
  ["BatchMutation", "batch-request#mutations.0", "id", ""],
  ["BatchMutation", "batch-request#mutations.0", "id", "x".repeat(256)],
  ["BatchMutation", "batch-request#mutations.0", "operation", "upsert"],
  ["BatchMutation", "batch-request#mutations.0", "timestamp", -1],
  ["BatchMutation", "batch-request#mutations.0", "payload", []],
  ["BatchResult", "batch-result#results.2", "status", "409"],
  ["BatchResult", "batch-result#results.2", "error", "oops"],
  ["BatchBody", "batch-result", "results.0.id", undefined],
  ["BatchBody", "batch-result", "meta", undefined],
  ["Capabilities", "capabilities#data", "conflicts.mode", "strict"],
  ["Capabilities", "capabilities#data", "delta.floorRevision", undefined],
  ["Capabilities", "capabilities#data", "delta.limitMax", 0],
  ["CapabilitiesBody", "capabilities", "data.batch.mutationsMax", 0],
  ["CapabilitiesBody", "capabilities", "data.protocol", 1],
  ["QueueEntry", "queue-entry", "status", "waiting"],
  ["QueueEntry", "queue-entry", "key", undefined],
  ["PushMessage", "push-message", "to", undefined],
  ["PushMessage", "push-message", "_contentAvailable", false],
  ["PushMessage", "push-message", "data.revisionId", undefined],
  ["SyncTrigger", "push-message#data", "type", "sync_event"],
  ["PushRegistration", "push-registration", "platform", "web"],
  ["PushRegistration", "push-registration", "token", ""],
  ["PushRegistration", "push-registration", "topics", ["contacts"]],
  ["PushTopics", "push-topics", "topics", "contact"],
  ["PushBody", "push-answer", "data.deviceId", "my phone"],
  ["WebhookBody", "webhook", "version", "7"],
  ["WebhookBody", "webhook", "account", undefined],
  ["WebhookBody", "webhook", "data", "John"],
];

/** The value at a path such as `changes.0.data`. */
function at(value: unknown, path: string): unknown {
  return path === ""
    ? value
    : path.split(".").reduce((inner, name) => (inner as Record<string, unknown>)[name], value);
}

/** The example's part after `#`, whole. */
function part(name: string): unknown {
  const [file = "", path = ""] = name.split("#");
  return at(example(file), path);
}

function broken(name: string, path: string, value: unknown): unknown {
  const copy = part(name);
  const steps = path.split(".");
  const last = steps.pop() ?? "";
  const holder = at(copy, steps.join(".")) as Record<string, unknown>;
  if (value === undefined) delete holder[last];
  else holder[last] = value;
  return copy;
}

describe("every example", () => {
  test("is named here, and every one named is there", () => {
    const names = FILES.map((name) => name.replace(/\.json$/, "")).filter(
      (name) => !name.endsWith(".roadmap"),
    );
    expect(names.sort()).toEqual(Object.keys(PASSES).sort());
  });

  const pairs = Object.entries(PASSES).flatMap(([name, schemas]) =>
    schemas.map((schema) => [name, schema] as const),
  );
  test.each(pairs)("%s is a %s, and nothing is lost in parsing", (name, schema) => {
    expect(schemaOf(schema).parse(example(name))).toEqual(example(name));
  });

  test.each(FILES)("%s [EVT-18] is still one with a member that nobody knows", (file) => {
    const name = file.replace(/\.json$/, "");
    for (const schema of PASSES[name] ?? []) {
      expect(schemaOf(schema).safeParse({ ...example(name), later: { any: [1] } }).success).toBe(true);
    }
  });

  test("every item of the batch is a mutation", () => {
    for (const item of example("batch-request").mutations as unknown[]) messages.BatchMutation.parse(item);
  });
});

describe("every schema", () => {
  test("has a broken example below that it refuses", () => {
    const scalars = ["RevisionText", "EntityName", "KeyText"];
    const schemas = [...SCHEMAS.keys()];
    expect(schemas.length).toBeGreaterThan(20);
    expect([...new Set(BROKEN.map(([schema]) => schema))].sort()).toEqual(
      schemas.filter((name) => !scalars.includes(name)).sort(),
    );
  });

  test.each(BROKEN)("%s refuses %s when %s is %j", (schema, name, path, value) => {
    expect(schemaOf(schema).safeParse(part(name)).success).toBe(true);
    expect(schemaOf(schema).safeParse(broken(name, path, value)).success).toBe(false);
  });

  test("refuses what is no object at all", () => {
    for (const [schema] of BROKEN) {
      for (const value of [null, undefined, 1, "x", []])
        expect(schemaOf(schema).safeParse(value).success).toBe(false);
    }
  });

  test("[IDM-7] a key is 1 to 255 visible ASCII characters", () => {
    for (const key of ["!", "~", "x".repeat(255)]) expect(messages.KeyText.safeParse(key).success).toBe(true);
    for (const key of ["", "x".repeat(256), "a b", "a\n", "é", "\u007f"])
      expect(messages.KeyText.safeParse(key).success).toBe(false);
  });

  test("[REV-2] a revision is one by section 2", () => {
    for (const value of ["rev_123", 1704067200, null, "RevisionText"])
      expect(messages.RevisionText.safeParse(value).success).toBe(false);
  });
});

describe("[API-5] a member called __proto__ in a record or payload", () => {
  const wild: unknown = JSON.parse(
    '{"id":"constructor","revisionId":"rev_1704067200_abc123","updatedAt":"2024-01-01T00:00:00.000Z","__proto__":{"a":1}}',
  );

  test("comes through the parsing of bodies, events and batches as it was", () => {
    const own = (value: unknown) => Object.hasOwn(value as object, "__proto__");
    const body = { data: wild, meta: example("response-meta").meta };
    expect(own(messages.RecordBody.parse(body).data)).toBe(true);
    expect(own(messages.SyncEvent.parse({ ...example("sync-event"), payload: wild }).payload)).toBe(true);
    expect(
      own(
        messages.BatchMutation.parse({ id: "m", entity: "contact", operation: "create", payload: wild })
          .payload,
      ),
    ).toBe(true);
    expect(
      own(
        messages.ConflictBody.parse({ ...example("conflict"), serverData: wild, clientData: wild })
          .clientData,
      ),
    ).toBe(true);
  });
});

describe("the roadmap's originals", () => {
  const originals = FILES.filter((name) => name.endsWith(".roadmap.json")).map((name) =>
    name.replace(/\.json$/, ""),
  );
  const completed = (original: string) =>
    example(original === "push-data.roadmap" ? "push-message" : original.replace(".roadmap", ""));

  /** True when `more` says all that `less` says; what the roadmap elided, it did not say. */
  const saysAll = (less: unknown, more: unknown): boolean => {
    if (less === null || typeof less !== "object") return less === more || sameInstant(less, more);
    return Object.entries(less).every(([name, member]) =>
      saysAll(member, (more as Record<string, unknown> | undefined)?.[name]),
    );
  };
  const sameInstant = (less: unknown, more: unknown) =>
    typeof less === "string" && less.replace("00Z", "00.000Z") === more;

  test("are six, and each is listed in the README with its completion", () => {
    const readme = readFileSync(new URL("README.md", FOLDER), "utf8");
    expect(originals.length).toBe(6);
    for (const name of originals) expect(readme).toContain(`| \`${name}.json\` |`);
  });

  test.each(originals)("%s is contained in its completion, word for word", (name) => {
    expect(saysAll(example(name), completed(name))).toBe(true);
    expect(completed(name)).not.toEqual(example(name));
  });
});
