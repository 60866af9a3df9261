/**
 * Owns the form in which a report holds how a run went over time, and the diagram of a violation.
 * Refuses to draw. Rows over time are plain arrays; those of single devices, mostly empty, are short texts.
 */

import { z } from "zod";
import type { Series } from "../metrics/series.ts";
import { BINS, binFromMs } from "../metrics/series-bins.ts";
import type { DeviceSeries } from "../metrics/series-device.ts";

const Count = z.number().int().min(0);
const Counts = z.array(Count);
const Quantities = z.array(z.number().min(0));
const Maybe = z.number().min(0).nullable();

const LatencyEntry = z.strictObject({
  /** Changes that came into sight, by bucket, and below what half and nine tenths of them lie; ms, null without any. */
  count: Counts,
  p50: z.array(Maybe),
  p90: z.array(Maybe),
});

/** Buckets in which something happened, `12` once and `15*3` three times; of offline time, its percent of the bucket. */
const Sparse = z.string().regex(/^(\d+(\*\d+)?( \d+(\*\d+)?)*)?$/);

const DeviceEntry = z.strictObject({
  name: z.string(),
  account: z.string(),
  edits: Count,
  conflicts: Count,
  kills: Count,
  fullSyncs: Count,
  offlineMs: z.number().min(0),
  /** How wrong its clock was at worst, ms. */
  clockOffsetMs: z.number(),
  online: z.strictObject({ count: Count, p50: Maybe, p90: Maybe, max: z.number().min(0) }),
  cameBack: z.strictObject({ count: Count, max: z.number().min(0) }),
  rows: z.strictObject({
    offline: Sparse,
    edits: Sparse,
    conflicts: Sparse,
    kills: Sparse,
    deltas: Sparse,
    fulls: Sparse,
  }),
});
export type DeviceEntry = z.output<typeof DeviceEntry>;

/** A run over time, in buckets of equal length, the last of which the end of the run may cut short. */
export const SeriesEntry = z.strictObject({
  bucketMs: z.number().min(1),
  /** From the beginning to the last fact. */
  lengthMs: z.number().min(0),
  devices: Count,
  latency: z.strictObject({
    online: LatencyEntry,
    cameBack: LatencyEntry,
    /** The whole run as a distribution: counts of durations of at most so many ms, and more than the one before. */
    atMostMs: Quantities,
    onlineCounts: Counts,
    cameBackCounts: Counts,
  }),
  conflicts: z.strictObject({ writes: Counts, stale: Counts }),
  /** `mean` is of one device; `offline` the share of device time. */
  queue: z.strictObject({ mean: Quantities, max: Counts, offline: Quantities }),
  cache: z.strictObject({ reads: Counts, fresh: Counts }),
  syncs: z.strictObject({ delta: Counts, full: Counts }),
  traffic: z.strictObject({ requests: Counts, bytesUp: Quantities, bytesDown: Quantities }),
  /** The ten worst, the worst first. */
  worst: z.strictObject({ byLatency: z.array(DeviceEntry), byConflicts: z.array(DeviceEntry) }),
});
export type SeriesEntry = z.output<typeof SeriesEntry>;

const Index = z.number().int().min(0);
const End = z.strictObject({ lane: Index, row: z.number() });

/** A space-time diagram, member for member as space-time.ts has it. */
export const DiagramEntry = z.strictObject({
  title: z.string(),
  caption: z.array(z.strictObject({ label: z.string(), text: z.string() })),
  lanes: z.array(
    z.strictObject({ name: z.string(), kind: z.enum(["device", "proxy"]), note: z.string().exactOptional() }),
  ),
  rows: z.array(
    z.discriminatedUnion("kind", [
      z.strictObject({ kind: z.literal("step"), time: z.string() }),
      z.strictObject({ kind: z.literal("gap"), text: z.string() }),
    ]),
  ),
  marks: z.array(
    z.strictObject({
      lane: Index,
      row: z.number(),
      shape: z.enum(["edit", "commit", "view", "life", "killed", "started", "judged"]),
      text: z.string(),
      offence: Count.exactOptional(),
    }),
  ),
  arrows: z.array(
    z.strictObject({
      kind: z.enum(["request", "answer", "event", "push"]),
      from: End,
      to: End,
      fate: z.enum(["arrives", "lost", "absent"]),
      text: z.string(),
      textAt: z.enum(["from", "to"]),
      offence: Count.exactOptional(),
    }),
  ),
  spans: z.array(
    z.strictObject({
      lane: Index,
      fromRow: z.number(),
      toRow: z.number(),
      state: z.enum(["offline", "down"]),
    }),
  ),
  notes: z.array(z.string()),
});

/** Who a device is. */
interface Names {
  readonly devices: readonly { readonly name: string }[];
  readonly accounts: readonly { readonly name: string }[];
}

/** The series of a run as a report holds them. */
export function seriesEntry(series: Series, names: Names): SeriesEntry {
  const { bucketMs, devices, online, cameBack } = series;
  const lengthMs = series.untilMs - series.fromMs;
  // Of the whole fleet all along: a device that was not heard of yet is at rest, and not away.
  const deviceMs = (bucket: number) =>
    Math.max(1, Math.min(bucketMs, lengthMs - bucket * bucketMs)) * Math.max(1, devices);
  const share = (row: readonly number[]) => row.map((sum, bucket) => rounded(sum / deviceMs(bucket)));
  const latency = ({ count, p50, p90 }: Series["online"]) => ({
    count: [...count],
    p50: [...p50],
    p90: [...p90],
  });
  const worst = (device: DeviceSeries) => deviceEntry(device, bucketMs, names);
  return {
    bucketMs,
    lengthMs,
    devices,
    latency: {
      online: latency(online),
      cameBack: latency(cameBack),
      ...distribution(online.bins, cameBack.bins),
    },
    conflicts: { writes: [...series.writes], stale: [...series.stale] },
    queue: { mean: share(series.queuedMs), max: [...series.queueMax], offline: share(series.offlineMs) },
    cache: { reads: [...series.reads], fresh: [...series.freshReads] },
    syncs: { delta: [...series.deltaSyncs], full: [...series.fullSyncs] },
    traffic: {
      requests: [...series.requests],
      bytesUp: [...series.bytesUp],
      bytesDown: [...series.bytesDown],
    },
    worst: {
      byLatency: series.worstByLatency.map(worst),
      byConflicts: series.worstByConflicts.map(worst),
    },
  };
}

/** What a sparse text says, as one number a bucket. */
export function denseRow(sparse: string, buckets: number): readonly number[] {
  const row = new Array<number>(buckets).fill(0);
  for (const part of sparse.split(" ")) {
    const [place = "", count = "1"] = part.split("*");
    if (place !== "" && Number(place) < buckets) row[Number(place)] = Number(count);
  }
  return row;
}

function sparseRow(row: readonly number[]): string {
  return row
    .map((count, bucket) => (count === 0 ? "" : count === 1 ? String(bucket) : `${bucket}*${count}`))
    .filter((part) => part !== "")
    .join(" ");
}

function deviceEntry(device: DeviceSeries, bucketMs: number, names: Names): DeviceEntry {
  const { account, rows, edits, conflicts, kills, fullSyncs, offlineMs, clockOffsetMs } = device;
  const offline = rows.offlineMs.map((ms) => (ms === 0 ? 0 : Math.max(1, Math.round((100 * ms) / bucketMs))));
  return {
    name: names.devices[device.device]?.name ?? `device ${device.device}`,
    account: names.accounts[account]?.name ?? `account ${account}`,
    ...{ edits, conflicts, kills, fullSyncs, offlineMs, clockOffsetMs },
    online: { ...device.online },
    cameBack: { ...device.cameBack },
    rows: {
      offline: sparseRow(offline),
      edits: sparseRow(rows.edits),
      conflicts: sparseRow(rows.conflicts),
      kills: sparseRow(rows.kills),
      deltas: sparseRow(rows.deltas),
      fulls: sparseRow(rows.fulls),
    },
  };
}

/** Bins from the first that holds something to the last. */
function distribution(online: readonly number[], cameBack: readonly number[]) {
  const filled = Array.from({ length: BINS }, (_, bin) => bin).filter(
    (bin) => (online[bin] ?? 0) + (cameBack[bin] ?? 0) > 0,
  );
  const first = filled[0] ?? 0;
  const end = (filled.at(-1) ?? -1) + 1;
  return {
    atMostMs: Array.from({ length: Math.max(0, end - first) }, (_, bin) => binFromMs(first + bin + 1)),
    onlineCounts: online.slice(first, end),
    cameBackCounts: cameBack.slice(first, end),
  };
}

function rounded(value: number): number {
  return Math.round(value * 10_000) / 10_000;
}
