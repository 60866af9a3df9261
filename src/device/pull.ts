/**
 * Owns syncing: by changes since the last-seen revision, or in full (section 9, FUL rules). One at a time [PSH-8].
 * Refuses to know when a request may leave (calls.ts).
 */

import type { JsonObject } from "../base/canonical-json.ts";
import { COLLECTION_OF, type Entity, type WireRecord } from "../protocol/entity.ts";
import type { Answer, Call } from "../protocol/request.ts";
import type { Revision } from "../protocol/revision.ts";
import { asObject, asText, recordOf } from "./body.ts";
import { applyDeletion, applyRecord, forgetTombstones } from "./cache.ts";
import type { FullSyncReason } from "./port.ts";
import { distrust } from "./resume.ts";
import { type Device, emit, hasPhase, type Pull } from "./state.ts";

/** A sync that has more pages than this is going in circles. */
const PAGES_MAX = 100_000;
/** Records asked for at a time where a collection is listed. */
const LISTING_LIMIT = 200;

/** [FUL-1] the sync that is wanted now: in full only when asked for, or when nothing is stored; undefined when none is. */
export function planPull(device: Device): Pull | undefined {
  if (device.wantFull !== undefined) return createPull(device, "full", device.wantFull);
  if (!isSyncWanted(device)) return undefined;
  if (device.seen === undefined) return createPull(device, "full", "first");
  // Without changes to ask for, the only sync is the whole of it.
  return hasPhase(device, 5)
    ? createPull(device, "delta", undefined)
    : createPull(device, "full", "requested");
}

/** True when something asked for a sync since the last one began. */
export function isSyncWanted(device: Device): boolean {
  return device.wantDelta || device.wantFull !== undefined || isHintAhead(device);
}

/** [PSH-8] a push named a revision that is not here yet; many at once make one sync. */
export function hint(device: Device, revision: Revision): void {
  if (device.seen !== undefined && revision <= device.seen) return;
  if (device.hint === undefined || revision > device.hint.revision)
    device.hint = { revision, after: device.pullNumber };
  device.replan = true;
}

/** The sync begins; wake-ups from here on ask for one more after it. */
export function startPull(device: Device, pull: Pull): void {
  device.pull = pull;
  device.pullNumber = pull.number;
  device.wantDelta = false;
  if (pull.sync === "full") device.wantFull = undefined;
  if (pull.reason === "unknown") device.seen = undefined;
  emit(device, { output: "sync_started", sync: pull.sync, ...because(pull) });
}

/** The request of the sync's next page. */
export function pageCall(device: Device, pull: Pull): Call {
  const { cursor, since } = pull;
  if (pull.listing !== undefined) {
    const entity = device.settings.entities[pull.listing] as Entity;
    return {
      call: "list",
      collection: COLLECTION_OF[entity],
      limit: LISTING_LIMIT,
      ...(cursor !== undefined ? { cursor } : {}),
    };
  }
  return {
    call: "changes",
    ...(device.settings.asksForAll ? {} : { entities: device.collections }),
    ...(since !== undefined ? { since } : {}),
    ...(cursor !== undefined ? { cursor } : {}),
  };
}

/** A page came, or a refusal. False when it made no sense and is to be asked for again. */
export function pageAnswered(device: Device, pull: Pull, answer: Answer, error: string | undefined): boolean {
  if (pull !== device.pull) return true;
  const body = asObject(answer.body);
  if (answer.status === 200 && body) {
    return pull.listing === undefined ? tookChanges(device, pull, body) : tookListing(device, pull, body);
  }
  if (error === undefined) return false;
  if (answer.status === 404 && pull.listing === undefined && device.capabilities) {
    // No such call, whatever capabilities say: collections can be listed.
    const phases = device.capabilities.phases.filter((phase) => phase !== 5);
    device.capabilities = { ...device.capabilities, phases };
    return restart(device, pull);
  }
  if (answer.status === 410 || error === "invalid_revision") return expired(device, pull, error);
  // A cursor that is not good any more: from the start, with what is stored [FUL-3].
  if (answer.status === 400 && pull.cursor !== undefined) return restart(device, pull);
  return false;
}

/** Gives the sync up; whoever needs one asks again. */
export function abandonPull(device: Device): void {
  const { pull } = device;
  if (!pull) return;
  device.pull = undefined;
  emit(device, { output: "sync_ended", sync: pull.sync, ...because(pull), revision: undefined });
}

function createPull(device: Device, sync: "full" | "delta", reason: FullSyncReason | undefined): Pull {
  return {
    sync,
    reason,
    number: device.pullNumber + 1,
    since: sync === "delta" ? device.seen : undefined,
    durable: device.stored,
    listing: hasPhase(device, 5) ? undefined : 0,
    cursor: undefined,
    pages: 0,
    head: undefined,
    brought: false,
    found: new Map(device.settings.entities.map((entity) => [entity, new Map<string, WireRecord>()])),
  };
}

function because(pull: Pull): { readonly reason?: FullSyncReason } {
  return pull.reason === undefined ? {} : { reason: pull.reason };
}

/** [DLT-9] the log does not reach back: in full. With pages behind it, it may be only the cursor that is too old. */
function expired(device: Device, pull: Pull, error: string): boolean {
  if (pull.cursor !== undefined || pull.since === undefined) return restart(device, pull);
  abandonPull(device);
  device.wantFull ??= error === "invalid_revision" ? "unknown" : "expired";
  return true;
}

function restart(device: Device, pull: Pull): boolean {
  abandonPull(device);
  if (pull.sync === "full") device.wantFull ??= pull.reason;
  else device.wantDelta = true;
  // The proxy answered, but not with what was asked for: the next try waits like any failure.
  return false;
}

function tookChanges(device: Device, pull: Pull, body: JsonObject): boolean {
  const { changes, hasMore } = body;
  const current = asText(body.currentRevision ?? null) as Revision | undefined;
  const next = asText(body.nextCursor ?? null);
  if (!Array.isArray(changes) || current === undefined || typeof hasMore !== "boolean") return false;
  if (hasMore && next === undefined) return false;
  pull.head ??= current;
  for (const change of changes) {
    const json = asObject(change);
    if (json) takeChange(device, pull, json);
  }
  return turnPage(device, pull, hasMore ? next : undefined, current);
}

/** [DLT-1] one change; of a delta it is applied at once, of a full sync it is put aside. */
function takeChange(device: Device, pull: Pull, change: JsonObject): void {
  const entity = change.entity as Entity;
  const id = asText(change.id ?? null);
  const revision = asText(change.revisionId ?? null) as Revision | undefined;
  const found = pull.found.get(entity);
  if (!found || id === undefined || revision === undefined) return;
  const record = recordOf(change.data);
  if (record) {
    if (pull.sync === "full") found.set(record.id, record);
    else if (applyRecord(device, entity, record)) pull.brought = true;
  } else if (change.action === "deleted") {
    if (pull.sync === "full") found.delete(id);
    else if (applyDeletion(device, entity, id, revision)) pull.brought = true;
  }
}

function tookListing(device: Device, pull: Pull, body: JsonObject): boolean {
  const meta = asObject(body.meta ?? null);
  const head = meta && (asText(meta.revisionId ?? null) as Revision | undefined);
  const entity = device.settings.entities[pull.listing ?? 0];
  const { data } = body;
  const next = asText(meta?.nextCursor ?? null);
  if (!meta || !Array.isArray(data) || !entity) return false;
  if (meta.hasMore === true && next === undefined) return false;
  // A proxy from before revisions (phase 0) has none: the listing is all there is.
  pull.head ??= head;
  const found = pull.found.get(entity);
  for (const item of data) {
    const record = recordOf(item);
    if (record) found?.set(record.id, record);
  }
  const cursor = meta.hasMore === true ? next : undefined;
  if (cursor === undefined && (pull.listing ?? 0) + 1 < device.settings.entities.length) {
    pull.listing = (pull.listing ?? 0) + 1;
    pull.cursor = undefined;
    return true;
  }
  return turnPage(device, pull, cursor, pull.head);
}

function turnPage(
  device: Device,
  pull: Pull,
  cursor: string | undefined,
  reached: Revision | undefined,
): boolean {
  pull.cursor = cursor;
  pull.pages++;
  if (cursor !== undefined && pull.pages < PAGES_MAX) return true;
  if (cursor !== undefined || reached === undefined) return restart(device, pull);
  endPull(device, pull, reached);
  return true;
}

function endPull(device: Device, pull: Pull, reached: Revision): void {
  if (pull.sync === "full") replaceAll(device, pull, reached);
  device.pull = undefined;
  device.lastSyncMs = device.nowMs;
  device.caughtUp = true;
  moveSeen(device, pull, reached);
  // A sync that began after the push had its chance, whatever the push said.
  if (!isHintAhead(device) || (device.hint && pull.number > device.hint.after)) device.hint = undefined;
  forgetTombstones(device, pull.durable);
  emit(device, { output: "sync_ended", sync: pull.sync, ...because(pull), revision: reached });
  if (pull.brought) distrust(device);
}

function isHintAhead(device: Device): boolean {
  return device.hint !== undefined && (device.seen === undefined || device.hint.revision > device.seen);
}

/** [REV-11, EVT-15] the position after a sync: what it reached, and what the socket brought beyond it. */
function moveSeen(device: Device, pull: Pull, reached: Revision): void {
  const closesGap = device.gap !== undefined && pull.number > device.gap;
  if (closesGap) device.gap = undefined;
  const { seen } = device;
  // From another history of the server, the old position means nothing.
  let position = seen === undefined || pull.reason === "unknown" || reached > seen ? reached : seen;
  const streamed = device.socket?.position;
  if (device.gap === undefined && streamed !== undefined && streamed > position) position = streamed;
  device.seen = position;
}

/**
 * [FUL-2] all of the server's records at once: what is not among them is gone, however long ago [FUL-4], what is newer
 * by event stays newer, what waits stays. One step, one write.
 */
function replaceAll(device: Device, pull: Pull, reached: Revision): void {
  const isReset = pull.reason === "unknown";
  // Changes give the state at their end; a listing is only sure of what stood since its beginning [API-4].
  const goneAt = pull.listing === undefined ? reached : (pull.head ?? reached);
  for (const [entity, found] of pull.found) {
    for (const record of found.values()) {
      const touchedSince = device.cache.get(entity)?.get(record.id)?.epoch === pull.number;
      applyRecord(device, entity, record, isReset && !touchedSince ? "reset" : "snapshot");
    }
    for (const entry of device.cache.get(entity)?.values() ?? []) {
      if (!entry.server || found.has(entry.id)) continue;
      const isGone = isReset ? entry.epoch !== pull.number : entry.server.revisionId <= goneAt;
      if (isGone) applyDeletion(device, entity, entry.id, goneAt, isReset);
    }
  }
}
