/**
 * Owns what one phone shows: the records its user can see and pick from.
 * Refuses to know where they come from; it holds what `show` said last.
 */

import { ENTITIES, type Entity, type Fields } from "../protocol/entity.ts";

/** A record on the screen. */
export interface Shown {
  readonly id: string;
  fields: Fields;
}

/** The records that a phone shows, per entity, in an order that depends on nothing but what was shown and hidden. */
export class Screen {
  private readonly rows: Record<Entity, Shown[]> = { contact: [], task: [], list: [] };
  private readonly places: Record<Entity, Map<string, number>> = {
    contact: new Map(),
    task: new Map(),
    list: new Map(),
  };

  /** Shows the record, or hides it when it has no fields. */
  show(entity: Entity, id: string, fields: Fields | undefined): void {
    const rows: Shown[] | undefined = this.rows[entity];
    const places: Map<string, number> | undefined = this.places[entity];
    // [EVT-18] an app with a fault may want to show what no screen has a place for.
    if (rows === undefined || places === undefined) return;
    const place = places.get(id);
    if (fields !== undefined) {
      if (place !== undefined) (rows[place] as Shown).fields = fields;
      else {
        places.set(id, rows.length);
        rows.push({ id, fields });
      }
      return;
    }
    if (place === undefined) return;
    const last = rows.pop() as Shown;
    places.delete(id);
    if (last.id === id) return;
    rows[place] = last;
    places.set(last.id, place);
  }

  clear(): void {
    for (const entity of ENTITIES) {
      this.rows[entity] = [];
      this.places[entity].clear();
    }
  }

  all(entity: Entity): readonly Shown[] {
    return this.rows[entity];
  }

  get(entity: Entity, id: string): Shown | undefined {
    const place = this.places[entity].get(id);
    return place === undefined ? undefined : this.rows[entity][place];
  }
}
