/**
 * Owns the records of the server as the device knows them, and tombstones for as long as older data may arrive.
 * Refuses to know edits and screens. [REV-12] whichever channel brings a record, an older one never replaces a newer.
 */

import type { Entity, WireRecord } from "../protocol/entity.ts";
import { fieldsOf } from "../protocol/patch.ts";
import type { Revision } from "../protocol/revision.ts";
import { recordKey } from "./keys.ts";
import { type Device, type Entry, NO_CHAIN, NO_WAITING } from "./state.ts";
import { put } from "./storage.ts";

/** Beyond this many, those that storage's last-seen revision covers are let go at once. */
const TOMBSTONES_MAX = 10_000;

/** A deleted record as it is stored; a living one is stored as it came. */
export interface StoredTombstone {
  readonly deletedAt: Revision | undefined;
  readonly ghost?: Entry["ghost"];
}

/** The entry of a record, if the device knows anything of it. */
export function findEntry(device: Device, entity: string, id: string): Entry | undefined {
  return device.cache.get(entity)?.get(id);
}

/** The entry of a record of a known entity, made when there is none. */
export function entryOf(device: Device, entity: Entity, id: string): Entry {
  const records = device.cache.get(entity) as Map<string, Entry>;
  const known = records.get(id);
  if (known) return known;
  const entry: Entry = {
    entity,
    id,
    key: recordKey(entity, id),
    server: undefined,
    deletedAt: undefined,
    ghost: undefined,
    chain: NO_CHAIN,
    epoch: 0,
    touched: false,
    shown: undefined,
    shownRevision: undefined,
    shownWaiting: NO_WAITING,
  };
  records.set(id, entry);
  return entry;
}

/** The newest revision of the record that the device knows of. */
export function revisionOf(entry: Entry): Revision | undefined {
  return entry.server ? entry.server.revisionId : entry.deletedAt;
}

/** Marks that what is shown of the record may have changed; looked at once, when the step ends. */
export function touch(device: Device, entry: Entry): void {
  if (entry.touched) return;
  entry.touched = true;
  device.touched.push(entry);
}

/**
 * A record as the server has it. False when it is not newer than what is known. `trust` says what vouches for it:
 * `stream` for all that comes one by one, `snapshot` for the whole of the server at one time, `reset` for the same out
 * of another history of the server, whose revisions do not compare.
 */
export function applyRecord(
  device: Device,
  entity: Entity,
  record: WireRecord,
  trust: "stream" | "snapshot" | "reset" = "stream",
): boolean {
  const there = findEntry(device, entity, record.id);
  const known = there && revisionOf(there);
  if (trust !== "reset" && known !== undefined && record.revisionId <= known) return false;
  // Everything up to last-seen is here: what is not was deleted, and this is older [REV-12].
  if (
    trust === "stream" &&
    known === undefined &&
    device.seen !== undefined &&
    record.revisionId <= device.seen
  ) {
    return false;
  }
  const entry = there ?? entryOf(device, entity, record.id);
  if (entry.server === undefined && entry.deletedAt !== undefined) device.tombstones.delete(entry);
  entry.server = record;
  entry.deletedAt = undefined;
  entry.ghost = undefined;
  entry.epoch = device.pullNumber;
  put(device, entry.key, record);
  touch(device, entry);
  return true;
}

/** The server's deletion of a record. False when it is not newer than what is known. */
export function applyDeletion(
  device: Device,
  entity: Entity,
  id: string,
  revision: Revision,
  force = false,
): boolean {
  // What was never here needs a tombstone only while pages that may hold it are on their way.
  const entry = device.pull ? entryOf(device, entity, id) : findEntry(device, entity, id);
  if (!entry) return false;
  // Of what is not here, everything up to last-seen is known: it was deleted.
  const known = revisionOf(entry) ?? device.seen;
  if (!force && known !== undefined && revision <= known) return false;
  const lived = entry.server;
  if (lived && entry.chain.length > 0) entry.ghost = fieldsOf(lived);
  entry.server = undefined;
  entry.deletedAt = revision;
  entry.epoch = device.pullNumber;
  device.tombstones.add(entry);
  putTombstone(device, entry);
  touch(device, entry);
  if (device.tombstones.size > TOMBSTONES_MAX && !device.pull) forgetTombstones(device, device.stored);
  return true;
}

/** The server answered that a record is not there (404), without saying since when. */
export function applyAbsence(device: Device, entry: Entry): void {
  if (entry.server) applyDeletion(device, entry.entity, entry.id, entry.server.revisionId, true);
}

/** Nothing waits on the record any more: what a deletion left behind for it goes. */
export function dropGhost(device: Device, entry: Entry): void {
  if (entry.ghost === undefined) return;
  entry.ghost = undefined;
  if (entry.deletedAt !== undefined) putTombstone(device, entry);
}

/** [REV-12] tombstones up to a revision that is durable as last seen: nothing older comes any more. */
export function forgetTombstones(device: Device, upTo: Revision | undefined): void {
  if (upTo === undefined) return;
  for (const entry of device.tombstones) {
    if (entry.deletedAt === undefined || entry.deletedAt > upTo || entry.chain.length > 0) continue;
    device.tombstones.delete(entry);
    device.cache.get(entry.entity)?.delete(entry.id);
    put(device, entry.key, undefined);
  }
}

function putTombstone(device: Device, entry: Entry): void {
  const tombstone: StoredTombstone =
    entry.ghost === undefined
      ? { deletedAt: entry.deletedAt }
      : { deletedAt: entry.deletedAt, ghost: entry.ghost };
  put(device, entry.key, tombstone);
}
