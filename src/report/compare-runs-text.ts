/**
 * Owns how the comparison of two sides reads, on a screen and as compare.md.
 * Refuses to judge.
 */

import type { ComparedFigure, ComparedRule, RunsReport, SideSummary } from "./compare-runs.ts";
import { columns, labelled, type Paint, wrap } from "./layout.ts";
import { formatQuantity, formatShare, grouped } from "./numbers.ts";

const MARKS: Readonly<Record<ComparedFigure["verdict"], string>> = {
  worse: "✗",
  better: "✓",
  same: "·",
  "not judged": " ",
  gone: "?",
  new: "?",
};
const LABEL = 12;

/** The screen; `quiet` leaves only what went wrong. */
export function renderRunsScreen(report: RunsReport, width: number, paint: Paint, quiet: boolean): string {
  if (quiet && report.verdict === "good") return "";
  const lines = wrap(headline(report), width).map(paint.bold);
  if (!quiet) lines.push("", ...headLines(report, width));
  const shown = report.figures.filter((figure) => (quiet ? figure.verdict === "worse" : isTelling(figure)));
  const rows = columns(
    [["", "figure", "", "left", "right", "change", "noise"], ...shown.map(figureCells)],
    ["left", "left", "left", "right", "right", "right", "right"],
  );
  if (shown.length > 0) lines.push("", paint.dim(rows[0] ?? ""));
  for (const [index, figure] of shown.entries()) lines.push(toned(figure, rows[index + 1] ?? "", paint));
  const thresholds = report.thresholds.filter((threshold) => threshold.verdict !== "same");
  if (thresholds.length > 0) lines.push("");
  for (const { threshold, left, right, verdict } of thresholds)
    lines.push(
      (verdict === "worse" ? paint.bad : paint.good)(
        `${verdict === "worse" ? "✗" : "✓"} ${threshold} · was ${left}, is ${right}`,
      ),
    );
  const rules = report.rules.filter((rule) => !quiet || isBroken(rule));
  if (rules.length > 0) lines.push("");
  for (const rule of rules) lines.push((isBroken(rule) ? paint.bad : paint.dim)(ruleLine(rule)));
  if (report.unsettled.length > 0) lines.push("", paint.bad(unsettledLine(report)));
  return `${lines.join("\n")}\n`;
}

/** compare.md */
export function renderRunsMarkdown(report: RunsReport): string {
  const rows = report.figures.map((figure) => `| ${figureCells(figure).join(" | ")} |`);
  const rules = report.rules.map((rule) => `- ${ruleLine(rule)}`);
  const thresholds = report.thresholds.map(({ threshold, left, right }) =>
    `- ${threshold}: was ${left}, is ${right}`.replaceAll("<", "\\<"),
  );
  return `${[
    `# ${headline(report)}`,
    ...[report.left, report.right].map(
      (side, index) => `${index === 0 ? "Left" : "Right"}: ${sideText(side)}`,
    ),
    `Noise: ${report.noise}.`,
    ...report.notes.map((note) => `- ${note}`),
    ["|  | figure |  | left | right | change | noise |", "|---|---|---|---:|---:|---:|---:|", ...rows].join(
      "\n",
    ),
    ...(thresholds.length > 0 ? ["## Thresholds", thresholds.join("\n")] : []),
    ...(rules.length > 0 ? ["## Rules whose verdict differs", rules.join("\n")] : []),
    ...(report.unsettled.length > 0 ? ["## Runs that do not settle any more", unsettledLine(report)] : []),
  ].join("\n\n")}\n`;
}

function headline(report: RunsReport): string {
  const count = (verdict: ComparedFigure["verdict"]) =>
    report.figures.filter((figure) => figure.verdict === verdict).length;
  const broken = report.rules.filter(isBroken).length;
  const unsettled = report.unsettled.length;
  const missed = report.thresholds.filter((threshold) => threshold.verdict === "worse").length;
  const mark = report.verdict === "good" ? "✓" : "✗";
  const parts = [
    `${count("worse")} ${count("worse") === 1 ? "figure" : "figures"} worse, ${count("better")} better, ${count("same")} the same within ${formatShare(report.tolerance)}`,
    ...(broken > 0 ? [`${broken} ${broken === 1 ? "rule" : "rules"} newly violated`] : []),
    ...(unsettled > 0 ? [`${unsettled} ${unsettled === 1 ? "seed" : "seeds"} no longer settling`] : []),
    ...(missed > 0 ? [`${missed} ${missed === 1 ? "threshold" : "thresholds"} newly missed`] : []),
  ];
  return `${mark} ${parts.join(" · ")}`;
}

function headLines(report: RunsReport, width: number): readonly string[] {
  return [
    ...labelled("  left", sideText(report.left), LABEL, width),
    ...labelled("  right", sideText(report.right), LABEL, width),
    ...labelled("  noise", report.noise, LABEL, width),
    ...report.notes.flatMap((note) => labelled("  note", note, LABEL, width)),
  ];
}

function sideText({ shown, version, scenarios, seeds, runs, devices, edits, requests }: SideSummary): string {
  const several =
    runs === 1
      ? `seed ${seeds[0]}`
      : `${runs} runs, seeds ${seeds.slice(0, 8).join(" ")}${runs > 8 ? " …" : ""}`;
  return `${shown} · ${scenarios.join(", ")} · ${several} · ${grouped(devices)} devices, ${grouped(edits)} edits, ${grouped(requests)} requests · zeke-sync ${version}`;
}

/** Beside what changed: one line a figure. */
function isTelling({ statistic, verdict }: ComparedFigure): boolean {
  return verdict === "worse" || verdict === "better" || (verdict !== "not judged" && statistic !== "p90");
}

function figureCells({
  figure,
  statistic,
  unit,
  left,
  right,
  change,
  noise,
  verdict,
}: ComparedFigure): readonly string[] {
  const value = (of: number | null) => (of === null ? "·" : formatQuantity(of, unit));
  return [
    MARKS[verdict],
    figure,
    statistic === "value" ? "" : statistic,
    value(left),
    value(right),
    changeText(change, left, right),
    noise === null ? "" : `±${formatQuantity(noise, unit)}`,
  ];
}

function changeText(change: number | null, left: number | null, right: number | null): string {
  if (change === null) return left === right || left === null || right === null ? "" : "from 0";
  if (change === 0) return "=";
  return `${change > 0 ? "+" : "−"}${formatShare(Math.abs(change))}`;
}

function toned({ verdict }: ComparedFigure, line: string, paint: Paint): string {
  return verdict === "worse" ? paint.bad(line) : verdict === "better" ? paint.good(line) : line;
}

function isBroken({ left, right }: ComparedRule): boolean {
  return right === "violated" && left !== "violated";
}

function unsettledLine({ unsettled }: RunsReport): string {
  return `✗ no longer settles: seed ${unsettled.join(", ")}`;
}

function ruleLine(rule: ComparedRule): string {
  const mark = isBroken(rule) ? "✗" : rule.left === "violated" ? "✓" : "·";
  const seeds = rule.seeds.length > 0 ? ` (seed ${rule.seeds.slice(0, 8).join(", ")})` : "";
  return `${mark} ${rule.id} was ${rule.left}, is ${rule.right}${seeds}`;
}
