/**
 * Owns generators of calls that nobody should make: every endpoint of the protocol, with something wrong in its path,
 * query, headers or body, or nothing.
 * Refuses to know what is answered.
 */

import * as fc from "fast-check";
import {
  batch,
  bytesOfText,
  objectOf,
  oddText,
  plain,
  REVISION_NOW,
  record,
  wellFormed,
} from "./fuzz-bodies.fixture.ts";
import type { RawCall } from "./raw-http.fixture.ts";

const pathText = oddText.map((text) => encodeURIComponent(wellFormed(text)));
const segment = fc.oneof(
  { weight: 12, arbitrary: fc.constantFrom("c1", "t1", "l1", "__proto__", "constructor", "n1") },
  { weight: 2, arbitrary: pathText },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      "%",
      "%zz",
      "%ff",
      "%E0%A4%A",
      "%00",
      "%2f",
      "%2e%2e",
      "%C0%AF",
      "a%0d%0ab",
      "a;b",
      "#",
    ),
  },
);
const collection = fc.constantFrom(
  "contacts",
  "tasks",
  "lists",
  "tasks",
  "notes",
  "__proto__",
  "Tasks",
  "tasks%00",
);
const wild = fc.constantFrom(
  "/",
  "//",
  "/..",
  "/../..",
  "/api",
  "/api/",
  "//api/tasks",
  "/api//tasks",
  "/api/tasks/",
  "/api/tasks/../contacts",
  "/api/tasks/t1/extra",
  "/api/sync",
  "/api/sync/",
  "/api/sync/__proto__",
  "/api/push",
  "/api/webhooks",
  "/api/webhooks/zeke",
  "/api/webhooks/other",
  "/api/sync/events",
  "http://localhost/api/tasks",
  "http://b:c@localhost/api/tasks/t1",
  "*",
  "/?x",
  "/%2fapi/tasks",
  "/\\api\\tasks",
  "/api/tasks\\t1",
  "/favicon.ico",
  "/.env",
  "/constructor",
);

const queryName = fc.constantFrom(
  "limit",
  "cursor",
  "since",
  "entities",
  "deviceId",
  "__proto__",
  "x",
  "limit[]",
);
const queryValue = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom("1", "2", "999999999", "tasks", "contacts,lists", REVISION_NOW) },
  { weight: 3, arbitrary: pathText },
  { weight: 1, arbitrary: fc.constantFrom("%", "%ff", "%00", "+", "tasks,,", "0x10", "1e3") },
);
const query = fc
  .array(
    fc.oneof(
      fc.tuple(queryName, queryValue).map((pair) => pair.join("=")),
      pathText,
    ),
    { maxLength: 3 },
  )
  .map((pairs) => (pairs.length === 0 ? "" : `?${pairs.join("&")}`));

/** Mostly nothing. */
function seldom<T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> {
  return fc.oneof({ weight: 9, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary });
}

interface Endpoint {
  readonly method: string;
  readonly path: string;
  readonly text: string | undefined;
}

function endpoint(
  method: string,
  path: fc.Arbitrary<string>,
  text?: fc.Arbitrary<string>,
): fc.Arbitrary<Endpoint> {
  return fc.record({
    method: fc.constant(method),
    path,
    text: text ?? fc.constant(undefined),
  });
}

const one = fc.tuple(collection, segment).map(([area, id]) => `/api/${area}/${id}`);
const all = collection.map((area) => `/api/${area}`);
const fixed = (path: string) => fc.constant(path);
const registration = objectOf("token", "platform", "topics");

const call = fc.oneof(
  endpoint("GET", all),
  endpoint("GET", one),
  { weight: 3, arbitrary: endpoint("POST", all, record) },
  { weight: 3, arbitrary: endpoint("PATCH", one, record) },
  endpoint("DELETE", one),
  endpoint("GET", fixed("/api/sync/changes")),
  { weight: 3, arbitrary: endpoint("POST", fixed("/api/sync/batch"), batch) },
  endpoint("GET", fixed("/api/sync/capabilities")),
  endpoint("POST", fixed("/api/push/register"), registration),
  endpoint("PUT", fixed("/api/push/topics"), registration),
  endpoint("DELETE", fixed("/api/push/register")),
  endpoint("GET", fixed("/api/sync/events")),
  endpoint("GET", wild),
  endpoint("POST", wild, record),
);

const METHODS = [
  "GET",
  "HEAD",
  "POST",
  "PUT",
  "PATCH",
  "DELETE",
  "OPTIONS",
  "TRACE",
  "PROPFIND",
  "QUERY",
  "MKCOL",
];
const otherMethod = seldom(fc.constantFrom(...METHODS));

const headerText = oddText.map(plain);
function header(name: string, good: readonly string[]): fc.Arbitrary<readonly (readonly [string, string])[]> {
  const value = fc.oneof(
    { weight: 4, arbitrary: fc.constantFrom(...good) },
    { weight: 1, arbitrary: headerText },
  );
  return fc.oneof(
    { weight: 24, arbitrary: fc.constant([]) },
    { weight: 3, arbitrary: value.map((text) => [[name, text] as const]) },
    {
      weight: 1,
      arbitrary: fc.tuple(value, value).map((texts) => texts.map((text) => [name, text] as const)),
    },
  );
}

const headers = fc
  .tuple(
    header("If-Match", [
      REVISION_NOW,
      `"${REVISION_NOW}"`,
      "*",
      `W/"${REVISION_NOW}"`,
      '"rev_1704067200_00abc1"',
    ]),
    header("Idempotency-Key", ["key-1", "m1", "k".repeat(255), "k".repeat(256)]),
    header("X-Device-Id", ["d1", "d2", "__proto__"]),
    header("X-Mutation-Timestamp", ["0", "1704067200000", "9007199254740993", "9".repeat(16), "-0"]),
    header("If-None-Match", [REVISION_NOW, "*"]),
    header("Content-Type", [
      "application/json",
      "text/plain",
      ";;;",
      "multipart/form-data",
      "a/b; charset=utf-7",
    ]),
    header("Content-Encoding", ["gzip", "br", "identity", "gzip, gzip"]),
    header("Accept", ["text/html", "*/*;q=0"]),
    header("Cookie", ["a=b"]),
    header("X-Forwarded-For", ["127.0.0.1"]),
    header("X-HTTP-Method-Override", ["DELETE"]),
    header("X-Request-Id", ["r1"]),
    header("__proto__", ["x"]),
  )
  .map((groups) => groups.flat());

/** A call, without its Authorization. Some are good. */
export const anyCall: fc.Arbitrary<RawCall> = fc
  .record({
    at: call.chain((made) =>
      fc.record({
        made: fc.constant(made),
        body:
          made.text === undefined
            ? seldom(bytesOfText(fc.constant("{}")))
            : bytesOfText(fc.constant(made.text)),
      }),
    ),
    method: otherMethod,
    query,
    headers,
    chunkBytes: fc.constantFrom(undefined, undefined, 1, 7, 4_096),
  })
  .map(({ at: { made, body }, method, query: asked, headers: told, chunkBytes }) => ({
    method: method ?? made.method,
    target: made.path + asked,
    headers: [["Host", "localhost"] as const, ...told],
    body,
    // Bytes one by one are for short bodies: what matters is the seams.
    chunkBytes: (body?.length ?? 0) > 300 ? (chunkBytes === undefined ? undefined : 4_096) : chunkBytes,
  }));

/** What is no token of anybody: the whole header, or none. */
export const anyWrongAuthorization: fc.Arbitrary<string | undefined> = fc.oneof(
  fc.constantFrom(undefined, "", "Bearer", "Bearer ", "Basic dG9rLWE6", "bearer null", "Bearer __proto__"),
  headerText.map((text) => `Bearer ${text}`),
  headerText,
);

/** Bytes that pretend to be HTTP. */
export const anyGarbage: fc.Arbitrary<Buffer> = fc.oneof(
  fc.uint8Array({ minLength: 1, maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
  fc
    .tuple(anyCallHead(), fc.nat(), fc.uint8Array({ minLength: 1, maxLength: 6 }))
    .map(([head, at, bytes]) => {
      const cut = at % (head.length + 1);
      return Buffer.concat([head.subarray(0, cut), Buffer.from(bytes), head.subarray(cut)]);
    }),
  fc
    .constantFrom(
      "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
      "GET ? HTTP/1.1\r\nHost: x\r\n\r\n",
      "GET /api/tasks\r\n\r\n",
      "GET /api/tasks HTTP/9.9\r\n\r\n",
      "get /api/tasks HTTP/1.1\r\nHost: x\r\n\r\n",
      "GET /api/tasks HTTP/1.1\nHost: x\n\n",
      "GET  /api/tasks  HTTP/1.1\r\nHost: x\r\n\r\n",
      "POST /api/tasks HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n{}",
      "POST /api/tasks HTTP/1.1\r\nHost: x\r\nContent-Length: 1, 2\r\n\r\n{}",
      "POST /api/tasks HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999\r\n\r\n{}",
      "POST /api/tasks HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n{}",
      "POST /api/tasks HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n",
      "POST /api/tasks HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\n{}",
      "POST /api/tasks HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip, identity\r\n\r\n{}",
      "GET /api/tasks HTTP/1.1\r\nHost: x\r\n folded: y\r\n\r\n",
      "GET /api/tasks HTTP/1.1\r\nHost: x\r\nbad header: y\r\n\r\n",
      "GET /api/tasks HTTP/1.1\r\nHost: x\r\nX: a\u0000b\r\n\r\n",
      "\u0016\u0003\u0001\u0002\u0000\u0001\u0000\u0001\u00fc\u0003\u0003",
      "\r\n\r\n\r\n\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n",
    )
    .map((text) => Buffer.from(text, "latin1")),
);

function anyCallHead(): fc.Arbitrary<Buffer> {
  return fc
    .constantFrom("GET /api/tasks/t1", "POST /api/tasks", "DELETE /api/tasks/t1", "POST /api/sync/batch")
    .map((line) =>
      Buffer.from(`${line} HTTP/1.1\r\nHost: x\r\nContent-Length: 13\r\nAccept: */*\r\n\r\n{"title":"x"}`),
    );
}
