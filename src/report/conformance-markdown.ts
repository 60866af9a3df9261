/**
 * Owns the page report.md of an implementation: the verdict for people, fit for the job summary of a CI system.
 * Refuses to show what only machines want: that is in report.json.
 */

import type { ConformanceReport, RuleReport, RuleViolation } from "./conformance-result.ts";
import { byReason, conformanceRows, conformanceSentence } from "./conformance-text.ts";
import { drawnExchanges, heardTexts, stepsText } from "./conformance-violation.ts";
import { grouped } from "./numbers.ts";

const EXCHANGES_SHOWN_MAX = 12;
const TEXT_CHARS_MAX = 1_500;
const DIAGRAM_WIDTH = 100;

/** A report on an implementation as Markdown. */
export function renderConformanceMarkdown(report: ConformanceReport): string {
  const violated = report.rules.filter(({ verdict }) => verdict === "violated");
  const sections = [
    [`# Conformance: ${report.verdict}`, `${capital(conformanceSentence(report))}.`],
    [table(["", ""], conformanceRows(report))],
    violated.length === 0 ? [] : ["## Violations", ...violated.flatMap(ruleSection)],
    report.baseline.length === 0
      ? []
      : [
          "## Baseline",
          list(report.baseline.map(({ rule, message }) => `**${escaped(rule)}** ${escaped(message)}`)),
        ],
    report.left.length === 0
      ? []
      : [
          "## Left behind",
          list(report.left.map(({ what, why }) => `${escaped(what)}: ${escaped(why)}`)),
          fenced([`zeke-sync cleanup ${report.runId}`]),
        ],
    reasons(report, "not exercised", "Not exercised"),
    reasons(report, "excluded", "Excluded"),
    ["## Every rule", "<details><summary>Verdict of each rule</summary>", ruleTable(report), "</details>"],
    ["## Run it again", fenced([report.again])],
  ];
  return `${sections
    .flat()
    .filter((text) => text !== "")
    .join("\n\n")}\n`;
}

function ruleSection(rule: RuleReport): readonly string[] {
  const note = rule.known
    ? `Known: ${escaped(rule.known.reason)} (${escaped(rule.known.owner)}, until ${rule.known.until}).`
    : rule.binds
      ? ""
      : "A SHOULD: it fails nothing without `--level should`.";
  return [
    `### ${rule.known === undefined && rule.binds ? "✗" : "!"} ${rule.id} · ${rule.level} · phase ${rule.phase}`,
    `> ${escaped(rule.text)}`,
    note,
    ...rule.violations.flatMap(violationSection),
  ];
}

function violationSection(violation: RuleViolation): readonly string[] {
  const { probe, expected, actual, because, evidence, replay } = violation;
  const shown = evidence.exchanges.slice(-EXCHANGES_SHOWN_MAX);
  const drawn = drawnExchanges(evidence, DIAGRAM_WIDTH);
  const before = evidence.exchanges.length - shown.length;
  return [
    table(
      ["", ""],
      [
        ["probe", probe],
        ["expected", clipped(expected)],
        ["actual", clipped(actual)],
        ...(because === undefined ? [] : [["because", clipped(because)]]),
        ["steps", clipped(stepsText(evidence))],
        ...heardTexts(evidence).map((text) => ["heard", clipped(text)]),
      ],
    ),
    ...(drawn.length === 0 ? [] : [fenced(drawn, "text")]),
    "<details><summary>Requests and answers</summary>",
    fenced([
      ...(before > 0 ? [`# ${before} before these`] : []),
      ...shown.flatMap(({ request, answer }) => [
        clipped(request),
        ...clipped(answer)
          .split("\n")
          .map((line) => `# ${line}`),
        "",
      ]),
    ]),
    "</details>",
    "The request:",
    fenced([clipped(evidence.request)]),
    "Again:",
    fenced([replay]),
  ];
}

function reasons(
  report: ConformanceReport,
  verdict: "not exercised" | "excluded",
  heading: string,
): readonly string[] {
  const groups = byReason(report.rules, verdict);
  if (groups.length === 0) return [];
  return [
    `## ${heading}`,
    table(
      ["rules", "why"],
      groups.map(([reason, ids]) => [ids.join(", "), reason]),
    ),
  ];
}

function ruleTable({ rules }: ConformanceReport): string {
  return table(
    ["rule", "level", "phase", "verdict", "exercised", ""],
    rules.map(({ id, level, phase, verdict, exercised, reason }) => [
      id,
      level,
      String(phase),
      verdict,
      exercised === 0 ? "" : `${grouped(exercised)}×`,
      reason ?? "",
    ]),
  );
}

function table(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.map(cell).join(" | ")} |`;
  return [line(header), `|${header.map(() => " --- |").join("")}`, ...rows.map(line)].join("\n");
}

function list(lines: readonly string[]): string {
  return lines.map((line) => `- ${line.replaceAll(/\s*\n\s*/g, " ")}`).join("\n");
}

/** A fence longer than any run of backticks inside it. */
function fenced(lines: readonly string[], language = "sh"): string {
  const runs = lines.flatMap((line) => [...line.matchAll(/`+/g)].map(([run]) => run.length));
  const fence = "`".repeat(Math.max(2, ...runs) + 1);
  return [`${fence}${language}`, ...lines, fence].join("\n");
}

function cell(text: string): string {
  return escaped(text)
    .replaceAll("|", "\\|")
    .replaceAll(/\s*\n\s*/g, " ");
}

/** Record ids and fields are foreign text: none of it may become markup. */
function escaped(text: string): string {
  return text
    .replaceAll(/(?!\n)\p{Cc}/gu, "␦")
    .replaceAll("\\", "\\\\")
    .replaceAll(/[`*_<>[\]~#&]/g, "\\$&");
}

function clipped(text: string): string {
  return text.length <= TEXT_CHARS_MAX
    ? text
    : `${text.slice(0, TEXT_CHARS_MAX)}… and ${text.length - TEXT_CHARS_MAX} more`;
}

function capital(text: string): string {
  return `${text.slice(0, 1).toUpperCase()}${text.slice(1)}`;
}
