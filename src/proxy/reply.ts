/**
 * Owns replies: what a call comes to before it is told when and to whom, and every body that is built for one.
 * Refuses to know when which is due. A reply is what a key remembers; an answer is one telling of it.
 */

import { type EpochMs, formatInstant, SECOND_MS } from "../base/time.ts";
import { COLLECTION_OF, STRATEGY_OF } from "../protocol/entity.ts";
import { ERRORS, type ErrorCode } from "../protocol/errors.ts";
import type { Resolution } from "../protocol/messages.ts";
import type { Answer } from "../protocol/request.ts";
import type { Revision } from "../protocol/revision.ts";
import { type Standing, stampsOf, type Version } from "./store.ts";

/** What a call came to. Bodies are shared and never change. */
export interface Reply {
  readonly status: number;
  readonly body: unknown;
  /** [REV-10] */
  readonly etag?: Revision;
  readonly location?: string;
  readonly retryAfterMs?: number;
}

/** What a stale write that was not refused says about it [MRG-3, MRG-5, FLG-1]. */
export interface Remark {
  readonly resolution?: Resolution;
  readonly conflict?: { readonly expectedRevision: string; readonly actualRevision: Revision };
}

const NO_REMARK: Remark = {};

/** One telling of a reply, at the proxy's time `nowMs` [QUE-16]. */
export function answerOf(reply: Reply, nowMs: EpochMs, replayed: boolean): Answer {
  if (reply.etag === undefined && reply.retryAfterMs === undefined && !replayed) {
    return { status: reply.status, headers: { dateMs: nowMs }, body: reply.body };
  }
  return {
    status: reply.status,
    headers: {
      dateMs: nowMs,
      ...(reply.etag === undefined ? undefined : { etag: `"${reply.etag}"` }),
      ...(reply.location === undefined ? undefined : { location: reply.location }),
      // [API-7] whole seconds, and never too few.
      ...(reply.retryAfterMs === undefined
        ? undefined
        : { retryAfterSeconds: Math.ceil(reply.retryAfterMs / SECOND_MS) }),
      ...(replayed ? { replayed } : undefined),
    },
    body: reply.body,
  };
}

/** `{data, meta}` of one record as this version left it; `data` is null for a tombstone [REV-1, REV-4, REV-10]. */
export function recordReply(status: 200 | 201, version: Version, remark: Remark = NO_REMARK): Reply {
  const { revision, record } = version;
  const updatedAt = record === null ? formatInstant(version.committedAtMs) : record.updatedAt;
  const body = { data: record, meta: { revisionId: revision, updatedAt, ...remark } };
  if (status === 200) return { status, body, etag: revision };
  return { status, body, etag: revision, location: `/api/${COLLECTION_OF[version.entity]}/${version.id}` };
}

/** `meta` of everything that is not one record: the log's head [REV-1, REV-4]. */
export function metaOf(standing: Standing): { readonly revisionId: Revision; readonly updatedAt: string } {
  return { revisionId: standing.head, updatedAt: formatInstant(standing.headAtMs) };
}

/** A refusal of section 3. `message` is for people and names nothing of the inside [SEC-4]. */
export function refusal(code: ErrorCode, message: string): Reply {
  return { status: ERRORS[code].status, body: { error: code, message } };
}

/** [DLT-9] 410 with the head and the floor. */
export function expired(standing: Standing, message: string): Reply {
  const { head, floor } = standing;
  return {
    status: ERRORS.revision_expired.status,
    body: { error: "revision_expired", message, currentRevision: head, floorRevision: floor },
  };
}

/** [CON-2, CON-9, CON-11] both versions, so that the device can resolve and try again. */
export function conflictReply(
  code: "conflict" | "already_exists",
  current: Version,
  clientData: unknown,
): Reply {
  const { record } = current;
  const told = { error: code, message: MESSAGE[code], currentRevision: current.revision, serverData: record };
  if (record === null) {
    return { status: ERRORS[code].status, body: { ...told, clientData, deleted: true } };
  }
  if (STRATEGY_OF[current.entity] === "server_authoritative") {
    return { status: ERRORS[code].status, body: { ...told, clientData } };
  }
  return { status: ERRORS[code].status, body: { ...told, clientData, stamps: timesOf(current) } };
}

const MESSAGE = {
  conflict: "the record moved on since the revision in If-Match",
  already_exists: "a living record has this id",
} as const;

function timesOf(version: Version): unknown {
  const times: [string, EpochMs][] = [];
  for (const [name, stamp] of stampsOf(version)) times.push([name, stamp.timeMs]);
  return Object.fromEntries(times);
}
