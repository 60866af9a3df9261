/**
 * Owns what a device makes of a 409 [MRG-9]: it resolves by the entity's strategy where it can, else it keeps both
 * versions and asks, and carries out what was chosen. Refuses to know how the refusal came.
 */

import { type Json, type JsonObject, jsonEqual } from "../base/canonical-json.ts";
import { type Fields, STRATEGY_OF, type WireRecord } from "../protocol/entity.ts";
import { itemsOf, mergeItems } from "../protocol/merge.ts";
import { fieldsOf, fieldsOfCreate } from "../protocol/patch.ts";
import type { Revision } from "../protocol/revision.ts";
import { itemStampName } from "../protocol/stamps.ts";
import { asObject, asText, recordOf } from "./body.ts";
import { measure } from "./bytes.ts";
import { applyDeletion, applyRecord, entryOf, touch } from "./cache.ts";
import { complete, fail, keep, rekey } from "./outbox.ts";
import type { Choice } from "./port.ts";
import { type Conflict, type Device, emit, type Mutation } from "./state.ts";
import { fieldsWithEdits } from "./view.ts";

/** A record that moves faster than this device can resolve: the mutation fails, and is shown so. */
const RESOLUTIONS_MAX = 16;

/** A 409 other than `in_flight`. */
export function conflicted(device: Device, mutation: Mutation, body: JsonObject, error: string): void {
  const revision = asText(body.currentRevision ?? null) as Revision | undefined;
  const server = recordOf(body.serverData);
  if (
    revision === undefined ||
    server === undefined ||
    (error !== "conflict" && error !== "already_exists")
  ) {
    return fail(device, mutation, error);
  }
  // [CON-1] what rests on the very revision that stands is not stale: something on the way spoiled the precondition, and
  // will again. The same bytes may not go under another key [MRG-10], so it fails, and is shown.
  if (server !== null && revision === mutation.base) return fail(device, mutation, error);
  const entry = entryOf(device, mutation.entity, mutation.recordId);
  const mine = mineOf(device, mutation);
  const updatesLive = mutation.operation === "update" && server !== null;
  if (server) applyRecord(device, mutation.entity, server);
  else applyDeletion(device, mutation.entity, entry.id, revision);
  if (error === "already_exists" && server && isOwnCreate(mutation, server)) {
    return complete(device, mutation, "applied", revision);
  }
  if (updatesLive && STRATEGY_OF[mutation.entity] !== "server_authoritative") {
    return resolveUpdate(device, mutation, server, revision, asObject(body.stamps ?? null));
  }
  const kind = server === null ? "deleted" : error === "already_exists" ? "exists" : "changed";
  ask(device, mutation, { kind, revision, server: server && fieldsOf(server), mine });
}

/** Tells, again after a restart, that a person must choose. */
export function announceConflict(device: Device, mutation: Mutation): void {
  const { id, entity, conflict } = mutation;
  if (conflict)
    emit(device, { output: "ask", mutation: id, entity, mine: conflict.mine, server: conflict.server });
}

/** What a person chose: mine, the server's, or what of mine does not clash with it. */
export function chosen(device: Device, id: string, choice: Choice): void {
  const mutation = device.queue.get(id);
  const conflict = mutation?.conflict;
  if (!mutation || !conflict || mutation.status !== "asked") return;
  device.replan = true;
  const patch = choice === "server" ? undefined : patchFor(mutation, conflict, choice);
  if (patch === "delete" || (patch && Object.keys(patch).length > 0))
    return goOn(device, mutation, conflict, patch);
  mutation.conflict = undefined;
  complete(device, mutation, "yielded", conflict.revision);
}

function ask(device: Device, mutation: Mutation, conflict: Conflict): void {
  mutation.status = "asked";
  mutation.conflict = conflict;
  keep(device, mutation);
  touch(device, entryOf(device, mutation.entity, mutation.recordId));
  announceConflict(device, mutation);
}

/** What goes out again after a choice; undefined or empty when nothing of it is left. */
function patchFor(
  mutation: Mutation,
  conflict: Conflict,
  choice: "mine" | "merge",
): Fields | "delete" | undefined {
  const { operation, payload, seen } = mutation;
  if (operation === "delete") return choice === "mine" ? "delete" : undefined;
  // [CON-8] an update brings nothing back to life: all of mine is created again under the same id.
  if (conflict.kind === "deleted") return conflict.mine ?? undefined;
  const { server } = conflict;
  if (!payload || !server) return undefined;
  if (conflict.kind === "exists") {
    const fields = fieldsOfCreate(payload);
    return choice === "mine" ? fields : select(fields, (name) => !Object.hasOwn(server, name));
  }
  return choice === "mine" ? payload : select(payload, (name) => unchanged(seen, server, name));
}

/** [MRG-10] on new data, and so under a new key. */
function goOn(device: Device, mutation: Mutation, conflict: Conflict, patch: Fields | "delete"): void {
  if (patch !== "delete") {
    const was = mutation.payload;
    mutation.operation = conflict.kind === "deleted" ? "create" : "update";
    mutation.narrowed ||= conflict.kind === "changed" && !jsonEqual(was, patch);
    mutation.payload = patch;
    mutation.seen = conflict.server
      ? select(conflict.server, (name) => Object.hasOwn(patch, name))
      : undefined;
    mutation.bytes = measure(patch);
  }
  mutation.conflict = undefined;
  again(device, mutation, conflict.revision);
}

function again(device: Device, mutation: Mutation, revision: Revision): void {
  mutation.status = "pending";
  mutation.base = revision;
  rekey(device, mutation);
  keep(device, mutation);
  touch(device, entryOf(device, mutation.entity, mutation.recordId));
}

/** Tasks and lists: section 5, as the proxy does it with `resolvedBy: server`. */
function resolveUpdate(
  device: Device,
  mutation: Mutation,
  server: WireRecord,
  revision: Revision,
  stamps: JsonObject | undefined,
): void {
  // [MRG-3] a proxy that resolves has weighed every field already: none was left.
  const mustResolve = device.capabilities?.resolvedBy === "client" || mutation.entity === "list";
  const patch = mustResolve ? resolved(mutation, fieldsOf(server), stamps) : {};
  if (Object.keys(patch).length === 0) {
    mutation.narrowed = true;
    // [QUE-10] what was made on top goes on from where this one stood; it did not know what won.
    return complete(device, mutation, "yielded", mutation.base);
  }
  mutation.resolutions++;
  if (mutation.resolutions > RESOLUTIONS_MAX) return fail(device, mutation, "conflict");
  mutation.narrowed ||= !jsonEqual(patch, mutation.payload);
  mutation.seen = select(fieldsOf(server), (name) => Object.hasOwn(patch, name));
  mutation.payload = patch;
  mutation.bytes = measure(patch);
  again(device, mutation, revision);
}

/** What of a stale update stands against the server's record. */
function resolved(mutation: Mutation, server: Fields, stamps: JsonObject | undefined): Fields {
  const { payload = {}, seen, timestampMs } = mutation;
  const wins = (name: string): boolean => isNewer(timestampMs, stamps, name);
  const patch = select(payload, (name) => unchanged(seen, server, name) || wins(name));
  if (mutation.entity !== "list" || !Object.hasOwn(payload, "items")) return patch;
  const items = mergeItems(seen && itemsOf(seen), itemsOf(server), itemsOf(payload), {
    serverEdited: (item, before) => !jsonEqual(item, before),
    clientWins: (id, name) => wins(itemStampName(id, name)) || itemUnchanged(seen, server, id, name),
  });
  const { items: _items, ...rest } = patch;
  return jsonEqual(items, itemsOf(server)) ? rest : { ...rest, items: items as readonly Json[] as Json };
}

function isNewer(timestampMs: number, stamps: JsonObject | undefined, name: string): boolean {
  const stamp = stamps && Object.hasOwn(stamps, name) ? stamps[name] : undefined;
  return typeof stamp !== "number" || timestampMs > stamp;
}

/** Nobody else touched the field since the user saw it: causality beats clocks [CON-12]. */
function unchanged(seen: Fields | undefined, server: Fields, name: string): boolean {
  return jsonEqual(own(seen, name), own(server, name));
}

function itemUnchanged(seen: Fields | undefined, server: Fields, id: string, name: string): boolean {
  const before = seen && itemsOf(seen).find((item) => item.id === id);
  const now = itemsOf(server).find((item) => item.id === id);
  return jsonEqual(own(before, name), own(now, name));
}

function own(fields: Fields | undefined, name: string): Json | undefined {
  return fields && Object.hasOwn(fields, name) ? fields[name] : undefined;
}

function select(fields: Fields, wanted: (name: string) => boolean): Fields {
  return Object.fromEntries(Object.entries(fields).filter(([name]) => wanted(name)));
}

/** The record as the user made it by this edit and those before it; null for a deletion. */
function mineOf(device: Device, mutation: Mutation): Fields | null {
  if (mutation.operation === "delete") return null;
  const entry = entryOf(device, mutation.entity, mutation.recordId);
  const before = entry.chain.slice(0, entry.chain.indexOf(mutation) + 1);
  return fieldsWithEdits({ ...entry, chain: before }) ?? fieldsOfCreate(mutation.payload ?? {});
}

/** Our own create, whose answer was lost longer ago than keys are remembered. */
function isOwnCreate(mutation: Mutation, server: WireRecord): boolean {
  return jsonEqual(fieldsOf(server), fieldsOfCreate(mutation.payload ?? {}));
}
