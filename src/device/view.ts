/**
 * Owns what the user sees of a record: the server's data with the waiting edits on top [QUE-12].
 * Refuses to change either. A screen is told once a step and record, and only of what differs.
 */

import { byCodeUnit, type Json, jsonEqual } from "../base/canonical-json.ts";
import type { Fields, ListItem } from "../protocol/entity.ts";
import { itemsOf, mergeItems, OWN_EDITS_WIN } from "../protocol/merge.ts";
import { applyPatch, fieldsOf, fieldsOfCreate } from "../protocol/patch.ts";
import { revisionOf } from "./cache.ts";
import type { ReplicaRecord } from "./port.ts";
import { makeStale } from "./reads.ts";
import { type Device, type Entry, emit, type Mutation, NO_WAITING } from "./state.ts";

/** Shows what this step changed. */
export function showTouched(device: Device): void {
  const { touched } = device;
  for (let i = 0; i < touched.length; i++) {
    const entry = touched[i] as Entry;
    entry.touched = false;
    showEntry(device, entry);
    if (isEmpty(entry)) device.cache.get(entry.entity)?.delete(entry.id);
  }
  touched.length = 0;
}

/** After a start: every record that there is, once, in ASCII order of entity and id. */
export function showAll(device: Device): void {
  for (const entity of [...device.cache.keys()].sort(byCodeUnit)) {
    const entries = [...(device.cache.get(entity)?.values() ?? [])];
    entries.sort((left, right) => byCodeUnit(left.id, right.id));
    for (const entry of entries) showEntry(device, entry);
  }
}

/** All records that are shown, in ASCII order of entity and id. */
export function replicaOf(device: Device): readonly ReplicaRecord[] {
  const records: ReplicaRecord[] = [];
  for (const entries of device.cache.values()) {
    for (const { entity, id, shown, shownRevision } of entries.values()) {
      if (shown !== undefined) records.push({ entity, id, revision: shownRevision, fields: shown });
    }
  }
  return records.sort(
    (left, right) => byCodeUnit(left.entity, right.entity) || byCodeUnit(left.id, right.id),
  );
}

/** The fields of a record with its waiting edits on top; undefined when it is gone. */
export function fieldsWithEdits(entry: Entry): Fields | undefined {
  // An update of what was deleted meanwhile shows on what the user last had, until it is decided.
  const ghost = entry.chain[0]?.operation === "update" ? entry.ghost : undefined;
  let fields = entry.server ? fieldsOf(entry.server) : ghost;
  for (let i = 0; i < entry.chain.length; i++) fields = withEdit(fields, entry.chain[i] as Mutation);
  return fields;
}

/** What becomes of `fields` under a list's patch whose author saw `seen`: items others added meanwhile stay. */
export function overItems(fields: Fields, seen: Fields | undefined, payload: Fields): Fields {
  const patched = applyPatch(fields, payload);
  const theirs = fields.items;
  if (jsonEqual(theirs, seen?.items)) return patched;
  const items = mergeItems(seen && itemsOf(seen), itemsOf(fields), itemsOf(payload), OWN_EDITS_WIN);
  // Nothing left after a removal of the whole field: it stays removed.
  if (items.length === 0 && payload.items === null) return patched;
  return { ...patched, items: items as readonly ListItem[] as Json };
}

function withEdit(fields: Fields | undefined, mutation: Mutation): Fields | undefined {
  const { payload } = mutation;
  switch (mutation.operation) {
    case "create":
      return applyPatch(fields ?? {}, fieldsOfCreate(payload ?? {}));
    case "update":
      if (fields === undefined || payload === undefined) return fields;
      if (mutation.entity === "list" && Object.hasOwn(payload, "items"))
        return overItems(fields, mutation.seen, payload);
      return applyPatch(fields, payload);
    case "delete":
      return undefined;
  }
}

function showEntry(device: Device, entry: Entry): void {
  const revision = revisionOf(entry);
  // Without phase 3 nothing is shown before the server has it.
  const isAhead = device.queueing && entry.chain.length > 0;
  const waiting = isAhead ? entry.chain.map((mutation) => mutation.id) : NO_WAITING;
  const waitingSame = sameIds(waiting, entry.shownWaiting);
  const livesSame = (entry.server === undefined) === (entry.shown === undefined);
  if (waitingSame && waiting.length === 0 && livesSame && revision === entry.shownRevision) return;
  const fields = device.queueing ? fieldsWithEdits(entry) : entry.server && fieldsOf(entry.server);
  if (waitingSame && revision === entry.shownRevision && jsonEqual(fields, entry.shown)) return;
  const isGone = fields === undefined && entry.shown === undefined;
  const unseen = isGone && waitingSame && waiting.length === 0;
  // That a deletion no longer waits shows on no screen.
  if (!unseen && !(isGone && revision === entry.shownRevision)) makeStale(device, entry);
  if (unseen) return;
  entry.shown = fields;
  entry.shownRevision = revision;
  entry.shownWaiting = waiting;
  emit(device, { output: "show", entity: entry.entity, id: entry.id, revision, fields, waiting });
}

function sameIds(left: readonly string[], right: readonly string[]): boolean {
  if (left.length !== right.length) return false;
  for (let i = 0; i < left.length; i++) if (left[i] !== right[i]) return false;
  return true;
}

/** Nothing is known, shown or waiting. */
function isEmpty(entry: Entry): boolean {
  return entry.server === undefined && entry.deletedAt === undefined && entry.chain.length === 0;
}
