/**
 * Owns the order in which a write is decided: key, validity, existence, precondition, strategy [CON-10].
 * Refuses to store: it is a pure function of what was loaded, and says what is to be stored in one step. Stores that
 * must wait run the same function.
 */

import { assertNever } from "../base/assert.ts";
import type { JsonObject } from "../base/canonical-json.ts";
import type { EpochMs } from "../base/time.ts";
import { stampsOfCreate } from "../protocol/merge.ts";
import { fieldsOfCreate } from "../protocol/patch.ts";
import { nextRevision } from "../protocol/revision.ts";
import { NO_STAMPS } from "../protocol/stamps.ts";
import { bindingOf, isKey, recall } from "./idempotency.ts";
import type { Mutation } from "./mutation.ts";
import type { ProxyConfig } from "./port.ts";
import { judgeIfMatch } from "./precondition.ts";
import { conflictReply, type Remark, type Reply, recordReply, refusal } from "./reply.ts";
import type { CommitPlan, Life, Version, View } from "./store.ts";
import { applyPlainly, resolveStale, type Written } from "./strategy.ts";
import { faultOfMutation } from "./validity.ts";
import { ownStamp, versionOf } from "./version.ts";

/** What of the configuration a write depends on. */
export interface WriteRules {
  readonly conflicts: ProxyConfig["conflicts"];
  readonly idempotencyTtlMs: number;
}

/** One write with all that it is decided by. `attempt` counts from 0, and up when another write came between. */
export interface Case {
  readonly mutation: Mutation;
  readonly view: View;
  readonly rules: WriteRules;
  readonly nowMs: EpochMs;
  readonly attempt: number;
}

export interface Decision {
  readonly reply: Reply;
  readonly replayed: boolean;
  /** What must be stored before the reply is told; undefined when nothing must. */
  readonly plan: CommitPlan | undefined;
  /** For the report of the commit. */
  readonly remark: Remark;
}

const NO_REMARK: Remark = {};
const NO_LIVES: readonly Life[] = [];

/** What becomes of a write. */
export function decide(at: Case): Decision {
  const { mutation, view, rules } = at;
  if (mutation.key !== undefined && !isKey(mutation.key)) {
    return refuse("invalid_request", "Idempotency-Key is 1 to 255 visible ASCII characters");
  }
  const recalled = recall(mutation, view.remembered);
  if (recalled) return { ...recalled, plan: undefined, remark: NO_REMARK };
  const fault = faultOfMutation(mutation, rules.conflicts.mode);
  if (fault) return { reply: fault, replayed: false, plan: undefined, remark: NO_REMARK };
  switch (mutation.operation) {
    case "create":
      return decideCreate(at);
    case "update":
      return decideUpdate(at);
    case "delete":
      return decideDelete(at);
    default:
      return assertNever(mutation.operation);
  }
}

/** [CON-9] a living id is refused; a deleted one begins a new life. */
function decideCreate(at: Case): Decision {
  const { mutation, view, nowMs, attempt } = at;
  const { current } = view;
  if (current !== undefined && current.record !== null) {
    return settle(at, conflictReply("already_exists", current, mutation.payload));
  }
  const fields = fieldsOfCreate(mutation.payload as JsonObject);
  const revision = nextRevision(view.standing.head, nowMs);
  // Made from the revision, which no other record was made from. Where a client took that very id before, the store
  // says so, and the next attempt makes another.
  const id = mutation.id ?? `${revision.slice(4)}${attempt === 0 ? "" : `_${attempt}`}`;
  const stamps = mutation.entity === "contact" ? NO_STAMPS : stampsOfCreate(fields, ownStamp(at));
  const version = versionOf(at, "created", id, fields, stamps, revision, livesBefore(view));
  return settle(at, recordReply(201, version), version);
}

/** The lives before one that begins now, as far as `since` can still ask about them [DLT-2]. */
export function livesBefore(view: View): readonly Life[] {
  const { current: tombstone, standing } = view;
  if (tombstone === undefined) return NO_LIVES;
  const { bornAt, revision: diedAt, pastLives } = tombstone;
  // A webhook may delete what did not live: that ended no life.
  const ended = bornAt === diedAt ? NO_LIVES : [{ bornAt, diedAt }];
  return [...pastLives, ...ended].filter((life) => life.diedAt > standing.bottom);
}

function decideUpdate(at: Case): Decision {
  const { mutation, view, rules } = at;
  const { current } = view;
  if (current === undefined) return refuse("not_found", "there is no such record");
  if (current.record === null) {
    // [CON-8] never back to life; who knew the record is told that it is gone.
    return mutation.ifMatch === undefined || rules.conflicts.mode === "off"
      ? refuse("not_found", "there is no such record")
      : settle(at, conflictReply("conflict", current, mutation.payload));
  }
  const precondition = judgeIfMatch(mutation.ifMatch, current.revision, rules.conflicts);
  switch (precondition) {
    case "required":
      return refuse("precondition_required", "an update needs If-Match here");
    case "unconditional":
    case "any":
      return write(at, current, applyPlainly(at, current, false), NO_REMARK);
    case "current":
      return write(at, current, applyPlainly(at, current, true), NO_REMARK);
    case "stale":
      return decideStaleUpdate(at, current);
    default:
      return assertNever(precondition);
  }
}

function decideStaleUpdate(at: Case, current: Version): Decision {
  const { mutation, rules } = at;
  if (rules.conflicts.mode === "advisory") {
    return write(at, current, applyPlainly(at, current, false), remarkOf(at, current));
  }
  // [CON-2] with `resolvedBy: client` every stale write is the device's to resolve.
  const resolved = rules.conflicts.resolvedBy === "client" ? undefined : resolveStale(at, current);
  if (resolved === undefined) return settle(at, conflictReply("conflict", current, mutation.payload));
  return write(at, current, resolved, { resolution: resolved.resolution });
}

function decideDelete(at: Case): Decision {
  const { mutation, view, rules, nowMs } = at;
  const { current } = view;
  if (current === undefined) return refuse("not_found", "there is no such record");
  if (current.record === null) return settle(at, recordReply(200, current));
  const precondition = judgeIfMatch(mutation.ifMatch, current.revision, rules.conflicts);
  if (precondition === "required") {
    return refuse("precondition_required", "a deletion needs If-Match here");
  }
  const stale = precondition === "stale";
  // [CON-4] for every entity.
  if (stale && rules.conflicts.mode === "enforce")
    return settle(at, conflictReply("conflict", current, null));
  const remark = stale ? remarkOf(at, current) : NO_REMARK;
  const revision = nextRevision(view.standing.head, nowMs);
  const version = versionOf(at, "deleted", current.id, undefined, NO_STAMPS, revision, current.pastLives);
  return settle(at, recordReply(200, version, remark), version, undefined, remark);
}

/**
 * [REV-8] what changes no field makes no version, but its stamps stand. [MRG-8] what does makes one, and answer, event,
 * delta and reads are all made from that.
 */
function write(at: Case, current: Version, written: Written, remark: Remark): Decision {
  if (!written.changed) {
    return settle(at, recordReply(200, current, remark), undefined, written.raise, remark);
  }
  const revision = nextRevision(at.view.standing.head, at.nowMs);
  const { fields, stamps } = written;
  const version = versionOf(at, "updated", current.id, fields, stamps, revision, current.pastLives);
  return settle(at, recordReply(200, version, remark), version, undefined, remark);
}

/** [FLG-1] */
function remarkOf(at: Case, current: Version): Remark {
  return {
    conflict: { expectedRevision: at.mutation.ifMatch ?? "", actualRevision: current.revision },
  };
}

/** [CON-3] without a plan, nothing is stored and nobody is told. */
function refuse(code: Parameters<typeof refusal>[0], message: string): Decision {
  return { reply: refusal(code, message), replayed: false, plan: undefined, remark: NO_REMARK };
}

/**
 * A reply with what must be stored for it: version, stamps and key together [IDM-6]. What is settled is what a key
 * remembers: 2xx, `conflict` and `already_exists`; what is refused leaves the key free [IDM-5].
 */
function settle(
  at: Case,
  reply: Reply,
  version?: Version,
  raise?: CommitPlan["raise"],
  remark: Remark = NO_REMARK,
): Decision {
  const { mutation, view, rules, nowMs } = at;
  const { current, standing } = view;
  const key = mutation.key !== undefined && isKey(mutation.key) ? mutation.key : undefined;
  if (version === undefined && raise === undefined && key === undefined) {
    return { reply, replayed: false, plan: undefined, remark };
  }
  const id = version?.id ?? current?.id ?? mutation.id ?? "";
  const ended = reply.status === 409 ? undefined : (version ?? current)?.revision;
  const remember =
    key === undefined
      ? undefined
      : bindingOf(mutation, key, id, ended, reply, nowMs + rules.idempotencyTtlMs);
  const expect = { head: standing.head, current: current?.revision, raises: current?.raises ?? 0 };
  const plan = { expect, entity: mutation.entity, id, version, raise, remember };
  return { reply, replayed: false, plan, remark };
}
