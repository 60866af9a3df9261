/**
 * Owns the queue (section 7): edits as they come in, how they end, and what their end means for those behind them.
 * Refuses to send (drain.ts), and to decide conflicts (resolve.ts).
 */

import type { Entity, Fields } from "../protocol/entity.ts";
import type { IdempotencyKey } from "../protocol/messages.ts";
import type { Revision } from "../protocol/revision.ts";
import { createBackoff, succeed } from "./backoff.ts";
import { measure } from "./bytes.ts";
import { dropGhost, entryOf, findEntry, revisionOf, touch } from "./cache.ts";
import { makeId, nextStamp } from "./clock.ts";
import { idKey, mutationKey } from "./keys.ts";
import type { Edit, Outcome } from "./port.ts";
import { type Device, type Ending, type Entry, emit, type Mutation, NO_CHAIN } from "./state.ts";
import { hold, put } from "./storage.ts";
import { overItems } from "./view.ts";

/** A queue of this length takes no more edits: they fail at once, and are shown so. */
const MUTATIONS_MAX = 100_000;
const FORMER_KEYS_MAX = 8;
const NO_KEYS: readonly IdempotencyKey[] = [];

/** Takes in a user's edit: queued and shown at once, saved when it is durable [QUE-1, QUE-2]. */
export function edit(device: Device, wanted: Edit): void {
  const { entity, operation } = wanted;
  const recordId = realId(device, entity, wanted.recordId) ?? makeId(device, entity);
  const entry = entryOf(device, entity, recordId);
  const mutation = createMutation(device, wanted, entry);
  const { id, key, base } = mutation;
  emit(device, { output: "queued", mutation: id, key, edit: { ...wanted, recordId }, base });
  touch(device, entry);
  if (operation === "delete" && cancelUnsent(device, entry, mutation)) return;
  // [QUE-3] what has failed is shown until storage knows: what is made on top of it fails with it.
  const restsOnFailed = entry.chain.some(({ ending }) => ending?.outcome === "failed");
  enter(device, entry, mutation);
  if (device.queueing) device.saves.push(mutation);
  if (restsOnFailed) return fail(device, mutation, "dependency_failed");
  if (operation !== "create" && entry.shown === undefined) return fail(device, mutation, "not_found");
  if (device.queue.size > MUTATIONS_MAX) return fail(device, mutation, "queue_full");
  if (!device.queueing && !device.online) return fail(device, mutation, "unreachable");
  device.replan = true;
}

/** Stores the mutation as it is now. */
export function keep(device: Device, mutation: Mutation): void {
  if (!device.queueing) return;
  jot(device, mutation);
  hold(device, mutation);
}

/** Notes how its attempts go: it need not be durable before the next. */
export function jot(device: Device, mutation: Mutation): void {
  if (device.queueing) put(device, mutationKey(mutation.id), storedMutation(mutation));
}

/** [MRG-10] what it rests on, or its bytes, changed after it may have been sent: it goes on under a new key. */
export function rekey(device: Device, mutation: Mutation): void {
  mutation.formerKeys = [mutation.key, ...mutation.formerKeys].slice(0, FORMER_KEYS_MAX);
  mutation.key = makeId(device, "key") as IdempotencyKey;
  mutation.link = undefined;
  mutation.sent = false;
  mutation.attempted = false;
  device.byKey.set(mutation.key, mutation);
  emit(device, { output: "rekeyed", mutation: mutation.id, key: mutation.key });
}

/** Ends a mutation that took effect with `revision`; what waits behind it goes on from there [QUE-10]. */
export function complete(
  device: Device,
  mutation: Mutation,
  outcome: Outcome,
  revision: Revision | undefined,
): void {
  const entry = entryOf(device, mutation.entity, mutation.recordId);
  const next = entry.chain[entry.chain.indexOf(mutation) + 1];
  settle(device, mutation, outcome);
  if (next) goOnFrom(device, entry, next, mutation, revision);
}

/**
 * [QUE-6, QUE-8] ends a mutation as failed: rolled back, but kept until the user retries or discards it. What was
 * made on top of it fails with it; what comes later does not rest on it.
 */
export function fail(device: Device, mutation: Mutation, error: string): void {
  const entry = entryOf(device, mutation.entity, mutation.recordId);
  const behind = entry.chain.slice(entry.chain.indexOf(mutation) + 1);
  settle(device, mutation, "failed", error);
  for (const dependent of behind) {
    if (dependent.status !== "ending") settle(device, dependent, "failed", "dependency_failed");
  }
}

/** Ends a mutation. It is told, and leaves the screen, once storage has it: a kill before that would undo it [QUE-1]. */
function settle(device: Device, mutation: Mutation, outcome: Outcome, error?: string): void {
  const ending: Ending = { mutation, outcome, error };
  mutation.status = "ending";
  mutation.ending = ending;
  mutation.error = error;
  if (!device.queueing) return finish(device, ending);
  if (outcome === "failed") {
    keep(device, mutation);
  } else {
    device.failed.delete(mutation.id);
    put(device, mutationKey(mutation.id), undefined);
    device.holds.delete(mutation);
  }
  device.ends.push(ending);
}

/** The end of a mutation is durable. */
export function finish(device: Device, ending: Ending): void {
  const { mutation, outcome, error } = ending;
  // An echo may have shown meanwhile that what failed took effect after all.
  if (mutation.ending !== ending) return;
  leave(device, mutation);
  if (outcome === "failed" && device.queueing) {
    mutation.status = "failed";
    device.failed.set(mutation.id, mutation);
  } else {
    for (const key of [mutation.key, ...mutation.formerKeys]) device.byKey.delete(key);
  }
  announce(device, mutation, outcome, error);
}

/** Tells, again after a restart, that an edit failed and waits for its user. */
export function announceFailure(device: Device, mutation: Mutation): void {
  announce(device, mutation, "failed", mutation.error);
}

/** [QUE-6] the user takes a failed mutation up again: a new one in all but its id, made on what is shown now. */
export function retry(device: Device, id: string): void {
  const mutation = device.failed.get(id);
  if (!mutation) return;
  device.failed.delete(id);
  mutation.ending = undefined;
  const entry = entryOf(device, mutation.entity, mutation.recordId);
  mutation.timestampMs = nextStamp(device);
  rekey(device, mutation);
  mutation.sequence = device.sequence;
  mutation.status = "pending";
  mutation.error = undefined;
  mutation.attempts = 0;
  mutation.resolutions = 0;
  mutation.base = revisionOf(entry);
  succeed(mutation.backoff);
  if (mutation.operation === "update" && mutation.payload && entry.shown) {
    rebaseItems(mutation, entry.shown);
    mutation.seen = pick(entry.shown, mutation.payload);
  }
  enter(device, entry, mutation);
  device.saves.push(mutation);
  touch(device, entry);
  device.replan = true;
}

/** [QUE-6] the user gives a failed mutation up. */
export function discard(device: Device, id: string): void {
  const mutation = device.failed.get(id);
  if (mutation) settle(device, mutation, "discarded");
}

/** [EVT-16] the mutation of this device that has, or had, the key. */
export function mutationOfKey(device: Device, key: string): Mutation | undefined {
  return device.byKey.get(key);
}

/** The id that the server knows a record by. */
function realId(device: Device, entity: Entity, id: string | undefined): string | undefined {
  return id === undefined ? undefined : (device.ids.get(idKey(entity, id)) ?? id);
}

/** Puts a mutation at the end of the queue and of its record's chain, and into storage. */
function enter(device: Device, entry: Entry, mutation: Mutation): void {
  if (entry.chain === NO_CHAIN) entry.chain = [];
  entry.chain.push(mutation);
  device.queue.set(mutation.id, mutation);
  device.byKey.set(mutation.key, mutation);
  keep(device, mutation);
}

/** [QUE-14] the mutation as storage has it, payload and all: an object of its own, as the mutation goes on changing. */
function storedMutation(mutation: Mutation): StoredMutation {
  return {
    id: mutation.id,
    entity: mutation.entity,
    recordId: mutation.recordId,
    operation: mutation.operation,
    payload: mutation.payload,
    timestampMs: mutation.timestampMs,
    sequence: mutation.sequence,
    key: mutation.key,
    formerKeys: mutation.formerKeys,
    base: mutation.base,
    link: mutation.link,
    seen: mutation.seen,
    // What is stored while it ends has failed: all else is removed.
    status: mutation.status === "ending" ? "failed" : mutation.status,
    sent: mutation.sent,
    attempts: mutation.attempts,
    pause: mutation.pause,
    narrowed: mutation.narrowed,
    resolutions: mutation.resolutions,
    conflict: mutation.conflict,
    error: mutation.error,
  };
}

/** The entry of section 7, and what else a restart must know. */
export type StoredMutation = Omit<
  Mutation,
  "attempted" | "backoff" | "ending" | "bytes" | "confirmed" | "write"
>;

/** The values that `fields` has for the members that `payload` names. */
function pick(fields: Fields, payload: Fields): Fields {
  const members: [string, Fields[string]][] = [];
  for (const name of Object.keys(payload)) {
    if (Object.hasOwn(fields, name)) members.push([name, fields[name] as Fields[string]]);
  }
  return Object.fromEntries(members);
}

function createMutation(device: Device, wanted: Edit, entry: Entry): Mutation {
  const { entity, operation, payload } = wanted;
  const timestampMs = nextStamp(device);
  const id = makeId(device, "mutation");
  const seen = operation === "update" && payload && entry.shown ? pick(entry.shown, payload) : undefined;
  return {
    id,
    entity,
    recordId: entry.id,
    operation,
    payload,
    timestampMs,
    sequence: device.sequence,
    key: id as IdempotencyKey,
    formerKeys: NO_KEYS,
    base: revisionOf(entry),
    link: undefined,
    seen,
    status: "pending",
    sent: false,
    attempted: false,
    attempts: 0,
    backoff: createBackoff(),
    pause: undefined,
    narrowed: false,
    resolutions: 0,
    conflict: undefined,
    error: undefined,
    bytes: measure(payload),
    ending: undefined,
    confirmed: undefined,
    write: 0,
  };
}

/** [QUE-11] a create that never left, and its delete, take each other back, with all that lies between. */
function cancelUnsent(device: Device, entry: Entry, deletion: Mutation): boolean {
  const { chain } = entry;
  if (chain[0]?.operation !== "create" || !device.queueing) return false;
  if (!chain.every(neverLeft)) return false;
  chain.push(deletion);
  device.queue.set(deletion.id, deletion);
  device.saves.push(deletion);
  for (const mutation of chain) settle(device, mutation, "cancelled");
  return true;
}

function neverLeft(mutation: Mutation): boolean {
  const { attempted, formerKeys, status } = mutation;
  return !attempted && formerKeys.length === 0 && (status === "pending" || status === "syncing");
}

function goOnFrom(
  device: Device,
  entry: Entry,
  next: Mutation,
  done: Mutation,
  revision: Revision | undefined,
): void {
  if (next.status === "ending") return;
  const base =
    next.base !== undefined && (revision === undefined || next.base > revision) ? next.base : revision;
  if (base === next.base && next.link === undefined) return;
  next.base = base;
  // Sent together with the create, it goes again with the same bytes [MRG-10].
  if (next.link === done.key && next.attempted) return keep(device, next);
  next.link = undefined;
  if (entry.server && next.operation === "update" && next.entity === "list") {
    const { id: _id, revisionId: _revisionId, updatedAt: _updatedAt, ...fields } = entry.server;
    rebaseItems(next, fields as Fields);
  }
  if (next.attempted) rekey(device, next);
  keep(device, next);
}

/** A list's items as the user wants them, on a base that the user did not see: what others added stays. */
function rebaseItems(mutation: Mutation, fields: Fields): void {
  const { payload } = mutation;
  if (mutation.entity !== "list" || !payload || !Object.hasOwn(payload, "items")) return;
  const items = overItems(fields, mutation.seen, payload).items;
  mutation.payload = { ...payload, items: items ?? null };
  mutation.seen = { ...mutation.seen, items: fields.items ?? [] };
  mutation.bytes = measure(mutation.payload);
}

function leave(device: Device, mutation: Mutation): void {
  device.queue.delete(mutation.id);
  const entry = findEntry(device, mutation.entity, mutation.recordId);
  if (!entry) return;
  const position = entry.chain.indexOf(mutation);
  if (position < 0) return;
  entry.chain = entry.chain.length === 1 ? NO_CHAIN : entry.chain.toSpliced(position, 1);
  if (entry.chain.length === 0) dropGhost(device, entry);
  touch(device, entry);
}

function announce(device: Device, mutation: Mutation, outcome: Outcome, error: string | undefined): void {
  device.replan = true;
  const settled = { output: "settled", mutation: mutation.id, outcome } as const;
  emit(device, error === undefined ? settled : { ...settled, error });
}
