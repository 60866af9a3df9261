/**
 * Owns the user's reads: which are cached, which a change makes stale, and whether an answer is known to be current.
 * Refuses to fetch: a read is answered from local data at once, and may ask for a sync.
 */

import type { Query } from "./port.ts";
import { type Device, emit } from "./state.ts";

/** Cached reads that are remembered; the oldest goes first, as in any cache. */
const READS_MAX = 4_096;

/** Answers a read, and asks for a sync when the answer is not known to be current. */
export function read(device: Device, query: Query): void {
  remember(device, query);
  const fresh = isFresh(device);
  const revision =
    query.id === undefined ? undefined : device.cache.get(query.entity)?.get(query.id)?.shownRevision;
  emit(
    device,
    revision === undefined
      ? { output: "read_answered", query, fresh }
      : { output: "read_answered", query, fresh, revision },
  );
  if (fresh || device.pull || device.wantDelta || !device.online) return;
  device.wantDelta = true;
  device.replan = true;
}

/** True when a live socket or a recent sync vouches for local data. */
function isFresh(device: Device): boolean {
  if (device.seen === undefined) return false;
  // A push told of a change that is not here yet.
  if (device.hint !== undefined && device.hint.revision > device.seen) return false;
  if (device.open && device.gap === undefined && device.socket?.phase === "ready") return true;
  return device.lastSyncMs !== undefined && device.nowMs - device.lastSyncMs <= device.settings.freshForMs;
}

/**
 * [EVT-14, QUE-2] what is shown of a record changed, by the server or by its user: its own read and that of its collection
 * are stale, if there are such.
 */
export function makeStale(device: Device, record: { readonly entity: string; readonly key: string }): void {
  const { reads } = device;
  if (reads.size === 0) return;
  const collection = reads.get(record.entity);
  if (collection) device.stale.add(collection);
  const own = reads.get(record.key);
  if (own) device.stale.add(own);
}

/** Names, once a step, the reads that its changes touched. */
export function announceStale(device: Device): void {
  if (device.stale.size === 0) return;
  emit(device, { output: "invalidate", queries: [...device.stale] });
  device.stale.clear();
}

function remember(device: Device, query: Query): void {
  const { reads } = device;
  const entry = query.id === undefined ? undefined : device.cache.get(query.entity)?.get(query.id);
  const name = query.id === undefined ? query.entity : (entry?.key ?? `record/${query.entity}/${query.id}`);
  if (reads.has(name)) return;
  if (reads.size >= READS_MAX) {
    const [oldest] = reads.keys();
    if (oldest !== undefined) reads.delete(oldest);
  }
  reads.set(name, query);
}
