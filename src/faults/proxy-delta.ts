/**
 * Owns the planted faults of the proxy about what a delta says (section 9, DLT-1 to DLT-8 and DLT-11).
 * Refuses to share code with the probes that must catch them.
 */

import type { JsonObject } from "../base/canonical-json.ts";
import { formatInstant } from "../base/time.ts";
import type { Action, Change, ChangesBody } from "../protocol/messages.ts";
import type { Call } from "../protocol/request.ts";
import { parseRevision, type Revision } from "../protocol/revision.ts";
import { readChanges } from "../proxy/delta.ts";
import type { Store, Version } from "../proxy/store.ts";
import type { Parts } from "../simulation/parts.ts";
import { type Fault, override, withProxy } from "./fault.ts";
import { withSnapshot } from "./proxy-revisions.ts";
import { proxyFault, withDesk, withEngine } from "./seams.ts";
import { revised } from "./wire.ts";

type ChangesCall = Extract<Call, { readonly call: "changes" }>;

export const DELTA_FAULTS: readonly Fault[] = [
  proxyFault({
    name: "delta-with-its-start",
    rules: ["DLT-1", "DLT-7", "DLT-5"],
    smallest: "one write, and a delta since it",
    text: "The change at `since` itself comes again: `>=` where `>` was meant.",
    plant: (parts) =>
      withLog(parts, (found, store, question, since) => {
        const base = parseRevision(since ?? "");
        if (base === undefined || question.after !== base) return found;
        const wanted = { entity: "contact", id: undefined, key: undefined, base } as const;
        const start = store.load(question.account, wanted, 0).base;
        const shown = start && question.entities.has(start.entity) ? [start, ...found] : found;
        return shown.slice(0, question.limit);
      }),
  }),
  proxyFault({
    name: "delta-of-every-change",
    rules: ["DLT-1", "DLT-2", "DLT-6"],
    smallest: "two updates of one record, and a delta over both",
    text: "A delta has every change of a record, not its latest state. Seen where the log's table was read as it is.",
    plant: (parts) =>
      withLog(parts, (found, store, { account, after, upTo, entities, limit, tombstones }) => {
        const log = store.logAfter(account, after, Number.MAX_SAFE_INTEGER);
        if (!tombstones) return found;
        return log.filter(({ revision, entity }) => revision <= upTo && entities.has(entity)).slice(0, limit);
      }),
  }),
  proxyFault({
    name: "delta-by-id",
    rules: ["DLT-1"],
    smallest: "two creates, the larger id first, and a delta over both",
    text: "A page of a delta is in the order of ids. Seen where a listing's query was taken over.",
    plant: (parts) =>
      withChanges(parts, ({ changes, ...body }) => ({
        ...body,
        changes: [...changes].sort((left, right) => (left.id < right.id ? -1 : 1)),
      })),
  }),
  proxyFault({
    name: "always-updated",
    rules: ["DLT-2"],
    smallest: "a create, and a delta over it",
    text: "What lives is `updated`, also when it is new. Seen where actions were guessed from a flag.",
    plant: (parts) =>
      withChanges(parts, (body, { since }) => (since === undefined ? body : withActions(body, "updated"))),
  }),
  proxyFault({
    name: "action-of-the-last-change",
    rules: ["DLT-2"],
    smallest: "a create and an update, and a delta over both",
    text: "The action is that of the latest change: a record that was made and edited since is `updated`. Seen where the log's own column was passed on.",
    plant: (parts) => {
      const actions = new Map<Revision, Action>();
      const noted = withSnapshot(parts, (version) => {
        actions.set(version.revision, version.action);
        return version;
      });
      return withChanges(noted, (body, { since }) => ({
        ...body,
        changes: body.changes.map((change) =>
          since === undefined
            ? change
            : { ...change, action: actions.get(change.revisionId) ?? change.action },
        ),
      }));
    },
  }),
  proxyFault({
    name: "came-and-went-unsaid",
    rules: ["DLT-2", "DLT-6"],
    smallest: "a create and a delete, and a delta over both",
    text: "A record that was made and deleted since is left out: a device that had it by an event keeps it. Seen where the query was made thrifty.",
    plant: (parts) =>
      withLog(parts, (found, _store, _question, since) =>
        found.filter(({ record, bornAt, pastLives }) => {
          const lived = since !== undefined && (bornAt <= since || pastLives.length > 0);
          return record !== null || lived;
        }),
      ),
  }),
  proxyFault({
    name: "reborn-is-created",
    rules: ["DLT-2"],
    smallest: "a record, then its delete and create, and a delta over both",
    text: "A record that lived at `since`, died and was made again is `created`. Seen where the row's creation time decided.",
    plant: (parts) => withLog(parts, (found) => found.map((version) => ({ ...version, pastLives: [] }))),
  }),
  proxyFault({
    name: "unknown-entity-is-all",
    rules: ["DLT-3"],
    smallest: "a delta with `entities=` of an unknown collection",
    text: "An unknown collection in `entities=` is passed over, and none left means all. Seen as a filter over a list of known names.",
    plant: (parts) =>
      withQuery(parts, ({ entities, ...call }) => {
        const known = entities?.filter((name) => ["contacts", "tasks", "lists"].includes(name));
        return known === undefined ? call : { ...call, entities: known };
      }),
  }),
  proxyFault({
    name: "filter-lost-on-page-two",
    rules: ["DLT-3", "DLT-12"],
    smallest: "a delta of one entity over two pages, with a change of another",
    text: "From its second page on a delta has all entities: the cursor knows where it stands, and not what was asked. Seen where the cursor replaced the query.",
    plant: (parts) =>
      withLog(parts, (found, store, question, since) => {
        if (question.after === since || question.first) return found;
        return store.snapshot(question.account, { ...question, entities: ALL });
      }),
  }),
  proxyFault({
    name: "full-page-has-more",
    rules: ["DLT-4"],
    smallest: "a delta of exactly `limit` changes",
    text: "A page of exactly `limit` items says that there is more. Seen as `hasMore = items.length === limit`.",
    plant: (parts) => withFullPages(parts),
  }),
  proxyFault({
    name: "one-over-the-limit",
    rules: ["DLT-4"],
    smallest: "a delta with a limit of one less than its changes",
    text: "A page has limit + 1 items: the one that was fetched to see whether there is more was left in.",
    plant: (parts) =>
      withQuery(parts, (call) => (call.limit === undefined ? call : { ...call, limit: call.limit + 1 })),
  }),
  proxyFault({
    name: "limit-unbounded",
    rules: ["DLT-4", "API-2"],
    smallest: "a delta of limitMax + 1 changes with a larger limit",
    text: "A limit above limitMax is taken at its word. Seen where the default was bounded and the parameter not.",
    plant: (parts) =>
      withEngine(parts, () => ({
        readChanges: (store, account, call, limits) =>
          readChanges(store, account, call, {
            ...limits,
            deltaLimitMax: Math.max(limits.deltaLimitMax, Math.min(call.limit ?? 0, 10_000)),
          }),
      })),
  }),
  proxyFault({
    name: "delta-head-after-its-data",
    rules: ["DLT-5", "DLT-6", "EVT-6"],
    smallest: "a write and a delta at once, and a delta since its currentRevision",
    text: "`currentRevision` is read after the changes: a write between the two is in neither this delta nor the next. Two statements without a transaction.",
    plant: (parts) => {
      let clockMs = 0;
      const reading = withLog(parts, (found) => found.filter(({ committedAtMs }) => committedAtMs < clockMs));
      return withDesk(reading, () => (request, nowMs, go) => {
        clockMs = nowMs;
        return go(request);
      });
    },
  }),
  proxyFault({
    name: "head-of-the-moment",
    rules: ["DLT-5", "DLT-6", "REV-4"],
    smallest: "a delta of two pages, and a write between them",
    text: "`currentRevision` is the head when a page is asked for, while its changes are those of the first page's snapshot: what was written meanwhile is never told. Seen where the head was a helper's business.",
    plant: (parts) =>
      withDesk(parts, ({ accounts }, store) => (request, _nowMs, go) => {
        const answer = go(request);
        const account = accounts.get(request.token ?? "");
        if (request.call.call !== "changes" || answer.status !== 200 || account === undefined) return answer;
        const { head: currentRevision, headAtMs } = store.standing(account);
        const meta = { revisionId: currentRevision, updatedAt: formatInstant(headAtMs) };
        return { ...answer, body: { ...(answer.body as ChangesBody), currentRevision, meta } };
      }),
  }),
  proxyFault({
    name: "delta-by-the-second",
    rules: ["DLT-6", "DLT-1", "DLT-5", "EVT-6"],
    smallest: "two writes within a second, and a delta since the first",
    text: "Changes of the same second as `since` are left out. What `updated_at > since` does when both are whole seconds.",
    plant: (parts) =>
      withLog(parts, (found, _store, _question, since) =>
        since === undefined
          ? found
          : found.filter(({ revision }) => revision.slice(0, 14) > since.slice(0, 14)),
      ),
  }),
  proxyFault({
    name: "delta-without-deletions-of-tasks",
    rules: ["DLT-6", "DLT-2", "DLT-1"],
    smallest: "a task, its delete, and a delta over the delete",
    text: "Deletions of tasks are not told, those of contacts and lists are. Seen where one table of three got its trigger.",
    plant: (parts) =>
      withSnapshot(parts, (version) =>
        version.record === null && version.entity === "task" ? undefined : version,
      ),
  }),
  proxyFault({
    name: "delta-with-old-data",
    rules: ["DLT-6", "DLT-1", "MRG-8", "API-1"],
    smallest: "a create, an update, and a delta over both",
    text: "`data` of a change is the record as it was made, under its newest revision. Seen where a delta was joined with a cache of rows.",
    plant: (parts) =>
      withLog(parts, (found, store, { account }) =>
        found.map((version) => {
          const { entity, bornAt: base, revision } = version;
          const first = store.load(account, { entity, id: undefined, key: undefined, base }, 0).base;
          return version.record && first?.record
            ? revised({ ...version, record: first.record }, revision)
            : version;
        }),
      ),
  }),
  proxyFault({
    name: "nothing-new-is-304",
    rules: ["DLT-7", "API-6"],
    smallest: "a delta since the head",
    text: "A delta without changes is 304 and has no body. Seen where somebody thought of caches.",
    plant: (parts) =>
      withProxy(parts, {
        answer: (answer, { call }) => {
          if (call.call !== "changes" || answer.status !== 200 || call.since === undefined) return answer;
          const { changes, hasMore } = answer.body as ChangesBody;
          return changes.length === 0 && !hasMore ? { ...answer, status: 304, body: null } : answer;
        },
      }),
  }),
  proxyFault({
    name: "nothing-new-has-no-head",
    rules: ["DLT-7", "DLT-1", "DLT-5", "DLT-6"],
    smallest: "a delta since the head",
    text: "Without changes `currentRevision` is null: the revision of the last change, of which there was none.",
    plant: (parts) =>
      withChanges(parts, (body) =>
        body.changes.length === 0 ? ({ ...body, currentRevision: null } as unknown as ChangesBody) : body,
      ),
  }),
  proxyFault({
    name: "full-sync-unsaid",
    rules: ["DLT-8"],
    smallest: "a delta without `since`",
    text: "A full sync does not say that it is one, and a device keeps what the server no longer has. Seen where the flag was the client's own.",
    plant: (parts) =>
      withChanges(parts, (body) => {
        const { fullSync: _fullSync, ...rest } = body as ChangesBody & JsonObject;
        return rest as unknown as ChangesBody;
      }),
  }),
  proxyFault({
    name: "full-sync-with-tombstones",
    rules: ["DLT-8"],
    smallest: "a create, a delete, and a full sync",
    text: "A full sync has deletions too, and what was edited is `updated`. Seen where it was a delta since the beginning.",
    plant: (parts) => {
      const edited = new Set<Revision>();
      const all = withLog(parts, (_found, store, question) => {
        const found = store.snapshot(question.account, { ...question, tombstones: true });
        for (const { revision, action } of found) if (action === "updated") edited.add(revision);
        return found;
      });
      return withChanges(all, (body, { since }) =>
        since !== undefined
          ? body
          : {
              ...body,
              changes: body.changes.map((change) =>
                edited.has(change.revisionId) ? { ...change, action: "updated" } : change,
              ),
            },
      );
    },
  }),
  proxyFault({
    name: "tombstone-hides-rebirth",
    rules: ["DLT-11", "DLT-6", "CON-9", "DLT-2", "DLT-1"],
    smallest: "a create, a delete, the create again, and a delta over all",
    text: "A record that was deleted and made again is told as deleted. Seen where tombstones lived in a table of their own, and won.",
    plant: (parts) =>
      withSnapshot(parts, (version) =>
        version.record !== null && version.pastLives.length > 0 ? { ...version, record: null } : version,
      ),
  }),
];

const ALL = new Set(["contact", "task", "list"] as const);

type Question = Parameters<Store["snapshot"]>[1] & {
  readonly account: Parameters<Store["snapshot"]>[0];
  /** It is the first page that is asked for. */
  readonly first: boolean;
};

/** Parts whose deltas find other versions in the log. */
export function withLog(
  parts: Parts,
  change: (
    found: readonly Version[],
    store: Store,
    question: Question,
    since: string | undefined,
  ) => readonly Version[],
): Parts {
  return withEngine(parts, () => ({
    readChanges: (store, account, call, limits) => {
      const first = call.cursor === undefined;
      const shown = override(store, {
        snapshot: (own, question) =>
          change(store.snapshot(own, question), store, { ...question, account: own, first }, call.since),
      });
      return readChanges(shown, account, call, limits);
    },
  }));
}

/** Parts whose deltas are told otherwise. */
function withChanges(parts: Parts, change: (body: ChangesBody, call: ChangesCall) => ChangesBody): Parts {
  return withProxy(parts, {
    answer: (answer, { call }) =>
      call.call === "changes" && answer.status === 200
        ? { ...answer, body: change(answer.body as ChangesBody, call) }
        : answer,
  });
}

/** Parts whose deltas are asked for otherwise. */
function withQuery(parts: Parts, change: (call: ChangesCall) => ChangesCall): Parts {
  return withProxy(parts, {
    request: (request) =>
      request.call.call === "changes" ? { ...request, call: change(request.call) } : request,
  });
}

function withActions(body: ChangesBody, living: Action): ChangesBody {
  const changes = body.changes.map(
    (change): Change => (change.action === "deleted" ? change : { ...change, action: living }),
  );
  return { ...body, changes };
}

/** Pages that are full have a next one, which may be empty. */
function withFullPages(parts: Parts): Parts {
  return withDesk(parts, ({ limits }) => (request, _nowMs, go) => {
    const { call } = request;
    if (call.call !== "changes") return go(request);
    const { cursor, ...first } = call;
    const ended = cursor?.startsWith(END) === true;
    const answer = go(ended ? { ...request, call: first } : request);
    if (answer.status !== 200) return answer;
    const { nextCursor: _nextCursor, ...body } = answer.body as ChangesBody;
    if (ended) return { ...answer, body: { ...body, changes: [], hasMore: false } };
    const limit = Math.min(call.limit ?? limits.deltaLimitMax, limits.deltaLimitMax);
    if (body.hasMore || body.changes.length !== limit) return answer;
    return { ...answer, body: { ...body, hasMore: true, nextCursor: `${END}${body.currentRevision}` } };
  });
}

const END = "end.";
