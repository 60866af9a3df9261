/**
 * Owns time cut into a bounded number of equal buckets: when a run outgrows them, they become wider.
 * Refuses to know what is counted in them.
 */

import { assert } from "../base/assert.ts";
import { DAY_MS, type EpochMs, HOUR_MS, MINUTE_MS } from "../base/time.ts";

/** Buckets of one run at most. */
export const BUCKETS_MAX = 200;

/** Each width is a multiple of the one before, so that counts can be added up. */
const WIDTHS_MS = [
  ...[MINUTE_MS, 5 * MINUTE_MS, 15 * MINUTE_MS, 30 * MINUTE_MS],
  ...[HOUR_MS, 2 * HOUR_MS, 4 * HOUR_MS, 12 * HOUR_MS],
  ...[DAY_MS, 2 * DAY_MS, 4 * DAY_MS, 8 * DAY_MS, 16 * DAY_MS, 32 * DAY_MS, 64 * DAY_MS],
] as const;

/** A row of numbers by bucket. */
export type Row = Float64Array;

/** A new row, all zeros. `cells` numbers a bucket. */
export function createRow(cells = 1): Row {
  return new Float64Array(BUCKETS_MAX * cells);
}

/** How rows shrink when buckets become wider: counts are added, peaks kept. */
export type Fold = "sum" | "max";

/** The axis that all rows of a run share. */
export class Axis {
  fromMs: EpochMs | undefined;
  private step = 0;
  private current = 0;
  private currentFromMs: EpochMs = 0;
  private currentUntilMs: EpochMs = 0;
  private readonly widened: (factor: number) => void;

  /** `widened` is told by which factor all rows have to be shrunk, before any more is counted. */
  constructor(widened: (factor: number) => void) {
    this.widened = widened;
  }

  get widthMs(): number {
    return WIDTHS_MS[this.step] ?? 0;
  }

  /** The bucket of a moment; one before the first moment counts as the first. */
  at(at: EpochMs): number {
    if (at < this.currentUntilMs && at >= this.currentFromMs) return this.current;
    return this.seek(at);
  }

  /** Buckets that have begun by `at`. */
  count(at: EpochMs): number {
    return this.at(at) + 1;
  }

  /** Adds `weight` a millisecond to each bucket from one moment to another. */
  spread(row: Row, fromMs: EpochMs, untilMs: EpochMs, weight: number): void {
    if (untilMs <= fromMs || weight === 0) return;
    const last = this.at(untilMs);
    const origin = this.fromMs ?? fromMs;
    const width = this.widthMs;
    let place = Math.min(last, Math.max(0, Math.floor((fromMs - origin) / width)));
    let beganMs = Math.max(fromMs, origin);
    for (; place < last; place++) {
      const endMs = origin + (place + 1) * width;
      row[place] = (row[place] ?? 0) + weight * (endMs - beganMs);
      beganMs = endMs;
    }
    row[last] = (row[last] ?? 0) + weight * (untilMs - beganMs);
  }

  /** Makes buckets at least as wide as those of another axis of the same run. */
  matchWidth(other: Axis): void {
    if (other.fromMs === undefined) return;
    this.fromMs ??= other.fromMs;
    assert(this.fromMs === other.fromMs, "shards of one run begin at the same moment");
    while (this.step < other.step) this.widen();
  }

  private seek(at: EpochMs): number {
    this.fromMs ??= at;
    while (at - this.fromMs >= this.widthMs * BUCKETS_MAX && this.step < WIDTHS_MS.length - 1) this.widen();
    const place = Math.floor((at - this.fromMs) / this.widthMs);
    this.current = Math.max(0, Math.min(BUCKETS_MAX - 1, place));
    this.currentFromMs = this.fromMs + this.current * this.widthMs;
    this.currentUntilMs = this.currentFromMs + this.widthMs;
    return this.current;
  }

  private widen(): void {
    const before = this.widthMs;
    this.step++;
    this.currentUntilMs = this.currentFromMs;
    this.widened(this.widthMs / before);
  }
}

/** Puts `factor` neighbours together; `cells` numbers a bucket. */
export function shrinkRow(row: Row | Uint32Array, factor: number, fold: Fold = "sum", cells = 1): void {
  for (let place = 0; place < BUCKETS_MAX; place++) {
    const target = Math.floor(place / factor);
    if (target === place) continue;
    for (let cell = 0; cell < cells; cell++) {
      const from = place * cells + cell;
      const to = target * cells + cell;
      const [one, other] = [row[to] ?? 0, row[from] ?? 0];
      row[to] = fold === "sum" ? one + other : Math.max(one, other);
      row[from] = 0;
    }
  }
}

/** Takes another row in. */
export function addRow(row: Row | Uint32Array, other: Row | Uint32Array, fold: Fold = "sum"): void {
  for (let place = 0; place < row.length; place++) {
    const [one, two] = [row[place] ?? 0, other[place] ?? 0];
    row[place] = fold === "sum" ? one + two : Math.max(one, two);
  }
}
