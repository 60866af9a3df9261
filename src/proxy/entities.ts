/**
 * Owns the reading of `entities=`: collection names in, entities out.
 * Refuses to know what the entities are asked for.
 */

import { ENTITIES, ENTITY_OF, type Entity } from "../protocol/entity.ts";

const ALL_ENTITIES: ReadonlySet<Entity> = new Set(ENTITIES);

/** The entities that these collections are of; none named means all. undefined: one is unknown [DLT-3]. */
export function entitiesNamed(collections: readonly string[] | undefined): ReadonlySet<Entity> | undefined {
  if (collections === undefined || collections.length === 0) return ALL_ENTITIES;
  const named = knownEntities(collections);
  return collections.every((collection) => ENTITY_OF.has(collection)) ? named : undefined;
}

/** [EVT-4] for a socket, whose upgrade is never refused: what is unknown has no events. */
export function entitiesSubscribed(collections: readonly string[] | undefined): ReadonlySet<Entity> {
  if (collections === undefined || collections.length === 0) return ALL_ENTITIES;
  return knownEntities(collections);
}

function knownEntities(collections: readonly string[]): ReadonlySet<Entity> {
  const named = new Set<Entity>();
  for (const collection of collections) {
    const entity = ENTITY_OF.get(collection);
    if (entity !== undefined) named.add(entity);
  }
  return named;
}
