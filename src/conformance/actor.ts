/**
 * Owns how requests are built: a device of an account that can put each call of the protocol into HTTP, well formed
 * or bent on purpose.
 * Refuses to send: a desk does. What is built here is data.
 */

import { COLLECTION_OF, type Entity } from "../protocol/entity.ts";
import type { HttpRequest, SocketRequest } from "./target.ts";

/** Headers of a mutation. A `null` leaves out what the actor would send by itself. */
export interface MutationHeaders {
  /** As it goes into the header; quotes are the caller's business. */
  readonly ifMatch?: string | undefined;
  readonly key?: string | undefined;
  /** `X-Mutation-Timestamp`, epoch ms, or a text that is none. */
  readonly timestamp?: number | string | undefined;
  /** Sent as it is; undefined: the actor's own, null: none. */
  readonly deviceId?: string | null | undefined;
}

/** A request of somebody, with the words that steps and reports use for it. */
export interface Ask {
  readonly actor: Actor;
  readonly http: HttpRequest;
  readonly label: string;
}

/** One item of a batch, as JSON. Bent ones are any JSON at all. */
export type Item = unknown;

/** The query of a delta, or of its next page. */
export interface ChangesQuery {
  readonly since?: string | undefined;
  /** Collections. */
  readonly entities?: readonly string[] | undefined;
  readonly limit?: number | string | undefined;
  readonly cursor?: string | undefined;
}

/** A device of one account: `name` is how people call it, `deviceId` what goes over the wire. */
export class Actor {
  readonly name: string;
  readonly account: 0 | 1;
  readonly deviceId: string;
  /** The bearer token; undefined: sends none. */
  readonly token: string | undefined;

  constructor(name: string, account: 0 | 1, deviceId: string, token: string | undefined) {
    this.name = name;
    this.account = account;
    this.deviceId = deviceId;
    this.token = token;
  }

  /** The same device with another token, or with none. */
  withToken(token: string | undefined): Actor {
    return new Actor(this.name, this.account, this.deviceId, token);
  }

  create(entity: Entity, body: unknown, headers: MutationHeaders = {}): Ask {
    const id = (body as { readonly id?: unknown } | null)?.id;
    return this.mutation(
      "POST",
      `/api/${COLLECTION_OF[entity]}`,
      body,
      headers,
      `creates ${entity} ${id ?? ""}`,
    );
  }

  update(entity: Entity, id: string, patch: unknown, headers: MutationHeaders = {}): Ask {
    return this.mutation("PATCH", recordPath(entity, id), patch, headers, `updates ${id}`);
  }

  delete(entity: Entity, id: string, headers: MutationHeaders = {}): Ask {
    return this.mutation("DELETE", recordPath(entity, id), undefined, headers, `deletes ${id}`);
  }

  read(entity: Entity, id: string, ifNoneMatch?: string): Ask {
    const headers = ifNoneMatch === undefined ? undefined : { "if-none-match": ifNoneMatch };
    return this.raw("GET", recordPath(entity, id), headers, undefined, `reads ${id}`);
  }

  list(entity: Entity, page: { readonly limit?: number | string; readonly cursor?: string } = {}): Ask {
    const path = `/api/${COLLECTION_OF[entity]}${queryOf({ limit: page.limit, cursor: page.cursor })}`;
    return this.raw("GET", path, undefined, undefined, `lists ${COLLECTION_OF[entity]}`);
  }

  changes(query: ChangesQuery = {}): Ask {
    const { since, entities, limit, cursor } = query;
    const path = `/api/sync/changes${queryOf({ since, entities: entities?.join(","), limit, cursor })}`;
    return this.raw("GET", path, undefined, undefined, `asks for changes since ${since ?? "nothing"}`);
  }

  batch(mutations: readonly Item[]): Ask {
    return this.batchBody({ mutations }, `sends a batch of ${mutations.length}`);
  }

  /** A batch whose envelope may be bent. */
  batchBody(body: unknown, label: string): Ask {
    return this.raw("POST", "/api/sync/batch", undefined, JSON.stringify(body), label);
  }

  capabilities(): Ask {
    return this.raw("GET", "/api/sync/capabilities", undefined, undefined, "asks for capabilities");
  }

  register(token: string, topics: readonly string[], platform: string = "ios"): Ask {
    const body = JSON.stringify({ token, platform, topics });
    return this.raw("POST", "/api/push/register", undefined, body, `registers ${token}`);
  }

  topics(topics: readonly string[]): Ask {
    return this.raw(
      "PUT",
      "/api/push/topics",
      undefined,
      JSON.stringify({ topics }),
      `wants ${topics.join(", ")}`,
    );
  }

  unregister(): Ask {
    return this.raw("DELETE", "/api/push/register", undefined, undefined, "unregisters");
  }

  /** Any request, under this device's name and token unless `headers` says otherwise (`null`: without). */
  raw(
    method: string,
    path: string,
    headers: { readonly [name: string]: string | null } = {},
    body?: string,
    label: string = `${method} ${path}`,
  ): Ask {
    const own: { readonly [name: string]: string | null } = {
      authorization: this.token === undefined ? null : `Bearer ${this.token}`,
      "x-device-id": this.deviceId,
      "content-type": body === undefined ? null : "application/json",
      ...headers,
    };
    const sent = Object.entries(own).flatMap(([name, value]) =>
      value === null ? [] : [[name, value] as const],
    );
    const http = { method, path, headers: Object.fromEntries(sent), ...(body === undefined ? {} : { body }) };
    return { actor: this, http, label };
  }

  /** The upgrade of a socket (section 4). */
  upgrade(
    query: { readonly since?: string | undefined; readonly entities?: readonly string[] | undefined } = {},
  ): SocketRequest {
    const { http } = this.raw(
      "GET",
      `/api/sync/events${queryOf({ lastRevisionId: query.since, entities: query.entities?.join(",") })}`,
    );
    return { path: http.path, headers: http.headers };
  }

  private mutation(method: string, path: string, body: unknown, given: MutationHeaders, label: string): Ask {
    const { ifMatch, key, timestamp, deviceId } = given;
    const headers: Record<string, string | null> = {};
    if (ifMatch !== undefined) headers["if-match"] = ifMatch;
    if (key !== undefined) headers["idempotency-key"] = key;
    if (timestamp !== undefined) headers["x-mutation-timestamp"] = String(timestamp);
    if (deviceId !== undefined) headers["x-device-id"] = deviceId;
    return this.raw(method, path, headers, body === undefined ? undefined : JSON.stringify(body), label);
  }
}

/** The path of one record, its id percent-encoded. */
export function recordPath(entity: Entity, id: string): string {
  return `/api/${COLLECTION_OF[entity]}/${encodeURIComponent(id)}`;
}

function queryOf(members: { readonly [name: string]: string | number | undefined }): string {
  const parts = Object.entries(members).flatMap(([name, value]) =>
    value === undefined ? [] : [`${name}=${encodeURIComponent(String(value))}`],
  );
  return parts.length === 0 ? "" : `?${parts.join("&")}`;
}
