/** Drives the reference engine behind the HTTP border through every answer that openapi.json has, and judges each. */

import { expect, test } from "vitest";
import { SECOND_MS } from "../../base/time.ts";
import { createProxy } from "../../proxy/engine.ts";
import { writeHttp } from "../../proxy/http-answer.ts";
import { readHttp } from "../../proxy/http-border.ts";
import { createMemoryStore } from "../../proxy/memory-store.ts";
import type { ProxyConfig } from "../../proxy/port.ts";
import type { AccountId } from "../messages.ts";
import { CALLS } from "./calls.ts";
import { openapiDocument } from "./openapi.ts";
import { checkAnswer } from "./validate.fixture.ts";

const A = "account-a" as AccountId;
const CONFIG: ProxyConfig = {
  accounts: new Map([["tok-a", A]]),
  phases: [1, 2, 3, 4, 5],
  conflicts: { mode: "enforce", ifMatch: "optional", resolvedBy: "server" },
  limits: {
    bodyBytesMax: 4_096,
    mutationsMax: 3,
    deltaLimitMax: 100,
    listLimitMax: 50,
    replayMax: 200,
    socketBacklogMax: 250,
  },
  retentionSeconds: 3_600,
  idempotencyTtlSeconds: 7 * 86_400,
  push: { entities: ["contact", "task", "list"], coalesceMs: SECOND_MS, receiptDelaySeconds: 900 },
  webhooks: true,
};

/** The engine behind the border, each of whose answers is judged; and what was seen, as `operation status`. */
class Judged {
  readonly seen = new Set<string>();
  readonly proxy = createProxy(CONFIG, createMemoryStore());
  nowMs = 1_704_067_200_000;

  call(method: string, path: string, body?: unknown, more: Record<string, string> = {}) {
    const headers = new Map(Object.entries({ authorization: "Bearer tok-a", "x-device-id": "d1", ...more }));
    const text = body === undefined ? undefined : typeof body === "string" ? body : JSON.stringify(body);
    const request = readHttp({ method, path, headers, body: text }, CONFIG.limits.bodyBytesMax);
    const told = writeHttp(this.proxy.answer(request, ++this.nowMs));
    return this.judge(method, path, told);
  }

  webhook(id: string, body: unknown) {
    const told = writeHttp(this.proxy.webhook({ id, body }, ++this.nowMs));
    return this.judge("POST", "/api/webhooks/zeke", told);
  }

  private judge(method: string, path: string, told: ReturnType<typeof writeHttp>) {
    const body: unknown = told.body === undefined ? undefined : JSON.parse(told.body);
    checkAnswer(method, path, told.status, told.headers, body);
    this.seen.add(
      `${method} ${path.split("?", 1)[0]?.replace(/(contacts|tasks|lists)\/.*/, "$1/{id}")} ${told.status}`,
    );
    return { status: told.status, body: body as { meta: { revisionId: string }; currentRevision: string } };
  }
}

const FIELDS = {
  contacts: { name: "x" },
  tasks: { title: "x" },
  lists: { name: "x", items: [{ id: "1", text: "a", done: null }] },
};

test("the reference engine answers as the document says, whatever the document has", () => {
  const judged = new Judged();
  for (const [collection, fields] of Object.entries(FIELDS)) driveRecords(judged, collection, fields);
  driveSync(judged);
  drivePush(judged);
  judged.webhook("m1", {
    account: A,
    entity: "contact",
    action: "created",
    id: "w1",
    version: 1,
    data: { name: "x" },
  });
  judged.webhook("m1", {
    account: A,
    entity: "contact",
    action: "created",
    id: "w1",
    version: 1,
    data: { name: "x" },
  });
  judged.webhook("m2", { account: A, entity: "contact", action: "deleted", id: "w1", version: 2 });
  judged.webhook("m3", { account: A, entity: "contact" });
  judged.webhook("m4", { account: "nobody" });

  const { paths } = openapiDocument() as { paths: Record<string, Record<string, { responses: object }>> };
  const documented = CALLS.flatMap(({ method, path }) =>
    Object.keys(paths[path]?.[method]?.responses ?? {}).map(
      (status) => `${method.toUpperCase()} ${path} ${status}`,
    ),
  );
  // What the engine alone cannot be brought to: the border's own work, and calls whose bodies nobody looks at.
  const beyond = /(101|428|429|503)$|sync\/events|webhooks\/zeke (401|413)$|(GET|DELETE) \S+ 400$/;
  expect(documented.filter((told) => !judged.seen.has(told) && !beyond.test(told))).toEqual([]);
  expect([...judged.seen].filter((told) => / 404$/.test(told)).length).toBeGreaterThan(8);
});

function driveRecords(judged: Judged, collection: string, fields: object): void {
  const path = `/api/${collection}`;
  const key = (name: string) => ({ "idempotency-key": `${collection}-${name}` });
  const { body } = judged.call("POST", path, { ...fields, id: "a" }, key("make"));
  judged.call("POST", path, { ...fields, id: "a" }, key("make"));
  judged.call("POST", path, { ...fields, id: "z" }, key("make"));
  judged.call("PATCH", `${path}/a`, { notes: "other" }, key("make"));
  judged.call("DELETE", `${path}/a`, undefined, key("make"));
  judged.call("POST", path, { ...fields, id: "a" });
  judged.call("POST", path, "{");
  judged.call("POST", path, fields);
  judged.call("GET", path);
  judged.call("GET", `${path}?limit=1`);
  judged.call("GET", `${path}?limit=0`);
  judged.call("GET", `${path}/a`);
  judged.call("GET", `${path}/a`, undefined, { "if-none-match": `"${body.meta.revisionId}"` });
  judged.call("GET", `${path}/none`);
  const stale = { "if-match": body.meta.revisionId };
  judged.call(
    "PATCH",
    `${path}/a`,
    { notes: "b" },
    { ...stale, "x-mutation-timestamp": String(judged.nowMs) },
  );
  judged.call("PATCH", `${path}/a`, { notes: "c" }, { ...stale, "x-mutation-timestamp": "1" });
  judged.call("PATCH", `${path}/a`, { notes: 1, items: 1 });
  judged.call("PATCH", `${path}/a`, { notes: "d" }, { "if-match": "yesterday" });
  judged.call("PATCH", `${path}/none`, {});
  judged.call("DELETE", `${path}/a`, undefined, stale);
  judged.call("DELETE", `${path}/a`, undefined, { "x-device-id": "my phone" });
  judged.call("DELETE", `${path}/none`);
  judged.call("DELETE", `${path}/a`);
  judged.call("PATCH", `${path}/a`, { notes: "e" }, stale);
  for (const [method, at] of [
    ["GET", path],
    ["GET", `${path}/a`],
    ["POST", path],
    ["PATCH", `${path}/a`],
    ["DELETE", `${path}/a`],
  ] as const) {
    judged.call(method, at, fields, { authorization: "Bearer no" });
    judged.call(method, at, "x".repeat(5_000));
  }
}

function driveSync(judged: Judged): void {
  judged.call("GET", "/api/sync/capabilities");
  const { body } = judged.call("GET", "/api/sync/changes");
  judged.call("POST", "/api/contacts", { name: "new" });
  judged.call("GET", `/api/sync/changes?since=${body.currentRevision}&entities=contacts,lists&limit=5`);
  judged.call("GET", "/api/sync/changes?since=rev_1000000000_000001");
  judged.call("GET", "/api/sync/changes?since=yesterday");
  judged.call("GET", "/api/sync/events");
  const create = {
    id: "k1",
    timestamp: 1,
    entity: "task",
    operation: "create",
    payload: { id: "t1", title: "x" },
  };
  const update = {
    id: "k2",
    entity: "task",
    operation: "update",
    recordId: "k1",
    payload: { done: true },
    ifMatchMutation: "k1",
  };
  judged.call("POST", "/api/sync/batch", { mutations: [create, update, { id: "k3" }] });
  judged.call("POST", "/api/sync/batch", {
    mutations: [create, { ...update, id: "k4", ifMatchMutation: "k9" }, { ...create, id: "k5" }],
  });
  judged.call("POST", "/api/sync/batch", { mutations: [1, 2, 3, 4] });
  judged.call("POST", "/api/sync/batch", { mutations: 1 });
  for (const [method, name] of [
    ["GET", "capabilities"],
    ["GET", "changes"],
    ["GET", "events"],
    ["POST", "batch"],
  ] as const) {
    judged.call(method, `/api/sync/${name}`, {}, { authorization: "" });
    judged.call(method, `/api/sync/${name}`, "x".repeat(5_000));
  }
}

function drivePush(judged: Judged): void {
  judged.call("PUT", "/api/push/topics", { topics: ["task"] });
  judged.call("POST", "/api/push/register", { token: "t", platform: "ios", topics: ["contact"] });
  judged.call("PUT", "/api/push/topics", { topics: ["task"] });
  judged.call("DELETE", "/api/push/register");
  for (const [method, name] of [
    ["POST", "register"],
    ["DELETE", "register"],
    ["PUT", "topics"],
  ] as const) {
    judged.call(method, `/api/push/${name}`, {}, { "x-device-id": "my phone" });
    judged.call(method, `/api/push/${name}`, {}, { authorization: "Basic x" });
    judged.call(method, `/api/push/${name}`, "x".repeat(5_000));
  }
}
