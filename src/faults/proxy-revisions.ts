/**
 * Owns the planted faults of the proxy about revisions (section 2).
 * Refuses to share code with the probes that must catch them.
 */

import type { JsonObject } from "../base/canonical-json.ts";
import { fieldsOf } from "../protocol/patch.ts";
import type { Answer, Request } from "../protocol/request.ts";
import { GENESIS, nextRevision, type Revision } from "../protocol/revision.ts";
import { readChanges } from "../proxy/delta.ts";
import { writeHttp } from "../proxy/http-answer.ts";
import type { ProxyOutput } from "../proxy/port.ts";
import { readRecord } from "../proxy/reads.ts";
import { recordReply } from "../proxy/reply.ts";
import type { Store, Version } from "../proxy/store.ts";
import { versionOf } from "../proxy/version.ts";
import type { Parts } from "../simulation/parts.ts";
import { type Fault, override, withProxy } from "./fault.ts";
import { proxyFault, withBorder, withDecision, withDesk, withEngine, withMethods } from "./seams.ts";
import { objectOf, revised } from "./wire.ts";

/** How long the copy that is read lags behind the one that is written. */
const LAG_MS = 50;

export const REVISION_FAULTS: readonly Fault[] = [
  proxyFault({
    name: "meta-without-time",
    rules: ["REV-1"],
    smallest: "one listing",
    text: "`meta` of a collection has its `revisionId` and no `updatedAt`. Seen where two handlers built their envelope by hand.",
    plant: (parts) =>
      withProxy(parts, {
        answer: (answer, { call }) => {
          const body = objectOf(answer.body);
          const meta = objectOf(body?.meta);
          if (call.call !== "list" || !meta) return answer;
          const { updatedAt: _updatedAt, ...rest } = meta;
          return { ...answer, body: { ...body, meta: rest } };
        },
      }),
  }),
  proxyFault({
    name: "revisions-of-another-form",
    rules: ["REV-2"],
    smallest: "one write",
    text: "Revisions are `v` and two numbers: unique and in order, but not of the form that was agreed. Seen where the column's own sequence was handed out.",
    plant: (parts) =>
      withRevisions(
        parts,
        (text) => text.replaceAll(/\brev_(\d{10}_[0-9a-z]{6,})/g, "v$1"),
        (text) => text.replaceAll(/\bv(\d{10}_[0-9a-z]{6,})/g, "rev_$1"),
      ),
  }),
  proxyFault({
    name: "delta-carries-first-revision",
    rules: ["REV-3", "DLT-1", "DLT-6", "MRG-8"],
    smallest: "a create, an update, a delta over both",
    text: "A record inside a delta carries the revision of its creation. Seen where the row's own id column and the log's were joined the wrong way.",
    plant: (parts) =>
      withSnapshot(parts, (version) =>
        version.record === null ? version : revised(version, version.bornAt),
      ),
  }),
  proxyFault({
    name: "head-of-what-is-listed",
    rules: ["REV-4", "EVT-6"],
    smallest: "a write to one entity, a listing of another",
    text: "`meta.revisionId` of a listing is the largest revision in it, and genesis when it is empty, not the log's head. Seen as `max(updated_at)` over the rows of the answer.",
    plant: (parts) =>
      withProxy(parts, {
        answer: (answer, { call }) => {
          const body = objectOf(answer.body);
          if (call.call !== "list" || answer.status !== 200 || !body) return answer;
          const own = (body.data as readonly { revisionId: Revision }[]).map(({ revisionId }) => revisionId);
          const revisionId = own.reduce((most, one) => (one > most ? one : most), GENESIS);
          return { ...answer, body: { ...body, meta: { ...(body.meta as JsonObject), revisionId } } };
        },
      }),
  }),
  proxyFault({
    name: "transaction-is-the-revision",
    rules: ["REV-5", "BAT-4", "REV-3", "REV-4", "BAT-3"],
    smallest: "a batch of two creates",
    text: "All changes of one batch are told with one revision, the last. Seen where a row's version is the id of the transaction that wrote it.",
    plant: (parts) =>
      withProxy(parts, {
        answer: (answer, { call }) => {
          const body = objectOf(answer.body);
          if (call.call !== "batch" || answer.status !== 200 || !body) return answer;
          const results = (body.results as readonly JsonObject[]).map((result) => withRevision(result, body));
          return { ...answer, body: { ...body, results } };
        },
      }),
  }),
  proxyFault({
    name: "sequence-in-pairs",
    rules: ["REV-6", "DLT-1", "EVT-2", "BAT-4"],
    smallest: "three writes in one second",
    text: "Revisions come from two generators that take turns, and the second of each pair is the smaller. Seen where two instances drew numbers from blocks of their own.",
    plant: (parts) => withRevisions(parts, inPairs, inPairs),
  }),
  proxyFault({
    name: "no-change-commits",
    rules: ["REV-8", "CON-12", "MRG-3"],
    smallest: "an update that changes nothing",
    text: "An update that changes no field commits a version all the same, with its event and push. What an ORM does whose save() always writes `updated_at`.",
    plant: (parts) =>
      withDecision(parts, (at, decide) => {
        const decision = decide(at);
        const { current, standing } = at.view;
        if (at.mutation.operation !== "update" || decision.reply.status !== 200) return decision;
        if (decision.replayed || decision.plan?.version || !current?.record) return decision;
        const revision = nextRevision(standing.head, at.nowMs);
        const { pastLives, stamps } = current;
        const fields = fieldsOf(current.record);
        const version = versionOf(at, "updated", current.id, fields, stamps, revision, pastLives);
        const expect = { head: standing.head, current: current.revision, raises: current.raises };
        const reply = recordReply(200, version, decision.remark);
        const remember = decision.plan?.remember && { ...decision.plan.remember, revision, reply };
        const { entity } = current;
        const plan = { expect, entity, id: current.id, version, raise: undefined, remember };
        return { ...decision, reply, plan };
      }),
  }),
  proxyFault({
    name: "reads-from-a-replica",
    rules: ["REV-9", "API-1"],
    smallest: "a write, and at once a read",
    text: "Single records are read from a copy that lags by 50 ms. Seen with every asynchronous read replica behind a balancer.",
    plant: (parts) => {
      let clockMs = 0;
      const lagging = withEngine(parts, () => ({
        readRecord: (store, account, call) => {
          const current = store.current(account, call.entity, call.id);
          if (current === undefined || current.committedAtMs <= clockMs - LAG_MS) {
            return readRecord(store, account, call);
          }
          const { bottom } = store.standing(account);
          const former = store
            .logAfter(account, bottom, Number.MAX_SAFE_INTEGER)
            .find(({ supersededBy }) => supersededBy === current.revision);
          return readRecord(override(store, { current: () => former }), account, call);
        },
      }));
      return withDesk(lagging, () => (request, nowMs, go) => {
        clockMs = nowMs;
        return go(request);
      });
    },
  }),
  proxyFault({
    name: "reads-from-own-cache",
    rules: ["REV-9", "API-1"],
    rig: "three instances",
    smallest: "a read, a write by another instance, a read",
    text: "Each instance keeps what it has read, and forgets it only at a write of its own. Seen when the second instance was started.",
    plant: (parts) =>
      withDesk(parts, () => {
        const kept = new Map<string, Answer>();
        return (request, _nowMs, go) => {
          const { call, token } = request;
          if (call.call === "batch") kept.clear();
          if (!("entity" in call) || call.call === "create") return go(request);
          const name = `${token} ${call.entity} ${call.id}`;
          const found = call.call === "read" && call.ifNoneMatch === undefined ? kept.get(name) : undefined;
          if (found) return found;
          const answer = go(request);
          if (call.call !== "read") kept.delete(name);
          else if (answer.status === 200) kept.set(name, answer);
          return answer;
        };
      }),
  }),
  proxyFault({
    name: "etag-of-before",
    rules: ["REV-10"],
    smallest: "an update",
    text: "The ETag of an update's answer is the revision that was there before it. Seen where a framework computed the tag when the record was loaded.",
    plant: (parts) =>
      withDecision(parts, (at, decide) => {
        const decision = decide(at);
        const { current } = at.view;
        if (decision.reply.status !== 200 || decision.replayed || !current) return decision;
        return { ...decision, reply: { ...decision.reply, etag: current.revision } };
      }),
  }),
  proxyFault({
    name: "etag-made-weak",
    rules: ["REV-10"],
    smallest: "a read",
    text: 'ETags arrive as `W/"..."`. What nginx does to a strong tag when it compresses the answer.',
    plant: (parts) =>
      withBorder(parts, {
        writeHttp: (answer) => {
          const { etag } = answer.headers;
          if (etag === undefined) return writeHttp(answer);
          return writeHttp({ ...answer, headers: { ...answer.headers, etag: `W/${etag}` } });
        },
      }),
  }),
];

/** Parts whose deltas show each version as `change` makes it; undefined: not at all. */
export function withSnapshot(
  parts: Parts,
  change: (version: Version, store: Store) => Version | undefined,
): Parts {
  return withEngine(parts, () => ({
    readChanges: (store, account, call, limits) => {
      const shown = override(store, {
        snapshot: (own, question) =>
          store.snapshot(own, question).flatMap((version) => change(version, store) ?? []),
      });
      return readChanges(shown, account, call, limits);
    },
  }));
}

/** Parts whose proxies tell revisions by other names, and know them under these. */
function withRevisions(parts: Parts, told: (text: string) => string, heard: (text: string) => string): Parts {
  const through = <T>(value: T, rename: (text: string) => string): T =>
    value === undefined || value === null ? value : (JSON.parse(rename(JSON.stringify(value))) as T);
  const put = (output: ProxyOutput): ProxyOutput =>
    output.output === "frame" || output.output === "push_send" ? through(output, told) : output;
  return withMethods(parts, (proxy) => ({
    answer: (request: Request, nowMs) => through(proxy.answer(through(request, heard), nowMs), told),
    webhook: (delivery, nowMs) => through(proxy.webhook(delivery, nowMs), told),
    openSocket: (subscription, nowMs) => proxy.openSocket(through(subscription, heard), nowMs),
    takeOutputs: () => proxy.takeOutputs().map(put),
  }));
}

/** Swaps the two numbers of each pair; twice is nothing. */
function inPairs(text: string): string {
  return text.replaceAll(/\b(rev_\d{10}_[0-9a-z]{5})([0-9a-z])/g, (_all, head: string, last: string) => {
    return head + (Number.parseInt(last, 36) ^ 1).toString(36);
  });
}

function withRevision(result: JsonObject, batch: JsonObject): JsonObject {
  const { revisionId = "" } = batch.meta as JsonObject;
  const data = objectOf(result.data);
  if (!result.meta) return result;
  return {
    ...result,
    meta: { ...(result.meta as JsonObject), revisionId },
    ...(data && { data: { ...data, revisionId } }),
  };
}
