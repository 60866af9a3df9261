/**
 * Owns what is measured of one stage of the roadmap: a run of the one workload with so many phases.
 * Refuses to run it, and to judge what was measured.
 */

import type { Metrics } from "../metrics/all.ts";
import type { EditFates } from "../metrics/edit-fates.ts";
import type { Freshness } from "../metrics/freshness.ts";
import { share } from "../metrics/measure.ts";
import type { Overwrites } from "../metrics/overwrites.ts";
import type { Reach } from "../metrics/reach.ts";
import type { Transfers } from "../metrics/transfers.ts";
import { grouped, type Unit } from "./numbers.ts";

/** The stages of the roadmap, in order. The first is the app of today: polling, and every fetch brings everything. */
export const STAGES = [
  { name: "today", phases: [] },
  { name: "1", phases: [1] },
  { name: "1-2", phases: [1, 2] },
  { name: "1-3", phases: [1, 2, 3] },
  { name: "1-4", phases: [1, 2, 3, 4] },
  { name: "1-5", phases: [1, 2, 3, 4, 5] },
] as const;
export type StageName = (typeof STAGES)[number]["name"];

/** What a sync costs an account of one size. */
export interface Size {
  readonly records: number;
  /** Bytes that one sync brought down, but the first of each device; a mean. Null without syncs. */
  readonly bytes: number | null;
  /** Time that it took, the median, in ms. */
  readonly ms: number | null;
}

/** All that was measured of one stage. */
export interface Stage {
  readonly name: StageName;
  readonly phases: readonly number[];
  readonly metrics: Metrics;
  readonly fates: EditFates;
  readonly overwrites: Overwrites;
  readonly freshness: Freshness;
  readonly reach: Reach;
  readonly transfers: Transfers;
  /** By size of account, smallest first; empty where it was not measured. */
  readonly sizes: readonly Size[];
}

/** One figure at every stage, in their order; null where there was nothing to measure. */
export interface StageFigure {
  readonly figure: string;
  readonly unit: Unit;
  readonly values: readonly { readonly stage: StageName; readonly value: number | null }[];
}

/** What a reader of the comparison may want to look up beside the promises. */
export function stageFigures(stages: readonly Stage[]): readonly StageFigure[] {
  return SPECS.map(([figure, unit, of]) => ({
    figure,
    unit,
    values: stages.map((stage) => ({ stage: stage.name, value: of(stage) })),
  }));
}

/** A total of a stage, by device-day; null when no time passed. */
export function perDay(total: number, { metrics }: Stage): number | null {
  return share(total, metrics.cost.deviceDays);
}

/** Bytes both ways, a device-day. */
export function bytesADay(stage: Stage): number | null {
  const { bytesUp, bytesDown } = stage.metrics.cost.total;
  return perDay(bytesUp + bytesDown, stage);
}

const SPECS: readonly (readonly [figure: string, unit: Unit, of: (stage: Stage) => number | null])[] = [
  ["edits made", "count", ({ fates }) => fates.all.made],
  ["edits that reached the server", "share", ({ fates }) => share(fates.all.arrived, fates.all.made)],
  [
    "edits told to have failed that took effect: a retry makes two",
    "count",
    ({ fates }) => fates.falseFailures,
  ],
  ["edits that took effect twice", "count", ({ fates }) => fates.repeated],
  ["edits overwritten unseen", "count", ({ overwrites }) => overwrites.lost.silently],
  ["edits overwritten by a strategy", "count", ({ overwrites }) => overwrites.lost.byStrategy],
  ["edits overwritten by a person's choice", "count", ({ overwrites }) => overwrites.lost.byPerson],
  ["conflicts found", "count", ({ metrics }) => metrics.conflicts.stale],
  ["change to another open screen, median", "ms", ({ metrics }) => metrics.syncLatency.online.p50],
  ["change to another open screen, p99", "ms", ({ metrics }) => metrics.syncLatency.online.p99],
  ["change to a phone that came back, median", "ms", ({ metrics }) => metrics.syncLatency.cameBack.p50],
  ["edit to the server, median", "ms", ({ fates }) => fates.toServer.p50],
  ["screens read that were known current", "share", ({ metrics }) => metrics.cache.hitRate],
  ["refetches of everything, a device-day", "count", (stage) => perDay(stage.transfers.full, stage)],
  ["requests, a device-day", "count", (stage) => perDay(stage.metrics.cost.total.requests, stage)],
  ["bytes up, a device-day", "bytes", (stage) => perDay(stage.metrics.cost.total.bytesUp, stage)],
  ["bytes down, a device-day", "bytes", (stage) => perDay(stage.metrics.cost.total.bytesDown, stage)],
  ["radio wake-ups, a device-day", "count", (stage) => perDay(stage.metrics.cost.total.radioWakeUps, stage)],
  [
    "pushes that arrived, a device-day",
    "count",
    (stage) => perDay(stage.metrics.counts.pushesReceived, stage),
  ],
  ...[100, 1_000, 10_000].map(
    (records) =>
      [
        `bytes a sync, account of ${grouped(records)} records`,
        "bytes",
        ({ sizes }: Stage) => sizes.find((size) => size.records === records)?.bytes ?? null,
      ] as const,
  ),
];
