/**
 * Owns how a run went over time: latency, conflicts, queues, cache, syncs and traffic by bucket, and the worst devices.
 * Refuses to measure twice: what other measures work out, they tell it. Memory is fixed, plus some 12 kB a device.
 */

import type { EpochMs } from "../base/time.ts";
import type { Fact } from "../history/facts.ts";
import type { Measure } from "./measure.ts";
import { Axis, addRow, createRow, type Row, shrinkRow } from "./series-buckets.ts";
import { DeviceLine, type DeviceSeries, LatencyBins } from "./series-device.ts";

/** Devices that are told of each kind of worst. */
const WORST_MAX = 10;

/** Latencies by bucket; null where nothing came into sight. Milliseconds, percentiles to within 6 %. */
interface LatencySeries {
  readonly count: readonly number[];
  readonly p50: readonly (number | null)[];
  readonly p90: readonly (number | null)[];
  /** Over the whole run: counts by bin of series-bins.ts. */
  readonly bins: readonly number[];
}

/** A run over time. Arrays have one number a bucket. */
export interface Series {
  readonly fromMs: EpochMs;
  /** The end of the last fact; the last bucket may be a part of one. */
  readonly untilMs: EpochMs;
  readonly bucketMs: number;
  readonly devices: number;
  readonly online: LatencySeries;
  readonly cameBack: LatencySeries;
  /** Writes with If-Match that were answered, and of them the stale ones. */
  readonly writes: readonly number[];
  readonly stale: readonly number[];
  /** Mutations waiting, times milliseconds, over all devices; and the most on one device. */
  readonly queuedMs: readonly number[];
  readonly queueMax: readonly number[];
  /** Milliseconds offline, over all devices. */
  readonly offlineMs: readonly number[];
  readonly reads: readonly number[];
  readonly freshReads: readonly number[];
  readonly deltaSyncs: readonly number[];
  readonly fullSyncs: readonly number[];
  readonly requests: readonly number[];
  readonly bytesUp: readonly number[];
  readonly bytesDown: readonly number[];
  /** The worst first; at most WORST_MAX. */
  readonly worstByLatency: readonly DeviceSeries[];
  readonly worstByConflicts: readonly DeviceSeries[];
}

/** What measures tell of what they have worked out. */
export interface SeriesSink {
  /** A change by another came into sight. */
  seen(device: number, account: number, at: EpochMs, latencyMs: number, online: boolean): void;
  /** A write with If-Match was answered, or one was found to have been stale. */
  wrote(at: EpochMs): void;
  stale(device: number | undefined, account: number, at: EpochMs): void;
  /** So many mutations wait on a device from now on. */
  queued(device: number, account: number, at: EpochMs, size: number): void;
}

const SUMS = [
  ...(["writes", "stale", "queuedMs", "offlineMs", "reads", "freshReads"] as const),
  ...(["deltaSyncs", "fullSyncs", "requests", "bytesUp", "bytesDown"] as const),
] as const;

/** A new series; hand it to createMetrics, which tells it what it needs. */
export function createSeries(): SeriesMeasure {
  return new SeriesMeasure();
}

export class SeriesMeasure implements Measure<Series | undefined>, SeriesSink {
  readonly wants = [
    ...(["started", "online", "offline", "killed", "clock_set", "edited", "read", "sync_ended"] as const),
    ...(["sent", "answered", "frame", "phase"] as const),
  ] as const;
  private readonly axis = new Axis((factor) => this.shrink(factor));
  private readonly sums: Readonly<Record<(typeof SUMS)[number], Row>> = {
    writes: createRow(),
    stale: createRow(),
    queuedMs: createRow(),
    offlineMs: createRow(),
    reads: createRow(),
    freshReads: createRow(),
    deltaSyncs: createRow(),
    fullSyncs: createRow(),
    requests: createRow(),
    bytesUp: createRow(),
    bytesDown: createRow(),
  };
  private readonly queueMax = createRow();
  private readonly onlineBins = new LatencyBins();
  private readonly cameBackBins = new LatencyBins();
  private readonly lines: (DeviceLine | undefined)[] = [];
  private readonly linesElsewhere: DeviceLine[] = [];
  private waiting = 0;
  private queuedSinceMs: EpochMs = 0;
  private endMs: EpochMs = 0;

  fold(fact: Fact): void {
    const bucket = this.axis.at(fact.at);
    if (fact.at > this.endMs) this.endMs = fact.at;
    switch (fact.fact) {
      case "sent":
        if (this.line(fact.device, fact.account).online) {
          add(this.sums.requests, bucket, 1);
          add(this.sums.bytesUp, bucket, fact.bytes);
        }
        return;
      case "answered":
      case "frame":
        add(this.sums.bytesDown, bucket, fact.bytes);
        return;
      case "read":
        add(this.sums.reads, bucket, 1);
        if (fact.fresh) add(this.sums.freshReads, bucket, 1);
        return;
      case "edited":
        this.line(fact.device, fact.account).count("edits", bucket);
        return;
      case "killed":
        this.line(fact.device, fact.account).count("kills", bucket);
        return;
      case "sync_ended": {
        if (fact.revision === undefined) return;
        const isFull = fact.sync === "full";
        add(isFull ? this.sums.fullSyncs : this.sums.deltaSyncs, bucket, 1);
        this.line(fact.device, fact.account).count(isFull ? "fulls" : "deltas", bucket);
        return;
      }
      case "clock_set": {
        const line = this.line(fact.device, fact.account);
        if (Math.abs(fact.offsetMs) > Math.abs(line.clockOffsetMs)) line.clockOffsetMs = fact.offsetMs;
        return;
      }
      case "started":
        this.connect(this.line(fact.device, fact.account), fact.online, fact.at);
        return;
      case "online":
      case "offline":
        this.connect(this.line(fact.device, fact.account), fact.fact === "online", fact.at);
    }
  }

  seen(device: number, account: number, at: EpochMs, latencyMs: number, online: boolean): void {
    (online ? this.onlineBins : this.cameBackBins).record(this.axis.at(at), latencyMs);
    this.line(device, account).seen(latencyMs, online);
  }

  wrote(at: EpochMs): void {
    add(this.sums.writes, this.axis.at(at), 1);
  }

  stale(device: number | undefined, account: number, at: EpochMs): void {
    const bucket = this.axis.at(at);
    add(this.sums.stale, bucket, 1);
    if (device === undefined) return;
    const line = this.line(device, account);
    line.count("conflicts", bucket);
    line.conflicts++;
  }

  queued(device: number, account: number, at: EpochMs, size: number): void {
    const line = this.line(device, account);
    const bucket = this.axis.at(at);
    this.catchUpQueue(at);
    this.waiting += size - line.queued;
    line.queued = size;
    if (size > (this.queueMax[bucket] ?? 0)) this.queueMax[bucket] = size;
  }

  merge(other: SeriesMeasure): void {
    this.axis.matchWidth(other.axis);
    other.axis.matchWidth(this.axis);
    other.catchUp();
    for (const name of SUMS) addRow(this.sums[name], other.sums[name]);
    addRow(this.queueMax, other.queueMax, "max");
    this.onlineBins.merge(other.onlineBins);
    this.cameBackBins.merge(other.cameBackBins);
    this.linesElsewhere.push(...other.all());
    this.endMs = Math.max(this.endMs, other.endMs);
  }

  /** The series so far; undefined when nothing happened. */
  result(): Series | undefined {
    const { fromMs } = this.axis;
    if (fromMs === undefined) return undefined;
    this.catchUp();
    const buckets = this.axis.count(this.endMs);
    const row = (numbers: Row) => Array.from(numbers.slice(0, buckets));
    const sums = Object.fromEntries(SUMS.map((name) => [name, row(this.sums[name])]));
    return {
      fromMs,
      untilMs: this.endMs,
      bucketMs: this.axis.widthMs,
      devices: this.all().length,
      online: latencySeries(this.onlineBins, buckets),
      cameBack: latencySeries(this.cameBackBins, buckets),
      queueMax: row(this.queueMax),
      ...(sums as Record<(typeof SUMS)[number], number[]>),
      worstByLatency: this.worstByLatency(buckets),
      worstByConflicts: this.worstByConflicts(buckets),
    };
  }

  private worstByLatency(buckets: number): readonly DeviceSeries[] {
    return this.all()
      .map((line) => ({ line, rank: line.latencyRank() }))
      .filter(({ rank }) => rank[0] >= 0)
      .sort(
        (one, other) =>
          other.rank[0] - one.rank[0] || other.rank[1] - one.rank[1] || order(one.line, other.line),
      )
      .slice(0, WORST_MAX)
      .map(({ line }) => line.result(buckets));
  }

  private worstByConflicts(buckets: number): readonly DeviceSeries[] {
    return this.all()
      .filter(({ conflicts }) => conflicts > 0)
      .sort((one, other) => other.conflicts - one.conflicts || order(one, other))
      .slice(0, WORST_MAX)
      .map((line) => line.result(buckets));
  }

  private all(): DeviceLine[] {
    return [...this.lines.filter((line) => line !== undefined), ...this.linesElsewhere];
  }

  private line(device: number, account: number): DeviceLine {
    const known = this.lines[device];
    if (known !== undefined) return known;
    const made = new DeviceLine(device, account);
    this.lines[device] = made;
    return made;
  }

  private connect(line: DeviceLine, online: boolean, at: EpochMs): void {
    if (line.online === online) return;
    line.catchUp(this.axis, this.sums.offlineMs, at);
    line.online = online;
    line.offlineSinceMs = at;
  }

  private catchUp(): void {
    this.axis.at(this.endMs);
    this.catchUpQueue(this.endMs);
    for (const line of this.lines) line?.catchUp(this.axis, this.sums.offlineMs, this.endMs);
  }

  private catchUpQueue(at: EpochMs): void {
    this.axis.spread(this.sums.queuedMs, this.queuedSinceMs, at, this.waiting);
    this.queuedSinceMs = at;
  }

  private shrink(factor: number): void {
    for (const name of SUMS) shrinkRow(this.sums[name], factor);
    shrinkRow(this.queueMax, factor, "max");
    this.onlineBins.shrink(factor);
    this.cameBackBins.shrink(factor);
    for (const line of this.all()) line.shrink(factor);
  }
}

function latencySeries(bins: LatencyBins, buckets: number): LatencySeries {
  const told = Array.from({ length: buckets }, (_, bucket) => bins.bucket(bucket));
  return {
    count: told.map(({ count }) => count),
    p50: told.map(({ p50 }) => p50),
    p90: told.map(({ p90 }) => p90),
    bins: bins.whole(),
  };
}

function add(row: Row, bucket: number, count: number): void {
  row[bucket] = (row[bucket] ?? 0) + count;
}

function order(one: DeviceLine, other: DeviceLine): number {
  return one.account - other.account || one.device - other.device;
}
