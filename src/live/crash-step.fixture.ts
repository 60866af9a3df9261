/**
 * Owns what one change of a record may look like beside the one before it, by the strategy of its entity (section 5).
 * Refuses to share a line with the merge code that it judges. The load has flat patches, and lists whose items are
 * only ever added: so a few lines say it all.
 */

import { type Json, jsonEqual } from "../base/canonical-json.ts";
import type { WireRecord } from "../protocol/entity.ts";
import type { SyncEvent } from "../protocol/messages.ts";
import type { Revision } from "../protocol/revision.ts";
import type { Asked } from "./crash-history.fixture.ts";

type Members = Readonly<Record<string, Json>>;
type Items = readonly { readonly id: string }[];

/** What is wrong with `event`, made by `asked` on a record that stood at `before`; undefined: nothing. */
export function stepFault(
  asked: Asked,
  base: Revision | undefined,
  before: SyncEvent | undefined,
  event: SyncEvent,
): string | undefined {
  const living = before?.payload ?? undefined;
  const after = event.payload ?? undefined;
  switch (asked.operation) {
    case "create":
      if (living !== undefined) return "made a record that was there";
      return after && isPlain({}, asked.fields ?? {}, after)
        ? undefined
        : "made another record than was asked for";
    case "delete":
      if (living === undefined) return "deleted what was not there";
      // [CON-4] a stale delete is refused.
      return base === undefined || base === before?.revisionId
        ? undefined
        : `deleted over ${before?.revisionId}`;
    case "update":
      if (living === undefined || after === undefined) return "changed what was not there";
      return updateFault(asked, base, living, after);
  }
}

function updateFault(
  asked: Asked,
  base: Revision | undefined,
  living: WireRecord,
  after: WireRecord,
): string | undefined {
  const patch = asked.fields ?? {};
  if (base === undefined || base === living.revisionId)
    return isPlain(fieldsOf(living), patch, after)
      ? undefined
      : "is not the record before with the patch on it";
  switch (asked.entity) {
    case "contact":
      return `was made on ${base}, over ${living.revisionId}`; // [MRG-1]
    case "task":
      return isByField(fieldsOf(living), patch, fieldsOf(after)) ? undefined : "has fields that nobody wrote";
    case "list":
      return isUnion(living, patch, after) ? undefined : "lost an item, or has one twice";
  }
}

function isPlain(before: Members, patch: Members, after: WireRecord): boolean {
  return jsonEqual({ ...before, ...patch }, fieldsOf(after));
}

/** [MRG-2, MRG-11] each field is as it was or as the patch has it, and at least one of them is the patch's. */
function isByField(before: Members, patch: Members, after: Members): boolean {
  const names = new Set([...Object.keys(before), ...Object.keys(patch), ...Object.keys(after)]);
  let taken = 0;
  for (const name of names) {
    if (jsonEqual(after[name], before[name])) continue;
    if (!(name in patch) || !jsonEqual(after[name], patch[name])) return false;
    taken++;
  }
  return taken > 0;
}

/** [MRG-5, MRG-7] the items that were there, in their order, then those of the patch that were not. */
function isUnion(living: WireRecord, patch: Members, after: WireRecord): boolean {
  const before = (living.items ?? []) as unknown as Items;
  const known = new Set(before.map(({ id }) => id));
  const added = ((patch.items ?? []) as unknown as Items).filter(({ id }) => !known.has(id));
  return jsonEqual([...before, ...added], after.items ?? []);
}

function fieldsOf(record: WireRecord): Members {
  const { id: _id, revisionId: _revisionId, updatedAt: _updatedAt, ...fields } = record;
  return fields as Members;
}
