/**
 * Owns what the edits that wait on one device claim of its screen: values of fields, items added, a record gone.
 * Refuses to merge, and to judge objects inside fields, which merge. Only edits that still wait claim anything.
 */

import { jsonEqual } from "../../base/canonical-json.ts";
import type { FactOf } from "../../history/facts.ts";
import type { Entity, Fields } from "../../protocol/entity.ts";
import { fieldOf, fieldsIn, itemIdsOf } from "../commits.ts";
import { RecordMap } from "../record-map.ts";

/** One edit that waits. */
export interface Waiting {
  readonly edited: FactOf<"edited">;
  saved: boolean;
  /** Ids of list items that it added, and that no later edit of the device removed. */
  readonly added: Set<string>;
  /** Fields over which a later edit stands that claims nothing itself. */
  readonly covered: Set<string>;
  /** A later delete that claims nothing itself stands over all of it. */
  deleted: boolean;
}

/** What is missing on the screen, and which edit says that it ought to be there. */
export interface Missing {
  readonly waiting: Waiting;
  readonly what: string;
}

/** The claims of one device. */
export class Claims {
  private readonly byMutation = new Map<string, Waiting>();
  private readonly byRecord = new RecordMap<Waiting[]>();

  /** An edit that waits from now on; `seen` is what the screen showed of the record before it, if that is known. */
  begin(edited: FactOf<"edited">, seen: Fields | undefined): void {
    const waiting: Waiting = {
      edited,
      saved: false,
      added: addedBy(edited, seen),
      covered: new Set(),
      deleted: false,
    };
    const queue = this.byRecord.get(edited.entity, edited.id) ?? [];
    if (edited.entity === "list") forgetRemoved(queue, edited);
    queue.push(waiting);
    this.byRecord.set(edited.entity, edited.id, queue);
    this.byMutation.set(edited.mutation, waiting);
  }

  saved(mutation: string): void {
    const waiting = this.byMutation.get(mutation);
    if (waiting) waiting.saved = true;
  }

  /** The edit claims nothing any more; returns it. */
  end(mutation: string): Waiting | undefined {
    const waiting = this.byMutation.get(mutation);
    if (!waiting) return undefined;
    this.byMutation.delete(mutation);
    const { entity, id } = waiting.edited;
    const rest = (this.byRecord.get(entity, id) ?? []).filter((other) => other !== waiting);
    if (rest.length === 0) this.byRecord.delete(entity, id);
    else this.byRecord.set(entity, id, rest);
    return waiting;
  }

  /** The edit claims nothing any more and still waits, in whatever form: what was made before it is not on top. */
  cover(mutation: string): Waiting | undefined {
    const waiting = this.byMutation.get(mutation);
    if (!waiting) return undefined;
    const { entity, id, operation, payload } = waiting.edited;
    for (const earlier of this.byRecord.get(entity, id) ?? []) {
      if (earlier === waiting) break;
      if (operation === "delete") earlier.deleted = true;
      for (const [name] of fieldsIn(payload ?? {})) earlier.covered.add(name);
    }
    return this.end(mutation);
  }

  /** Edits of this record claim nothing any more: an older one was put on top of them. */
  endAll(entity: Entity, id: string): void {
    for (const { edited } of this.byRecord.get(entity, id) ?? []) this.byMutation.delete(edited.mutation);
    this.byRecord.delete(entity, id);
  }

  /** [QUE-1] what was not saved may be gone with the app. */
  killed(): void {
    for (const [mutation, waiting] of this.byMutation) if (!waiting.saved) this.end(mutation);
  }

  /** True when some edit of the record waits. */
  has(shown: FactOf<"shown">): boolean {
    return this.byRecord.get(shown.entity, shown.id) !== undefined;
  }

  /** The first claim that is not met by what is shown. */
  unmet(shown: FactOf<"shown">, server: Server): Missing | undefined {
    const queue = this.byRecord.get(shown.entity, shown.id);
    const newest = queue?.at(-1);
    if (!queue || !newest || newest.deleted) return undefined;
    const { fields, revision } = shown;
    const hasLanded = (waiting: Waiting): boolean => isUnder(server.revisionOf(waiting.edited), revision);
    if (newest.edited.operation === "delete") {
      if (fields === undefined || hasLanded(newest)) return undefined;
      return { waiting: newest, what: "the record is still there" };
    }
    if (fields === undefined) {
      // Deleted by others, it leaves nothing that an update could be shown on; a create that is on its way stands.
      const local = queue.some(({ edited }) => edited.operation === "create" && !server.revisionOf(edited));
      return local || !server.mayBeGone ? { waiting: newest, what: "the record is gone" } : undefined;
    }
    return shown.entity === "list"
      ? missingItem(queue, fields, hasLanded)
      : missingField(queue, fields, hasLanded);
  }
}

/** What the history tells of the server's side of one record. */
export interface Server {
  /** It may have been deleted there. */
  readonly mayBeGone: boolean;
  /** The revision that an edit was committed as, while its device still waits for the answer. */
  revisionOf(edited: FactOf<"edited">): string | undefined;
}

/** Such an edit is part of every later revision, whatever others made of its fields since [SYS-2]. */
function isUnder(committed: string | undefined, shown: string | undefined): boolean {
  return committed !== undefined && shown !== undefined && committed <= shown;
}

/** The newest waiting value of each field must stand, back to the last create or delete. */
function missingField(
  queue: readonly Waiting[],
  fields: Fields,
  hasLanded: (waiting: Waiting) => boolean,
): Missing | undefined {
  const claimed = new Set<string>();
  for (let index = queue.length - 1; index >= 0; index--) {
    const waiting = queue[index] as Waiting;
    const { operation, payload } = waiting.edited;
    if (operation === "delete" || waiting.deleted) return undefined;
    const landed = hasLanded(waiting);
    for (const [name, wanted] of fieldsIn(payload ?? {})) {
      if (claimed.has(name)) continue;
      claimed.add(name);
      if (
        landed ||
        waiting.covered.has(name) ||
        (typeof wanted === "object" && wanted !== null && !Array.isArray(wanted))
      )
        continue;
      const is = fieldOf(fields, name) ?? null;
      if (jsonEqual(is, wanted)) continue;
      return { waiting, what: `${name} is ${JSON.stringify(is)}, not ${JSON.stringify(wanted)}` };
    }
    if (operation === "create") return undefined;
  }
  return undefined;
}

function missingItem(
  queue: readonly Waiting[],
  fields: Fields,
  hasLanded: (waiting: Waiting) => boolean,
): Missing | undefined {
  const items = new Set(itemIdsOf(fields));
  for (const waiting of queue) {
    if (waiting.added.size === 0 || waiting.deleted || hasLanded(waiting)) continue;
    for (const item of waiting.added)
      if (!items.has(item)) return { waiting, what: `item ${item} is not there` };
  }
  return undefined;
}

function addedBy(edited: FactOf<"edited">, seen: Fields | undefined): Set<string> {
  const { entity, operation, payload } = edited;
  if (entity !== "list" || !payload || (operation === "update" && seen === undefined)) return new Set();
  const before = new Set(operation === "update" && seen ? itemIdsOf(seen) : []);
  return new Set(itemIdsOf(payload).filter((item) => !before.has(item)));
}

/** What a later edit leaves out, its author has removed. */
function forgetRemoved(queue: readonly Waiting[], edited: FactOf<"edited">): void {
  const { operation, payload } = edited;
  if (operation === "update" && !(payload && Object.hasOwn(payload, "items"))) return;
  const kept = new Set(operation === "update" && payload ? itemIdsOf(payload) : []);
  for (const { added } of queue) for (const item of added) if (!kept.has(item)) added.delete(item);
}
