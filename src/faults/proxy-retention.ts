/**
 * Owns the planted faults of the proxy about how far a log reaches, and about the cursors through it (section 9, DLT-9,
 * DLT-10, DLT-12 and DLT-13).
 * Refuses to share code with the probes that must catch them.
 */

import { MINUTE_MS, SECOND_MS } from "../base/time.ts";
import type { Answer, Call, Request } from "../protocol/request.ts";
import { GENESIS, parseRevision } from "../protocol/revision.ts";
import type { ProxyConfig } from "../proxy/port.ts";
import { expired, type refusal } from "../proxy/reply.ts";
import type { Store } from "../proxy/store.ts";
import type { Parts } from "../simulation/parts.ts";
import type { Fault } from "./fault.ts";
import { withLog } from "./proxy-delta.ts";
import { proxyFault, withDesk, withStore } from "./seams.ts";
import { objectOf } from "./wire.ts";

type ChangesCall = Extract<Call, { readonly call: "changes" }>;

export const RETENTION_FAULTS: readonly Fault[] = [
  proxyFault({
    name: "floor-is-gone",
    rules: ["DLT-13", "DLT-9", "DLT-10", "FLG-3"],
    rig: "short retention",
    smallest: "a delta since the floor",
    text: "A delta since the floor is 410, unless that is the head: `<=` where `<` was meant.",
    plant: (parts) =>
      withAsked(parts, ({ since, cursor }, { store, account }) => {
        const standing = store.standing(account);
        const isFloor = since === standing.floor && since !== GENESIS && since !== standing.head;
        const hit = cursor === undefined && isFloor;
        return hit ? expired(standing, "the log does not reach back to this revision") : undefined;
      }),
  }),
  proxyFault({
    name: "below-floor-what-is-left",
    rules: ["DLT-10", "DLT-9", "DLT-6", "DLT-12"],
    rig: "short retention",
    smallest: "a delta since a revision that was pruned",
    text: "Below the floor a delta is 200 with what is left of the log: clean, and without the deletions. Seen as `WHERE revision > ?` on a table that is pruned.",
    plant: (parts) =>
      withSince(parts, (since, store, account) => {
        const { floor } = store.standing(account);
        return parseRevision(since) !== undefined && since < floor ? floor : since;
      }),
  }),
  proxyFault({
    name: "unknown-since-is-a-place",
    rules: ["DLT-9"],
    smallest: "a delta since a revision that this log never had",
    text: "A revision that the log never had is taken for a place in it. Seen where a phone was moved from staging to production.",
    plant: (parts) =>
      withStore(parts, (store) => ({
        has: (account, revision) => store.has(account, revision) || revision > store.standing(account).floor,
      })),
  }),
  proxyFault({
    name: "bad-since-is-none",
    rules: ["DLT-9", "API-2"],
    smallest: "a delta since a word",
    text: "A `since` that is no revision is a full sync. Seen where a parser returned undefined.",
    plant: (parts) => withSince(parts, (since) => (parseRevision(since) === undefined ? undefined : since)),
  }),
  proxyFault({
    name: "expired-without-floor",
    rules: ["DLT-9"],
    rig: "short retention",
    smallest: "a delta since a revision that was pruned",
    text: "A 410 does not carry head and floor. Seen where the error had room for a message only.",
    plant: (parts) =>
      withDesk(parts, () => (request, _nowMs, go) => {
        const answer = go(request);
        if (answer.status !== 410) return answer;
        const { currentRevision: _head, floorRevision: _floor, ...body } = objectOf(answer.body) ?? {};
        return { ...answer, body };
      }),
  }),
  proxyFault({
    name: "tombstones-go-early",
    rules: ["DLT-10", "DLT-6"],
    rig: "short retention",
    smallest: "a create, a delete, half of the retention, and a delta over the delete",
    text: "Deletions are forgotten after half of what is declared, and the floor does not move: an old device gets a clean answer that lacks them. Seen where a cron job and the documentation disagreed.",
    plant: (parts) => {
      let cutoffMs = 0;
      const forgetting = withLog(parts, (found) =>
        found.filter(({ record, committedAtMs }) => record !== null || committedAtMs > cutoffMs),
      );
      return withDesk(forgetting, ({ retentionSeconds }) => (request, nowMs, go) => {
        cutoffMs = nowMs - (retentionSeconds * SECOND_MS) / 2;
        return go(request);
      });
    },
  }),
  proxyFault({
    name: "cursor-of-any-entities",
    rules: ["DLT-12"],
    smallest: "the second page of a delta with other `entities=`",
    text: "A cursor used with other entities is taken, for the query that it came from. Seen where cursors hold the whole query.",
    plant: (parts) =>
      withOwnQuery(parts, ({ entities: _entities, ...call }, origin) => restored(call, origin)),
  }),
  proxyFault({
    name: "cursor-of-any-since",
    rules: ["DLT-12"],
    smallest: "the second page of a delta with another `since`",
    text: "A cursor used with another `since` is taken, for the one that it came from. Seen where cursors hold the whole query.",
    plant: (parts) =>
      withOwnQuery(parts, ({ since: _since, ...call }, { since }) =>
        since === undefined ? call : { ...call, since },
      ),
  }),
  proxyFault({
    name: "cursor-of-any-account",
    rules: ["DLT-12", "SEC-3"],
    smallest: "the second page of a delta, asked for by the other account",
    text: "Another account's cursor is not refused, but begins anew. Seen where what cannot be verified was taken for nothing.",
    plant: (parts) =>
      withDesk(parts, () => {
        const owners = new Map<string, string | undefined>();
        return (request, _nowMs, go) => {
          const { call, token } = request;
          const cursor = call.call === "changes" ? call.cursor : undefined;
          const foreign = cursor !== undefined && owners.has(cursor) && owners.get(cursor) !== token;
          const answer = go(foreign ? withoutCursor(request) : request);
          noteCursor(answer, (next) => owners.set(next, token));
          return answer;
        };
      }),
  }),
  proxyFault({
    name: "cursor-serves-once",
    rules: ["DLT-12", "DLT-5"],
    smallest: "the second page of a delta, twice",
    text: "A cursor serves once: whose answer was lost begins anew, and on a bad line never ends. What a database cursor does that is kept on the server.",
    plant: (parts) =>
      withDesk(parts, () => {
        const served = new Set<string>();
        return (request, _nowMs, go) => {
          const cursor = request.call.call === "changes" ? request.call.cursor : undefined;
          if (cursor !== undefined && served.has(cursor)) return go(withCursor(request, "gone"));
          const answer = go(request);
          if (cursor !== undefined && answer.status === 200) served.add(cursor);
          return answer;
        };
      }),
  }),
  proxyFault({
    name: "cursor-lives-a-minute",
    rules: ["DLT-12"],
    smallest: "the second page of a delta after two minutes",
    text: "A cursor is too old after a minute. Seen with a scroll context of a search engine, whose time to live somebody had to choose.",
    plant: (parts) =>
      withDesk(parts, (config, store) => {
        const madeAtMs = new Map<string, number>();
        return (request, nowMs, go) => {
          const cursor = request.call.call === "changes" ? request.call.cursor : undefined;
          const account = config.accounts.get(request.token ?? "");
          const bornMs = cursor === undefined ? undefined : madeAtMs.get(cursor);
          if (bornMs !== undefined && nowMs - bornMs > MINUTE_MS && account !== undefined) {
            const { status, body } = expired(store.standing(account), "this cursor is too old");
            return { status, headers: { dateMs: nowMs }, body };
          }
          const answer = go(request);
          noteCursor(answer, (next) => madeAtMs.set(next, madeAtMs.get(next) ?? nowMs));
          return answer;
        };
      }),
  }),
  proxyFault({
    name: "quiet-head-expires",
    rules: ["DLT-13", "DLT-9", "DLT-7"],
    rig: "short retention",
    smallest: "a write, the retention, and a delta since it",
    text: "A head that is older than retention is 410: whoever has been up to date for a month syncs in full every time. Seen where the age of a revision was that of its commit.",
    plant: (parts) => withAge(parts, (ageMs, retentionMs, isHead) => isHead && ageMs > retentionMs),
  }),
  proxyFault({
    name: "expires-by-its-own-age",
    rules: ["DLT-13", "DLT-9"],
    rig: "short retention",
    smallest: "a write, the retention, another write, and a delta since the first",
    text: "A revision that was the head until just now is 410, because it was committed long ago. Seen where the age of a revision was that of its commit, and heads were let off.",
    plant: (parts) => withAge(parts, (ageMs, retentionMs, isHead) => !isHead && ageMs > retentionMs),
  }),
  proxyFault({
    name: "half-of-the-retention",
    rules: ["DLT-13", "DLT-10"],
    rig: "short retention",
    smallest: "a write, two thirds of the retention, and a delta since before it",
    text: "The log reaches back half as far as is declared. Seen where the documentation said days and the job counted half-days.",
    plant: (parts) =>
      withStore(parts, (store) => ({
        prune: (account, retentionMs, nowMs) => store.prune(account, retentionMs / 2, nowMs),
      })),
  }),
];

interface Asked {
  readonly store: Store;
  readonly account: Parameters<Store["standing"]>[0];
  readonly nowMs: number;
  readonly config: ProxyConfig;
}

/** Parts whose deltas are answered by `answer` where it has one. */
function withAsked(
  parts: Parts,
  answer: (call: ChangesCall, asked: Asked) => ReturnType<typeof refusal> | undefined,
): Parts {
  return withDesk(parts, (config, store) => (request, nowMs, go) => {
    const account = config.accounts.get(request.token ?? "");
    if (request.call.call !== "changes" || account === undefined) return go(request);
    const reply = answer(request.call, { store, account, nowMs, config });
    return reply ? { status: reply.status, headers: { dateMs: nowMs }, body: reply.body } : go(request);
  });
}

/** Parts whose deltas are asked for since another revision. */
function withSince(
  parts: Parts,
  change: (since: string, store: Store, account: Asked["account"]) => string | undefined,
): Parts {
  return withDesk(parts, (config, store) => (request, _nowMs, go) => {
    const account = config.accounts.get(request.token ?? "");
    const { call } = request;
    if (call.call !== "changes" || call.since === undefined || account === undefined) return go(request);
    const { since, ...rest } = call;
    const changed = change(since, store, account);
    return go({ ...request, call: changed === undefined ? rest : { ...rest, since: changed } });
  });
}

/** Parts whose revisions expire by their own age. */
function withAge(
  parts: Parts,
  isOld: (ageMs: number, retentionMs: number, isHead: boolean) => boolean,
): Parts {
  return withAsked(parts, ({ since, cursor }, { store, account, nowMs, config }) => {
    const base = since === undefined ? undefined : parseRevision(since);
    if (base === undefined || cursor !== undefined) return undefined;
    const standing = store.standing(account);
    const isHead = base === standing.head;
    const wanted = { entity: "contact", id: undefined, key: undefined, base } as const;
    const atMs = isHead ? standing.headAtMs : store.load(account, wanted, nowMs).base?.committedAtMs;
    if (atMs === undefined || base === GENESIS) return undefined;
    const retentionMs = config.retentionSeconds * SECOND_MS;
    if (!isOld(nowMs - atMs, retentionMs, isHead)) return undefined;
    return expired(standing, "the log does not reach back to this revision");
  });
}

/** Parts whose cursors bring something of the query with them that they came from. */
function withOwnQuery(parts: Parts, change: (call: ChangesCall, origin: ChangesCall) => ChangesCall): Parts {
  return withDesk(parts, () => {
    const origins = new Map<string, ChangesCall>();
    return (request, _nowMs, go) => {
      const { call } = request;
      if (call.call !== "changes") return go(request);
      const origin = (call.cursor === undefined ? undefined : origins.get(call.cursor)) ?? call;
      const answer = go(call.cursor === undefined ? request : { ...request, call: change(call, origin) });
      noteCursor(answer, (next) => origins.set(next, origin));
      return answer;
    };
  });
}

function restored(call: ChangesCall, { entities }: ChangesCall): ChangesCall {
  return entities === undefined ? call : { ...call, entities };
}

function withCursor(request: Request, cursor: string): Request {
  return request.call.call === "changes" ? { ...request, call: { ...request.call, cursor } } : request;
}

function withoutCursor(request: Request): Request {
  if (request.call.call !== "changes") return request;
  const { cursor: _cursor, ...call } = request.call;
  return { ...request, call };
}

function noteCursor(answer: Answer, note: (cursor: string) => void): void {
  const next = objectOf(answer.body)?.nextCursor;
  if (typeof next === "string") note(next);
}
