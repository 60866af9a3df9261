/**
 * Owns JSON merge patch (RFC 7396) on records.
 * Refuses to judge what it is given: validation has been before.
 */

import type { Json, JsonObject } from "../base/canonical-json.ts";
import { type Fields, RESERVED_MEMBERS, type WireRecord } from "./entity.ts";

/** The fields after the patch: null removes, objects merge, all else replaces. Neither argument is changed. */
export function applyPatch(fields: Fields, patch: Fields): Fields {
  return mergePatch(fields, patch) as Fields;
}

/**
 * What a create's body says of the fields: without reserved members, and without nulls of its own, which mean "absent"
 * (section 3). What stands deeper is kept as it came.
 */
export function fieldsOfCreate(body: JsonObject): Fields {
  return Object.fromEntries(
    Object.entries(body).filter(([member, value]) => value !== null && !RESERVED_MEMBERS.has(member)),
  );
}

/** A body without the members that are not fields: `id`, `revisionId`, `updatedAt`. */
export function withoutReserved(body: JsonObject): Fields {
  return Object.fromEntries(Object.entries(body).filter(([member]) => !RESERVED_MEMBERS.has(member)));
}

/** A record's own fields. */
export function fieldsOf(record: WireRecord): Fields {
  const { id: _id, revisionId: _revisionId, updatedAt: _updatedAt, ...fields } = record;
  return fields as Fields;
}

function mergePatch(target: Json | undefined, patch: Json): Json {
  if (!isObject(patch)) return patch;
  const members = new Map<string, Json>(isObject(target) ? Object.entries(target) : []);
  for (const member of Object.keys(patch)) {
    const value = patch[member] as Json;
    if (value === null) members.delete(member);
    else members.set(member, mergePatch(members.get(member), value));
  }
  // Object.fromEntries defines own members: a field called `__proto__` stays a field [API-5].
  return Object.fromEntries(members);
}

function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
