/**
 * Owns the rows that screen and markdown both show: head lines, figures, families, thresholds.
 * Refuses to know how either lays them out.
 */

import { formatDuration, SECOND_MS } from "../base/time.ts";
import { type Figure, figureSpec, type Statistic } from "./figure.ts";
import { formatBytes, formatCount, formatQuantity, formatSpan, grouped } from "./numbers.ts";
import type { FamilyEntry, RuleEntry, SimulationReport } from "./result-schema.ts";

/** Statistics that have a column; a mean stands in report.json alone, unless a figure has no percentiles. */
export const COLUMNS = ["p50", "p90", "p99", "max"] as const satisfies readonly Statistic[];

/** What was simulated, as pairs of label and text. */
export function headRows(report: SimulationReport): readonly (readonly [label: string, text: string])[] {
  const { fleet, run, timing } = report;
  const settling = run.simulatedMs - run.agitatedMs;
  return [
    [
      "fleet",
      `${counted(fleet.devices, "device")} of ${counted(fleet.accounts, "account")}, phases ${fleet.phases.join(" ") || "none"}`,
    ],
    ["simulated", `${formatDuration(run.agitatedMs)}${endText(report, settling)}`],
    [
      "traffic",
      `${formatCount(run.edits)} edits · ${formatCount(run.requests)} requests · ${formatCount(run.commits)} commits · ${formatCount(run.kills)} kills`,
    ],
    [
      "took",
      `${formatSpan(timing.wallMs)} · ${formatCount(run.events)} events, ${formatCount(timing.eventsPerSecond)}/s · ${formatSpan(timing.timesRealTime * SECOND_MS)} simulated a second`,
    ],
  ];
}

function endText(report: SimulationReport, settlingMs: number): string {
  switch (report.run.ended) {
    case "settled":
      return `, settled ${formatDuration(settlingMs)} after the heal`;
    case "unsettled":
      return `, not settled ${formatDuration(settlingMs)} after the heal`;
    default:
      return ", then interrupted";
  }
}

/** Figures that are distributions or gauges: name, then one cell for each of COLUMNS, then on how many samples. */
export function distributionRows(figures: readonly Figure[]): readonly (readonly string[])[] {
  return figures
    .filter((figure) => shownAs(figure, "columns"))
    .map((figure) => [
      figure.name,
      ...COLUMNS.map((statistic) => cell(figure, statistic)),
      cell(figure, "mean"),
      grouped(figure.samples),
    ]);
}

/** Figures that are one number: name, value, and what it was measured on. */
export function singleRows(
  figures: readonly Figure[],
): readonly (readonly [name: string, value: string, of: string])[] {
  return figures
    .filter((figure) => shownAs(figure, "rate"))
    .map((figure) => [figure.name, cell(figure, "value"), ofText(figure)] as const);
}

/** What a device costs a day, in one line. */
export function costLine(figures: readonly Figure[]): string {
  return figures
    .filter((figure) => shownAs(figure, "cost") && figure.values.value !== undefined)
    .map((figure) =>
      figure.unit === "bytes"
        ? `${formatBytes(figure.values.value ?? 0)} ${figure.name.replace("bytes ", "")}`
        : `${formatCount(figure.values.value ?? 0)} ${figure.name}`,
    )
    .join(" · ");
}

function shownAs(figure: Figure, place: "columns" | "rate" | "cost"): boolean {
  return figureSpec(figure.name)?.shown === place;
}

function ofText(figure: Figure): string {
  const parts = Object.entries(figure.breakdown ?? {}).filter(([, count]) => count > 0);
  const breakdown = parts.map(([name, count]) => `${name} ${grouped(count)}`).join(", ");
  const of = figure.samples === 0 ? "never measured" : `of ${grouped(figure.samples)}`;
  return breakdown === "" ? of : `${of} (${breakdown})`;
}

function cell(figure: Figure, statistic: Statistic): string {
  const value = figure.values[statistic];
  return value === undefined ? "·" : formatQuantity(value, figure.unit);
}

/** ✓ satisfied, ✗ violated, · nothing exercised. */
export function familyMark(family: FamilyEntry): "✓" | "✗" | "·" {
  if (family.violated > 0) return "✗";
  return family.satisfied > 0 ? "✓" : "·";
}

/** Rules that are violated, in the registry's order. */
export function violatedRules(report: SimulationReport): readonly RuleEntry[] {
  return report.rules.filter((rule) => rule.verdict === "violated");
}

/** One sentence on how the run ended. */
export function verdictSentence(report: SimulationReport): string {
  const violated = violatedRules(report).length;
  const missed = report.thresholds.filter((threshold) => threshold.verdict !== "met").length;
  const satisfied = report.rules.filter((rule) => rule.verdict === "satisfied").length;
  const parts = [
    ...(violated > 0 ? [`${counted(violated, "rule")} violated`] : []),
    ...(missed > 0 ? [`${counted(missed, "threshold")} missed`] : []),
    ...(report.run.ended === "unsettled" ? ["not settled in time"] : []),
  ];
  if (report.verdict === "interrupted") parts.push("interrupted: what is judged at the end was not judged");
  return parts.length > 0 ? parts.join(", ") : `${counted(satisfied, "rule")} satisfied, none violated`;
}

/** `1 rule`, `2 rules`. */
export function counted(count: number, noun: string): string {
  return `${grouped(count)} ${noun}${count === 1 ? "" : "s"}`;
}
