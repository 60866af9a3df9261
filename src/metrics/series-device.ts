/**
 * Owns what is remembered of one device over time: its edits, conflicts, kills, syncs and offline time, by bucket.
 * Refuses to grow: a fixed number of small numbers, however long the run.
 */

import type { EpochMs } from "../base/time.ts";
import { BINS, binOf, binPercentile } from "./series-bins.ts";
import { type Axis, addRow, BUCKETS_MAX, createRow, type Row, shrinkRow } from "./series-buckets.ts";

/** What has a row of its own on a device's line. */
const DEVICE_ROWS = ["offlineMs", "edits", "conflicts", "kills", "deltas", "fulls"] as const;
export type DeviceRow = (typeof DEVICE_ROWS)[number];

/** One device, told. Arrays have one number a bucket. */
export interface DeviceSeries {
  /** In the run's roster; meaningless once shards were merged. */
  readonly device: number;
  readonly account: number;
  readonly edits: number;
  /** Stale writes. */
  readonly conflicts: number;
  readonly kills: number;
  readonly fullSyncs: number;
  readonly offlineMs: number;
  /** How wrong its clock was at worst. */
  readonly clockOffsetMs: number;
  /** Changes by others that came into sight while it was online; milliseconds. */
  readonly online: {
    readonly count: number;
    readonly p50: number | null;
    readonly p90: number | null;
    readonly max: number;
  };
  /** And those that it had to come back for. */
  readonly cameBack: { readonly count: number; readonly max: number };
  readonly rows: Readonly<Record<DeviceRow, readonly number[]>>;
}

/** One device as it is folded. */
export class DeviceLine {
  readonly device: number;
  readonly account: number;
  readonly rows: Readonly<Record<DeviceRow, Row>> = {
    offlineMs: createRow(),
    edits: createRow(),
    conflicts: createRow(),
    kills: createRow(),
    deltas: createRow(),
    fulls: createRow(),
  };
  /** Mutations that wait on it. */
  queued = 0;
  online = true;
  offlineSinceMs: EpochMs = 0;
  offlineMs = 0;
  clockOffsetMs = 0;
  conflicts = 0;
  private readonly bins = new Uint32Array(BINS);
  private onlineCount = 0;
  private onlineMaxMs = 0;
  private cameBackCount = 0;
  private cameBackMaxMs = 0;

  constructor(device: number, account: number) {
    this.device = device;
    this.account = account;
  }

  count(row: Exclude<DeviceRow, "offlineMs">, bucket: number): void {
    const numbers = this.rows[row];
    numbers[bucket] = (numbers[bucket] ?? 0) + 1;
  }

  seen(latencyMs: number, wasOnline: boolean): void {
    if (!wasOnline) {
      this.cameBackCount++;
      this.cameBackMaxMs = Math.max(this.cameBackMaxMs, latencyMs);
      return;
    }
    this.onlineCount++;
    this.onlineMaxMs = Math.max(this.onlineMaxMs, latencyMs);
    const bin = binOf(latencyMs);
    this.bins[bin] = (this.bins[bin] ?? 0) + 1;
  }

  shrink(factor: number): void {
    for (const row of DEVICE_ROWS) shrinkRow(this.rows[row], factor);
  }

  /** Takes offline time up to now into account; may be asked for at any time. */
  catchUp(axis: Axis, fleetOffline: Row, at: EpochMs): void {
    if (this.online) return;
    axis.spread(this.rows.offlineMs, this.offlineSinceMs, at, 1);
    axis.spread(fleetOffline, this.offlineSinceMs, at, 1);
    this.offlineMs += at - this.offlineSinceMs;
    this.offlineSinceMs = at;
  }

  /** Worse than another: the ninetieth of a hundred changes took longer to come into sight, or else the slowest did. */
  latencyRank(): readonly [p90Ms: number, maxMs: number] {
    return [binPercentile(this.bins, 0, 0.9) ?? -1, this.onlineMaxMs];
  }

  result(buckets: number): DeviceSeries {
    const rows = Object.fromEntries(
      DEVICE_ROWS.map((row) => [row, Array.from(this.rows[row].slice(0, buckets))]),
    );
    const total = (row: DeviceRow) => this.rows[row].reduce((sum, count) => sum + count, 0);
    const percentile = (share: number) => {
      const ms = binPercentile(this.bins, 0, share);
      return ms === null ? null : Math.min(ms, this.onlineMaxMs);
    };
    return {
      device: this.device,
      account: this.account,
      edits: total("edits"),
      conflicts: this.conflicts,
      kills: total("kills"),
      fullSyncs: total("fulls"),
      offlineMs: this.offlineMs,
      clockOffsetMs: this.clockOffsetMs,
      online: { count: this.onlineCount, p50: percentile(0.5), p90: percentile(0.9), max: this.onlineMaxMs },
      cameBack: { count: this.cameBackCount, max: this.cameBackMaxMs },
      rows: rows as Record<DeviceRow, number[]>,
    };
  }
}

/** Latencies of a whole fleet, by bucket and bin. */
export class LatencyBins {
  private readonly bins = new Uint32Array(BUCKETS_MAX * BINS);

  record(bucket: number, latencyMs: number): void {
    const place = bucket * BINS + binOf(latencyMs);
    this.bins[place] = (this.bins[place] ?? 0) + 1;
  }

  shrink(factor: number): void {
    shrinkRow(this.bins, factor, "sum", BINS);
  }

  merge(other: LatencyBins): void {
    addRow(this.bins, other.bins);
  }

  /** How many in a bucket, and below what half and nine tenths of them lie. */
  bucket(bucket: number): {
    readonly count: number;
    readonly p50: number | null;
    readonly p90: number | null;
  } {
    let count = 0;
    for (let bin = 0; bin < BINS; bin++) count += this.bins[bucket * BINS + bin] ?? 0;
    return {
      count,
      p50: binPercentile(this.bins, bucket * BINS, 0.5),
      p90: binPercentile(this.bins, bucket * BINS, 0.9),
    };
  }

  /** Counts by bin over all buckets. */
  whole(): readonly number[] {
    const counts = new Array<number>(BINS).fill(0);
    this.bins.forEach((count, place) => {
      counts[place % BINS] = (counts[place % BINS] ?? 0) + count;
    });
    return counts;
  }
}
