/**
 * Owns charts over time: lines, areas and spans of durations, one value a bucket.
 * Refuses to know what they measure.
 */

import { type ChartRequest, drawChart, TONE, type Tone } from "./chart.ts";
import {
  durationAxis,
  durationPlace,
  durationRules,
  PLOT,
  PLOT_RIGHT_WIDE,
  quantityAxis,
  timeAxis,
} from "./chart-axis.ts";
import type { Unit } from "./numbers.ts";
import type { Markup } from "./page-markup.ts";

/** The buckets that a chart goes over. */
export interface TimeSpan {
  readonly lengthMs: number;
  readonly bucketMs: number;
}

/** One row of values; null where there is nothing to show. */
interface TimeLine {
  readonly values: readonly (number | null)[];
  readonly tone: Tone;
  readonly look: "line" | "area" | "bars" | "stacked";
}

export interface TimeChart {
  readonly name: string;
  readonly label: string;
  readonly unit: Unit;
  readonly max?: number;
  readonly lines: readonly TimeLine[];
  /** Shares of 0 to 1 behind the lines, on a scale of their own at the right: how many were offline, for instance. */
  readonly behind?: readonly number[];
  /** A threshold: a broken line across. */
  readonly limit?: number | undefined;
}

/** Where each bucket's middle stands, ms. */
function middles({ lengthMs, bucketMs }: TimeSpan, count: number): readonly number[] {
  return Array.from({ length: count }, (_, bucket) =>
    Math.min((bucket + 0.5) * bucketMs, (bucket * bucketMs + lengthMs) / 2 || 0),
  ).map((at) => Math.min(at, lengthMs));
}

/** A chart of quantities over time. */
export function drawTimeChart(chart: TimeChart, span: TimeSpan): Markup {
  const at = middles(span, chart.lines[0]?.values.length ?? 0);
  const values = [...chart.lines.flatMap((line) => line.values), chart.limit ?? null];
  const series = chart.lines.map((line) => ({
    ...lookOf(line, span),
    data: line.values.map((value, bucket) => [
      at[bucket],
      line.look === "bars" && value === 0 ? null : value,
    ]),
  }));
  return drawChart({
    name: chart.name,
    label: chart.label,
    option: {
      grid: chart.behind ? { ...PLOT, right: PLOT_RIGHT_WIDE } : PLOT,
      xAxis: timeAxis(span.lengthMs),
      yAxis: [quantityAxis(chart.unit, chart.max, values), behindAxis(chart)],
      series: [...behind(chart, at), ...series, ...limitLine(chart, span)],
    },
  });
}

function behind({ behind: shares }: TimeChart, at: readonly number[]): readonly object[] {
  if (shares === undefined) return [];
  return [
    {
      type: "line",
      yAxisIndex: 1,
      step: "middle",
      showSymbol: false,
      lineStyle: { width: 0, color: TONE.none },
      areaStyle: { color: TONE.shade, opacity: 0.28 },
      data: shares.map((share, bucket) => [at[bucket], share]),
    },
  ];
}

function lookOf({ look, tone }: TimeLine, span: TimeSpan): object {
  const color = TONE[tone];
  if (look === "bars")
    return { type: "bar", itemStyle: { color }, barWidth: barWidth(span), barMinHeight: 1, barGap: "-100%" };
  return {
    type: "line",
    showSymbol: false,
    lineStyle: { color, width: 1.8 },
    itemStyle: { color },
    ...(look === "area" || look === "stacked" ? { areaStyle: { color, opacity: 0.22 } } : {}),
    ...(look === "stacked" ? { stack: "all" } : {}),
  };
}

function barWidth({ lengthMs, bucketMs }: TimeSpan): number {
  return Math.max(1.2, Math.min(14, (400 * bucketMs) / Math.max(1, lengthMs) - 0.6));
}

/** A series of its own, so that the axis has room for it. */
function limitLine({ limit }: TimeChart, { lengthMs }: TimeSpan): readonly object[] {
  if (limit === undefined) return [];
  const lineStyle = { color: TONE.ink, type: [5, 4], width: 1.2, opacity: 0.7 };
  const data = [0, lengthMs].map((at) => [at, limit]);
  return [{ type: "line", showSymbol: false, silent: true, lineStyle, itemStyle: { color: TONE.ink }, data }];
}

/** The scale of what is behind leaves the upper half to what is before. */
function behindAxis({ behind: shares = [] }: TimeChart): object {
  const most = shares.reduce((one, other) => Math.max(one, other), 0);
  const max = BEHIND_MAXES.find((candidate) => candidate >= 2 * most) ?? 1;
  return {
    ...quantityAxis("share", max, []),
    position: "right",
    show: shares.length > 0,
    splitLine: { show: false },
  };
}

const BEHIND_MAXES = [0.04, 0.1, 0.2, 0.4, 1] as const;

export interface SpanChart {
  readonly name: string;
  readonly label: string;
  readonly tone: Tone;
  readonly low: readonly (number | null)[];
  readonly high: readonly (number | null)[];
}

/** A bar from a lower duration to a higher one in each bucket, the lower end as a dot. */
export function drawSpanChart(chart: SpanChart, span: TimeSpan): Markup {
  const at = middles(span, chart.low.length);
  const known = [...chart.low, ...chart.high].filter((ms) => ms !== null);
  const least = known.reduce((one, other) => Math.min(one, other), known[0] ?? 1);
  const most = known.reduce((one, other) => Math.max(one, other), known[0] ?? 1_000);
  const place = (ms: number | null | undefined) =>
    ms === null || ms === undefined ? null : durationPlace(ms);
  const height = (bucket: number) => {
    const [low, high] = [place(chart.low[bucket]), place(chart.high[bucket])];
    return low === null || high === null ? null : Math.max(0.3, high - low);
  };
  const bar = { type: "bar", stack: "span", barWidth: barWidth(span) };
  const option: ChartRequest["option"] = {
    grid: PLOT,
    xAxis: timeAxis(span.lengthMs),
    yAxis: durationAxis(least, most, true),
    series: [
      {
        ...bar,
        itemStyle: { color: TONE.none },
        data: chart.low.map((ms, bucket) => [at[bucket], place(ms)]),
        markLine: rules(least, most),
      },
      {
        ...bar,
        itemStyle: { color: TONE[chart.tone], opacity: 0.45 },
        data: chart.low.map((_, bucket) => [at[bucket], height(bucket)]),
      },
      {
        type: "line",
        symbol: "circle",
        symbolSize: 4,
        lineStyle: { width: 0, color: TONE.none },
        itemStyle: { color: TONE[chart.tone] },
        data: chart.low.map((ms, bucket) => [at[bucket], place(ms)]),
      },
    ],
  };
  return drawChart({ name: chart.name, label: chart.label, option });
}

function rules(leastMs: number, mostMs: number): object {
  return {
    symbol: "none",
    silent: true,
    label: { show: false },
    lineStyle: { color: TONE.line, type: "solid", width: 1 },
    data: durationRules(leastMs, mostMs).map((yAxis) => ({ yAxis })),
  };
}
