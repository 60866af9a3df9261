/**
 * Owns the mapping between HTTP and the calls of the protocol, as pure functions over texts (section 3).
 * Refuses to know of servers and bytes. What cannot be read becomes an `unreadable` call, which the engine answers
 * after it has looked at the token [SEC-1].
 */

import { COLLECTION_OF, ENTITY_OF } from "../protocol/entity.ts";
import type { Call, EventSubscription, Request } from "../protocol/request.ts";
import { isDeeperThan, isLargerThan } from "./text-size.ts";

/** Headers as they are asked for: by a name in lower case. A map will do. */
export interface Headers {
  get(name: string): string | undefined;
}

/** One HTTP request. Header names are lower case. */
export interface HttpRequest {
  readonly method: string;
  /** As it stands in the request line: percent-encoded, with the query. */
  readonly path: string;
  readonly headers: Headers;
  /** undefined: there was none. */
  readonly body: string | undefined;
}

/** JSON deeper than this is refused: what walks through it must not run out of stack. */
export const JSON_DEPTH_MAX = 100;
const EVENTS_PATH = "/api/sync/events";

type Unreadable = Extract<Call, { readonly call: "unreadable" }>;

/** The call that an HTTP request makes, with the headers that the protocol knows. */
export function readHttp(http: HttpRequest, bodyBytesMax: number): Request {
  const { headers } = http;
  const token = bearerOf(headers.get("authorization"));
  const deviceId = headers.get("x-device-id");
  const idempotencyKey = headers.get("idempotency-key");
  const ifMatch = headers.get("if-match");
  const timestamp = headers.get("x-mutation-timestamp");
  return {
    call: readCall(http, bodyBytesMax),
    ...(token === undefined ? undefined : { token }),
    ...(deviceId === undefined ? undefined : { deviceId }),
    ...(idempotencyKey === undefined ? undefined : { idempotencyKey }),
    ...(ifMatch === undefined ? undefined : { ifMatch }),
    ...(timestamp === undefined ? undefined : { timestamp: readTimestamp(timestamp) }),
  };
}

/** The subscription of a WebSocket upgrade; undefined when its path is not that of the events. */
export function readUpgrade(
  http: Pick<HttpRequest, "path" | "headers">,
  eventsPath: string = EVENTS_PATH,
): EventSubscription | undefined {
  const { path, query } = splitPath(http.path);
  if (path !== eventsPath) return undefined;
  const token = bearerOf(http.headers.get("authorization"));
  const deviceId = http.headers.get("x-device-id") ?? query.get("deviceId") ?? undefined;
  const lastRevisionId = query.get("lastRevisionId") ?? undefined;
  const entities = readEntities(query);
  return {
    ...(token === undefined ? undefined : { token }),
    ...(deviceId === undefined ? undefined : { deviceId }),
    ...(lastRevisionId === undefined ? undefined : { lastRevisionId }),
    ...(entities === undefined ? undefined : { entities }),
  };
}

/** The token of `Authorization: Bearer`, whose scheme may be written in any case. */
function bearerOf(authorization: string | undefined): string | undefined {
  return authorization === undefined ? undefined : /^bearer +(\S+) *$/i.exec(authorization)?.[1];
}

function readCall(http: HttpRequest, bodyBytesMax: number): Call {
  const { path, query } = splitPath(http.path);
  if (!path.startsWith("/")) return NO_SUCH_CALL;
  const segments = decodeSegments(path);
  if (segments === undefined) return unreadable("invalid_request", "the path is not well encoded");
  const [api, area = "", name, ...rest] = segments;
  if (api !== "api" || rest.length > 0) return NO_SUCH_CALL;
  // [API-3] whatever the call: a body that is not looked at is not stored either, but it is not taken.
  if (http.body !== undefined && isLargerThan(http.body, bodyBytesMax)) {
    return unreadable("payload_too_large", `a body has at most ${bodyBytesMax} bytes`);
  }
  if (ENTITY_OF.has(area)) return readRecords(http, area, name, query);
  if (area === "sync" && name !== undefined) return readSync(http, name, query);
  if (area === "push" && name !== undefined) return readPush(http, name);
  return NO_SUCH_CALL;
}

function readRecords(http: HttpRequest, area: string, id: string | undefined, query: URLSearchParams): Call {
  const entity = ENTITY_OF.get(area);
  if (entity === undefined || id === "") return NO_SUCH_CALL;
  switch (http.method) {
    case "GET": {
      if (id === undefined) return readList(COLLECTION_OF[entity], query);
      const ifNoneMatch = http.headers.get("if-none-match");
      return { call: "read", entity, id, ...(ifNoneMatch === undefined ? undefined : { ifNoneMatch }) };
    }
    case "POST":
      return id === undefined ? withBody(http, (body) => ({ call: "create", entity, body })) : NO_SUCH_CALL;
    case "PATCH":
      return id === undefined
        ? NO_SUCH_CALL
        : withBody(http, (body) => ({ call: "update", entity, id, body }));
    case "DELETE":
      return id === undefined ? NO_SUCH_CALL : { call: "delete", entity, id };
    default:
      return NO_SUCH_CALL;
  }
}

function readList(
  collection: (typeof COLLECTION_OF)[keyof typeof COLLECTION_OF],
  query: URLSearchParams,
): Call {
  const limit = readLimit(query);
  if (limit === undefined) return BAD_LIMIT;
  return { call: "list", collection, ...limit, ...readCursor(query) };
}

function readSync(http: HttpRequest, name: string, query: URLSearchParams): Call {
  switch (`${http.method} ${name}`) {
    case "GET changes": {
      const limit = readLimit(query);
      if (limit === undefined) return BAD_LIMIT;
      const since = query.get("since");
      const entities = readEntities(query);
      return {
        call: "changes",
        ...(since === null ? undefined : { since }),
        ...(entities === undefined ? undefined : { entities }),
        ...limit,
        ...readCursor(query),
      };
    }
    case "POST batch":
      return withBody(http, (body) => ({ call: "batch", body }));
    case "GET capabilities":
      return { call: "capabilities" };
    case "GET events":
      return unreadable("invalid_request", "events come over a WebSocket");
    default:
      return NO_SUCH_CALL;
  }
}

function readPush(http: HttpRequest, name: string): Call {
  switch (`${http.method} ${name}`) {
    case "POST register":
      return withBody(http, (body) => ({ call: "push_register", body }));
    case "DELETE register":
      return { call: "push_unregister" };
    case "PUT topics":
      return withBody(http, (body) => ({ call: "push_topics", body }));
    default:
      return NO_SUCH_CALL;
  }
}

function unreadable(code: Unreadable["code"], message: string): Unreadable {
  return { call: "unreadable", code, message };
}

const NO_SUCH_CALL = unreadable("not_found", "there is no such call");
const BAD_LIMIT = unreadable("invalid_request", "limit is a positive whole number");

/** [API-2] broken JSON is a call of its own kind. */
function withBody(http: HttpRequest, callOf: (body: unknown) => Call): Call {
  const parsed = parseBody(http.body ?? "");
  return "fault" in parsed ? unreadable("invalid_request", parsed.fault) : callOf(parsed.value);
}

/** The JSON of a body, or what is wrong with it, for the client to read. */
export function parseBody(text: string): { readonly value: unknown } | { readonly fault: string } {
  if (isDeeperThan(text, JSON_DEPTH_MAX)) return { fault: "the body is nested too deeply" };
  try {
    return { value: JSON.parse(text) };
  } catch {
    return { fault: "the body is not JSON" };
  }
}

/** Only ever read. */
const NO_QUERY = new URLSearchParams();

function splitPath(target: string): { readonly path: string; readonly query: URLSearchParams } {
  const mark = target.indexOf("?");
  if (mark < 0) return { path: target, query: NO_QUERY };
  return { path: target.slice(0, mark), query: new URLSearchParams(target.slice(mark + 1)) };
}

/** Segments are split before they are decoded: an encoded slash is part of an id, and of no id that there is. */
function decodeSegments(path: string): readonly string[] | undefined {
  const segments = path.slice(1).split("/");
  if (!path.includes("%")) return segments;
  try {
    return segments.map((segment) => decodeURIComponent(segment));
  } catch {
    return undefined;
  }
}

/** undefined: a limit that is none [API-2]. A limit above every maximum is still one. */
function readLimit(query: URLSearchParams): { readonly limit?: number } | undefined {
  const text = query.get("limit");
  if (text === null) return {};
  if (!/^\d+$/.test(text)) return undefined;
  const limit = Math.min(Number(text), Number.MAX_SAFE_INTEGER);
  return limit >= 1 ? { limit } : undefined;
}

function readCursor(query: URLSearchParams): { readonly cursor?: string } {
  const cursor = query.get("cursor");
  return cursor === null ? {} : { cursor };
}

/** Absent and empty both name no entity, which means all. */
function readEntities(query: URLSearchParams): readonly string[] | undefined {
  const text = query.get("entities");
  return text === null || text === "" ? undefined : text.split(",");
}

/** A text when it is no whole number: the engine refuses it where it matters. */
function readTimestamp(text: string): number | string {
  return /^\d{1,16}$/.test(text) ? Number(text) : text;
}
