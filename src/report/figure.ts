/**
 * Owns the names that measured quantities go by in reports and thresholds, their units and their statistics.
 * Refuses to know how anything is measured: measures.ts fills figures from the metrics.
 */

import type { Unit } from "./numbers.ts";

/** What is told of a quantity. `value` is its one number when it is no distribution. */
export const STATISTICS = ["value", "mean", "p50", "p90", "p99", "max"] as const;
export type Statistic = (typeof STATISTICS)[number];

interface FigureSpec {
  readonly name: string;
  readonly unit: Unit;
  readonly statistics: readonly Statistic[];
  /** Where reports show it: a row of columns, one number, or a part of what a device-day costs. */
  readonly shown: "columns" | "rate" | "cost";
  readonly meaning: string;
}

const DISTRIBUTION = ["mean", "p50", "p90", "p99", "max"] as const satisfies readonly Statistic[];

/** Every figure of section 12, in the order in which reports show them. */
export const FIGURES = [
  {
    name: "sync latency online",
    unit: "ms",
    statistics: DISTRIBUTION,
    shown: "columns",
    meaning: "commit to visible on another device that was online",
  },
  {
    name: "sync latency came back",
    unit: "ms",
    statistics: DISTRIBUTION,
    shown: "columns",
    meaning: "commit to visible on a device that had to come back first",
  },
  {
    name: "commit latency",
    unit: "ms",
    statistics: DISTRIBUTION,
    shown: "columns",
    meaning: "the user's edit to its commit",
  },
  {
    name: "offline queue size",
    unit: "count",
    statistics: ["mean", "max"],
    shown: "columns",
    meaning: "pending and syncing mutations a device, weighted by time",
  },
  {
    name: "conflict rate",
    unit: "share",
    statistics: ["value"],
    shown: "rate",
    meaning: "stale writes of all that carried If-Match",
  },
  {
    name: "resolved alone",
    unit: "share",
    statistics: ["value"],
    shown: "rate",
    meaning: "conflicts that needed no person",
  },
  {
    name: "cache hit rate",
    unit: "share",
    statistics: ["value"],
    shown: "rate",
    meaning: "reads answered from fresh local data",
  },
  {
    name: "full sync rate",
    unit: "share",
    statistics: ["value"],
    shown: "rate",
    meaning: "full syncs of all syncs",
  },
  {
    name: "socket peak",
    unit: "share",
    statistics: ["value"],
    shown: "rate",
    meaning: "devices whose sockets opened in the busiest second, of all devices",
  },
  { name: "requests", unit: "count", statistics: ["value"], shown: "cost", meaning: "a device and day" },
  { name: "bytes up", unit: "bytes", statistics: ["value"], shown: "cost", meaning: "a device and day" },
  { name: "bytes down", unit: "bytes", statistics: ["value"], shown: "cost", meaning: "a device and day" },
  { name: "socket opens", unit: "count", statistics: ["value"], shown: "cost", meaning: "a device and day" },
  {
    name: "radio wake-ups",
    unit: "count",
    statistics: ["value"],
    shown: "cost",
    meaning: "a device and day",
  },
] as const satisfies readonly FigureSpec[];

export type FigureName = (typeof FIGURES)[number]["name"];

/** A measured quantity. `samples` is how many things it was measured on; with none, `values` is empty. */
export interface Figure {
  readonly name: FigureName;
  readonly unit: Unit;
  readonly samples: number;
  readonly values: Readonly<Partial<Record<Statistic, number>>>;
  /** Parts of a whole by name, for instance full syncs by reason. */
  readonly breakdown?: Readonly<Record<string, number>> | undefined;
}

/** The spec of a figure of this name; undefined when there is none. */
export function figureSpec(name: string): FigureSpec | undefined {
  return FIGURES.find((spec) => spec.name === name);
}
