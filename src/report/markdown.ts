/**
 * Owns the text of report.md: the whole verdict for people, fit for the job summary of a CI system.
 * Refuses to show what only machines want: that is in report.json.
 */

import { formatDuration, formatInstant } from "../base/time.ts";
import { CONFLICTS_LEGEND, conflictTable } from "./conflicts.ts";
import { factLine } from "./evidence.ts";
import { grouped } from "./numbers.ts";
import type { RuleEntry, SimulationReport, ViolationEntry } from "./result-schema.ts";
import { faultsSeen, faultText } from "./struck.ts";
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

/** Violations of one rule that are told in full here; report.json has some more. */
const VIOLATIONS_SHOWN_MAX = 3;

/** A report as Markdown. */
export function renderMarkdown(report: SimulationReport): string {
  const sections = [
    [`# ${report.scenario.name}, seed ${report.seed}: ${report.verdict}`, sentence(verdictSentence(report))],
    report.scenario.description === "" ? [] : [escapeText(report.scenario.description.trim())],
    [table(["", ""], headRows(report))],
    violationSection(report),
    drawSection(report),
    thresholdSection(report),
    ["## Metrics", table(["metric", ...COLUMNS, "mean", "samples"], distributionRows(report.figures))],
    [table(["metric", "value", "measured on"], singleRows(report.figures)), costSentence(report)],
    conflictSection(report),
    faultSection(report),
    ["## Rules by family", familyTable(report)],
    ["## Every rule", "<details><summary>Verdict of each rule</summary>", ruleTable(report), "</details>"],
    ["## Run it again", `\`\`\`sh\n${report.again}\n\`\`\``, `History digest \`${report.run.digest}\`.`],
  ];
  return `${sections
    .flat()
    .filter((text) => text !== "")
    .join("\n\n")}\n`;
}

function violationSection(report: SimulationReport): readonly string[] {
  const violated = violatedRules(report);
  return violated.length === 0 ? [] : ["## Violations", ...violated.flatMap(ruleText)];
}

function ruleText(rule: RuleEntry): readonly string[] {
  const shown = rule.violations.slice(0, VIOLATIONS_SHOWN_MAX);
  const rest = rule.violated - shown.length;
  return [
    `### ✗ ${rule.id} · ${rule.level} · phase ${rule.phase}`,
    `> ${escapeText(rule.text)}`,
    ...shown.flatMap(violationText),
    rest > 0 ? `${grouped(rest)} more of this rule.` : "",
  ];
}

function violationText(violation: ViolationEntry): readonly string[] {
  const { expected, actual, because, afterMs, at, evidence } = violation;
  const facts = evidence.map(
    (fact) => `${typeof fact.at === "number" ? formatInstant(fact.at) : ""} ${factLine(fact)}`,
  );
  return [
    table(
      ["", ""],
      [
        ["expected", expected],
        ["actual", actual],
        ["because", because],
        ["when", `${formatDuration(afterMs)} into the run (${at})`],
      ],
    ),
    facts.length === 0 ? "" : fenced(facts),
  ];
}

function drawSection({ draw }: SimulationReport): readonly string[] {
  if (!draw) return [];
  const rows = draw.faults
    .filter((fault) => fault.on)
    .map(({ name, strength, struck }) => [name, strength.join(" "), grouped(struck)]);
  return [
    "## Drawn by the seed",
    table(["fault", "strength", "struck"], rows),
    draw.settings.map(escapeText).join(" · "),
  ];
}

function thresholdSection(report: SimulationReport): readonly string[] {
  if (report.thresholds.length === 0) return [];
  const rows = report.thresholds.map((entry) => [
    entry.verdict === "met" ? "✓" : "✗",
    entry.threshold,
    formatActual(entry),
  ]);
  return ["## Thresholds", table(["", "threshold", "measured"], rows)];
}

function conflictSection(report: SimulationReport): readonly string[] {
  const [head, ...rows] = conflictTable(report);
  return head === undefined
    ? []
    : ["## Conflicts", CONFLICTS_LEGEND, table(["entity", ...head.slice(1)], rows)];
}

function faultSection(report: SimulationReport): readonly string[] {
  const seen = faultsSeen(report);
  if (seen.length === 0) return [];
  const rows = seen.map(([name, count]) => [name, faultText(name, count)]);
  return ["## Faults", table(["fault", "struck"], rows)];
}

function costSentence(report: SimulationReport): string {
  const cost = costLine(report.figures);
  return cost === "" ? "" : `A device and day costs ${cost}.`;
}

function familyTable(report: SimulationReport): string {
  const rows = report.families.map((family) => [
    familyMark(family),
    family.family,
    family.title,
    String(family.satisfied),
    String(family.violated),
    String(family.notExercised),
    String(family.excluded),
    grouped(family.exercised),
  ]);
  return table(
    ["", "family", "", "satisfied", "violated", "not exercised", "excluded", "times exercised"],
    rows,
  );
}

function ruleTable(report: SimulationReport): string {
  const rows = report.rules.map((rule) => [
    rule.id,
    rule.level,
    rule.side,
    rule.verdict,
    rule.reason !== undefined ? rule.reason : `${grouped(rule.exercised)}×`,
  ]);
  return table(["rule", "level", "side", "verdict", ""], rows);
}

function table(header: readonly string[], rows: readonly (readonly string[])[]): string {
  if (rows.length === 0) return "";
  const line = (cells: readonly string[]) => `| ${cells.map(escapeCell).join(" | ")} |`;
  return [line(header), `|${header.map(() => " --- |").join("")}`, ...rows.map(line)].join("\n");
}

/** A fence longer than any run of backticks inside it. */
function fenced(lines: readonly string[]): string {
  const longest = Math.max(
    2,
    ...lines.flatMap((line) => [...line.matchAll(/`+/g)].map((run) => run[0].length)),
  );
  const fence = "`".repeat(longest + 1);
  return [fence, ...lines, fence].join("\n");
}

function escapeCell(text: string): string {
  return escapeText(text)
    .replaceAll("|", "\\|")
    .replaceAll(/\s*\n\s*/g, " ");
}

/** Record ids and fields are foreign text: none of it may become markup. */
function escapeText(text: string): string {
  return text.replaceAll("\\", "\\\\").replaceAll(/[`*_<>[\]]/g, "\\$&");
}

function sentence(text: string): string {
  return `${text.slice(0, 1).toUpperCase()}${text.slice(1)}.`;
}
