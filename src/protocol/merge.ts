/**
 * Owns what becomes of a write on a record: applied plainly, by last writer per field, or by three-way list merge.
 * Refuses to know whether a write is stale, who asked, and what is stored: that is decided before.
 */

import { jsonEqual } from "../base/canonical-json.ts";
import type { Fields, ListItem } from "./entity.ts";
import { applyPatch } from "./patch.ts";
import {
  compareStamps,
  itemStampName,
  largerStamp,
  NO_STAMPS,
  type Stamp,
  type Stamps,
  stampOver,
} from "./stamps.ts";

/** A record's fields with the stamps of their last writes. */
export interface Stamped {
  readonly fields: Fields;
  readonly stamps: Stamps;
}

/** What a merge came to. `won` and `lost` count the patch's fields; a list's items are never lost, and not counted. */
export interface Merged extends Stamped {
  readonly won: number;
  readonly lost: number;
}

/** The stamps of a record that one write made. */
export function stampsOfCreate(fields: Fields, own: Stamp): Stamps {
  const stamps = new Map<string, Stamp>();
  for (const field of Object.keys(fields)) stamps.set(field, own);
  for (const item of itemsOf(fields))
    for (const name of Object.keys(item)) stamps.set(itemStampName(item.id, name), own);
  return stamps;
}

/**
 * A write that is not stale, or was made without If-Match: every field of the patch is taken [CON-1, CON-12].
 * `known` says that the writer knew the current record; then its stamps come out above those of the record.
 */
export function applyWrite(current: Stamped, patch: Fields, own: Stamp, known: boolean): Stamped {
  const fields = applyPatch(current.fields, patch);
  const stamps = new Map(current.stamps);
  const raise = (name: string): void => {
    const before = current.stamps.get(name);
    stamps.set(name, largerStamp(before, known ? stampOver(own, before) : own));
  };
  for (const field of Object.keys(patch)) raise(field);
  if (Object.hasOwn(patch, "items")) {
    const before = byId(itemsOf(current.fields));
    const after = byId(itemsOf(fields));
    for (const [id, item] of after)
      for (const name of changedFields(before.get(id), item)) raise(itemStampName(id, name));
    forgetItems(stamps, before, after);
  }
  return { fields, stamps };
}

/**
 * A stale write under last writer wins, field by field [MRG-2, MRG-11]: the larger stamp stays.
 * `base` is the record at If-Match, as far as the log still has it.
 */
export function mergeByStamp(current: Stamped, base: Stamped | undefined, patch: Fields, own: Stamp): Merged {
  const winners: [string, Fields[string]][] = [];
  const stamps = new Map(current.stamps);
  let lost = 0;
  for (const field of Object.keys(patch)) {
    const stamp = stampOver(own, base?.stamps.get(field));
    if (compareStamps(stamp, current.stamps.get(field)) <= 0) {
      lost++;
      continue;
    }
    winners.push([field, patch[field] as Fields[string]]);
    stamps.set(field, stamp);
  }
  return {
    fields: applyPatch(current.fields, Object.fromEntries(winners)),
    stamps,
    won: winners.length,
    lost,
  };
}

/** A stale write on a list [MRG-5, MRG-6, MRG-7]: items by three-way merge, the other fields by stamp. */
export function mergeList(current: Stamped, base: Stamped | undefined, patch: Fields, own: Stamp): Merged {
  const { items: _items, ...rest } = patch;
  const plain = mergeByStamp(current, base, rest, own);
  if (!Object.hasOwn(patch, "items")) return plain;
  const stamps = new Map(plain.stamps);
  const baseStamps = base?.stamps ?? NO_STAMPS;
  const server = itemsOf(current.fields);
  const items = mergeItems(base && itemsOf(base.fields), server, itemsOf(patch), {
    serverEdited: (item, before) =>
      [...new Set([...Object.keys(item), ...Object.keys(before)])].some((name) => {
        const stampName = itemStampName(item.id, name);
        return compareStamps(current.stamps.get(stampName), baseStamps.get(stampName)) !== 0;
      }),
    clientWins: (id, name) => {
      const stampName = itemStampName(id, name);
      const stamp = stampOver(own, baseStamps.get(stampName));
      const wins = compareStamps(stamp, current.stamps.get(stampName)) > 0;
      if (wins) stamps.set(stampName, stamp);
      return wins;
    },
  });
  const after = byId(items);
  forgetItems(stamps, byId(server), after);
  for (const [id, item] of after) {
    for (const name of Object.keys(item)) {
      const stampName = itemStampName(id, name);
      if (!stamps.has(stampName)) stamps.set(stampName, baseStamps.get(stampName) ?? own);
    }
  }
  return { ...plain, fields: { ...plain.fields, items }, stamps };
}

/** How the two sides of an items merge are weighed. */
export interface ItemJudge {
  /** Did the server's side edit this item since the base? */
  serverEdited(item: ListItem, base: ListItem): boolean;
  /** Does the client's edit of this field of this item stand against the server's? Asked once per edited field. */
  clientWins(itemId: string, field: string): boolean;
}

/**
 * Three-way merge of items; without a base, their union. [MRG-7] the server's order, then the client's new ones in
 * the client's order.
 */
export function mergeItems(
  base: readonly ListItem[] | undefined,
  server: readonly ListItem[],
  client: readonly ListItem[],
  judge: ItemJudge,
): readonly ListItem[] {
  const baseById = byId(base ?? []);
  const clientById = byId(client);
  const serverById = byId(server);
  const merged: ListItem[] = [];
  for (const item of server) {
    const before = baseById.get(item.id);
    const mine = clientById.get(item.id);
    if (mine) merged.push(mergeItem(item, before, mine, judge));
    // [MRG-6] removed by the client: gone, unless the server's side edited it.
    else if (!before || judge.serverEdited(item, before)) merged.push(item);
  }
  for (const mine of client) {
    if (serverById.has(mine.id)) continue;
    const before = baseById.get(mine.id);
    // [MRG-6] removed on the server: gone, unless the client edited it.
    const edited = before ? changedFields(before, mine) : Object.keys(mine);
    for (const name of edited) judge.clientWins(mine.id, name);
    if (edited.length > 0) merged.push(mine);
  }
  return merged;
}

/**
 * The items that a list's fields hold; none when the field is absent or null. Other entities may have a field of that
 * name, which is unknown and may hold anything [API-1]: what is no list of items has none.
 */
export function itemsOf(fields: Fields): readonly ListItem[] {
  const { items } = fields;
  return Array.isArray(items) && items.every(isItem) ? (items as unknown as readonly ListItem[]) : [];
}

function isItem(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  return typeof (value as { readonly id?: unknown }).id === "string";
}

/** A device's own view: its waiting items over the server's, its own edits on top [QUE-12]. */
export const OWN_EDITS_WIN: Pick<ItemJudge, "clientWins" | "serverEdited"> = {
  serverEdited: (item, base) => !jsonEqual(item, base),
  clientWins: () => true,
};

function mergeItem(
  server: ListItem,
  base: ListItem | undefined,
  client: ListItem,
  judge: ItemJudge,
): ListItem {
  // Without a base nobody knows which fields the client touched: all that it names are claims.
  const edited = base ? changedFields(base, client) : Object.keys(client).filter((name) => name !== "id");
  const taken = edited.filter((name) => judge.clientWins(server.id, name));
  if (taken.length === 0) return server;
  const members = new Map(Object.entries(server));
  for (const name of taken) {
    const value = Object.hasOwn(client, name) ? client[name] : undefined;
    if (value === undefined) members.delete(name);
    else members.set(name, value);
  }
  return Object.fromEntries(members) as ListItem;
}

function changedFields(before: ListItem | undefined, after: ListItem): readonly string[] {
  if (!before) return Object.keys(after);
  const names = new Set([...Object.keys(before), ...Object.keys(after)]);
  return [...names].filter((name) => !jsonEqual(own(before, name), own(after, name)));
}

function own(item: ListItem, name: string): unknown {
  return Object.hasOwn(item, name) ? item[name] : undefined;
}

function byId(items: readonly ListItem[]): ReadonlyMap<string, ListItem> {
  return new Map(items.map((item) => [item.id, item]));
}

function forgetItems(
  stamps: Map<string, Stamp>,
  before: ReadonlyMap<string, ListItem>,
  after: ReadonlyMap<string, ListItem>,
): void {
  for (const [id, item] of before) {
    if (!after.has(id)) for (const name of Object.keys(item)) stamps.delete(itemStampName(id, name));
  }
}
