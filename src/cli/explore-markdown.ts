/**
 * Owns report.md of a hunt.
 * Refuses to render anything but text; diagrams are files beside it.
 */

import { formatDuration } from "../base/time.ts";
import { ruleById } from "../protocol/rules/registry.ts";
import { grouped } from "../report/numbers.ts";
import type { ExploreReport, FindingReport } from "./explore-schema.ts";

/** The report, with a newline at its end. */
export function renderExploreMarkdown(report: ExploreReport): string {
  const lines = [
    `# explore, seed ${report.seed}: ${report.verdict}`,
    "",
    `${summaryOf(report)} Run again: \`${report.again}\`.`,
    "",
    ...report.findings.flatMap((finding) => ["", ...findingLines(finding)]),
    ...knownLines(report),
    "",
    `## Rules that were exercised`,
    "",
    report.rules.map(({ rule, runs }) => `${rule} (${grouped(runs)})`).join(", ") || "none",
  ];
  return `${lines.join("\n").replaceAll(/\n{3,}/g, "\n\n")}\n`;
}

/** One sentence on how far the hunt came. */
export function summaryOf(report: ExploreReport): string {
  const { runs, events, behaviours, rules, findings, ended, fault, timing } = report;
  const parts = [
    `${grouped(runs)} runs in ${formatDuration(Math.round(timing.wallMs / 100) * 100)}`,
    `${grouped(events)} events`,
    `${grouped(behaviours)} behaviours`,
    `${rules.length} rules exercised`,
    findings.length === 0 ? "nothing found" : `${findings.length} found`,
  ];
  const cut = ended === "interrupted" ? "; interrupted" : "";
  return `${parts.join(", ")}${cut}${fault === undefined ? "" : `, with the planted fault \`${fault}\``}.`;
}

function findingLines(finding: FindingReport): readonly string[] {
  const { rule, expected, actual, because, actions, steps, counterexample, runs, along } = finding;
  const known = ruleById(rule);
  const picture = counterexample.replace(/\.json$/, ".svg");
  return [
    `## ${rule}: ${cell(known?.text ?? "")}`,
    "",
    "| | |",
    "|---|---|",
    `| expected | ${cell(expected)} |`,
    `| actual | ${cell(actual)} |`,
    `| because | ${cell(because)} |`,
    `| seen | in ${grouped(runs)} runs |`,
    ...(along.length === 0 ? [] : [`| breaks too | ${along.map((other) => other.rule).join(", ")} |`]),
    "",
    `${actions.to} steps, shrunk from ${actions.from} in ${finding.tries} tries${finding.complete ? "" : " (stopped before the end)"}:`,
    "",
    ...steps.map((step, index) => `${index + 1}. ${cell(step)}`),
    "",
    `![Space-time diagram of ${rule}](${picture})`,
    "",
    `[${counterexample}](${counterexample})`,
  ];
}

function knownLines({ known }: ExploreReport): readonly string[] {
  if (known.length === 0) return [];
  return [
    "",
    "## Counterexamples that were known",
    "",
    "| file | rule | planted fault | verdict | |",
    "|---|---|---|---|---|",
    ...known.map(
      ({ file, rule, fault, verdict, ok }) =>
        `| ${file} | ${rule} | ${fault ?? "none"} | ${verdict} | ${ok ? "as it must be" : "**wrong**"} |`,
    ),
  ];
}

/** Foreign text in a cell must not break the table, nor become a tag. */
function cell(text: string): string {
  return text.replaceAll(/\s+/g, " ").replaceAll("|", "\\|").replaceAll("<", "&lt;");
}
