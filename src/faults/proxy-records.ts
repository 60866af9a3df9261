/**
 * Owns the planted faults of the proxy about records over HTTP (section 3).
 * Refuses to share code with the probes that must catch them.
 */

import type { Json, JsonObject } from "../base/canonical-json.ts";
import { ENTITY_OF, type Fields, REQUIRED_FIELD } from "../protocol/entity.ts";
import { fieldsOf } from "../protocol/patch.ts";
import type { Answer, Request } from "../protocol/request.ts";
import { type CursorScope, writeListCursor } from "../proxy/cursor.ts";
import { readHttp } from "../proxy/http-border.ts";
import type { ProxyConfig } from "../proxy/port.ts";
import { listRecords } from "../proxy/reads.ts";
import { refusal } from "../proxy/reply.ts";
import type { Store } from "../proxy/store.ts";
import type { Parts } from "../simulation/parts.ts";
import { type Fault, override, withProxy } from "./fault.ts";
import {
  boundAs,
  mutated,
  proxyFault,
  withBorder,
  withCase,
  withDecision,
  withDesk,
  withEngine,
} from "./seams.ts";
import { objectOf } from "./wire.ts";

export const RECORD_FAULTS: readonly Fault[] = [
  proxyFault({
    name: "patch-replaces",
    rules: ["API-1", "MRG-11", "MRG-7", "CON-12"],
    smallest: "a create with two fields, a patch of one",
    text: "A PATCH replaces the whole record: what it does not name is gone. Seen where PATCH and PUT share a handler.",
    plant: (parts) =>
      withDecision(parts, (at, decide) => {
        const { mutation, view } = at;
        const { payload } = mutation;
        if (mutation.operation !== "update" || !view.current?.record || !objectOf(payload)) return decide(at);
        const gone = Object.keys(fieldsOf(view.current.record))
          .filter((field) => field !== REQUIRED_FIELD[mutation.entity])
          .map((field): readonly [string, Json] => [field, null]);
        const whole = Object.fromEntries([...gone, ...Object.entries(payload as Fields)]);
        return boundAs(decide(mutated(at, { payload: whole })), at);
      }),
  }),
  proxyFault({
    name: "unknown-fields-dropped",
    rules: ["API-1", "API-5"],
    smallest: "a create with a field of its own",
    text: "Fields that the schema does not name are thrown away. The default of most body validators, zod's objects among them.",
    plant: (parts) => withFields(parts, (fields, known) => fields.filter(([name]) => known.has(name))),
  }),
  proxyFault({
    name: "null-is-a-value",
    rules: ["API-1"],
    smallest: "a patch with a null",
    text: "A null in a patch does nothing instead of removing the field. Seen where `value ?? before` was the merge.",
    plant: (parts) =>
      withDecision(parts, (at, decide) => {
        const { payload, operation } = at.mutation;
        if (operation !== "update" || !objectOf(payload)) return decide(at);
        const kept = Object.entries(payload as JsonObject).filter(([, value]) => value !== null);
        return boundAs(decide(mutated(at, { payload: Object.fromEntries(kept) })), at);
      }),
  }),
  proxyFault({
    name: "deleted-twice-is-404",
    rules: ["API-1"],
    smallest: "a delete, and another",
    text: "Deleting what is already deleted is 404. What most frameworks do by themselves, and what breaks every retry without a key.",
    plant: (parts) =>
      withDecision(parts, (at, decide) => {
        const { current, remembered } = at.view;
        const again = at.mutation.operation === "delete" && current !== undefined && current.record === null;
        if (!again || remembered !== undefined) return decide(at);
        return { ...decide(at), reply: refusal("not_found", "there is no such record"), plan: undefined };
      }),
  }),
  proxyFault({
    name: "broken-json-is-500",
    rules: ["API-2"],
    smallest: "a POST whose body is cut off",
    text: "A body that is no JSON ends in 500. Seen where the parser stood outside of the error handler.",
    plant: (parts) =>
      withProxy(parts, {
        answer: (answer, { call }) =>
          call.call === "unreadable" && call.code === "invalid_request" && call.message.includes("JSON")
            ? { ...answer, status: 500, body: { error: "internal", message: "something went wrong" } }
            : answer,
      }),
  }),
  proxyFault({
    name: "bad-cursor-begins-anew",
    rules: ["API-2", "DLT-12", "SEC-3"],
    smallest: "a listing with a cursor that is none",
    text: "A cursor that cannot be read is taken for none: the first page comes again. Seen where decoding returned null on failure.",
    plant: (parts) =>
      withDesk(parts, () => (request, _nowMs, go) => {
        const answer = go(request);
        const { call } = request;
        if (answer.status !== 400 || call.call !== "list" || call.cursor === undefined) return answer;
        const { cursor: _cursor, ...first } = call;
        return go({ ...request, call: first });
      }),
  }),
  proxyFault({
    name: "large-limit-refused",
    rules: ["API-2", "DLT-4", "API-4"],
    smallest: "a listing with a limit of one above the maximum",
    text: "A limit above the maximum is 400 instead of clamped. Seen with a schema whose maximum was an assertion.",
    plant: (parts) =>
      withDesk(parts, ({ limits }) => (request, _nowMs, go) => {
        const { call } = request;
        const answer = go(request);
        if (call.call !== "list" || answer.status !== 200 || (call.limit ?? 0) <= limits.listLimitMax) {
          return answer;
        }
        return { ...answer, status: 400, body: { error: "invalid_request", message: "limit is too large" } };
      }),
  }),
  proxyFault({
    name: "bad-timestamp-ignored",
    rules: ["API-2"],
    smallest: "a write whose timestamp is a word",
    text: "X-Mutation-Timestamp that is no number is passed over, and the write made. Seen where what is not a number became the present.",
    plant: (parts) =>
      withProxy(parts, {
        request: ({ timestamp, ...rest }) =>
          typeof timestamp === "string" ? rest : { ...rest, ...(timestamp !== undefined && { timestamp }) },
      }),
  }),
  proxyFault({
    name: "other-id-in-patch",
    rules: ["API-2"],
    smallest: "a patch whose body has the id of another record",
    text: "An `id` in a PATCH that is not the path's is ignored, and the patch made. Seen where bodies were stripped of ids before they were judged.",
    plant: (parts) =>
      withDecision(parts, (at, decide) => {
        const { operation, payload } = at.mutation;
        if (operation !== "update" || !objectOf(payload)) return decide(at);
        const { id: _id, ...rest } = payload as JsonObject;
        return boundAs(decide(mutated(at, { payload: rest })), at);
      }),
  }),
  proxyFault({
    name: "body-limit-in-characters",
    rules: ["API-3"],
    smallest: "a body of emoji, over the limit in bytes and below it in characters",
    text: "The size of a body is counted in UTF-16 units, not in bytes. Seen as `body.length > max`.",
    plant: (parts) =>
      withBorder(parts, {
        readHttp: (http, bodyBytesMax) =>
          readHttp(http, (http.body?.length ?? 0) > bodyBytesMax ? bodyBytesMax : Number.MAX_SAFE_INTEGER),
      }),
  }),
  proxyFault({
    name: "body-limit-one-more",
    rules: ["API-3"],
    smallest: "a body of one byte over the limit",
    text: "A body of bodyBytesMax + 1 bytes is taken. One off in a loop over chunks.",
    plant: (parts) =>
      withBorder(parts, { readHttp: (http, bodyBytesMax) => readHttp(http, bodyBytesMax + 1) }),
  }),
  proxyFault({
    name: "body-limit-one-less",
    rules: ["API-3", "API-1"],
    smallest: "a body of exactly the limit",
    text: "A body of exactly bodyBytesMax bytes is 413: `>=` where `>` was meant.",
    plant: (parts) =>
      withBorder(parts, { readHttp: (http, bodyBytesMax) => readHttp(http, bodyBytesMax - 1) }),
  }),
  proxyFault({
    name: "too-large-and-stored",
    rules: ["API-3"],
    smallest: "a create over the limit, and a read",
    text: "A body over the limit is 413, and its create was carried out all the same. Seen where a proxy in front buffered, forwarded, and then complained.",
    plant: (parts) => {
      const whole = new WeakMap<Request, Request>();
      const border = withBorder(parts, {
        readHttp: (http, bodyBytesMax) => {
          const request = readHttp(http, bodyBytesMax);
          const large = request.call.call === "unreadable" && request.call.code === "payload_too_large";
          if (large) whole.set(request, readHttp(http, Number.MAX_SAFE_INTEGER));
          return request;
        },
      });
      return withDesk(border, () => (request, _nowMs, go) => {
        const stored = whole.get(request);
        if (stored !== undefined) go(stored);
        return go(request);
      });
    },
  }),
  proxyFault({
    name: "pages-by-offset",
    rules: ["API-4"],
    smallest: "two pages, and between them a deletion on the first",
    text: "The cursor of a listing counts rows: what is deleted before it moves the rest up, and one record is passed over. The classic of LIMIT and OFFSET.",
    plant: byOffset,
  }),
  proxyFault({
    name: "page-begins-with-last",
    rules: ["API-4"],
    smallest: "a listing of two pages",
    text: "A page begins with the record that the page before ended with: `>=` where `>` was meant.",
    plant: (parts) =>
      withEngine(parts, () => ({
        listRecords: (store, account, call, limits) => {
          const from: Partial<Store> = {
            living: (own, entity, afterId, limit) =>
              afterId === undefined
                ? store.living(own, entity, afterId, limit)
                : store
                    .living(own, entity, undefined, Number.MAX_SAFE_INTEGER)
                    .filter(({ id }) => id >= afterId)
                    .slice(0, limit),
          };
          // A page of one would never end: it is left as it is.
          return listRecords(call.limit === 1 ? store : override(store, from), account, call, limits);
        },
      })),
  }),
  proxyFault({
    name: "text-normalised",
    rules: ["API-5", "API-1"],
    smallest: "a name with a combining mark",
    text: "Text is brought to Unicode's NFC on its way in, so that it comes back in other code points. Seen where input was cleaned for the search index.",
    plant: (parts) => withTexts(parts, (text) => text.normalize("NFC")),
  }),
  proxyFault({
    name: "text-cut-at-emoji",
    rules: ["API-5", "API-1"],
    smallest: "a name with an emoji",
    text: "Text ends before its first character outside of the basic plane. What MySQL's three-byte `utf8` did in its lenient mode.",
    plant: (parts) => withTexts(parts, (text) => text.replace(/[\u{10000}-\u{10ffff}].*$/su, "")),
  }),
  proxyFault({
    name: "empty-text-is-null",
    rules: ["API-5", "API-1"],
    smallest: "a field that is empty",
    text: "An empty text is kept as null, and so comes back as nothing. What Oracle does with every VARCHAR2.",
    plant: (parts) =>
      withFields(parts, (fields, known) =>
        fields.filter(([name, value]) => value !== "" || !known.has(name)),
      ),
  }),
  proxyFault({
    name: "proto-is-lost",
    rules: ["API-5", "API-1"],
    smallest: "a field called __proto__",
    text: "A member called `__proto__` is gone after the body was copied. What `copy[key] = value` does in JavaScript.",
    plant: (parts) => withFields(parts, (fields) => fields.filter(([name]) => name !== "__proto__")),
  }),
  proxyFault({
    name: "device-id-demanded",
    rules: ["API-6", "PSH-2"],
    smallest: "a create without X-Device-Id",
    text: "Writes without X-Device-Id are 400, so that apps of the old kind stop working. Seen where the new middleware was mounted over every route.",
    plant: (parts) =>
      withCase(parts, (at) => (at.mutation.deviceId === undefined ? mutated(at, { deviceId: "" }) : at)),
  }),
  proxyFault({
    name: "throttled-without-a-word",
    rules: ["API-7"],
    smallest: "eight requests",
    text: "Every eighth request is 429 without Retry-After. Seen with rate limits of a gateway that nobody on the team owned.",
    plant: (parts) =>
      withDesk(parts, () => {
        let requests = 0;
        return (request, nowMs, go) =>
          ++requests % 8 === 0 && request.call.call !== "capabilities"
            ? { status: 429, headers: { dateMs: nowMs }, body: { error: "rate_limited", message: "slowly" } }
            : go(request);
      }),
  }),
  proxyFault({
    name: "none-match-unheard",
    rules: ["API-8"],
    smallest: "a read with If-None-Match",
    text: "If-None-Match is not looked at: the whole record comes each time. Seen wherever ETags are only ever written.",
    plant: (parts) =>
      withProxy(parts, {
        request: (request) => {
          const { call } = request;
          if (call.call !== "read") return request;
          return { ...request, call: { call: "read", entity: call.entity, id: call.id } };
        },
      }),
  }),
  proxyFault({
    name: "not-modified-at-all",
    rules: ["API-8", "REV-9", "API-1"],
    smallest: "a read, an update, a read with the first revision",
    text: "Whatever If-None-Match names is 304. Seen where a cache was keyed by the presence of the header.",
    plant: (parts) =>
      withProxy(parts, {
        answer: (answer: Answer, { call }) =>
          call.call === "read" && call.ifNoneMatch !== undefined && answer.status === 200
            ? { ...answer, status: 304, body: null }
            : answer,
      }),
  }),
];

/** Parts whose writes store other fields than came. What a key is bound to stays what came. */
function withFields(
  parts: Parts,
  change: (
    fields: readonly (readonly [string, Json])[],
    known: ReadonlySet<string>,
  ) => readonly (readonly [string, Json])[],
): Parts {
  return withDecision(parts, (at, decide) => {
    const { operation, payload, entity } = at.mutation;
    if (operation === "delete" || !objectOf(payload)) return decide(at);
    const changed = Object.fromEntries(change(Object.entries(payload as JsonObject), KNOWN[entity]));
    const required = REQUIRED_FIELD[entity];
    // What is required is not taken away, or the fault would show as a refusal.
    const own = Object.hasOwn(payload as JsonObject, required)
      ? { [required]: changed[required] ?? (payload as JsonObject)[required] ?? "" }
      : {};
    return boundAs(decide(mutated(at, { payload: { ...changed, ...own } })), at);
  });
}

const KNOWN = {
  contact: new Set(["id", "name", "phone", "email", "notes"]),
  task: new Set(["id", "title", "done", "dueAt", "notes"]),
  list: new Set(["id", "name", "items"]),
} as const;

function withTexts(parts: Parts, change: (text: string) => string): Parts {
  return withFields(parts, (fields, known) =>
    fields.map(([name, value]) => [
      name,
      typeof value === "string" && name !== "id" && known.has(name) ? change(value) : value,
    ]),
  );
}

/** Pages of a listing begin where the page before ended by count. */
function byOffset(parts: Parts): Parts {
  return withEngine(parts, (config: ProxyConfig, store: Store) => {
    const offsets = new Map<string, number>();
    return {
      listRecords: (_store, account, call, limits) => {
        const reply = listRecords(store, account, call, limits);
        const entity = ENTITY_OF.get(call.collection);
        if (reply.status !== 200 || entity === undefined || (call.limit ?? call.cursor) === undefined) {
          return reply;
        }
        const limit = Math.min(call.limit ?? config.limits.listLimitMax, config.limits.listLimitMax);
        const start = call.cursor === undefined ? 0 : (offsets.get(call.cursor) ?? 0);
        const all = store.living(account, entity, undefined, Number.MAX_SAFE_INTEGER);
        const data = all.slice(start, start + limit);
        const hasMore = start + limit < all.length;
        const body = reply.body as { readonly meta: JsonObject };
        const { nextCursor: _nextCursor, ...meta } = body.meta;
        if (!hasMore) return { ...reply, body: { data, meta: { ...meta, hasMore } } };
        const scope: CursorScope = { account, kind: "list", entities: new Set([entity]), since: undefined };
        const nextCursor = writeListCursor(scope, data[data.length - 1]?.id ?? "");
        offsets.set(nextCursor, start + limit);
        return { ...reply, body: { data, meta: { ...meta, hasMore, nextCursor } } };
      },
    };
  });
}
