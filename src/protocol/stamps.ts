/**
 * Owns stamps: when, by which device and under which key each field was last written (section 5).
 * Refuses to know values. Proxy and device compare writes by this code and no other.
 */

import { byCodeUnit } from "../base/canonical-json.ts";
import type { EpochMs } from "../base/time.ts";

/** One write of one field. Absent device and key are empty strings. */
export interface Stamp {
  readonly timeMs: EpochMs;
  readonly deviceId: string;
  readonly key: string;
}

/** Stamps by field name; fields of list items under `itemStampName`. */
export type Stamps = ReadonlyMap<string, Stamp>;

export const NO_STAMPS: Stamps = new Map();

/** [MRG-4] how far ahead of the proxy's clock a timestamp may count. */
export const AHEAD_MS_MAX = 5_000;

/** Compares by time, device id and key, in that order. What was never written is the smallest. */
export function compareStamps(left: Stamp | undefined, right: Stamp | undefined): number {
  if (!left || !right) return (left ? 1 : 0) - (right ? 1 : 0);
  return (
    left.timeMs - right.timeMs || byCodeUnit(left.deviceId, right.deviceId) || byCodeUnit(left.key, right.key)
  );
}

/** The larger of two stamps: [MRG-4] a field's stamp never falls. */
export function largerStamp(left: Stamp | undefined, right: Stamp): Stamp {
  return compareStamps(left, right) > 0 && left ? left : right;
}

/** [MRG-4] the time that a write's own timestamp counts as when it is received at `nowMs`. */
export function countedTime(timestampMs: EpochMs, nowMs: EpochMs): EpochMs {
  return Math.min(timestampMs, nowMs + AHEAD_MS_MAX);
}

/** A write's stamp for a field that its base knew as `base`: a write always beats what it was based on. */
export function stampOver(own: Stamp, base: Stamp | undefined): Stamp {
  return base && base.timeMs >= own.timeMs ? { ...own, timeMs: base.timeMs + 1 } : own;
}

/** The name under which a list item's field has its stamp: a JSON pointer (RFC 6901) without its first slash. */
export function itemStampName(itemId: string, field: string): string {
  return `items/${escapeToken(itemId)}/${escapeToken(field)}`;
}

function escapeToken(token: string): string {
  return token.includes("~") || token.includes("/")
    ? token.replaceAll("~", "~0").replaceAll("/", "~1")
    : token;
}
