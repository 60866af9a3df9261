/**
 * Owns the calls of sections 3 to 10 as data: where they are, what they take, how they are answered, and by which rules.
 * Refuses to know how a document writes them down.
 */

import { COLLECTION_OF, ENTITIES, type Entity, STRATEGY_OF } from "../entity.ts";
import type { RuleId } from "../rules/registry.ts";
import type { HeaderName, ParameterName, RefusalName } from "./parts.ts";
import { nameOf } from "./shapes.ts";

type Method = "get" | "post" | "put" | "patch" | "delete";

/** How a call is answered when it is not refused. */
interface GoodAnswer {
  readonly status: 101 | 200 | 201 | 304;
  readonly description: string;
  /** A name of `SHAPES`; absent: no body. */
  readonly shape?: string;
  readonly headers?: readonly HeaderName[];
}

export interface CallSpec {
  readonly method: Method;
  readonly path: string;
  readonly operationId: string;
  readonly tag: "records" | "sync" | "push" | "webhooks";
  readonly summary: string;
  readonly rules: readonly RuleId[];
  readonly parameters: readonly ParameterName[];
  /** A name of `SHAPES`; absent: no body. */
  readonly body?: string;
  readonly answers: readonly GoodAnswer[];
  /** Beside those of `EVERY_CALL`. */
  readonly refusals: readonly RefusalName[];
  /** Signed, and without a token. */
  readonly signed?: true;
}

/** What any call may be answered with; a body that no call takes is still measured [API-3]. */
export const EVERY_CALL: readonly RefusalName[] = [
  "InvalidRequest",
  "Unauthorized",
  "PayloadTooLarge",
  "RateLimited",
  "Unavailable",
];

const MUTATION: readonly ParameterName[] = ["idempotencyKey", "deviceId", "mutationTimestamp"];

const STALE: Readonly<Record<Entity, readonly RuleId[]>> = {
  contact: ["MRG-1"],
  task: ["MRG-2", "MRG-3", "MRG-4", "MRG-11"],
  list: ["MRG-5", "MRG-6", "MRG-7"],
};

function readingCalls(entity: Entity): readonly CallSpec[] {
  const name = nameOf(entity);
  const path = `/api/${COLLECTION_OF[entity]}`;
  return [
    {
      method: "get",
      path,
      operationId: `list${name}s`,
      tag: "records",
      summary: `All ${entity}s, or a page of them`,
      rules: ["API-1", "API-4", "API-6", "REV-3", "REV-4", "SEC-3"],
      parameters: ["limit", "cursor"],
      answers: [{ status: 200, description: "The records.", shape: `${name}Collection` }],
      refusals: [],
    },
    {
      method: "get",
      path: `${path}/{id}`,
      operationId: `read${name}`,
      tag: "records",
      summary: `One ${entity}`,
      rules: ["API-1", "API-8", "REV-4", "REV-10", "SEC-2"],
      parameters: ["id", "ifNoneMatch"],
      answers: [
        { status: 200, description: "The record.", shape: `${name}Answer`, headers: ["etag"] },
        { status: 304, description: "The caller has its current revision.", headers: ["etag"] },
      ],
      refusals: ["NotFound"],
    },
  ];
}

function createCall(entity: Entity): CallSpec {
  const name = nameOf(entity);
  return {
    method: "post",
    path: `/api/${COLLECTION_OF[entity]}`,
    operationId: `create${name}`,
    tag: "records",
    summary: `Make a ${entity}`,
    rules: ["API-1", "API-5", "CON-9", "CON-10", "IDM-1", "IDM-2", "IDM-5", "REV-5"],
    parameters: MUTATION,
    body: `${name}Create`,
    answers: [
      {
        status: 201,
        description: "Made.",
        shape: `${name}Answer`,
        headers: ["location", "etag", "replayed"],
      },
    ],
    refusals: ["AlreadyExists", "KeyReused"],
  };
}

/** What an update and a deletion have in common: both are of what is there, and may be stale. */
const CHANGE_REFUSALS: readonly RefusalName[] = [
  "InvalidRevision",
  "NotFound",
  "Conflict",
  "KeyReused",
  "PreconditionRequired",
];
const PRECONDITION: readonly RuleId[] = ["CON-6", "CON-7", "CON-10", "FLG-1", "FLG-2"];

function changeCalls(entity: Entity): readonly CallSpec[] {
  const name = nameOf(entity);
  const path = `/api/${COLLECTION_OF[entity]}/{id}`;
  const description = "Changed, or nothing was to change [REV-8].";
  return [
    {
      method: "patch",
      path,
      operationId: `update${name}`,
      tag: "records",
      summary: `Change a ${entity} (${STRATEGY_OF[entity]})`,
      rules: ["CON-1", "CON-2", "CON-8", "CON-12", ...PRECONDITION, ...STALE[entity], "REV-8"],
      parameters: ["id", "ifMatch", ...MUTATION],
      body: `${name}Patch`,
      answers: [{ status: 200, description, shape: `${name}Answer`, headers: ["etag", "replayed"] }],
      refusals: CHANGE_REFUSALS,
    },
    {
      method: "delete",
      path,
      operationId: `delete${name}`,
      tag: "records",
      summary: `Delete a ${entity}`,
      rules: ["API-1", "CON-4", ...PRECONDITION],
      parameters: ["id", "ifMatch", ...MUTATION],
      answers: [
        {
          status: 200,
          description: "Deleted, now or before.",
          shape: "NoData",
          headers: ["etag", "replayed"],
        },
      ],
      refusals: CHANGE_REFUSALS,
    },
  ];
}

const SYNC_CALLS: readonly CallSpec[] = [
  {
    method: "get",
    path: "/api/sync/capabilities",
    operationId: "readCapabilities",
    tag: "sync",
    summary: "What this proxy does, and its limits",
    rules: ["FLG-3", "FLG-4", "REV-4"],
    parameters: [],
    answers: [{ status: 200, description: "Modes and limits.", shape: "CapabilitiesAnswer" }],
    refusals: [],
  },
  {
    method: "get",
    path: "/api/sync/changes",
    operationId: "readChanges",
    tag: "sync",
    summary: "What changed since a revision, or the whole account",
    rules: [
      "DLT-1",
      "DLT-2",
      "DLT-3",
      "DLT-4",
      "DLT-5",
      "DLT-6",
      "DLT-7",
      "DLT-8",
      "DLT-9",
      "DLT-11",
      "DLT-12",
    ],
    parameters: ["since", "entities", "limit", "cursor"],
    answers: [{ status: 200, description: "A page of changes.", shape: "Changes" }],
    refusals: ["InvalidRevision", "RevisionExpired"],
  },
  {
    method: "post",
    path: "/api/sync/batch",
    operationId: "runBatch",
    tag: "sync",
    summary: "Many mutations at once, in order",
    rules: ["BAT-1", "BAT-2", "BAT-3", "BAT-4", "BAT-5", "BAT-6", "BAT-7", "BAT-8", "IDM-9"],
    parameters: ["deviceId"],
    body: "Batch",
    answers: [{ status: 200, description: "A result for each.", shape: "BatchResults" }],
    refusals: ["BatchTooLarge"],
  },
  {
    method: "get",
    path: "/api/sync/events",
    operationId: "openEvents",
    tag: "sync",
    summary: "Events, over a WebSocket: see asyncapi.json",
    rules: ["EVT-5", "EVT-8", "EVT-9", "SEC-1"],
    parameters: ["lastRevisionId", "entities", "deviceIdQuery", "deviceId"],
    answers: [{ status: 101, description: "The connection is a WebSocket now." }],
    refusals: [],
  },
];

const PUSH_CALLS: readonly CallSpec[] = [
  {
    method: "post",
    path: "/api/push/register",
    operationId: "registerPush",
    tag: "push",
    summary: "Be told of changes by push",
    rules: ["PSH-1", "PSH-2", "PSH-3", "PSH-6"],
    parameters: ["deviceIdRequired"],
    body: "PushRegistration",
    answers: [{ status: 201, description: "Registered, in place of what was before.", shape: "PushAnswer" }],
    refusals: [],
  },
  {
    method: "delete",
    path: "/api/push/register",
    operationId: "unregisterPush",
    tag: "push",
    summary: "Be told no more",
    rules: ["PSH-2"],
    parameters: ["deviceIdRequired"],
    answers: [{ status: 200, description: "Not registered, now or before.", shape: "PushAnswer" }],
    refusals: [],
  },
  {
    method: "put",
    path: "/api/push/topics",
    operationId: "setPushTopics",
    tag: "push",
    summary: "Choose the entities to be told of",
    rules: ["PSH-1", "PSH-2"],
    parameters: ["deviceIdRequired"],
    body: "PushTopics",
    answers: [{ status: 200, description: "Chosen.", shape: "PushAnswer" }],
    refusals: ["NotFound"],
  },
];

const WEBHOOK_CALLS: readonly CallSpec[] = [
  {
    method: "post",
    path: "/api/webhooks/zeke",
    operationId: "receiveWebhook",
    tag: "webhooks",
    summary: "A change from the ZEKE backend; served where a secret is set",
    rules: ["WHK-1", "WHK-2", "WHK-3", "WHK-4"],
    parameters: ["webhookId", "webhookTimestamp", "webhookSignature"],
    body: "Webhook",
    answers: [
      {
        status: 200,
        description: "Taken; or taken before, or overtaken, and without effect.",
        shape: "NoData",
        headers: ["replayed"],
      },
    ],
    refusals: ["BadSignature", "NotFound"],
    signed: true,
  },
];

/** Every call, in the order of docs/protocol.md. */
export const CALLS: readonly CallSpec[] = [
  ...ENTITIES.flatMap((entity) => [...readingCalls(entity), createCall(entity), ...changeCalls(entity)]),
  ...SYNC_CALLS,
  ...PUSH_CALLS,
  ...WEBHOOK_CALLS,
];
