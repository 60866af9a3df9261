/**
 * Owns the charts of what syncing costs: full syncs and their reasons, requests by kind, bytes over time.
 * Refuses to draw, and to show a chart of nothing.
 */

import { DAY_MS } from "../base/time.ts";
import { drawBarChart } from "./chart-share.ts";
import { drawTimeChart } from "./chart-time.ts";
import { formatBytes, formatCount, formatShare, grouped } from "./numbers.ts";
import { figure, noFigure, timeRows } from "./page-figure.ts";
import type { Markup } from "./page-markup.ts";
import { at, figureNamed, peakOf } from "./page-words.ts";
import type { SimulationReport } from "./result-schema.ts";
import type { SeriesEntry } from "./series-schema.ts";

/** Kinds of requests that have a bar; the others are put together. */
const KINDS_MAX = 8;

const REASONS: Readonly<Record<string, string>> = {
  first: "first start",
  expired: "revision expired",
  unknown: "revision unknown",
  requested: "pulled to refresh",
  other: "other",
};

/** Full syncs by the reason that the device noted. */
export function fullSyncs(report: SimulationReport): Markup {
  const title = "Full syncs by reason";
  const known = figureNamed(report, "full sync rate");
  const reasons = Object.entries(known?.breakdown ?? {})
    .filter(([, count]) => count > 0)
    .sort((one, other) => other[1] - one[1]);
  const total = reasons.reduce((sum, [, count]) => sum + count, 0);
  if (total === 0) return noFigure(title, "No sync was a full one.");
  const names = reasons.map(([name]) => REASONS[name] ?? name);
  const counts = reasons.map(([, count]) => count);
  const caption = `${grouped(total)} of ${grouped(known?.samples ?? 0)} syncs. A first start has no choice, and a user who pulls to refresh asks for one; for any other reason, a delta could not be had.`;
  return figure({
    title,
    chart: drawBarChart({
      name: "reasons",
      label: `${title}. ${caption}`,
      unit: "count",
      names,
      rows: [{ tone: "fourth", values: counts }],
      ends: counts.map(grouped),
      title: (_, place) => `${names[place]}: ${grouped(counts[place] ?? 0)}`,
    }),
    caption,
    table: {
      heads: ["reason", "full syncs"],
      rows: names.map((name, place) => [name, grouped(counts[place] ?? 0)]),
    },
  });
}

/** Deltas and full syncs by bucket. */
export function syncsOverTime(series: SeriesEntry): Markup {
  const { delta, full } = series.syncs;
  const title = "Syncs over time";
  if ([...delta, ...full].every((count) => count === 0)) return noFigure(title, "Nothing was synced.");
  const worst = peakOf(full);
  const caption = `Most full syncs around ${at(series, worst)}: ${grouped(full[worst] ?? 0)}. Purple in the middle of a run asks for an explanation.`;
  return figure({
    title,
    chart: drawTimeChart(
      {
        name: "syncs",
        label: `${title}. ${caption}`,
        unit: "count",
        lines: [
          { values: delta, tone: "shade", look: "bars" },
          { values: full, tone: "fourth", look: "bars" },
        ],
      },
      series,
    ),
    legend: [
      { text: "delta", tone: "shade" },
      { text: "full", tone: "fourth" },
    ],
    caption,
    span: series,
    table: {
      heads: ["from", "delta", "full"],
      rows: timeRows(series, delta.length, (bucket) => [
        grouped(delta[bucket] ?? 0),
        grouped(full[bucket] ?? 0),
      ]),
    },
  });
}

/** Requests a device and day, by kind. */
export function requests(report: SimulationReport): Markup {
  const title = "Requests a device-day, by kind";
  const { counts, cost } = report.metrics as {
    readonly counts?: { readonly requests?: Readonly<Record<string, number>> };
    readonly cost?: { readonly deviceDays?: number };
  };
  const days = cost?.deviceDays ?? 0;
  const kinds = Object.entries(counts?.requests ?? {}).sort((one, other) => other[1] - one[1]);
  const total = kinds.reduce((sum, [, count]) => sum + count, 0);
  if (total === 0 || days === 0) return noFigure(title, "No request was sent.");
  const rest = kinds.slice(KINDS_MAX).reduce((sum, [, count]) => sum + count, 0);
  const shown = [...kinds.slice(0, KINDS_MAX), ...(rest > 0 ? [["others", rest] as const] : [])];
  const rates = shown.map(([, count]) => count / days);
  const [first] = shown;
  const caption = `${formatCount(total / days)} attempts a device-day, ${formatShare((first?.[1] ?? 0) / total)} of them ${first?.[0]}. Attempts without a network are counted here, and cost nothing.`;
  return figure({
    title,
    chart: drawBarChart({
      name: "requests",
      label: `${title}. ${caption}`,
      unit: "count",
      names: shown.map(([name]) => name),
      rows: [{ tone: "first", values: rates }],
      ends: rates.map(formatCount),
      title: (_, place) => `${shown[place]?.[0]}: ${grouped(shown[place]?.[1] ?? 0)} in the run`,
    }),
    caption,
    table: {
      heads: ["kind", "in the run", "a device-day"],
      rows: shown.map(([name, count], place) => [name, grouped(count), formatCount(rates[place] ?? 0)]),
    },
  });
}

/** Bytes of a device by bucket, at the rate of a day. */
export function bytes(series: SeriesEntry, report: SimulationReport): Markup {
  const title = "Bytes a device-day, over time";
  const { bytesUp, bytesDown, requests: sent } = series.traffic;
  if ([...bytesUp, ...bytesDown].every((count) => count === 0))
    return noFigure(title, "Nothing went over the network.");
  const days = sent.map((_, bucket) => {
    const bucketMs = Math.min(series.bucketMs, series.lengthMs - bucket * series.bucketMs);
    return (Math.max(1, series.devices) * Math.max(1, bucketMs)) / DAY_MS;
  });
  // The end of the run may leave a sliver of a bucket, whose rate says nothing.
  const isWhole = (bucket: number) => series.lengthMs - bucket * series.bucketMs >= series.bucketMs / 2;
  const rate = (row: readonly number[]) =>
    row.map((count, bucket) => (isWhole(bucket) ? count / (days[bucket] ?? 1) : null));
  const [up, down] = [rate(bytesUp), rate(bytesDown)];
  const worst = peakOf(down.map((count) => count ?? 0));
  const value = (name: "bytes up" | "bytes down") =>
    formatBytes(figureNamed(report, name)?.values.value ?? 0);
  const caption = `${value("bytes up")} up and ${value("bytes down")} down a device-day over the run; most around ${at(series, worst)}, at a rate of ${formatBytes(down[worst] ?? 0)} down.`;
  return figure({
    title,
    chart: drawTimeChart(
      {
        name: "bytes",
        label: `${title}. ${caption}`,
        unit: "bytes",
        lines: [
          { values: down, tone: "first", look: "area" },
          { values: up, tone: "second", look: "line" },
        ],
      },
      series,
    ),
    legend: [
      { text: "down", tone: "first", look: "soft" },
      { text: "up", tone: "second", look: "rule" },
    ],
    caption,
    span: series,
    table: {
      heads: ["from", "requests", "bytes up", "bytes down"],
      rows: timeRows(series, sent.length, (bucket) => [
        grouped(sent[bucket] ?? 0),
        formatBytes(bytesUp[bucket] ?? 0),
        formatBytes(bytesDown[bucket] ?? 0),
      ]),
    },
  });
}
