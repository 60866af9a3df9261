/**
 * Owns what is read without a log: one record, a collection, capabilities.
 * Refuses to change anything.
 */

import { COLLECTION_OF, ENTITIES, ENTITY_OF, type Entity, STRATEGY_OF } from "../protocol/entity.ts";
import { type AccountId, PROTOCOL_VERSION } from "../protocol/messages.ts";
import type { Call } from "../protocol/request.ts";
import { type CursorScope, readListCursor, writeListCursor } from "./cursor.ts";
import type { ProxyConfig } from "./port.ts";
import { noneMatchHits } from "./precondition.ts";
import { metaOf, type Reply, recordReply, refusal } from "./reply.ts";
import type { Store } from "./store.ts";

type ReadCall = Extract<Call, { readonly call: "read" }>;
type ListCall = Extract<Call, { readonly call: "list" }>;

/** [API-1, API-8] one record, or 304 when the caller has its current revision. */
export function readRecord(store: Store, account: AccountId, call: ReadCall): Reply {
  const current = store.current(account, call.entity, call.id);
  if (current === undefined || current.record === null) {
    return refusal("not_found", "there is no such record");
  }
  if (call.ifNoneMatch !== undefined && noneMatchHits(call.ifNoneMatch, current.revision)) {
    return { status: 304, body: null, etag: current.revision };
  }
  return recordReply(200, current);
}

/** [API-4] a collection in ASCII order of id; by pages when `limit` or `cursor` is there. */
export function listRecords(
  store: Store,
  account: AccountId,
  call: ListCall,
  limits: ProxyConfig["limits"],
): Reply {
  const entity = ENTITY_OF.get(call.collection);
  if (entity === undefined) return refusal("not_found", "there is no such collection");
  if (call.limit === undefined && call.cursor === undefined) {
    const data = store.living(account, entity, undefined, Number.MAX_SAFE_INTEGER);
    return { status: 200, body: { data, meta: metaOf(store.standing(account)) } };
  }
  const limit = clampLimit(call.limit, limits.listLimitMax);
  if (limit === undefined) return refusal("invalid_request", "limit is a positive whole number");
  return listPage(store, account, entity, limit, call.cursor);
}

function listPage(
  store: Store,
  account: AccountId,
  entity: Entity,
  limit: number,
  cursor: string | undefined,
): Reply {
  const scope: CursorScope = { account, kind: "list", entities: new Set([entity]), since: undefined };
  const afterId = cursor === undefined ? undefined : readListCursor(scope, cursor);
  if (cursor !== undefined && afterId === undefined) {
    return refusal("invalid_request", "this cursor is not one of this listing");
  }
  const found = store.living(account, entity, afterId, limit + 1);
  const hasMore = found.length > limit;
  const data = hasMore ? found.slice(0, limit) : found;
  const last = data[data.length - 1];
  const next = hasMore && last ? { nextCursor: writeListCursor(scope, last.id) } : undefined;
  return { status: 200, body: { data, meta: { ...metaOf(store.standing(account)), hasMore, ...next } } };
}

/** [API-2] the limit that counts: at most `max`, which is also that of an absent one; undefined for a bad one. */
export function clampLimit(limit: number | undefined, max: number): number | undefined {
  if (limit === undefined) return max;
  return Number.isInteger(limit) && limit >= 1 ? Math.min(limit, max) : undefined;
}

/** [FLG-3] */
export function readCapabilities(
  store: Store,
  account: AccountId,
  config: ProxyConfig,
  conflicts: ProxyConfig["conflicts"],
): Reply {
  const { limits, push } = config;
  const standing = store.standing(account);
  const data = {
    protocol: PROTOCOL_VERSION,
    phases: config.phases,
    entities: ENTITIES.map((entity) => ({
      entity,
      collection: COLLECTION_OF[entity],
      strategy: STRATEGY_OF[entity],
    })),
    conflicts,
    delta: {
      limitMax: limits.deltaLimitMax,
      retentionSeconds: config.retentionSeconds,
      floorRevision: standing.floor,
    },
    batch: { mutationsMax: limits.mutationsMax },
    idempotency: { ttlSeconds: config.idempotencyTtlSeconds },
    push: { provider: "expo", entities: push.entities, receiptDelaySeconds: push.receiptDelaySeconds },
    events: { replayMax: limits.replayMax },
    webhooks: config.webhooks,
    bodyBytesMax: limits.bodyBytesMax,
  };
  return { status: 200, body: { data, meta: metaOf(standing) } };
}
