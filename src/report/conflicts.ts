/**
 * Owns the table of conflicts: stale writes by entity, and who resolved them.
 * Refuses to count them, and to show columns and rows that hold nothing.
 */

import type { Metrics } from "../metrics/all.ts";
import type { EntityConflicts } from "../metrics/conflicts.ts";
import { ENTITIES, type Entity } from "../protocol/entity.ts";
import { grouped } from "./numbers.ts";
import type { ConflictEntry, SimulationReport } from "./result-schema.ts";

/** How a stale write ends, and the head of its column. `theirs` is "keep the server's"; the last three are nobody's choice. */
export const ENDED_BY = [
  ["server", "server"],
  ["device", "device"],
  ["mine", "mine"],
  ["theirs", "theirs"],
  ["merged", "merged"],
  ["byHand", "by hand"],
  ["refused", "refused"],
  ["open", "open"],
  ["overwritten", "overwritten"],
] as const satisfies readonly (readonly [keyof ConflictEntry["endedBy"], string])[];

/** What a reader who has not seen the table before wants to know. */
export const CONFLICTS_LEGEND =
  "Stale writes, and who resolved them: the strategy on server or device, or a person who kept mine, kept theirs, merged, or took the edit up again or gave it up by hand. Nobody resolved those that were refused, are still open, or were overwritten.";

/** One entry an entity, in the order of the protocol. */
export function conflictEntries({ conflicts }: Metrics): ConflictEntry[] {
  return ENTITIES.map((entity) => entry(entity, conflicts.byEntity[entity]));
}

function entry(entity: Entity, { writes, stale, overwritten, resolved }: EntityConflicts): ConflictEntry {
  const { server, device, person, nobody } = resolved;
  const { mine, server: theirs, merge: merged, byHand } = person;
  const { refused, open } = nobody;
  const endedBy = { server, device, mine, theirs, merged, byHand, refused, open, overwritten };
  return { entity, writes, stale, endedBy };
}

/** Head and rows; empty when no write was stale. */
export function conflictTable({ conflicts }: SimulationReport): readonly (readonly string[])[] {
  const seen = conflicts.filter(({ stale }) => stale > 0);
  if (seen.length === 0) return [];
  const ends = ENDED_BY.filter(([name]) => seen.some(({ endedBy }) => endedBy[name] > 0));
  return [
    ["conflicts", "stale", ...ends.map(([, head]) => head)],
    ...seen.map(({ entity, stale, endedBy }) => [
      entity,
      grouped(stale),
      ...ends.map(([name]) => (endedBy[name] === 0 ? "·" : grouped(endedBy[name]))),
    ]),
  ];
}
