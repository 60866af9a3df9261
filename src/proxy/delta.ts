/**
 * Owns deltas and full syncs: one page of what changed after `since`, in the snapshot of the first page (section 9).
 * Refuses to know how the log is kept. Because a snapshot does not move, every record comes once, in one state, and
 * pages end however fast others write; what came later comes with the next sync [DLT-5, DLT-6].
 */

import { formatInstant } from "../base/time.ts";
import type { Entity } from "../protocol/entity.ts";
import type { AccountId, Action } from "../protocol/messages.ts";
import type { Call } from "../protocol/request.ts";
import { GENESIS, parseRevision, type Revision } from "../protocol/revision.ts";
import { type CursorScope, type DeltaPosition, readDeltaCursor, writeDeltaCursor } from "./cursor.ts";
import { entitiesNamed } from "./entities.ts";
import type { ProxyConfig } from "./port.ts";
import { clampLimit } from "./reads.ts";
import { expired, type Reply, refusal } from "./reply.ts";
import type { Standing, Store, Version } from "./store.ts";

type ChangesCall = Extract<Call, { readonly call: "changes" }>;

/** [DLT-1] one page of what changed after `since`, each record in its latest state. */
export function readChanges(
  store: Store,
  account: AccountId,
  call: ChangesCall,
  limits: ProxyConfig["limits"],
): Reply {
  const limit = clampLimit(call.limit, limits.deltaLimitMax);
  if (limit === undefined) return refusal("invalid_request", "limit is a positive whole number");
  const entities = entitiesNamed(call.entities);
  if (entities === undefined) return refusal("invalid_request", "entities names an unknown collection");
  const since = call.since === undefined ? undefined : parseRevision(call.since);
  if (call.since !== undefined && since === undefined) {
    return refusal("invalid_revision", "since is no revision");
  }
  const scope: CursorScope = { account, kind: "changes", entities, since };
  const standing = store.standing(account);
  if (call.cursor !== undefined) {
    const position = readDeltaCursor(scope, call.cursor);
    if (position === undefined || position.head > standing.head) {
      return refusal("invalid_request", "this cursor is not one of this sync");
    }
    if (isOutlived(position, since, standing)) return expired(standing, "this cursor is too old");
    return page(store, scope, position, limit);
  }
  // [DLT-9] at or above the floor, and a revision that this log had.
  if (since !== undefined && !store.has(account, since)) {
    return expired(standing, "the log does not reach back to this revision");
  }
  const start = { after: since ?? GENESIS, head: standing.head, headAtMs: standing.headAtMs };
  return page(store, scope, start, limit);
}

/** [DLT-12] the log may have dropped something of the snapshot that this cursor goes through. */
function isOutlived(position: DeltaPosition, since: Revision | undefined, standing: Standing): boolean {
  return position.head < standing.bottom || (since !== undefined && since < standing.bottom);
}

/** [DLT-4] asked for one item more than is shown: it alone says that there is more. */
function page(store: Store, scope: CursorScope, position: DeltaPosition, limit: number): Reply {
  const { since, entities } = scope;
  const found = store.snapshot(scope.account, {
    after: position.after,
    upTo: position.head,
    entities,
    // [DLT-8] who has nothing needs no tombstones.
    tombstones: since !== undefined,
    limit: limit + 1,
  });
  const hasMore = found.length > limit;
  const shown = hasMore ? found.slice(0, limit) : found;
  const last = shown[shown.length - 1];
  return {
    status: 200,
    body: {
      changes: shown.map((version) => changeOf(version, since)),
      // [DLT-7] of an empty page too: who has it all can go on from here.
      currentRevision: position.head,
      hasMore,
      ...(hasMore && last
        ? { nextCursor: writeDeltaCursor(scope, { ...position, after: last.revision }) }
        : undefined),
      ...(since === undefined ? { fullSync: true } : undefined),
      meta: { revisionId: position.head, updatedAt: formatInstant(position.headAtMs) },
    },
  };
}

interface ChangeBody {
  readonly entity: Entity;
  readonly action: Action;
  readonly id: string;
  readonly revisionId: Revision;
  readonly data?: Version["record"];
}

function changeOf(version: Version, since: Revision | undefined): ChangeBody {
  const { entity, id, revision: revisionId, record } = version;
  if (record === null) return { entity, action: "deleted", id, revisionId };
  const action = since !== undefined && livedAt(version, since) ? "updated" : "created";
  return { entity, action, id, revisionId, data: record };
}

/** [DLT-2] whether the record of this version, which is later than `since`, lived then: in this life or a former one. */
function livedAt(version: Version, since: Revision): boolean {
  if (version.bornAt <= since) return true;
  return version.pastLives.some((life) => life.bornAt <= since && since < life.diedAt);
}
