/**
 * Owns the one screen that a run ends with: 40 to 50 lines of 80 columns, narrower where the terminal is.
 * Refuses to choose colours or to measure the terminal: paint and width are handed in.
 */

import { formatDuration } from "../base/time.ts";
import { conflictTable, ENDED_BY } from "./conflicts.ts";
import { drawLines } from "./draw.ts";
import { type Align, columns, cut, labelled, type Paint, wrap } from "./layout.ts";
import { grouped } from "./numbers.ts";
import type { FamilyEntry, RuleEntry, SimulationReport } from "./result-schema.ts";
import { faultLine } from "./struck.ts";
import {
  COLUMNS,
  costLine,
  distributionRows,
  familyMark,
  headRows,
  singleRows,
  verdictSentence,
  violatedRules,
} from "./table.ts";
import { formatActual } from "./threshold.ts";

/** Violated rules that the screen shows; the others are counted. */
const RULES_SHOWN_MAX = 3;
const INDENT = 12;
/** Lines of one sentence of a violation, about. */
const TOLD_LINES_MAX = 3;

export interface ScreenOptions {
  readonly width: number;
  readonly paint: Paint;
  /** Where the report is, as the user would write it. */
  readonly folder: string;
}

/** The screen, with a newline at its end. */
export function renderScreen(report: SimulationReport, options: ScreenOptions): string {
  const parts = [
    title(report, options),
    headLines(report, options),
    drawLines(report, options),
    figureLines(report, options),
    conflictLines(report, options),
    familyLines(report, options),
    thresholdLines(report, options),
    violationLines(report, options),
    footer(report, options),
  ];
  return `${parts
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join("\n"))
    .join("\n\n")}\n`;
}

/** For `--quiet`: nothing when all is well, else what is wrong and where to read on. */
export function renderTrouble(report: SimulationReport, options: ScreenOptions): string {
  if (report.verdict === "pass") return "";
  const missed = { ...report, thresholds: report.thresholds.filter(({ verdict }) => verdict !== "met") };
  const parts = [thresholdLines(missed, options), violationLines(report, options), footer(report, options)];
  return `${parts
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join("\n"))
    .join("\n\n")}\n`;
}

function title(report: SimulationReport, { width, paint }: ScreenOptions): readonly string[] {
  const left = `${report.scenario.name} · seed ${report.seed}`;
  const tone = report.verdict === "pass" ? paint.good : report.verdict === "fail" ? paint.bad : paint.warn;
  const mark = report.verdict === "pass" ? "✓" : report.verdict === "fail" ? "✗" : "·";
  const head = `${tone(mark)} ${paint.bold(left)}`;
  const sentence = verdictSentence(report);
  if (left.length + sentence.length + 4 <= width) return [`${head}  ${tone(sentence)}`];
  return [head, ...wrap(sentence, width - 2).map((line) => `  ${tone(line)}`)];
}

/** A draw says of each fault how often it struck; without one, a line does. */
function headLines(report: SimulationReport, { width }: ScreenOptions): readonly string[] {
  const faults = report.draw ? "" : faultLine(report, width - INDENT - 2);
  const rows = [...headRows(report), ...(faults === "" ? [] : [["faults", faults] as const])];
  return rows.flatMap(([label, text]) => labelled(`  ${label}`, text, INDENT + 2, width));
}

function figureLines(report: SimulationReport, { width, paint }: ScreenOptions): readonly string[] {
  const header = ["metric", ...COLUMNS, "mean", "samples"];
  const aligns: readonly Align[] = ["left", ...header.slice(1).map(() => "right" as const)];
  const table = columns([header, ...distributionRows(report.figures)], aligns).map((line) => `  ${line}`);
  const fitting = (table[0] ?? "").length <= width ? table : narrowFigures(report, width);
  const [head = "", ...rows] = fitting;
  const singles = columns(singleRows(report.figures), ["left", "right", "left"]).map((line) => `  ${line}`);
  const cost = costLine(report.figures);
  return [
    paint.dim(head),
    ...rows,
    ...singles.flatMap((line) => (line.length <= width ? [line] : [cut(line, width)])),
    ...(cost === "" ? [] : labelled("  device-day", cost, INDENT + 2, width)),
  ];
}

function conflictLines(report: SimulationReport, { width, paint }: ScreenOptions): readonly string[] {
  const aligns = ["left", ...ENDED_BY.map(() => "right"), "right"] as readonly Align[];
  const [head, ...rows] = columns(conflictTable(report), aligns).map((line) => cut(`  ${line}`, width));
  return head === undefined ? [] : [paint.dim(head), ...rows];
}

/** Too narrow for all columns: p50, p99 and max stay, which leaves something of each figure, or p50 and p99. */
function narrowFigures(report: SimulationReport, width: number): readonly string[] {
  const all = [["metric", ...COLUMNS], ...distributionRows(report.figures)];
  const aligns: readonly Align[] = ["left", "right", "right", "right"];
  const kept = all.map(([name = "", p50 = "", , p99 = "", max = ""]) => [name, p50, p99, max]);
  const table = columns(kept, aligns);
  const fitting =
    (table[0] ?? "").length + 2 <= width
      ? table
      : columns(
          kept.map((row) => row.slice(0, 3)),
          aligns,
        );
  return fitting.map((line) => cut(`  ${line}`, width));
}

function familyLines(report: SimulationReport, { width, paint }: ScreenOptions): readonly string[] {
  const shown = report.families.filter((family) => familyMark(family) !== "·");
  const idle = report.families.filter((family) => familyMark(family) === "·");
  const rows = shown.map((family) => [
    `${familyMark(family)} ${family.family}`,
    family.title,
    ruleText(family),
    `${grouped(family.exercised)}×`,
  ]);
  const table = columns([["  rules", "", "", "exercised"], ...rows], ["left", "left", "left", "right"]);
  const fits = table.every((line) => line.length <= width);
  const narrow = [
    ["  rules", "", "exercised"],
    ...rows.map(([mark = "", , text = "", count = ""]) => [mark, text, count]),
  ];
  const [head = "", ...lines] = fits ? table : columns(narrow, ["left", "left", "right"]);
  const tone = (index: number) => ((shown[index]?.violated ?? 0) > 0 ? paint.bad : paint.good);
  return [
    paint.dim(cut(head, width)),
    ...lines
      .map((line) => cut(line, width))
      .map((line, index) => `${tone(index)(line.slice(0, 1))}${line.slice(1)}`),
    ...(idle.length === 0
      ? []
      : labelled("·", `not exercised: ${idle.map((family) => family.family).join(", ")}`, 2, width).map(
          paint.dim,
        )),
  ];
}

function ruleText(family: FamilyEntry): string {
  const judged = family.rules - family.notExercised - family.excluded;
  const violated = family.violated > 0 ? `, ${family.violated} violated` : "";
  return `${judged} of ${family.rules} rules${violated}`;
}

function thresholdLines(report: SimulationReport, { width, paint }: ScreenOptions): readonly string[] {
  return report.thresholds.map((threshold) => {
    const met = threshold.verdict === "met";
    const line = cut(`${threshold.threshold} · was ${formatActual(threshold)}`, width - 2);
    return `${met ? paint.good("✓") : paint.bad("✗")} ${line}`;
  });
}

function violationLines(report: SimulationReport, options: ScreenOptions): readonly string[] {
  const violated = violatedRules(report);
  const lines = violated.slice(0, RULES_SHOWN_MAX).flatMap((rule) => ruleLines(rule, options));
  const others = violated.slice(RULES_SHOWN_MAX).map((rule) => rule.id);
  if (others.length > 0) lines.push(...wrap(`also violated: ${others.join(", ")}`, options.width));
  return lines;
}

/** The first violation of a rule, in the words of cli.md. */
function ruleLines(rule: RuleEntry, { width, paint }: ScreenOptions): string[] {
  const [first] = rule.violations;
  const heading = `${rule.id}  ${rule.level}  `;
  const room = Math.max(20, width - heading.length - 2);
  const [text = "", ...more] = wrap(`${rule.text} · phase ${rule.phase}`, room);
  const hanging = more.map((line) => `${" ".repeat(heading.length + 2)}${line}`);
  if (first === undefined) return [`${paint.bad("✗")} ${paint.bold(heading)}${text}`, ...hanging];
  const rest = rule.violated - 1;
  const when = `${formatDuration(first.afterMs)} into the run${rest > 0 ? `; ${grouped(rest)} more of this rule` : ""}`;
  return [
    `${paint.bad("✗")} ${paint.bold(heading)}${text}`,
    ...hanging,
    ...told("expected", first.expected, width),
    ...told("actual", first.actual, width),
    ...told("because", first.because, width),
    ...labelled("    when", when, INDENT + 2, width),
  ];
}

/** A few lines of what a checker says; report.html has all of it. */
function told(label: string, text: string, width: number): readonly string[] {
  return labelled(`    ${label}`, cut(text, (width - INDENT) * TOLD_LINES_MAX), INDENT + 2, width);
}

/** A path and a command are for copying: they are not wrapped. */
function footer(report: SimulationReport, { folder, paint }: ScreenOptions): readonly string[] {
  const rows = [
    ["  report", `${folder}/report.html`],
    ["  again", report.again],
  ] as const;
  return rows.map(([label, text]) => paint.dim(`${label.padEnd(INDENT + 2)}${text}`));
}
