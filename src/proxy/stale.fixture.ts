/**
 * Owns records with two versions behind them, at which preconditions are tried.
 * Refuses to know what becomes of a stale write.
 */

import type { JsonObject } from "../base/canonical-json.ts";
import type { Entity } from "../protocol/entity.ts";
import type { Revision } from "../protocol/revision.ts";
import { revisionOf } from "./desk.fixture.ts";
import type { TestDesk } from "./test-desk.fixture.ts";

export const FIELDS: Readonly<Record<Entity, JsonObject>> = {
  contact: { id: "r1", name: "Ada" },
  task: { id: "r1", title: "buy" },
  list: { id: "r1", name: "shop", items: [{ id: "i1", text: "milk" }] },
};
export const PATCH: Readonly<Record<Entity, JsonObject>> = {
  contact: { name: "Bea" },
  task: { title: "sell" },
  list: { name: "market" },
};

/** A record with two versions behind it: what the first, and the second, revision was. */
export async function twice(desk: TestDesk, entity: Entity): Promise<{ first: Revision; second: Revision }> {
  const first = (await desk.made(entity, FIELDS[entity])).revisionId;
  const second = revisionOf(await desk.update(entity, "r1", { note: "by another" }));
  return { first, second };
}
