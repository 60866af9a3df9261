/**
 * Owns concurrent writes as data, and what a record comes to when they arrive in a given order.
 * Refuses to know who ought to win.
 */

import type { Json, JsonObject } from "../base/canonical-json.ts";
import type { Entity, ListItem, WireRecord } from "../protocol/entity.ts";
import { recordOf } from "./desk.fixture.ts";
import type { DeskMaker } from "./test-desk.fixture.ts";

/** One write of one device, on what it knew: the revision that `base` writes had led to. */
export interface Claim {
  readonly deviceId: string;
  readonly timestamp: number;
  readonly patch: JsonObject;
}

export const TASK = { id: "t1", title: "base", notes: "base", done: false };
export const LIST = {
  id: "l1",
  name: "base",
  items: [
    { id: "i1", text: "one" },
    { id: "i2", text: "two", done: false },
    { id: "i3", text: "three" },
  ],
};

/** The record after these writes, all based on the version that was made first, in this order of arrival. */
export async function settle(
  desks: DeskMaker,
  entity: Entity,
  made: JsonObject,
  claims: readonly Claim[],
): Promise<WireRecord> {
  const desk = await desks.create();
  const ifMatch = (await desk.made(entity, made)).revisionId;
  for (const { deviceId, timestamp, patch } of claims) {
    await desk.update(entity, String(made.id), patch, {
      ifMatch,
      deviceId,
      timestamp,
      idempotencyKey: deviceId,
    });
  }
  return recordOf(await desk.read(entity, String(made.id)));
}

/** What these writes come to in each order of arrival, without what the order must change. */
export async function settleAll(
  desks: DeskMaker,
  entity: Entity,
  made: JsonObject,
  claims: readonly Claim[],
): Promise<readonly JsonObject[]> {
  const ends: JsonObject[] = [];
  for (const order of permutations(claims)) ends.push(unordered(await settle(desks, entity, made, order)));
  return ends;
}

export function permutations<T>(list: readonly T[]): readonly (readonly T[])[] {
  if (list.length <= 1) return [list];
  return list.flatMap((head, index) =>
    permutations([...list.slice(0, index), ...list.slice(index + 1)]).map((rest) => [head, ...rest]),
  );
}

/** Fields without what a different order must change: the revision, and the order of items [MRG-7]. */
function unordered(record: WireRecord): JsonObject {
  const { revisionId: _revisionId, updatedAt: _updatedAt, ...fields } = record;
  if (!Array.isArray(fields.items)) return fields as JsonObject;
  const items = fields.items as unknown as readonly ListItem[];
  const sorted = [...items].sort((left, right) => (left.id < right.id ? -1 : 1));
  return { ...fields, items: sorted as unknown as Json } as JsonObject;
}
