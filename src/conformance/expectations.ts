/**
 * Owns what a judge expects by itself: instants read, merge patches applied, written anew, so that what a target is
 * compared with shares no code with the reference.
 * Refuses to fail: what is no instant is undefined.
 */

import { DAY_MS, type EpochMs, HOUR_MS, MINUTE_MS, SECOND_MS } from "../base/time.ts";
import { type Loose, looseOf } from "./reply.ts";

/** RFC 3339 has two ways to say UTC, and letters of either case: Python writes `+00:00`. */
const INSTANT = /^(\d{4})-(\d\d)-(\d\d)[Tt](\d\d):(\d\d):(\d\d)\.(\d{3})(?:[Zz]|[+-]00:00)$/;

/** Milliseconds of an RFC 3339 UTC instant with milliseconds; undefined when the value is none (section 1). */
export function instantOf(value: unknown): EpochMs | undefined {
  const match = typeof value === "string" ? INSTANT.exec(value) : null;
  if (match === null) return undefined;
  const [year = 0, month = 0, day = 0, hours = 0, minutes = 0, seconds = 0, millis = 0] = match
    .slice(1)
    .map(Number);
  const inRange = month >= 1 && month <= 12 && day >= 1 && day <= 31 && hours < 24 && minutes < 60;
  if (!inRange || seconds > 60) return undefined;
  return (
    daysTo(year, month, day) * DAY_MS + hours * HOUR_MS + minutes * MINUTE_MS + seconds * SECOND_MS + millis
  );
}

/** Days from the epoch to a civil date, counted in years that begin in March. */
function daysTo(year: number, month: number, day: number): number {
  const shifted = month <= 2 ? year - 1 : year;
  const era = Math.floor(shifted / 400);
  const yearOfEra = shifted - era * 400;
  const dayOfYear = Math.floor((153 * (month > 2 ? month - 3 : month + 9) + 2) / 5) + day - 1;
  const dayOfEra = yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear;
  return era * 146_097 + dayOfEra - 719_468;
}

/** The path that a `Location` names: a whole address, a path, or one relative to what was asked (RFC 9110, 10.2.2). */
export function pathNamed(location: string, askedPath: string): string | undefined {
  const base = `http://target${askedPath}`;
  return URL.canParse(location, base) ? new URL(location, base).pathname : undefined;
}

const RESERVED = new Set(["id", "revisionId", "updatedAt"]);

/** A record's own fields. */
export function fieldsOf(record: unknown): Loose {
  return Object.fromEntries(Object.entries(looseOf(record)).filter(([name]) => !RESERVED.has(name)));
}

/** What a merge patch makes of a value: null removes, objects merge, all else replaces (RFC 7396). */
export function patched(target: unknown, patch: unknown): unknown {
  if (typeof patch !== "object" || patch === null || Array.isArray(patch)) return patch;
  const members = new Map(Object.entries(looseOf(target)));
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) members.delete(name);
    else members.set(name, patched(members.get(name), value));
  }
  return Object.fromEntries(members);
}
