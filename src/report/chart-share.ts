/**
 * Owns charts of parts: durations as the share that took no longer, and bars by name, plain or stacked.
 * Refuses to know what they measure.
 */

import { drawChart, type MarkTitle, TONE, type Tone } from "./chart.ts";
import { durationAxis, durationPlace, nameAxis, PLOT, quantityAxis } from "./chart-axis.ts";
import type { Unit } from "./numbers.ts";
import type { Markup } from "./page-markup.ts";

interface ShareLine {
  readonly tone: Tone;
  readonly counts: readonly number[];
  readonly broken: boolean;
}

export interface ShareChart {
  readonly name: string;
  readonly label: string;
  /** The longest of each step. */
  readonly atMostMs: readonly number[];
  readonly lines: readonly ShareLine[];
}

/** For each duration, the share that took no longer. */
export function drawShareChart(chart: ShareChart): Markup {
  const { atMostMs, lines } = chart;
  const grid = { ...PLOT, right: 22 };
  return drawChart({
    name: chart.name,
    label: chart.label,
    option: {
      grid,
      xAxis: durationAxis(atMostMs[0] ?? 1, atMostMs.at(-1) ?? 1_000, false),
      yAxis: quantityAxis("share", 1, []),
      series: lines.map(({ tone, counts, broken }) => ({
        type: "line",
        showSymbol: false,
        lineStyle: { color: TONE[tone], width: 2.2, type: broken ? [6, 4] : "solid" },
        itemStyle: { color: TONE[tone] },
        data: sharesOf(counts).map((share, step) => [durationPlace(atMostMs[step] ?? 0), share]),
      })),
    },
  });
}

/** Shares so far; nothing once there is nothing. */
function sharesOf(counts: readonly number[]): readonly number[] {
  const total = counts.reduce((sum, count) => sum + count, 0);
  if (total === 0) return [];
  let seen = 0;
  return counts.map((count) => {
    seen += count;
    return seen / total;
  });
}

interface BarRow {
  readonly tone: Tone;
  readonly values: readonly number[];
}

export interface BarChartOf {
  readonly name: string;
  readonly label: string;
  readonly unit: Unit;
  readonly names: readonly string[];
  /** Stacked when there are several. */
  readonly rows: readonly BarRow[];
  /** What stands at the end of each bar. */
  readonly ends: readonly string[];
  readonly title: MarkTitle;
}

/** Bars that lie, one a name. */
export function drawBarChart(chart: BarChartOf): Markup {
  const longest = chart.names.reduce((most, name) => Math.max(most, name.length), 0);
  const totals = chart.names.map((_, place) =>
    chart.rows.reduce((sum, { values }) => sum + (values[place] ?? 0), 0),
  );
  const most = totals.reduce((one, other) => Math.max(one, other), 0);
  const last = chart.rows.length - 1;
  return drawChart({
    name: chart.name,
    label: chart.label,
    height: 34 + chart.names.length * 34,
    title: chart.title,
    option: {
      grid: { left: 18 + longest * 7, right: 78, top: 6, bottom: 26 },
      xAxis: { ...quantityAxis(chart.unit, most === 0 ? 1 : undefined, totals), splitNumber: 3 },
      yAxis: nameAxis(chart.names),
      series: chart.rows.map(({ tone, values }, row) => ({
        type: "bar",
        stack: "all",
        barWidth: 16,
        itemStyle: { color: TONE[tone] },
        label: {
          show: row === last,
          position: "right",
          color: TONE.ink,
          fontSize: 12,
          formatter: ({ dataIndex }: { readonly dataIndex: number }) => chart.ends[dataIndex] ?? "",
        },
        data: [...values],
      })),
    },
  });
}
