/** Shows that the judging of answers and frames can fail, for each thing that it looks at. */

import { describe, expect, test } from "vitest";
import { checkAnswer, checkFrame } from "./validate.fixture.ts";

const REVISION = "rev_1704067200_00abc1";
const meta = { revisionId: REVISION, updatedAt: "2024-01-01T00:00:00.000Z" };
const contact = { id: "c1", ...meta, name: "Jane" };
const JSON_TYPE = { "content-type": "application/json; charset=utf-8" };
const refusal = (error: string) => ({ error, message: "no" });
const conflict = { ...refusal("conflict"), currentRevision: REVISION, serverData: contact, clientData: {} };

type Told = readonly [
  method: string,
  path: string,
  status: number,
  headers: Record<string, string>,
  body: unknown,
];
const read: Told = ["GET", "/api/contacts/c1", 200, JSON_TYPE, { data: contact, meta }];
const created = { ...JSON_TYPE, location: "/api/contacts/c1", etag: `"${REVISION}"` };

describe("checkAnswer", () => {
  test.each<Told>([
    read,
    [
      "GET",
      "/api/contacts?limit=2&cursor=x",
      200,
      JSON_TYPE,
      { data: [contact], meta: { ...meta, hasMore: false } },
    ],
    ["GET", "/api/contacts/c1", 304, { ETag: `"${REVISION}"` }, undefined],
    ["POST", "/api/contacts", 201, created, { data: contact, meta }],
    ["PATCH", "/api/contacts/c1", 409, JSON_TYPE, conflict],
    ["PATCH", "/api/contacts/c1", 409, { ...JSON_TYPE, "retry-after": "1" }, refusal("in_flight")],
    ["DELETE", "/api/contacts/c1", 200, JSON_TYPE, { data: null, meta }],
    ["GET", "/api/tasks", 429, { ...JSON_TYPE, "retry-after": "3" }, refusal("rate_limited")],
    ["GET", "/api/nothing", 404, JSON_TYPE, refusal("not_found")],
    ["PUT", "/api/contacts/c1", 404, JSON_TYPE, refusal("not_found")],
    ["GET", "/api/nothing", 401, JSON_TYPE, refusal("unauthorized")],
    ["GET", "/api/contacts", 431, JSON_TYPE, refusal("invalid_request")],
  ])("takes %s %s %d", (...told) => checkAnswer(...told));

  test.each<[what: string, says: RegExp, ...told: Told]>([
    [
      "a field of the wrong type",
      /body\/data\/name must be string/,
      "GET",
      "/api/contacts/c1",
      200,
      JSON_TYPE,
      { data: { ...contact, name: 1 }, meta },
    ],
    [
      "a record of another entity",
      /must have required property 'title'/,
      "GET",
      "/api/tasks/c1",
      200,
      JSON_TYPE,
      { data: contact, meta },
    ],
    ["no meta", /required property 'meta'/, "GET", "/api/contacts/c1", 200, JSON_TYPE, { data: contact }],
    [
      "a revision that is none",
      /body\/meta\/revisionId must match pattern/,
      "GET",
      "/api/contacts",
      200,
      JSON_TYPE,
      { data: [], meta: { ...meta, revisionId: "rev_1" } },
    ],
    [
      "an unknown status",
      /answered 418: openapi.json knows 200, 304/,
      "GET",
      "/api/contacts/c1",
      418,
      JSON_TYPE,
      refusal("invalid_request"),
    ],
    [
      "a status of another call",
      /answered 428/,
      "POST",
      "/api/contacts",
      428,
      JSON_TYPE,
      refusal("precondition_required"),
    ],
    [
      "a code of another status",
      /body\/error must be equal/,
      "GET",
      "/api/contacts",
      400,
      JSON_TYPE,
      refusal("not_found"),
    ],
    [
      "a code that is none",
      /must be equal to one of the allowed values/,
      "GET",
      "/api/contacts",
      400,
      JSON_TYPE,
      refusal("oops"),
    ],
    [
      "a conflict without both versions",
      /serverData/,
      "PATCH",
      "/api/contacts/c1",
      409,
      JSON_TYPE,
      refusal("conflict"),
    ],
    [
      "410 without the floor",
      /floorRevision/,
      "GET",
      "/api/sync/changes?since=x",
      410,
      JSON_TYPE,
      { ...refusal("revision_expired"), currentRevision: REVISION },
    ],
    [
      "201 without Location",
      /header Location is missing/,
      "POST",
      "/api/contacts",
      201,
      JSON_TYPE,
      { data: contact, meta },
    ],
    [
      "a tag without quotes",
      /header ETag: body must match pattern/,
      "GET",
      "/api/contacts/c1",
      200,
      { ...JSON_TYPE, etag: REVISION },
      { data: contact, meta },
    ],
    [
      "[API-7] 503 without Retry-After",
      /header Retry-After is missing/,
      "GET",
      "/api/tasks",
      503,
      JSON_TYPE,
      refusal("unavailable"),
    ],
    [
      "a Retry-After of half a second",
      /header Retry-After: body must be integer/,
      "GET",
      "/api/tasks",
      503,
      { ...JSON_TYPE, "retry-after": "0.5" },
      refusal("unavailable"),
    ],
    [
      "[IDM-2] in_flight without Retry-After",
      /header Retry-After is missing/,
      "POST",
      "/api/tasks",
      409,
      JSON_TYPE,
      refusal("in_flight"),
    ],
    [
      "HTML",
      /content-type must be application\/json, not text\/html/,
      "GET",
      "/api/tasks",
      401,
      { "content-type": "text/html" },
      refusal("unauthorized"),
    ],
    ["no body", /body must be object/, "GET", "/api/tasks", 401, JSON_TYPE, undefined],
    [
      "a body where there is none",
      /there must be no body/,
      "GET",
      "/api/contacts/c1",
      304,
      {},
      refusal("not_found"),
    ],
    [
      "success of an unknown call",
      /knows no such call/,
      "GET",
      "/api/notes",
      200,
      JSON_TYPE,
      { data: [], meta },
    ],
    [
      "success of a wrong method",
      /knows no such call/,
      "PUT",
      "/api/contacts/c1",
      200,
      JSON_TYPE,
      { data: contact, meta },
    ],
    ["500 of an unknown call", /knows no such call/, "GET", "/x", 500, JSON_TYPE, refusal("unavailable")],
    [
      "a strange code of an unknown call",
      /body\/error must be not_found/,
      "GET",
      "/x",
      404,
      JSON_TYPE,
      refusal("conflict"),
    ],
  ])("refuses %s", (_, says, ...told) => expect(() => checkAnswer(...told)).toThrow(says));

  test("takes headers as a map too", () => {
    const [method, path, status, headers, body] = read;
    checkAnswer(method, path, status, new Map(Object.entries(headers)), body);
    expect(() => checkAnswer(method, path, status, new Map(), body)).toThrow(/content-type/);
  });
});

describe("checkFrame", () => {
  const event = { type: "sync_event", entity: "contact", action: "created", id: "c1", revisionId: REVISION };
  test("takes the four frames", () => {
    checkFrame({ ...event, payload: contact, origin: { deviceId: "d" } });
    checkFrame({ type: "ready", revisionId: REVISION });
    checkFrame({
      type: "resync_required",
      reason: "revision_expired",
      revisionId: REVISION,
      floorRevision: REVISION,
    });
    checkFrame({ type: "checkpoint", revisionId: REVISION });
  });

  test.each<[RegExp, unknown]>([
    [/payload/, event],
    [/payload must be null/, { ...event, action: "deleted", payload: contact }],
    [/must have required property 'title'/, { ...event, entity: "task", payload: contact }],
    [/body\/revisionId must match pattern/, { type: "ready", revisionId: "rev_7" }],
    [/a frame of type "pong"/, { type: "pong" }],
    [/a frame of type "sync_trigger"/, { type: "sync_trigger", entity: "task", revisionId: REVISION }],
    [/a frame of type undefined/, null],
  ])("says %s", (says, frame) => expect(() => checkFrame(frame)).toThrow(says));
});
