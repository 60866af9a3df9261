/**
 * Owns the top of a page: the answer, the five metrics with their thresholds, what was run, and how to run it again.
 * Refuses to know the rest.
 */

import { formatDuration } from "../base/time.ts";
import type { FigureName, Statistic } from "./figure.ts";
import { formatCount, formatQuantity, formatShare, grouped } from "./numbers.ts";
import { answerHead, sentenceText, startedText } from "./page-answer.ts";
import { html, type Markup, NOTHING } from "./page-markup.ts";
import type { SimulationReport } from "./result-schema.ts";
import { faultLine } from "./struck.ts";
import { costLine, headRows, verdictSentence } from "./table.ts";
import { formatActual, parseThreshold } from "./threshold.ts";

const FAULTS_CHARACTERS_MAX = 400;

/** What one tile shows; its thresholds are those on one of its figures. */
interface Tile {
  readonly name: string;
  readonly figures: readonly FigureName[];
  readonly value: string;
  readonly of: string;
  readonly more: readonly string[];
}

/** The top of the page. */
export function pageHead(report: SimulationReport): Markup {
  const { suite, timing, scenario, seed, verdict } = report;
  return answerHead({
    brand: `${suite.version} · run ${timing.runId} · ${startedText(timing.startedAt)}`,
    outcome: verdict,
    title: `${scenario.name}, seed ${seed}`,
    sentence: `${sentenceText(verdictSentence(report))}${thresholdWords(report)}`,
    figures: [tiles(report), otherThresholds(report)],
    lead: scenario.description.trim(),
    facts: facts(report),
    againLead: html`The same seed gives the same history, to the byte; its digest is <code>${report.run.digest}</code>.`,
    again: report.again,
  });
}

function thresholdWords({ thresholds }: SimulationReport): string {
  const met = thresholds.filter(({ verdict }) => verdict === "met").length;
  if (thresholds.length === 0) return " No thresholds were set.";
  return ` ${met} of ${thresholds.length} thresholds met.`;
}

function facts(report: SimulationReport): readonly (readonly [string, string])[] {
  const faults = report.draw ? "" : faultLine(report, FAULTS_CHARACTERS_MAX);
  const { fault } = report.scenario.settings;
  return [
    ...(typeof fault === "string" ? [["planted fault", fault] as const] : []),
    ...headRows(report),
    ...(faults === "" ? [] : [["faults", faults] as const]),
    ...(report.draw ? [["drawn", report.draw.settings.join(" · ")] as const] : []),
    ["a device-day", costLine(report.figures)],
  ];
}

function tiles(report: SimulationReport): Markup {
  return html`<ul class="tiles">${tilesOf(report).map((tile) => tileMarkup(tile, report))}</ul>`;
}

function tileMarkup({ name, figures, value, of, more }: Tile, report: SimulationReport): Markup {
  const limits = report.thresholds.filter(({ threshold }) =>
    figures.some((figure) => figure === figureOf(threshold)),
  );
  const list =
    limits.length > 0
      ? limits.map((limit) => limitMarkup(limit, name))
      : [html`<span class="dim">no threshold set</span>`];
  return html`<li><span class="name">${name}</span>
<span class="value">${value}<small>${of}</small></span>
${more.map((line) => html`<span class="more">${line}</span>`)}
<div class="limits">${list}</div></li>`;
}

function limitMarkup(entry: SimulationReport["thresholds"][number], name: string): Markup {
  const met = entry.verdict === "met";
  const text = entry.threshold.startsWith(name.toLowerCase())
    ? entry.threshold.slice(name.length).trim()
    : entry.threshold.replace(/^(full sync rate|offline queue size) /, "");
  const was = met ? "" : `, was ${formatActual(entry)}`;
  return html`<div class="limit ${met ? "met" : "missed"}"><span class="mark" aria-hidden="true">${met ? "✓" : "✗"}</span><span>${text}${was}<span class="quiet">: ${entry.verdict}</span></span></div>`;
}

const TILED: readonly FigureName[] = [
  ...(["sync latency online", "sync latency came back", "conflict rate"] as const),
  ...(["offline queue size", "cache hit rate", "full sync rate"] as const),
];

/** Thresholds on what has no tile. */
function otherThresholds({ thresholds }: SimulationReport): Markup {
  const others = thresholds.filter(
    ({ threshold }) => !TILED.some((figure) => figure === figureOf(threshold)),
  );
  return others.length === 0
    ? NOTHING
    : html`<div class="limits others">${others.map((entry) => limitMarkup(entry, ""))}</div>`;
}

function figureOf(threshold: string): FigureName | undefined {
  const parsed = parseThreshold(threshold);
  return parsed.parsed ? parsed.threshold.figure : undefined;
}

function tilesOf(report: SimulationReport): readonly Tile[] {
  const figureNamed = (name: FigureName) => report.figures.find((figure) => figure.name === name);
  const told = (name: FigureName, statistic: Statistic) => {
    const figure = figureNamed(name);
    const value = figure?.values[statistic];
    return figure === undefined || value === undefined ? "·" : formatQuantity(value, figure.unit);
  };
  const samples = (name: FigureName) => grouped(figureNamed(name)?.samples ?? 0);
  const alone = figureNamed("resolved alone");
  const stale = report.conflicts.reduce((sum, entry) => sum + entry.stale, 0);
  const full = Object.values(figureNamed("full sync rate")?.breakdown ?? {}).reduce(
    (sum, count) => sum + count,
    0,
  );
  return [
    {
      name: "Sync latency",
      figures: ["sync latency online", "sync latency came back"],
      value: told("sync latency online", "p99"),
      of: "p99 online",
      more: [
        `online p50 ${told("sync latency online", "p50")}`,
        `came back p50 ${told("sync latency came back", "p50")}`,
      ],
    },
    {
      name: "Conflict rate",
      figures: ["conflict rate"],
      value: told("conflict rate", "value"),
      of: "",
      more: [
        `${grouped(stale)} of ${samples("conflict rate")} writes`,
        ...(alone?.values.value === undefined ? [] : [`${formatShare(alone.values.value)} without a person`]),
      ],
    },
    {
      name: "Offline queue size",
      figures: ["offline queue size"],
      value: told("offline queue size", "mean"),
      of: "mean",
      more: [`${told("offline queue size", "max")} at most, on one device`],
    },
    {
      name: "Cache hit rate",
      figures: ["cache hit rate"],
      value: told("cache hit rate", "value"),
      of: "",
      more: [`of ${samples("cache hit rate")} reads`],
    },
    {
      name: "Full syncs",
      figures: ["full sync rate"],
      value: told("full sync rate", "value"),
      of: "",
      more: [`${formatCount(full)} of ${samples("full sync rate")} syncs`],
    },
  ];
}

/** How long ago in the run, for people. */
export function into(afterMs: number): string {
  return `${formatDuration(afterMs)} into the run`;
}
