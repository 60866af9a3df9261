/**
 * Owns the start of a process: a new device, and what storage held becoming its state again.
 * Refuses to send. What is stored was written by this code; what is not of that shape is passed over.
 */

import type { Prng } from "../base/prng.ts";
import { COLLECTION_OF, type WireRecord } from "../protocol/entity.ts";
import { PROTOCOL_VERSION } from "../protocol/messages.ts";
import { parseRevision, type Revision, smallerRevision } from "../protocol/revision.ts";
import { createBackoff } from "./backoff.ts";
import { measure } from "./bytes.ts";
import { entryOf, type StoredTombstone } from "./cache.ts";
import { anchorClock, type StoredClock, serverNow } from "./clock.ts";
import { isMutationKey, KEYS, parseRecordKey } from "./keys.ts";
import type { StoredMutation } from "./outbox.ts";
import type { DeviceSettings, StoredEntries } from "./port.ts";
import { type Device, type KnownCapabilities, type Mutation, NO_CHAIN, NOTHING } from "./state.ts";

/** A device before its first input. Requests, sockets and writes are numbered from `firstNumber` on. */
export function newDevice(settings: DeviceSettings, random: Prng, firstNumber: number): Device {
  const { entities } = settings;
  return {
    ...{ settings, random, token: settings.token, queueing: settings.phases.has(3) },
    collections: entities.map((entity) => COLLECTION_OF[entity]),
    ...{ nowMs: 0, wallMs: 0, outputs: NOTHING },
    ...{ started: false, online: false, open: false, signedOut: false, replan: false },
    signedInFrom: { request: firstNumber, socket: firstNumber },
    cache: new Map(entities.map((entity) => [entity, new Map()])),
    ...{ tombstones: new Set(), touched: [], reads: new Map(), stale: new Set() },
    ...{ queue: new Map(), failed: new Map(), byKey: new Map(), ids: new Map() },
    ...{ drain: undefined, queueBackoff: createBackoff(), batchMax: Number.POSITIVE_INFINITY },
    ...{ offsetMs: 0, anchorMs: 0, lastStampMs: 0, sequence: 0 },
    ...{ seen: undefined, openedAtMs: 0, covered: undefined, stored: undefined, storing: undefined },
    ...{ puts: new Map(), holds: new Set(), saves: [], ends: [], notes: [], flushed: 0 },
    ...{ storageBackoff: createBackoff(), nextWrite: firstNumber },
    ...{ capabilities: undefined, capabilitiesAtMs: undefined, mismatch: false },
    ...{
      job: undefined,
      jobRequest: 0,
      jobSentAtMs: 0,
      jobBackoff: createBackoff(),
      nextRequest: firstNumber,
    },
    ...{ pull: undefined, pullNumber: 0, wantDelta: false, wantFull: undefined, hint: undefined },
    ...{ lastSyncMs: undefined, caughtUp: false },
    ...{ socket: undefined, gap: undefined, socketBackoff: createBackoff(), nextSocket: firstNumber },
    ...{ registration: undefined, registrationRefused: false },
    timers: new Map(),
  };
}

/** Takes up what storage held [QUE-7, FUL-3]. */
export function load(device: Device, stored: StoredEntries): void {
  anchorClock(device, stored.get(KEYS.clock) as StoredClock | undefined);
  loadCapabilities(device, stored.get(KEYS.capabilities) as KnownCapabilities | undefined);
  device.registration = stored.get(KEYS.registration) as string | undefined;
  loadRevisions(device, stored);
  for (const [temporary, real] of (stored.get(KEYS.ids) ?? []) as readonly (readonly [string, string])[]) {
    device.ids.set(temporary, real);
  }
  const mutations: Mutation[] = [];
  for (const [key, value] of stored) {
    if (isMutationKey(key)) mutations.push(restore(device, value as StoredMutation));
    else loadRecord(device, key, value as WireRecord | StoredTombstone);
  }
  mutations.sort((left, right) => left.sequence - right.sequence);
  for (const mutation of mutations) place(device, mutation);
}

/** [FLG-4] what another protocol's proxy said is good for nothing but to ask it again before all else. */
function loadCapabilities(device: Device, met: KnownCapabilities | undefined): void {
  device.mismatch = met !== undefined && met.protocol !== PROTOCOL_VERSION;
  if (!device.mismatch) device.capabilities = met;
}

/** [REV-11] one position for all entities: the smallest; none when an entity has none. */
function loadRevisions(device: Device, stored: StoredEntries): void {
  const revisions = (stored.get(KEYS.revisions) ?? {}) as { readonly [entity: string]: string };
  let smallest: Revision | undefined;
  for (const entity of device.settings.entities) {
    const revision = parseRevision(revisions[entity] ?? "");
    if (revision === undefined) return;
    smallest = smallest === undefined ? revision : smallerRevision(smallest, revision);
  }
  device.seen = smallest;
  device.covered = smallest;
  device.stored = smallest;
}

function loadRecord(device: Device, key: string, value: WireRecord | StoredTombstone): void {
  const name = parseRecordKey(key);
  const entity = device.settings.entities.find((known) => known === name?.entity);
  if (!name || !entity) return;
  const entry = entryOf(device, entity, name.id);
  if (isTombstone(value)) {
    entry.deletedAt = value.deletedAt;
    entry.ghost = value.ghost;
    device.tombstones.add(entry);
  } else {
    entry.server = value;
  }
}

function isTombstone(value: WireRecord | StoredTombstone): value is StoredTombstone {
  return !Object.hasOwn(value, "revisionId");
}

/** [QUE-7] `syncing` is `pending` again, with its key; nobody knows whether it left. */
function restore(device: Device, stored: StoredMutation): Mutation {
  const { status, sent, attempts, pause, payload } = stored;
  const backoff = createBackoff();
  if (pause) {
    backoff.failures = attempts;
    backoff.notBeforeMs =
      device.nowMs + Math.min(pause.waitMs, Math.max(0, pause.untilMs - serverNow(device)));
  }
  return {
    id: stored.id,
    entity: stored.entity,
    recordId: stored.recordId,
    operation: stored.operation,
    payload,
    timestampMs: stored.timestampMs,
    sequence: stored.sequence,
    key: stored.key,
    formerKeys: stored.formerKeys,
    base: stored.base,
    link: stored.link,
    seen: stored.seen,
    status: status === "syncing" ? "pending" : status,
    sent,
    attempted: sent,
    attempts,
    backoff,
    pause,
    narrowed: stored.narrowed,
    resolutions: stored.resolutions,
    conflict: stored.conflict,
    error: stored.error,
    bytes: measure(payload),
    ending: undefined,
    confirmed: undefined,
    write: 0,
  };
}

function place(device: Device, mutation: Mutation): void {
  for (const key of [mutation.key, ...mutation.formerKeys]) device.byKey.set(key, mutation);
  if (mutation.status === "failed") {
    device.failed.set(mutation.id, mutation);
    return;
  }
  const entry = entryOf(device, mutation.entity, mutation.recordId);
  if (entry.chain === NO_CHAIN) entry.chain = [];
  entry.chain.push(mutation);
  device.queue.set(mutation.id, mutation);
}
