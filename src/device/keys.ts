/**
 * Owns the names of what a device stores.
 * Refuses to know the values.
 */

import type { Entity } from "../protocol/entity.ts";

/** Entries that stand once. */
export const KEYS = {
  clock: "clock",
  revisions: "revisions",
  ids: "ids",
  capabilities: "capabilities",
  registration: "registration",
} as const;

const RECORD = "record/";
const MUTATION = "mutation/";

export function recordKey(entity: Entity, id: string): string {
  return `${RECORD}${entity}/${id}`;
}

export function mutationKey(id: string): string {
  return MUTATION + id;
}

/** Entity and id of a record's key; undefined for other keys. Ids may hold slashes: some proxies make such. */
export function parseRecordKey(key: string): { readonly entity: string; readonly id: string } | undefined {
  if (!key.startsWith(RECORD)) return undefined;
  const slash = key.indexOf("/", RECORD.length);
  return { entity: key.slice(RECORD.length, slash), id: key.slice(slash + 1) };
}

export function isMutationKey(key: string): boolean {
  return key.startsWith(MUTATION);
}

/** The key under which a temporary id is mapped to its real one. */
export function idKey(entity: Entity, temporary: string): string {
  return `${entity}/${temporary}`;
}
