/**
 * Owns what people write: the payloads of creates and updates, drawn from one stream per person.
 * Refuses to know when, and whether it will ever arrive.
 */

import type { Prng } from "../base/prng.ts";
import type { Edit } from "../device/port.ts";
import type { Entity, Fields, ListItem } from "../protocol/entity.ts";
import { itemsOf } from "../protocol/merge.ts";
import type { Shown } from "./screen.ts";

const WORDS = [
  "oat milk",
  "Ada",
  "call back",
  "Büro",
  "שלום",
  "tea 🍵",
  "rent",
  "Łódź",
  "plan B",
  "",
  "line\nbreak",
  "0042",
];
const OPTIONAL: Readonly<Record<"contact" | "task", readonly string[]>> = {
  contact: ["phone", "email", "notes"],
  task: ["dueAt", "notes"],
};
const ITEMS_AT_CREATE_MAX = 4;

/** A field that the app of some people has, and this protocol does not name. */
const NEW_FIELD = "color";

/** One person's hand. Every text it writes is its own, so that a lost edit cannot hide behind an equal one. */
export class Author {
  private readonly random: Prng;
  private readonly name: string;
  private count = 0;

  constructor(random: Prng, name: string) {
    this.random = random;
    this.name = name;
  }

  create(entity: Entity): Edit {
    return {
      entity,
      operation: "create",
      payload: this.newFields(entity, this.random.below(ITEMS_AT_CREATE_MAX)),
    };
  }

  /** The fields of a new record; lists get this many items. */
  newFields(entity: Entity, items: number): Fields {
    switch (entity) {
      case "contact":
        return {
          name: this.text(),
          phone: this.text(),
          ...(this.random.chance(0.5) && { email: this.text() }),
        };
      case "task":
        return { title: this.text(), done: false, ...(this.random.chance(0.5) && { notes: this.text() }) };
      case "list":
        return { name: this.text(), items: Array.from({ length: items }, () => this.newItem()) };
    }
  }

  update(entity: Entity, shown: Shown): Edit {
    const payload = entity === "list" ? this.listPatch(shown.fields) : this.patch(entity, shown.fields);
    return { entity, operation: "update", recordId: shown.id, payload };
  }

  /** The same edit by somebody with a newer app, which has a field more. */
  withNewField(edit: Edit): Edit {
    return edit.payload === undefined
      ? edit
      : { ...edit, payload: { ...edit.payload, [NEW_FIELD]: this.text() } };
  }

  private patch(entity: "contact" | "task", fields: Fields): Fields {
    const draw = this.random.unit();
    if (draw < 0.45) return entity === "contact" ? { name: this.text() } : { done: fields.done !== true };
    if (draw < 0.6) return entity === "contact" ? { phone: this.text() } : { title: this.text() };
    const field = this.random.pick(OPTIONAL[entity]);
    if (draw < 0.65) return { [field]: null };
    const patch = {
      [field]: field === "dueAt" ? `2026-03-0${1 + this.random.below(9)}T09:00:00.000Z` : this.text(),
    };
    return draw < 0.9 ? patch : { ...patch, notes: this.text() };
  }

  private listPatch(fields: Fields): Fields {
    const items = itemsOf(fields);
    const draw = this.random.unit();
    if (draw < 0.06) return { name: this.text() };
    if (items.length === 0 || draw < 0.5) return { items: [...items, this.newItem()] as Fields[string] };
    const chosen = this.random.pick(items);
    if (draw < 0.65) return { items: items.filter((item) => item !== chosen) as Fields[string] };
    const changed =
      draw < 0.85 ? { ...chosen, done: chosen.done !== true } : { ...chosen, text: this.text() };
    return { items: items.map((item) => (item === chosen ? changed : item)) as Fields[string] };
  }

  private newItem(): ListItem {
    return { id: `${this.name}-i${this.count++}`, text: this.text() };
  }

  private text(): string {
    return `${this.random.pick(WORDS)} ${this.name}#${this.count++}`;
  }
}
