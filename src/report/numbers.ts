/**
 * Owns how quantities read for people: `1 234 567`, `1.2 M`, `350 ms`, `3.1 %`, `84 kB`.
 * Refuses to know what is measured. Machines get plain numbers from json.ts.
 */

import { assertNever } from "../base/assert.ts";
import { DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS } from "../base/time.ts";

/** What a figure counts. `share` is 0 to 1. */
export type Unit = "ms" | "share" | "count" | "bytes";

/** A quantity in its unit, for people. */
export function formatQuantity(value: number, unit: Unit): string {
  switch (unit) {
    case "ms":
      return formatSpan(value);
    case "share":
      return formatShare(value);
    case "count":
      return formatCount(value);
    case "bytes":
      return formatBytes(value);
    default:
      return assertNever(unit);
  }
}

/** Thousands apart up to a million, then `1.2 M`, `3.4 G`; below 1 two digits, and what is above nothing never reads as 0. */
export function formatCount(value: number): string {
  if (value >= 1e9) return `${short(value / 1e9)} G`;
  if (value >= 1e6) return `${short(value / 1e6)} M`;
  if (value > 0 && value < 0.005) return "< 0.01";
  if (!Number.isInteger(value) && value < 100) return trimZeros(value.toFixed(value < 1 ? 2 : 1));
  return grouped(Math.round(value));
}

/** Whole numbers with a space every three digits. */
export function grouped(value: number): string {
  return String(value).replace(/\B(?=(\d{3})+(?!\d))/g, " ");
}

/** `3.1 %`; what is above nothing never reads as 0 %, what is below everything never as 100 %. */
export function formatShare(share: number): string {
  const percent = share * 100;
  if (percent > 0 && percent < 0.05) return "< 0.1 %";
  if (percent < 100 && percent > 99.95) return "> 99.9 %";
  return `${trimZeros(percent.toFixed(1))} %`;
}

/** `84 B`, `12.3 kB`, `4.5 MB`: thousands, not 1,024. */
export function formatBytes(bytes: number): string {
  if (bytes < 1e3) return `${Math.round(bytes)} B`;
  if (bytes < 1e6) return `${short(bytes / 1e3)} kB`;
  if (bytes < 1e9) return `${short(bytes / 1e6)} MB`;
  return `${short(bytes / 1e9)} GB`;
}

/** One unit, three digits: `2.3 ms`, `180 ms`, `1.8 s`, `31.7 min`, `11.4 h`, `6.2 d`. Narrower than formatDuration. */
export function formatSpan(ms: number): string {
  if (ms < 10 && !Number.isInteger(ms)) return `${trimZeros(ms.toFixed(1))} ms`;
  if (ms < SECOND_MS - 0.5) return `${Math.round(ms)} ms`;
  if (ms < 2 * MINUTE_MS) return `${short(ms / SECOND_MS)} s`;
  if (ms < 2 * HOUR_MS) return `${short(ms / MINUTE_MS)} min`;
  if (ms < 2 * DAY_MS) return `${short(ms / HOUR_MS)} h`;
  return `${short(ms / DAY_MS)} d`;
}

function short(value: number): string {
  return value >= 100 ? String(Math.round(value)) : trimZeros(value.toFixed(1));
}

function trimZeros(text: string): string {
  return text.includes(".") ? text.replace(/0+$/, "").replace(/\.$/, "") : text;
}
