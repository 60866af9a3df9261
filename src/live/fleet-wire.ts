/**
 * Owns the fleet's words on the wire: a device's request as HTTP, its subscription as an upgrade, and what came back as
 * the answers and frames that a device takes.
 * Refuses to judge: what is no JSON goes on as text, what is no frame of this protocol goes on as it is, or nowhere.
 */

import { assert, assertNever } from "../base/assert.ts";
import { recordPath } from "../conformance/actor.ts";
import type { HttpRequest, SocketRequest } from "../conformance/target.ts";
import { COLLECTION_OF } from "../protocol/entity.ts";
import type { Answer, Call, EventSubscription, Frame, Request } from "../protocol/request.ts";

/** Header names in lower case; several of one name as undici has them. */
export type GotHeaders = { readonly [name: string]: string | string[] | undefined };

/** A device's request as it goes over the wire. */
export function wireOf(message: Request): HttpRequest {
  const { call, token, deviceId, idempotencyKey, ifMatch, timestamp } = message;
  const { method, path, body, ifNoneMatch } = lineOf(call);
  const text = body === undefined ? undefined : JSON.stringify(body);
  const headers = {
    ...(token === undefined ? undefined : { authorization: `Bearer ${token}` }),
    ...(deviceId === undefined ? undefined : { "x-device-id": deviceId }),
    ...(idempotencyKey === undefined ? undefined : { "idempotency-key": idempotencyKey }),
    ...(ifMatch === undefined ? undefined : { "if-match": ifMatch }),
    ...(timestamp === undefined ? undefined : { "x-mutation-timestamp": String(timestamp) }),
    ...(ifNoneMatch === undefined ? undefined : { "if-none-match": ifNoneMatch }),
    ...(text === undefined ? undefined : { "content-type": "application/json" }),
  };
  return { method, path, headers, ...(text === undefined ? undefined : { body: text }) };
}

/** A device's subscription as an upgrade. */
export function upgradeOf({ token, deviceId, lastRevisionId, entities }: EventSubscription): SocketRequest {
  return {
    path: withQuery("/api/sync/events", { lastRevisionId, entities: entities?.join(",") }),
    headers: {
      ...(token === undefined ? undefined : { authorization: `Bearer ${token}` }),
      ...(deviceId === undefined ? undefined : { "x-device-id": deviceId }),
    },
  };
}

/** An answer as a device takes it; `body` is what JSON it is, or its text where it is none. */
export function answerOf(status: number, headers: GotHeaders, body: unknown): Answer {
  const one = (name: string): string | undefined => {
    const value = headers[name];
    return Array.isArray(value) ? value[0] : value;
  };
  const etag = one("etag");
  const location = one("location");
  const retryAfterSeconds = secondsOf(one("retry-after"));
  const dateMs = dateMsOf(one("date"));
  return {
    status,
    headers: {
      ...(etag === undefined ? undefined : { etag }),
      ...(location === undefined ? undefined : { location }),
      ...(retryAfterSeconds === undefined ? undefined : { retryAfterSeconds }),
      ...(one("idempotency-replayed") === "true" ? { replayed: true } : undefined),
      ...(Number.isNaN(dateMs) ? undefined : { dateMs }),
    },
    body,
  };
}

let dateRead = "";
let dateReadMs = Number.NaN;

/** A server's date changes once a second: thousands of answers have the same. */
function dateMsOf(text: string | undefined): number {
  if (text === undefined) return Number.NaN;
  if (text !== dateRead) {
    dateReadMs = Date.parse(text);
    dateRead = text;
  }
  return dateReadMs;
}

/** JSON of a body; its text where it is none, and null without one. */
export function bodyOf(text: string): unknown {
  if (text === "") return null;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}

/**
 * The frame that a text is, as far as anybody rests on it; what is bent is undefined. Frames and entities of a later
 * protocol pass as they are [EVT-18].
 */
function frameOf(text: string): Frame | undefined {
  const json = bodyOf(text);
  if (typeof json !== "object" || json === null || Array.isArray(json)) return undefined;
  const { type, revisionId, entity, id, action, payload } = json as { readonly [member: string]: unknown };
  if (typeof type !== "string" || typeof revisionId !== "string") return undefined;
  if (type !== "sync_event") return json as Frame;
  const isEvent =
    typeof entity === "string" &&
    typeof id === "string" &&
    typeof action === "string" &&
    typeof payload === "object" &&
    !Array.isArray(payload);
  return isEvent ? (json as Frame) : undefined;
}

const FRAMES_KEPT_MAX = 512;

/** One text reaches many sockets: it is read once. */
export class FrameReader {
  private readonly read = new Map<string, Frame | undefined>();

  frame(text: string): Frame | undefined {
    if (this.read.has(text)) return this.read.get(text);
    const frame = frameOf(text);
    if (this.read.size >= FRAMES_KEPT_MAX) this.read.clear();
    this.read.set(text, frame);
    return frame;
  }
}

const PAGES_KEPT_MAX = 64;
const RECORDS_KEPT_MAX = 100_000;
const SHARING_FROM = 8;

/**
 * Reads bodies of pages: the same page once. Where thousands of devices keep the same record it is one for all of them;
 * where few do, finding it again costs more than having it twice.
 */
export class PageReader {
  private readonly sharesRecords: boolean;
  private readonly pages = new Map<string, unknown>();
  private readonly records = new Map<string, unknown>();

  constructor(devicesPerAccount: number) {
    this.sharesRecords = devicesPerAccount > SHARING_FROM;
  }

  body(text: string): unknown {
    if (this.pages.has(text)) return this.pages.get(text);
    const body = this.sharesRecords ? this.shared(bodyOf(text)) : bodyOf(text);
    if (this.pages.size >= PAGES_KEPT_MAX) this.pages.clear();
    this.pages.set(text, body);
    return body;
  }

  private shared(body: unknown): unknown {
    if (typeof body !== "object" || body === null || Array.isArray(body)) return body;
    const { data, changes } = body as { readonly data?: unknown; readonly changes?: unknown };
    if (Array.isArray(data)) return { ...body, data: data.map((record) => this.same(record)) };
    if (Array.isArray(changes)) return { ...body, changes: changes.map((change) => this.same(change)) };
    return body;
  }

  private same(value: unknown): unknown {
    const key = JSON.stringify(value);
    const known = this.records.get(key);
    if (known !== undefined) return known;
    if (this.records.size >= RECORDS_KEPT_MAX) this.records.clear();
    this.records.set(key, value);
    return value;
  }
}

function secondsOf(retryAfter: string | undefined): number | undefined {
  if (retryAfter === undefined) return undefined;
  if (/^\d+$/.test(retryAfter)) return Number(retryAfter);
  const atMs = Date.parse(retryAfter);
  return Number.isNaN(atMs) ? undefined : Math.max(0, Math.ceil((atMs - Date.now()) / 1_000));
}

interface Line {
  readonly method: string;
  readonly path: string;
  readonly body?: unknown;
  readonly ifNoneMatch?: string | undefined;
}

function lineOf(call: Call): Line {
  switch (call.call) {
    case "list": {
      const { collection, limit, cursor } = call;
      return { method: "GET", path: withQuery(`/api/${collection}`, { limit, cursor }) };
    }
    case "read":
      return { method: "GET", path: recordPath(call.entity, call.id), ifNoneMatch: call.ifNoneMatch };
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
      return assert(false, "no device makes an unreadable call") as never;
    default:
      return assertNever(call);
  }
}

function withQuery(path: string, members: { readonly [name: string]: string | number | undefined }): string {
  let query = "";
  for (const name in members) {
    const value = members[name];
    if (value !== undefined)
      query += `${query === "" ? "?" : "&"}${name}=${typeof value === "number" ? value : encodeURIComponent(value)}`;
  }
  return path + query;
}
