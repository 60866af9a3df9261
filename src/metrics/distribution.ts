/**
 * Owns durations as a distribution: exact count, least, mean and largest, and percentiles to 3 significant digits.
 * Refuses to know what took so long. Figures are the same on every engine: hdr-histogram-js uses log2 and pow only on
 * powers of two and to find a bucket, where an error of the last bit leads to the same count.
 */

import { build, type Histogram } from "hdr-histogram-js";
import { DAY_MS } from "../base/time.ts";

/** Longer durations count as this. */
export const DURATION_MS_MAX = 100 * DAY_MS;

/** Durations in milliseconds; null where nothing was measured. */
export interface Durations {
  readonly count: number;
  readonly min: number | null;
  readonly mean: number | null;
  readonly p50: number | null;
  readonly p90: number | null;
  readonly p99: number | null;
  readonly max: number | null;
}

/** A distribution that grows; about 100 KB once something was recorded, whatever the count. */
export class Distribution {
  private histogram: Histogram | undefined;
  private count = 0;
  private sum = 0;
  private min = Number.POSITIVE_INFINITY;
  private max = 0;

  /** Records one duration in milliseconds; negative ones count as 0. */
  record(durationMs: number): void {
    const valueMs = Math.min(DURATION_MS_MAX, Math.max(0, Math.round(durationMs)));
    this.counts().recordValue(valueMs);
    this.count++;
    this.sum += valueMs;
    this.min = Math.min(this.min, valueMs);
    this.max = Math.max(this.max, valueMs);
  }

  merge(other: Distribution): void {
    if (!other.histogram) return;
    this.counts().add(other.histogram);
    this.count += other.count;
    this.sum += other.sum;
    this.min = Math.min(this.min, other.min);
    this.max = Math.max(this.max, other.max);
  }

  durations(): Durations {
    const { histogram, count, min, max } = this;
    if (!histogram) return { count, min: null, mean: null, p50: null, p90: null, p99: null, max: null };
    // A percentile is the upper end of its bucket, which may lie above the largest value in it.
    const percentile = (percent: number) => Math.min(max, histogram.getValueAtPercentile(percent));
    const [p50, p90, p99] = [percentile(50), percentile(90), percentile(99)];
    return { count, min, mean: this.sum / count, p50, p90, p99, max };
  }

  private counts(): Histogram {
    this.histogram ??= build({
      bitBucketSize: 32,
      autoResize: false,
      lowestDiscernibleValue: 1,
      highestTrackableValue: DURATION_MS_MAX,
      numberOfSignificantValueDigits: 3,
      useWebAssembly: false,
    });
    return this.histogram;
  }
}
