/**
 * Owns batches: the envelope, the resolution of temporary ids and of `ifMatchMutation`, and the results (section 6).
 * Refuses to know how a mutation is decided: each item goes the way of a single call [BAT-4].
 */

import type { JsonObject } from "../base/canonical-json.ts";
import type { EpochMs } from "../base/time.ts";
import { ENTITIES, type Entity } from "../protocol/entity.ts";
import { type AccountId, BatchMutation } from "../protocol/messages.ts";
import { idOfPayload, type Mutation, withoutQuotes } from "./mutation.ts";
import { metaOf, type Reply, refusal } from "./reply.ts";
import type { Store } from "./store.ts";

/** What the batch asks of the engine for each of its items. */
export type CarryOut = (mutation: Mutation) => { readonly reply: Reply; readonly replayed: boolean };

/** [BAT-1, BAT-2] the results of a batch, in its order; each item sees what those before it did. */
export function runBatch(
  store: Store,
  account: AccountId,
  body: unknown,
  deviceId: string | undefined,
  mutationsMax: number,
  nowMs: EpochMs,
  carryOut: CarryOut,
): Reply {
  const items = itemsOfEnvelope(body);
  if (items === undefined) return refusal("invalid_request", "a batch is {mutations: [...]}");
  if (items.length > mutationsMax) {
    return refusal("batch_too_large", `a batch has at most ${mutationsMax} mutations`); // [BAT-6]
  }
  const batch = new Batch(store, account, deviceId, nowMs, carryOut);
  const results = items.map((item) => batch.run(item));
  return { status: 200, body: { results, meta: metaOf(store.standing(account)) } };
}

function itemsOfEnvelope(body: unknown): readonly unknown[] | undefined {
  if (typeof body !== "object" || body === null || Array.isArray(body)) return undefined;
  const { mutations } = body as { readonly mutations?: unknown };
  return Array.isArray(mutations) ? mutations : undefined;
}

class Batch {
  private readonly store: Store;
  private readonly account: AccountId;
  private readonly deviceId: string | undefined;
  private readonly nowMs: EpochMs;
  private readonly carryOut: CarryOut;
  /** What became of the mutations of this batch, by their ids: the last word on a key is a success, if there was one. */
  private readonly succeeded = new Set<string>();
  /** With the entities of which it may have been a create. */
  private readonly failed = new Map<string, ReadonlySet<Entity>>();

  constructor(
    store: Store,
    account: AccountId,
    deviceId: string | undefined,
    nowMs: EpochMs,
    carryOut: CarryOut,
  ) {
    this.store = store;
    this.account = account;
    this.deviceId = deviceId;
    this.nowMs = nowMs;
    this.carryOut = carryOut;
  }

  /** [BAT-3, BAT-7] one item, and its result whatever it is. */
  run(item: unknown): JsonObject {
    const parsed = BatchMutation.safeParse(item);
    if (!parsed.success) {
      const id = idOfItem(item);
      return this.note(id, ENTITIES, refusal("invalid_request", "not a mutation of the protocol"), false);
    }
    // The value that came, not the parsed copy: that would lose a member called `__proto__` [API-5].
    const came = item as BatchMutation;
    const creates = came.operation === "create" ? [came.entity] : NO_ENTITIES;
    const mutation = this.resolve(came);
    if ("status" in mutation) return this.note(came.id, creates, mutation, false);
    const { reply, replayed } = this.carryOut(mutation);
    return this.note(came.id, creates, reply, replayed);
  }

  private note(id: string, creates: readonly Entity[], reply: Reply, replayed: boolean): JsonObject {
    if (reply.status < 300) {
      this.succeeded.add(id);
      this.failed.delete(id);
    } else if (!this.succeeded.has(id)) {
      this.failed.set(id, new Set([...(this.failed.get(id) ?? []), ...creates]));
    }
    return resultOf(id, reply, replayed);
  }

  /** The mutation that an item asks for, or the refusal that it earns before it is one. */
  private resolve(came: BatchMutation): Mutation | Reply {
    // [IDM-9] the item's id is its key, one of those that single calls use.
    const { entity, operation, id: key, payload, timestamp } = came;
    const isCreate = operation === "create";
    const id = isCreate ? idOfPayload(payload) : this.recordId(entity, came.recordId);
    if (id !== undefined && typeof id !== "string") return id;
    const ifMatch = this.ifMatch(came);
    if (ifMatch !== undefined && typeof ifMatch !== "string") return ifMatch;
    return {
      entity,
      operation,
      id,
      payload: operation === "delete" ? undefined : payload,
      ifMatch,
      key,
      deviceId: this.deviceId,
      timestamp,
      temporaryId: isCreate ? undefined : came.recordId,
    };
  }

  /**
   * [BAT-5] the record that `recordId` means: what the create of that id made, else the record of that very id. A
   * create that failed in this batch takes its dependents with it; one that failed formerly does unless a record bears
   * its id.
   */
  private recordId(entity: Entity, recordId: string | undefined): string | Reply {
    if (recordId === undefined) return refusal("invalid_request", "recordId is missing");
    if (this.failed.get(recordId)?.has(entity)) return CREATE_FAILED;
    const named = this.store.remembered(this.account, recordId, this.nowMs);
    if (named === undefined || named.operation !== "create" || named.entity !== entity) return recordId;
    if (named.revision !== undefined) return named.recordId;
    return this.store.current(this.account, entity, recordId) === undefined ? CREATE_FAILED : recordId;
  }

  /** [BAT-8] `ifMatchMutation` stands for the revision that its mutation ended with, also in a fingerprint. */
  private ifMatch(came: BatchMutation): string | undefined | Reply {
    const { ifMatch, ifMatchMutation } = came;
    if (ifMatchMutation === undefined) return ifMatch === undefined ? undefined : withoutQuotes(ifMatch);
    const named = this.store.remembered(this.account, ifMatchMutation, this.nowMs);
    if (named?.revision !== undefined && !this.failed.has(ifMatchMutation)) return named.revision;
    // The named one may be forgotten a moment before this one is: then this is the retry of what it was bound to.
    const own = this.store.remembered(this.account, came.id, this.nowMs);
    return own?.ifMatch ?? BASE_FAILED;
  }
}

const NO_ENTITIES: readonly Entity[] = [];
const CREATE_FAILED = refusal("dependency_failed", "the create of this record failed");
const BASE_FAILED = refusal(
  "dependency_failed",
  "the mutation named in ifMatchMutation failed, or is unknown",
);

/** [BAT-1] the result's id, also of what is no mutation. */
function idOfItem(item: unknown): string {
  if (typeof item !== "object" || item === null) return "";
  const { id } = item as { readonly id?: unknown };
  return typeof id === "string" ? id : "";
}

/** [IDM-8] what the single call would have answered, with its status. */
function resultOf(id: string, reply: Reply, replayed: boolean): JsonObject {
  const told = { id, status: reply.status, ...(reply.body as JsonObject) };
  return replayed ? { ...told, replayed } : told;
}
