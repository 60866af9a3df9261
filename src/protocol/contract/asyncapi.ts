/**
 * Owns the AsyncAPI 3.0 document: what the proxy sends without being asked, over the event socket and by push.
 * Refuses to know the frames' shapes by itself: they stand in shapes.ts.
 */

import type { JsonObject } from "../../base/canonical-json.ts";
import { PROTOCOL_VERSION } from "../messages.ts";
import { CLOSE } from "../request.ts";
import { PARAMETERS, type ParameterName } from "./parts.ts";
import { reachableSchemas } from "./reach.ts";
import { withRules } from "./rule-list.ts";
import { schemaRef } from "./schemas.ts";

/** The document, the same at every call, its members always in the same order. */
export function asyncapiDocument(): JsonObject {
  const messages = messagesOf();
  const query = queryOf(["lastRevisionId", "entities", "deviceIdQuery"]);
  const headers = queryOf(["deviceId"]);
  return {
    asyncapi: "3.0.0",
    info: {
      title: "ZEKE sync protocol: events and pushes",
      version: PROTOCOL_VERSION,
      description: `Version ${PROTOCOL_VERSION}. Names in brackets are rules of docs/protocol.md. The calls are in openapi.json.`,
      license: { name: "MIT" },
    },
    defaultContentType: "application/json",
    servers: SERVERS,
    channels: {
      events: {
        address: "/api/sync/events",
        title: "Events",
        description: EVENTS_DESCRIPTION,
        servers: [{ $ref: "#/servers/proxy" }],
        messages: refsTo("messages", EVENT_MESSAGES),
        bindings: { ws: { method: "GET", query, headers, bindingVersion: "0.1.0" } },
        "x-close-codes": CLOSE_CODES,
      },
      pushes: {
        address: "/send",
        title: "Pushes",
        description: withRules("Silent messages, at most 100 a call [PSH-10].", ["PSH"], ["P", "D"]),
        servers: [{ $ref: "#/servers/expo" }],
        messages: refsTo("messages", ["pushMessage"]),
      },
    },
    operations: {
      sendEvents: operation("events", EVENT_MESSAGES, "The proxy sends events to a device [EVT-1]."),
      sendPush: operation("pushes", ["pushMessage"], "The proxy wakes a device [PSH-1]."),
    },
    components: {
      schemas: reachableSchemas({ messages, query, headers }),
      messages,
      securitySchemes: {
        bearer: { type: "http", scheme: "bearer", description: "One token belongs to one account [SEC-1]." },
      },
    },
  };
}

const SERVERS: JsonObject = {
  proxy: {
    host: "{host}",
    protocol: "wss",
    description: "Wherever the proxy is mounted.",
    variables: { host: { default: "127.0.0.1:8080", description: "Host and port of the proxy." } },
    security: [{ $ref: "#/components/securitySchemes/bearer" }],
  },
  expo: {
    host: "exp.host",
    pathname: "/--/api/v2/push",
    protocol: "https",
    description: "Expo's push service, on the way to a device.",
  },
};

const EVENT_MESSAGES = ["syncEvent", "ready", "resyncRequired", "checkpoint"] as const;
type MessageName = (typeof EVENT_MESSAGES)[number] | "pushMessage";

/** Name on the wire, shape, and what it tells. */
const MESSAGES: Readonly<Record<MessageName, readonly [type: string, shape: string, summary: string]>> = {
  syncEvent: ["sync_event", "SyncEvent", "A record was created, updated or deleted [EVT-1, EVT-2, EVT-3]."],
  ready: ["ready", "Ready", "The replay is over, and the socket live [EVT-5, EVT-6, EVT-9]."],
  resyncRequired: [
    "resync_required",
    "ResyncRequired",
    "Sync by delta, or in full; then `ready` [EVT-8, EVT-15].",
  ],
  checkpoint: ["checkpoint", "Checkpoint", "The head moved, and nothing of it is for this socket [EVT-17]."],
  pushMessage: ["sync_trigger", "PushMessage", "Something changed: sync by delta [PSH-1, PSH-4, PSH-8]."],
};

function messagesOf(): JsonObject {
  return Object.fromEntries(
    Object.entries(MESSAGES).map(([id, [name, shape, summary]]) => [
      id,
      { name, title: shape, summary, payload: schemaRef(shape) },
    ]),
  );
}

/** Code, in the order of numbers, and when the proxy closes with it. */
const CLOSE_CODES: JsonObject = {
  [CLOSE.normal]: "The client is done.",
  [CLOSE.goingAway]: "The proxy stops; come back, with back-off [EVT-19].",
  [CLOSE.badFrame]: "What the client sent was no JSON text, or too much of it [EVT-13].",
  1009: "A frame of the client was over 64 KiB [EVT-13].",
  [CLOSE.overloaded]: "The client reads too slowly. What it got is a prefix without gaps [EVT-10].",
  [CLOSE.unauthorized]: "The token has expired, or was revoked [SEC-5].",
};

const EVENTS_DESCRIPTION = withRules(
  `Frames are JSON text; a receiver ignores members and frame types that it does not know [EVT-18]. The client sends \
nothing that means anything: a frame that is not JSON or is over 64 KiB closes its socket, other JSON is ignored \
[EVT-13]. The proxy pings at least every 30 s [EVT-11]. An upgrade without a known token is answered 401 [SEC-1]. \
Close codes: ${Object.entries(CLOSE_CODES)
    .map(([code, says]) => `${code}: ${says}`)
    .join(" ")}`,
  ["EVT"],
  ["P", "D"],
);

function operation(channel: string, names: readonly MessageName[], summary: string): JsonObject {
  return {
    action: "send",
    channel: { $ref: `#/channels/${channel}` },
    summary,
    messages: names.map((name) => ({ $ref: `#/channels/${channel}/messages/${name}` })),
  };
}

function refsTo(kind: string, names: readonly string[]): JsonObject {
  return Object.fromEntries(names.map((name) => [name, { $ref: `#/components/${kind}/${name}` }]));
}

/** The same parameters as the upgrade has in OpenAPI, as the binding wants them: members of an object. */
function queryOf(names: readonly ParameterName[]): JsonObject {
  const properties = names.map((name) => {
    const {
      name: onWire,
      description,
      schema,
    } = PARAMETERS[name] as unknown as {
      readonly name: string;
      readonly description: string;
      readonly schema: JsonObject;
    };
    return [
      onWire,
      "$ref" in schema ? { allOf: [schema], description } : { ...schema, description },
    ] as const;
  });
  return { type: "object", properties: Object.fromEntries(properties) };
}
