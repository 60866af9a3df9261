/**
 * Owns what the charts' captions have in common: when something was, where it peaked, which threshold holds.
 * Refuses to know charts.
 */

import { timeTick } from "./chart-axis.ts";
import type { Figure, FigureName, Statistic } from "./figure.ts";
import type { LegendEntry } from "./page-figure.ts";
import type { SimulationReport } from "./result-schema.ts";
import type { SeriesEntry } from "./series-schema.ts";
import { parseThreshold, type Threshold } from "./threshold.ts";

/** How far into the run a bucket began. */
export function at({ bucketMs }: SeriesEntry, bucket: number): string {
  return bucket === 0 ? "the beginning" : timeTick(bucket * bucketMs);
}

/** The first bucket with the most. */
export function peakOf(row: readonly number[]): number {
  return row.reduce((most, value, bucket) => (value > (row[most] ?? 0) ? bucket : most), 0);
}

/** The figure of a name, if the report has it. */
export function figureNamed(report: SimulationReport, name: FigureName): Figure | undefined {
  return report.figures.find((figure) => figure.name === name);
}

/** The limit that a threshold sets to a statistic of a figure. */
export function limitOf(
  report: SimulationReport,
  name: FigureName,
  statistic: Statistic,
): number | undefined {
  return thresholdOn(report, name, statistic)?.limit;
}

/** What the broken line across a chart stands for. */
export function limitLegend(
  report: SimulationReport,
  name: FigureName,
  statistic: Statistic,
): readonly LegendEntry[] {
  const threshold = thresholdOn(report, name, statistic);
  return threshold ? [{ text: `threshold: ${threshold.text}`, tone: "ink", look: "dash" }] : [];
}

function thresholdOn(
  report: SimulationReport,
  name: FigureName,
  statistic: Statistic,
): Threshold | undefined {
  for (const { threshold: text } of report.thresholds) {
    const parsed = parseThreshold(text);
    if (parsed.parsed && parsed.threshold.figure === name && parsed.threshold.statistic === statistic)
      return parsed.threshold;
  }
  return undefined;
}
