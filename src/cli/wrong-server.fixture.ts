/**
 * Owns a small foreign server: records over HTTP without sockets and without capabilities, written apart from the
 * reference, and wrong in the ways that it is told.
 * Refuses to be complete: it stands for what somebody builds in an afternoon.
 */

import type { ServerResponse } from "node:http";
import { startPlain } from "./conformance.fixture.ts";

/** Ways to be wrong. */
export type Wrong =
  | "takes any token"
  | "one account for all"
  | "shows its stack"
  | "revision stands still"
  | "cuts text"
  | "forgets deletes";

interface Row {
  readonly id: string;
  readonly fields: Readonly<Record<string, unknown>>;
  readonly revisionId: string;
  readonly updatedAt: string;
}

const TOKENS = new Map([
  ["tok-a", "a"],
  ["tok-b", "b"],
]);
const REQUIRED = new Map([
  ["contacts", "name"],
  ["tasks", "title"],
  ["lists", "name"],
]);

/** Starts it on a free port. */
export async function startWrongServer(wrong: Wrong | undefined) {
  const accounts = new Map<string, Map<string, Row>>();
  let count = 0;
  const next = (): string => {
    if (wrong !== "revision stands still" || count === 0) count++;
    return `rev_${String(1_700_000_000)}_${String(count).padStart(6, "0")}`;
  };
  let head = next();
  return await startPlain((request, response, body) => {
    const token = /^Bearer (.+)$/.exec(request.headers.authorization ?? "")?.[1] ?? "";
    const known = TOKENS.get(token) ?? (wrong === "takes any token" ? "a" : undefined);
    if (known === undefined) return refuse(response, 401, "unauthorized");
    const account = wrong === "one account for all" ? "a" : known;
    const [, api, collection = "", id, ...rest] = (request.url ?? "").split("?")[0]?.split("/") ?? [];
    const required = REQUIRED.get(collection);
    if (api !== "api" || required === undefined || rest.length > 0) return refuse(response, 404, "not_found");
    const key = `${account}/${collection}`;
    const rows = accounts.get(key) ?? new Map<string, Row>();
    accounts.set(key, rows);
    const commit = (row: string, fields: Row["fields"]): Row => {
      head = next();
      const kept = wrong === "cuts text" ? cutTexts(fields) : fields;
      const made = { id: row, fields: kept, revisionId: head, updatedAt: new Date().toISOString() };
      rows.set(row, made);
      return made;
    };
    const parsed = body === "" ? {} : parse(body);
    if (
      parsed === undefined ||
      (request.method !== "GET" && request.method !== "DELETE" && !isObject(parsed))
    )
      return wrong === "shows its stack"
        ? refuse(response, 400, "invalid_request", new Error("bad JSON").stack)
        : refuse(response, 400, "invalid_request");
    const {
      id: given,
      revisionId: _revision,
      updatedAt: _updated,
      ...fields
    } = parsed as Record<string, unknown>;
    if (id === undefined && request.method === "GET") {
      const data = [...rows.values()].sort((left, right) => (left.id < right.id ? -1 : 1)).map(recordOf);
      return send(response, 200, { data, meta: { revisionId: head, updatedAt: new Date().toISOString() } });
    }
    if (id === undefined && request.method === "POST") {
      if (typeof fields[required] !== "string") return refuse(response, 400, "invalid_request");
      const own = typeof given === "string" ? given : `made-${count}`;
      if (rows.has(own)) return refuse(response, 409, "already_exists");
      return one(response, 201, collection, commit(own, withoutNulls(fields)));
    }
    const row = rows.get(decodeURIComponent(id ?? ""));
    if (row === undefined) return refuse(response, 404, "not_found");
    if (request.method === "GET") return one(response, 200, collection, row);
    if (request.method === "PATCH")
      return one(response, 200, collection, commit(row.id, withoutNulls({ ...row.fields, ...fields })));
    if (request.method !== "DELETE") return refuse(response, 405, "not_found");
    head = next();
    if (wrong !== "forgets deletes") rows.delete(row.id);
    return send(response, 200, {
      data: null,
      meta: { revisionId: head, updatedAt: new Date().toISOString() },
    });
  });
}

function one(response: ServerResponse, status: number, collection: string, row: Row): void {
  const meta = { revisionId: row.revisionId, updatedAt: row.updatedAt };
  send(
    response,
    status,
    { data: recordOf(row), meta },
    { location: `/api/${collection}/${row.id}`, etag: `"${row.revisionId}"` },
  );
}

function recordOf({ id, fields, revisionId, updatedAt }: Row): object {
  return { ...fields, id, revisionId, updatedAt };
}

function send(
  response: ServerResponse,
  status: number,
  body: object,
  headers: Record<string, string> = {},
): void {
  response.writeHead(status, { "content-type": "application/json", ...headers });
  response.end(JSON.stringify(body));
}

function refuse(response: ServerResponse, status: number, error: string, message: string = error): void {
  send(response, status, { error, message });
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): boolean {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function withoutNulls(fields: Row["fields"]): Row["fields"] {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== null));
}

function cutTexts(fields: Row["fields"]): Row["fields"] {
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [
      name,
      typeof value === "string" ? value.slice(0, 255) : value,
    ]),
  );
}
