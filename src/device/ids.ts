/**
 * Owns the maps from temporary to real ids: a proxy may answer a create with an id of its own [QUE-7].
 * Refuses to make ids (clock.ts).
 */

import { dropGhost, entryOf, touch } from "./cache.ts";
import { idKey, KEYS } from "./keys.ts";
import { keep } from "./outbox.ts";
import { type Device, type Mutation, NO_CHAIN } from "./state.ts";
import { put } from "./storage.ts";

/** Maps that are kept; the oldest goes first. */
const IDS_MAX = 10_000;

/** The record of a create is known by another id from now on: what waits for it, and its place, move there. */
export function adoptId(device: Device, create: Mutation, id: string): void {
  const temporary = entryOf(device, create.entity, create.recordId);
  const real = entryOf(device, create.entity, id);
  const { chain } = temporary;
  temporary.chain = NO_CHAIN;
  dropGhost(device, temporary);
  for (const mutation of chain) {
    mutation.recordId = id;
    if (mutation.ending === undefined || mutation.ending.outcome === "failed") keep(device, mutation);
  }
  real.chain = real.chain === NO_CHAIN ? chain : [...chain, ...real.chain];
  if (device.ids.size >= IDS_MAX) {
    const [oldest] = device.ids.keys();
    if (oldest !== undefined) device.ids.delete(oldest);
  }
  device.ids.set(idKey(create.entity, temporary.id), id);
  put(device, KEYS.ids, [...device.ids]);
  touch(device, temporary);
  touch(device, real);
}
