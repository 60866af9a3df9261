/**
 * Owns maps by entity and by record, without a text built for every look-up.
 * Refuses to know what is kept. What the protocol does not know has a place too: a history may tell of it [EVT-18].
 */

/** One value per entity. */
export class EntityMap<Value> {
  private contact: Value | undefined;
  private task: Value | undefined;
  private list: Value | undefined;
  private foreign: Map<string, Value> | undefined;

  get(entity: string): Value | undefined {
    switch (entity) {
      case "contact":
        return this.contact;
      case "task":
        return this.task;
      case "list":
        return this.list;
      default:
        return this.foreign?.get(entity);
    }
  }

  set(entity: string, value: Value): void {
    switch (entity) {
      case "contact":
        this.contact = value;
        return;
      case "task":
        this.task = value;
        return;
      case "list":
        this.list = value;
        return;
      default:
        this.foreign ??= new Map();
        this.foreign.set(entity, value);
    }
  }

  each(visit: (value: Value, entity: string) => void): void {
    if (this.contact !== undefined) visit(this.contact, "contact");
    if (this.task !== undefined) visit(this.task, "task");
    if (this.list !== undefined) visit(this.list, "list");
    this.foreign?.forEach(visit);
  }

  clear(): void {
    this.contact = undefined;
    this.task = undefined;
    this.list = undefined;
    this.foreign = undefined;
  }
}

const NOTHING: ReadonlyMap<string, never> = new Map<string, never>();

/** One value per record. */
export class RecordMap<Value> {
  /** Entries; most maps are empty most of the time. */
  size = 0;
  private readonly entities = new EntityMap<Map<string, Value>>();

  get(entity: string, id: string): Value | undefined {
    return this.size === 0 ? undefined : this.entities.get(entity)?.get(id);
  }

  set(entity: string, id: string, value: Value): void {
    const records = this.entities.get(entity);
    if (records === undefined) {
      this.entities.set(entity, new Map([[id, value]]));
      this.size++;
      return;
    }
    const before = records.size;
    records.set(id, value);
    this.size += records.size - before;
  }

  delete(entity: string, id: string): void {
    if (this.size > 0 && this.entities.get(entity)?.delete(id)) this.size--;
  }

  /** All records of one entity. */
  of(entity: string): ReadonlyMap<string, Value> {
    return this.entities.get(entity) ?? NOTHING;
  }

  clear(): void {
    if (this.size === 0) return;
    this.entities.clear();
    this.size = 0;
  }
}
