/**
 * Owns durable storage: one atomic write a step, what its flush brings about, and the last-seen revision behind it.
 * Refuses to know what the values mean. Writes become durable in order; a kill loses those that are not yet.
 */

import type { Entity } from "../protocol/entity.ts";
import type { Revision } from "../protocol/revision.ts";
import { createFailure, fail, succeed } from "./backoff.ts";
import { KEYS } from "./keys.ts";
import type { Put } from "./port.ts";
import { type Device, type Ending, emit, type Mutation, setTimer, type WriteNote } from "./state.ts";

/** With this many writes not yet durable, further ones gather until one is. */
const WRITES_IN_FLIGHT_MAX = 1_000;
const NO_MUTATIONS: readonly Mutation[] = [];
const NO_ENDS: readonly Ending[] = [];

/** Puts `value` under `key` with the write of this step; undefined removes the key. Values must never change. */
export function put(device: Device, key: string, value: unknown): void {
  device.puts.set(key, value);
}

/** True when storage has the mutation as it is. */
export function isDurable(device: Device, mutation: Mutation): boolean {
  return mutation.write <= device.flushed;
}

/** Closes a step: everything put in it becomes one write. */
export function write(device: Device): void {
  cover(device);
  if (device.covered !== device.stored && device.storing === undefined) putRevision(device);
  if (device.puts.size === 0) return;
  if (device.notes.length >= WRITES_IN_FLIGHT_MAX) return;
  const { notBeforeMs } = device.storageBackoff;
  // The next call waits on the same timer, perhaps not as long.
  if (device.nowMs < notBeforeMs)
    return setTimer(device, "sync", Math.min(notBeforeMs, device.timers.get("sync") ?? notBeforeMs));
  writeNow(device);
}

/** Write `number` is durable, and with it all before it. Returns the ends that it made final. */
export function flushed(device: Device, number: number): readonly Ending[] {
  const { notes } = device;
  let ends = NO_ENDS;
  if (number > device.flushed) device.flushed = number;
  let done = 0;
  for (let note = notes[0]; note !== undefined && note.write <= number; note = notes[done]) {
    done++;
    settleNote(device, note);
    if (note.ends.length > 0) ends = [...ends, ...note.ends];
  }
  notes.splice(0, done);
  if (done > 0 && device.storageBackoff.failures > 0) succeed(device.storageBackoff);
  return ends;
}

/** Write `number` never will be durable: what it held goes into a later one, and nothing that rests on it goes ahead. */
export function storeFailed(device: Device, number: number): void {
  const at = device.notes.findIndex((note) => note.write === number);
  const note = device.notes[at];
  if (!note) return;
  device.notes.splice(at, 1);
  if (device.storageBackoff.failures === 0) emit(device, { output: "notice", notice: "storage_failed" });
  fail(device.storageBackoff, createFailure(device.random, device.nowMs, false));
  for (const [key, value] of note.puts) {
    const newer =
      device.puts.has(key) || device.notes.some((later) => later.puts.some((entry) => entry[0] === key));
    if (!newer) put(device, key, value);
  }
  for (const mutation of note.holds) hold(device, mutation);
  device.saves.push(...note.saves);
  device.ends.push(...note.ends);
  // [REV-11] later writes may be flushed before this one's data: they cover nothing until that is written again.
  for (const later of device.notes) later.until = undefined;
}

/** The mutation is part of this step's write, and not durable before it. */
export function hold(device: Device, mutation: Mutation): void {
  mutation.write = Number.POSITIVE_INFINITY;
  device.holds.add(mutation);
}

function writeNow(device: Device): void {
  const number = device.nextWrite++;
  const puts: readonly Put[] = [...device.puts];
  const holds = device.holds.size === 0 ? NO_MUTATIONS : [...device.holds];
  for (const mutation of holds) mutation.write = number;
  device.notes.push({
    write: number,
    puts,
    holds,
    saves: device.saves.length === 0 ? NO_MUTATIONS : device.saves,
    ends: device.ends.length === 0 ? NO_ENDS : device.ends,
    until: device.seen,
    revision: device.puts.has(KEYS.revisions) ? device.storing : undefined,
  });
  device.puts.clear();
  if (device.holds.size > 0) device.holds.clear();
  if (device.saves.length > 0) device.saves = [];
  if (device.ends.length > 0) device.ends = [];
  emit(device, { output: "store", write: number, puts });
}

/** Without data of its own, a new position is covered once all writes before it are durable. */
function cover(device: Device): void {
  if (device.puts.size > 0 || device.seen === device.covered) return;
  const last = device.notes.at(-1);
  if (last) last.until = device.seen;
  else device.covered = device.seen;
}

function settleNote(device: Device, note: WriteNote): void {
  for (const mutation of note.saves) emit(device, { output: "saved", mutation: mutation.id });
  if (note.holds.length > 0) device.replan = true;
  if (note.until !== undefined) device.covered = note.until;
  if (note.revision === undefined) return;
  device.storing = undefined;
  device.stored = note.revision;
  for (const entity of device.settings.entities)
    emit(device, { output: "advanced", entity, revision: note.revision });
}

/** [REV-11] the revision goes out in a later write than the data that it covers. */
function putRevision(device: Device): void {
  if (device.covered === undefined) return;
  device.storing = device.covered;
  const revisions: Partial<Record<Entity, Revision>> = {};
  for (const entity of device.settings.entities) revisions[entity] = device.covered;
  put(device, KEYS.revisions, revisions);
}
