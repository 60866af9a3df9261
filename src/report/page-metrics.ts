/**
 * Owns the charts of a page, metric by metric: what each shows, and in words what one should see in it.
 * Refuses to draw, and to show a chart of nothing.
 */

import type { Tone } from "./chart.ts";
import { timeTick } from "./chart-axis.ts";
import { drawBarChart, drawShareChart } from "./chart-share.ts";
import { drawSpanChart, drawTimeChart } from "./chart-time.ts";
import { CONFLICTS_LEGEND, conflictTable, ENDED_BY } from "./conflicts.ts";
import type { FigureName } from "./figure.ts";
import { formatCount, formatQuantity, formatShare, formatSpan, grouped } from "./numbers.ts";
import { bytes, fullSyncs, requests, syncsOverTime } from "./page-costs.ts";
import { figure, noFigure, timeRows } from "./page-figure.ts";
import { html, type Markup, NOTHING } from "./page-markup.ts";
import { tableOf } from "./page-table.ts";
import { at, figureNamed, limitLegend, limitOf, peakOf } from "./page-words.ts";
import type { SimulationReport } from "./result-schema.ts";
import type { SeriesEntry } from "./series-schema.ts";
import { COLUMNS, distributionRows } from "./table.ts";

/** All charts; of an older report, which does not know how the run went over time, those that need no time. */
export function metricsSection(report: SimulationReport): Markup {
  const { series } = report;
  const over = (draw: (known: SeriesEntry) => readonly Markup[]) => (series ? draw(series) : []);
  return html`<section aria-labelledby="metrics">
<h2 id="metrics">Metrics</h2>
<p class="lead">Time runs from the beginning of the run, in buckets of ${series ? bucketText(series) : "equal length"}. Point at a chart for its values, or open its figures.</p>
${group("Sync latency", "From the commit of a change to its being visible on another device of the account.", [...over((known) => latency(known, report)), latencyTable(report)])}
${group("Conflict rate", "Writes whose base was not current any more when they arrived.", [...conflicts(report), ...over((known) => [staleOverTime(known)]), conflictFigures(report)])}
<div class="charts">
${group(
  "Offline queue size",
  "Mutations that wait on a device, or are on their way.",
  over((known) => [queue(known, report)]),
)}
${group(
  "Cache hit rate",
  "Reads that were answered from local data known to be current.",
  over((known) => [cache(known, report)]),
)}
</div>
${group("Full syncs", "Syncs that could not go on from where the device was.", [fullSyncs(report), ...over((known) => [syncsOverTime(known)])])}
${group("Requests and bytes", "What syncing costs one device in one day.", [requests(report), ...over((known) => [bytes(known, report)])])}
</section>`;
}

function group(title: string, meaning: string, charts: readonly Markup[]): Markup {
  if (charts.length === 0) return NOTHING;
  return html`<section><h3>${title}</h3><p class="lead">${meaning}</p><div class="charts">${charts}</div></section>`;
}

function bucketText({ bucketMs }: SeriesEntry): string {
  return timeTick(bucketMs);
}

/** Latencies in figures, beside their charts. */
function latencyTable(report: SimulationReport): Markup {
  const rows = distributionRows(report.figures)
    .filter(([name]) => name?.includes("latency"))
    .map(([name = "", ...cells]) => [name.replace("sync latency ", ""), ...cells]);
  return html`<figure><h4>In figures</h4>
<div class="scroll" tabindex="0" role="region" aria-label="Latencies in figures">${tableOf({ heads: ["", ...COLUMNS, "mean", "samples"], rows })}</div>
<figcaption>Commit latency is from the user's edit to its commit; what an offline user edits waits for the network.</figcaption></figure>`;
}

/** How conflicts ended, in full. */
function conflictFigures(report: SimulationReport): Markup {
  const [heads, ...rows] = conflictTable(report);
  if (heads === undefined) return NOTHING;
  return html`<figure><h4>In figures</h4>
<div class="scroll" tabindex="0" role="region" aria-label="Conflicts in figures">${tableOf({ heads: ["entity", ...heads.slice(1)], rows })}</div>
<figcaption>${CONFLICTS_LEGEND}</figcaption></figure>`;
}

function latency(series: SeriesEntry, report: SimulationReport): readonly Markup[] {
  return [distribution(series, report), overTime(series, "online"), overTime(series, "cameBack")];
}

function distribution({ latency: known }: SeriesEntry, report: SimulationReport): Markup {
  const title = "Share of changes visible within a time";
  const { atMostMs, onlineCounts, cameBackCounts } = known;
  if (atMostMs.length === 0) return noFigure(title, "No change came into sight on another device.");
  const said = (name: FigureName) => {
    const values = figureNamed(report, name)?.values;
    return values?.p50 === undefined
      ? "none"
      : `half within ${formatSpan(values.p50)}, 99 of 100 within ${formatSpan(values.p99 ?? 0)}`;
  };
  const caption = `Online: ${said("sync latency online")}. Came back: ${said("sync latency came back")}. The further to the left a curve rises, the better; each doubling of time is as wide.`;
  const total = (counts: readonly number[]) => counts.reduce((sum, count) => sum + count, 0);
  const shares = (counts: readonly number[], step: number) =>
    total(counts) === 0 ? "·" : formatShare(total(counts.slice(0, step + 1)) / total(counts));
  return figure({
    title,
    chart: drawShareChart({
      name: "latency",
      label: `${title}. ${caption}`,
      atMostMs,
      lines: [
        { tone: "first", counts: onlineCounts, broken: false },
        { tone: "second", counts: cameBackCounts, broken: true },
      ],
    }),
    legend: [
      { text: "online, app open", tone: "first", look: "rule" },
      { text: "came back first", tone: "second", look: "dash" },
    ],
    caption,
    table: {
      heads: ["within", "online", "came back"],
      rows: atMostMs.map((ms, step) => [
        formatSpan(ms),
        shares(onlineCounts, step),
        shares(cameBackCounts, step),
      ]),
    },
  });
}

function overTime(series: SeriesEntry, which: "online" | "cameBack"): Markup {
  const { count, p50, p90 } = series.latency[which];
  const title =
    which === "online" ? "Online: median to 90th percentile" : "Came back: median to 90th percentile";
  const seen = count.reduce((sum, changes) => sum + changes, 0);
  if (seen === 0) return noFigure(title, "No change came into sight this way.");
  const worst = p90.reduce<number>((most, ms, bucket) => ((ms ?? -1) > (p90[most] ?? -1) ? bucket : most), 0);
  const slow = `slowest around ${at(series, worst)}, where one in ten took ${formatSpan(p90[worst] ?? 0)} or longer`;
  const why = which === "online" ? "" : " Most of it is time spent away, and no fault of the protocol.";
  const caption = `${grouped(seen)} changes; ${slow}.${why} The dot is the median.`;
  const cell = (ms: number | null | undefined) => (ms === null || ms === undefined ? "·" : formatSpan(ms));
  return figure({
    title,
    chart: drawSpanChart(
      {
        name: which,
        label: `${title}. ${caption}`,
        tone: which === "online" ? "first" : "second",
        low: p50,
        high: p90,
      },
      series,
    ),
    caption,
    span: series,
    table: {
      heads: ["from", "changes", "p50", "p90"],
      rows: timeRows(series, count.length, (bucket) => [
        grouped(count[bucket] ?? 0),
        cell(p50[bucket]),
        cell(p90[bucket]),
      ]),
    },
  });
}

function conflicts(report: SimulationReport): readonly Markup[] {
  const entries = report.conflicts.filter(({ writes }) => writes > 0);
  const rateTitle = "Stale writes by entity";
  if (entries.length === 0) return [noFigure(rateTitle, "Nothing was written with If-Match.")];
  const rates = entries.map(({ stale, writes }) => stale / writes);
  const names = entries.map(({ entity }) => entity);
  const most = entries.reduce((one, other) =>
    other.stale / other.writes > one.stale / one.writes ? other : one,
  );
  const stale = entries.reduce((sum, entry) => sum + entry.stale, 0);
  const caption =
    stale === 0
      ? "No write was stale."
      : `${grouped(stale)} stale ${stale === 1 ? "write" : "writes"} in all; ${most.entity} met them most often.`;
  const rate = figure({
    title: rateTitle,
    chart: drawBarChart({
      name: "stale",
      label: `${rateTitle}. ${caption}`,
      unit: "share",
      names,
      rows: [{ tone: "second", values: rates }],
      ends: rates.map(formatShare),
      title: (_, place) =>
        `${names[place]}: ${entries[place]?.stale} of ${grouped(entries[place]?.writes ?? 0)} writes`,
    }),
    caption,
    table: {
      heads: ["entity", "writes", "stale", "rate"],
      rows: entries.map(({ entity, writes, stale: some }) => [
        entity,
        grouped(writes),
        grouped(some),
        formatShare(some / writes),
      ]),
    },
  });
  return stale === 0 ? [rate] : [rate, resolutions(report)];
}

/** Kinds of endings, so that a glance tells which needed a person. */
const ENDINGS: readonly { readonly text: string; readonly tone: Tone; readonly of: readonly string[] }[] = [
  { text: "by server or device", tone: "third", of: ["server", "device"] },
  { text: "by a person", tone: "first", of: ["mine", "theirs", "merged", "byHand"] },
  { text: "refused or open", tone: "second", of: ["refused", "open"] },
  { text: "overwritten", tone: "bad", of: ["overwritten"] },
];

function resolutions(report: SimulationReport): Markup {
  const entries = report.conflicts.filter(({ stale }) => stale > 0);
  const sum = (entry: (typeof entries)[number], of: readonly string[]) =>
    ENDED_BY.reduce((total, [name]) => total + (of.includes(name) ? entry.endedBy[name] : 0), 0);
  const kinds = ENDINGS.filter(({ of }) => entries.some((entry) => sum(entry, of) > 0));
  const alone = figureNamed(report, "resolved alone")?.values.value;
  const title = "How conflicts were resolved";
  const caption =
    alone === undefined ? "No conflict was resolved." : `${formatShare(alone)} needed no person.`;
  return figure({
    title,
    chart: drawBarChart({
      name: "resolved",
      label: `${title}. ${caption}`,
      unit: "count",
      names: entries.map(({ entity }) => entity),
      rows: kinds.map(({ tone, of }) => ({ tone, values: entries.map((entry) => sum(entry, of)) })),
      ends: entries.map(({ stale }) => grouped(stale)),
      title: (kind, place) => {
        const [entry, chosen] = [entries[place], kinds[kind]];
        return entry && chosen ? `${entry.entity} ${chosen.text}: ${sum(entry, chosen.of)}` : "";
      },
    }),
    legend: kinds.map(({ text, tone }) => ({ text, tone })),
    caption,
    table: {
      heads: ["entity", ...ENDED_BY.map(([, text]) => text)],
      rows: entries.map(({ entity, endedBy }) => [
        entity,
        ...ENDED_BY.map(([name]) => grouped(endedBy[name])),
      ]),
    },
  });
}

function staleOverTime(series: SeriesEntry): Markup {
  const { writes, stale } = series.conflicts;
  const title = "Stale writes over time";
  const total = stale.reduce((sum, count) => sum + count, 0);
  if (total === 0) return noFigure(title, "No write was stale.");
  const worst = peakOf(stale);
  const caption = `Most around ${at(series, worst)}: ${grouped(stale[worst] ?? 0)} of ${grouped(writes[worst] ?? 0)} writes.`;
  return figure({
    title,
    chart: drawTimeChart(
      {
        name: "conflicts",
        label: `${title}. ${caption}`,
        unit: "count",
        lines: [{ values: stale, tone: "second", look: "bars" }],
      },
      series,
    ),
    caption,
    span: series,
    table: {
      heads: ["from", "writes", "stale"],
      rows: timeRows(series, writes.length, (bucket) => [
        grouped(writes[bucket] ?? 0),
        grouped(stale[bucket] ?? 0),
      ]),
    },
  });
}

function queue(series: SeriesEntry, report: SimulationReport): Markup {
  const { mean, max, offline } = series.queue;
  const title = "Waiting mutations a device, and devices offline";
  const worst = peakOf(mean);
  const [longest, away] = [peakOf(max), peakOf(offline)];
  const caption = `Fullest around ${at(series, worst)}, with ${formatCount(mean[worst] ?? 0)} a device; the longest queue of one device held ${grouped(max[longest] ?? 0)}, around ${at(series, longest)}. Devices were offline most around ${at(series, away)}: ${formatShare(offline[away] ?? 0)} of their time. Queues should follow the grey, and drain when it falls.`;
  return figure({
    title,
    chart: drawTimeChart(
      {
        name: "queue",
        label: `${title}. ${caption}`,
        unit: "count",
        lines: [{ values: mean, tone: "first", look: "line" }],
        behind: offline,
        limit: limitOf(report, "offline queue size", "mean"),
      },
      series,
    ),
    legend: [
      { text: "mean queue", tone: "first", look: "rule" },
      { text: "share of devices offline, scale at the right", tone: "shade", look: "soft" },
      ...limitLegend(report, "offline queue size", "mean"),
    ],
    caption,
    span: series,
    wide: true,
    table: {
      heads: ["from", "mean", "longest", "offline"],
      rows: timeRows(series, mean.length, (bucket) => [
        formatCount(mean[bucket] ?? 0),
        grouped(max[bucket] ?? 0),
        formatShare(offline[bucket] ?? 0),
      ]),
    },
  });
}

function cache(series: SeriesEntry, report: SimulationReport): Markup {
  const { reads, fresh } = series.cache;
  const title = "Reads from fresh local data";
  if (reads.every((count) => count === 0)) return noFigure(title, "Nothing was read.");
  const rates = reads.map((count, bucket) => (count === 0 ? null : (fresh[bucket] ?? 0) / count));
  const low = rates.reduce<number>(
    (least, rate, bucket) => ((rate ?? 2) < (rates[least] ?? 2) ? bucket : least),
    0,
  );
  const caption = `${formatQuantity(figureNamed(report, "cache hit rate")?.values.value ?? 0, "share")} over the run; lowest around ${at(series, low)}, with ${formatShare(rates[low] ?? 0)} of ${grouped(reads[low] ?? 0)} reads. A bucket in which few read says little; a gap means that nobody did.`;
  return figure({
    title,
    chart: drawTimeChart(
      {
        name: "cache",
        label: `${title}. ${caption}`,
        unit: "share",
        max: 1,
        lines: [{ values: rates, tone: "third", look: "line" }],
        limit: limitOf(report, "cache hit rate", "value"),
      },
      series,
    ),
    legend: [
      { text: "hit rate", tone: "third", look: "rule" },
      ...limitLegend(report, "cache hit rate", "value"),
    ],
    caption,
    span: series,
    table: {
      heads: ["from", "reads", "fresh", "rate"],
      rows: timeRows(series, reads.length, (bucket) => [
        grouped(reads[bucket] ?? 0),
        grouped(fresh[bucket] ?? 0),
        rates[bucket] === null ? "·" : formatShare(rates[bucket] ?? 0),
      ]),
    },
  });
}
