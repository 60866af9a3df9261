/**
 * Owns what an update makes of the current record: taken plainly, or resolved by the entity's strategy when it is
 * stale (section 5).
 * Refuses to know the merges themselves: they stand in protocol/merge.ts, for proxy and device alike.
 */

import { assertNever } from "../base/assert.ts";
import { type JsonObject, jsonEqual } from "../base/canonical-json.ts";
import { type Fields, RESERVED_MEMBERS, STRATEGY_OF } from "../protocol/entity.ts";
import { applyWrite, type Merged, mergeByStamp, mergeList, type Stamped } from "../protocol/merge.ts";
import type { Resolution } from "../protocol/messages.ts";
import { applyPatch, fieldsOf, withoutReserved } from "../protocol/patch.ts";
import { compareStamps, NO_STAMPS, type Stamp, type Stamps } from "../protocol/stamps.ts";
import type { Case } from "./decide.ts";
import { stampsOf, type Version } from "./store.ts";
import { ownStamp } from "./version.ts";

/** What an update makes of a record. */
export type Written =
  | { readonly changed: true; readonly fields: Fields; readonly stamps: Stamps }
  /** [REV-8] no field changes; stamps that rise all the same stand in `raise`. */
  | { readonly changed: false; readonly raise: Stamps | undefined };

/** Every field of the patch is taken [CON-1, CON-12]; `known`: the writer knew the current record. */
export function applyPlainly(at: Case, current: Version, known: boolean): Written {
  const patch = patchOf(at);
  const before = stampedOf(current);
  if (STRATEGY_OF[current.entity] === "server_authoritative") {
    const fields = applyPatch(before.fields, patch);
    return jsonEqual(fields, before.fields)
      ? { changed: false, raise: undefined }
      : { changed: true, fields, stamps: NO_STAMPS };
  }
  const own = ownStamp(at);
  const after = applyWrite(before, patch, own, known);
  if (!jsonEqual(after.fields, before.fields)) return { changed: true, ...after };
  // Writes that change nothing are weighed against what their author knew, which is the version as it was committed,
  // not as others that changed nothing raised it since: so their order leaves no mark.
  const claimed = known ? applyWrite({ ...before, stamps: current.stamps }, patch, own, true) : after;
  return { changed: false, raise: raisedBy(before.stamps, claimed.stamps) };
}

/** A stale update by the entity's strategy; undefined when it is refused. */
export function resolveStale(
  at: Case,
  current: Version,
): (Written & { readonly resolution: Resolution }) | undefined {
  const strategy = STRATEGY_OF[current.entity];
  const patch = patchOf(at);
  switch (strategy) {
    case "server_authoritative":
      return undefined; // [MRG-1]
    case "last_writer_wins": {
      const merged = mergeByStamp(stampedOf(current), baseOf(at, current), patch, ownStamp(at));
      if (merged.lost === 0) return { ...writtenOf(current, merged), resolution: "client_won" };
      return merged.won === 0 ? undefined : { ...writtenOf(current, merged), resolution: "merged" }; // [MRG-3]
    }
    case "additive_merge": {
      const merged = mergeList(stampedOf(current), baseOf(at, current), patch, ownStamp(at));
      return { ...writtenOf(current, merged), resolution: "merged" }; // [MRG-5]
    }
    default:
      return assertNever(strategy);
  }
}

function writtenOf(current: Version, merged: Merged): Written {
  const before = stampedOf(current);
  return jsonEqual(merged.fields, before.fields)
    ? { changed: false, raise: raisedBy(before.stamps, merged.stamps) }
    : { changed: true, fields: merged.fields, stamps: merged.stamps };
}

/**
 * [MRG-6] the version at If-Match, as long as the log has it, if it is of this life of this record. [MRG-2] as it was
 * committed: a write without effect that raised it since is concurrent with this one, and weighed against it.
 */
function baseOf(at: Case, current: Version): Stamped | undefined {
  const { base } = at.view;
  // A revision begins one life of one record: the same birth says that it is this record, and not deleted since.
  if (base === undefined || base.record === null || base.bornAt !== current.bornAt) return undefined;
  return { fields: fieldsOf(base.record), stamps: base.stamps };
}

function stampedOf(version: Version): Stamped {
  return { fields: version.record === null ? {} : fieldsOf(version.record), stamps: stampsOf(version) };
}

/** The larger of both stamps for each name; undefined when nothing rises [MRG-4]. */
function raisedBy(before: Stamps, claimed: Stamps): Stamps | undefined {
  let raised: Map<string, Stamp> | undefined;
  for (const [name, stamp] of claimed) {
    if (compareStamps(stamp, before.get(name)) <= 0) continue;
    raised ??= new Map(before);
    raised.set(name, stamp);
  }
  return raised;
}

function patchOf(at: Case): Fields {
  const payload = at.mutation.payload as JsonObject;
  for (const member of RESERVED_MEMBERS) {
    if (Object.hasOwn(payload, member)) return withoutReserved(payload);
  }
  return payload as Fields;
}
