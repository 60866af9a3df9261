/**
 * Owns calls as a client puts them on the wire, and answers as it reads them back.
 * Refuses to share a line with the border that it tests: what the server reads, this wrote by the document alone.
 */

import { createHmac } from "node:crypto";
import { assert, assertNever } from "../base/assert.ts";
import { COLLECTION_OF, type Entity } from "../protocol/entity.ts";
import type { Answer, AnswerHeaders, Call, EventSubscription } from "../protocol/request.ts";
import type { Headers } from "../proxy/desk.fixture.ts";
import type { HttpAnswer } from "../proxy/http-answer.ts";

/** A request line, headers with names in lower case, and the body as text. */
export interface WireCall {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | undefined;
}

export function encodeCall(call: Call, headers: Headers): WireCall {
  const { method, path, body, more } = lineOf(call);
  const { token, deviceId, idempotencyKey, ifMatch, timestamp } = headers;
  return {
    method,
    path,
    headers: present({
      authorization: token === undefined ? undefined : `Bearer ${token}`,
      "x-device-id": deviceId,
      "idempotency-key": idempotencyKey,
      "if-match": ifMatch,
      "x-mutation-timestamp": timestamp === undefined ? undefined : String(timestamp),
      ...more,
    }),
    body: body === undefined ? undefined : JSON.stringify(body),
  };
}

/** The target of an upgrade, and its headers. */
export function encodeUpgrade(subscription: EventSubscription): Pick<WireCall, "path" | "headers"> {
  const { token, deviceId, lastRevisionId, entities } = subscription;
  return {
    path: withQuery("/api/sync/events", { lastRevisionId, entities: entities?.join(",") }),
    headers: present({
      authorization: token === undefined ? undefined : `Bearer ${token}`,
      "x-device-id": deviceId,
    }),
  };
}

const WEBHOOK_BYTES = Buffer.from("the secret of these tests alone");
export const WEBHOOK_SECRET = `whsec_${WEBHOOK_BYTES.toString("base64")}`;

/** A delivery of the backend, signed by the secret of the tests as Standard Webhooks has it. */
export function encodeDelivery(
  body: unknown,
  id: string,
  nowMs: number,
): { readonly path: string; readonly headers: Readonly<Record<string, string>>; readonly text: string } {
  const text = JSON.stringify(body);
  const timestamp = String(Math.floor(nowMs / 1_000));
  const signature = createHmac("sha256", WEBHOOK_BYTES).update(`${id}.${timestamp}.${text}`).digest("base64");
  return {
    path: "/api/webhooks/zeke",
    headers: {
      "webhook-id": id,
      "webhook-timestamp": timestamp,
      "webhook-signature": `v1,${signature}`,
    },
    text,
  };
}

export function decodeAnswer({ status, headers, body }: HttpAnswer): Answer {
  const { etag, location, date } = headers;
  const retryAfter = headers["retry-after"];
  const replayed = headers["idempotency-replayed"];
  assert(replayed === undefined || replayed === "true", `Idempotency-Replayed: ${replayed}`);
  const told: AnswerHeaders = {
    ...(etag === undefined ? undefined : { etag }),
    ...(location === undefined ? undefined : { location }),
    ...(retryAfter === undefined ? undefined : { retryAfterSeconds: Number(retryAfter) }),
    ...(replayed === undefined ? undefined : { replayed: true }),
    ...(date === undefined ? undefined : { dateMs: Date.parse(date) }),
  };
  return { status, headers: told, body: body === undefined ? null : JSON.parse(body) };
}

interface Line {
  readonly method: string;
  readonly path: string;
  readonly body?: unknown;
  readonly more?: Readonly<Record<string, string | undefined>>;
}

function lineOf(call: Call): Line {
  switch (call.call) {
    case "list":
      return {
        method: "GET",
        path: withQuery(`/api/${call.collection}`, { limit: call.limit, cursor: call.cursor }),
      };
    case "read":
      return {
        method: "GET",
        path: recordPath(call.entity, call.id),
        more: { "if-none-match": call.ifNoneMatch },
      };
    case "create":
      return { method: "POST", path: `/api/${COLLECTION_OF[call.entity]}`, body: call.body };
    case "update":
      return { method: "PATCH", path: recordPath(call.entity, call.id), body: call.body };
    case "delete":
      return { method: "DELETE", path: recordPath(call.entity, call.id) };
    case "changes": {
      const { since, entities, limit, cursor } = call;
      const query = { since, entities: entities?.join(","), limit, cursor };
      return { method: "GET", path: withQuery("/api/sync/changes", query) };
    }
    case "batch":
      return { method: "POST", path: "/api/sync/batch", body: call.body };
    case "capabilities":
      return { method: "GET", path: "/api/sync/capabilities" };
    case "push_register":
      return { method: "POST", path: "/api/push/register", body: call.body };
    case "push_topics":
      return { method: "PUT", path: "/api/push/topics", body: call.body };
    case "push_unregister":
      return { method: "DELETE", path: "/api/push/register" };
    case "unreadable":
      throw new Error("no client makes an unreadable call on purpose");
    default:
      return assertNever(call);
  }
}

function recordPath(entity: Entity, id: string): string {
  return `/api/${COLLECTION_OF[entity]}/${encodeURIComponent(id)}`;
}

function withQuery(path: string, members: Readonly<Record<string, string | number | undefined>>): string {
  const query = Object.entries(members)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name}=${encodeURIComponent(String(value))}`);
  return query.length === 0 ? path : `${path}?${query.join("&")}`;
}

function present(members: Readonly<Record<string, string | undefined>>): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(members).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
}
