/**
 * Owns the screen that `conformance` ends with: verdict, families, violations in the words of cli.md, and what was not
 * exercised and why.
 * Refuses to choose colours and to measure the terminal.
 */

import { RULE_FAMILIES } from "../protocol/rules/rule.ts";
import type { ConformanceReport, RuleReport } from "./conformance-result.ts";
import { byReason, conformanceRows, conformanceSentence } from "./conformance-text.ts";
import { violationLines } from "./conformance-violation.ts";
import { FAMILIES } from "./families.ts";
import { type Align, columns, cut, labelled, wrap } from "./layout.ts";
import { grouped } from "./numbers.ts";
import type { ScreenOptions } from "./screen.ts";

const INDENT = 14;
const RULES_SHOWN_MAX = 5;
const NAMES_SHOWN_MAX = 3;
/** Rules with one reason that are named. */
const IDS_SHOWN_MAX = 30;

/** The screen, with a newline at its end. */
export function renderConformance(report: ConformanceReport, options: ScreenOptions): string {
  const { width } = options;
  const parts = [
    title(report, options),
    conformanceRows(report).flatMap(([label, text]) => labelled(`  ${label}`, text, INDENT, width)),
    familyLines(report, options),
    ...troubleParts(report, options),
    reasonLines(report, "not exercised", options),
    reasonLines(report, "excluded", options),
    footer(report, options),
  ];
  return joined(parts);
}

/** For `--quiet`: nothing when all is well, else what is wrong and where to read on. */
export function renderConformanceTrouble(report: ConformanceReport, options: ScreenOptions): string {
  if (report.verdict === "pass") return "";
  return joined([title(report, options), ...troubleParts(report, options), footer(report, options)]);
}

function joined(parts: readonly (readonly string[])[]): string {
  return `${parts
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join("\n"))
    .join("\n\n")}\n`;
}

function title(report: ConformanceReport, { width, paint }: ScreenOptions): readonly string[] {
  const { verdict, seed } = report;
  const tone = verdict === "pass" ? paint.good : verdict === "fail" ? paint.bad : paint.warn;
  const mark = verdict === "pass" ? "✓" : verdict === "fail" ? "✗" : "·";
  const left = `conformance · seed ${seed}`;
  const head = `${tone(mark)} ${paint.bold(left)}`;
  const sentence = conformanceSentence(report);
  if (left.length + sentence.length + 4 <= width) return [`${head}  ${tone(sentence)}`];
  return [head, ...wrap(sentence, width - 2).map((line) => `  ${tone(line)}`)];
}

function familyLines({ rules }: ConformanceReport, { width, paint }: ScreenOptions): readonly string[] {
  const shown = RULE_FAMILIES.flatMap((family) => {
    const mine = rules.filter((rule) => rule.family === family && rule.verdict !== "excluded");
    if (mine.length === 0) return [];
    const count = (verdict: RuleReport["verdict"]) => mine.filter((rule) => rule.verdict === verdict).length;
    const violated = count("violated");
    const open = count("not exercised");
    const mark = violated > 0 ? "✗" : open > 0 ? "·" : "✓";
    const exercised = mine.reduce((sum, rule) => sum + rule.exercised, 0);
    const told = [
      `${count("satisfied")} of ${mine.length} satisfied`,
      ...(violated > 0 ? [`${violated} violated`] : []),
      ...(open > 0 ? [`${open} not exercised`] : []),
    ];
    return [
      {
        mark,
        violated,
        cells: [`${mark} ${family}`, FAMILIES[family].title, told.join(", "), `${grouped(exercised)}×`],
      },
    ];
  });
  const aligns: readonly Align[] = ["left", "left", "left", "right"];
  const [head = "", ...lines] = columns(
    [["  rules", "", "", "exercised"], ...shown.map(({ cells }) => cells)],
    aligns,
  );
  return [
    paint.dim(cut(head, width)),
    ...lines.map((line, at) => {
      const mark = shown[at]?.mark;
      const tone = mark === "✗" ? paint.bad : mark === "·" ? paint.warn : paint.good;
      const whole = cut(line, width);
      return `${tone(whole.slice(0, 1))}${whole.slice(1)}`;
    }),
  ];
}

function troubleParts(report: ConformanceReport, options: ScreenOptions): readonly (readonly string[])[] {
  const { paint, width } = options;
  const violated = [...report.rules.filter(({ verdict }) => verdict === "violated")].sort(
    (left, right) => weight(left) - weight(right),
  );
  const others = violated.slice(RULES_SHOWN_MAX).map(({ id }) => id);
  return [
    ...violated.slice(0, RULES_SHOWN_MAX).map((rule) => violatedLines(rule, options)),
    others.length === 0 ? [] : wrap(`also violated: ${others.join(", ")}`, width),
    report.baseline.map(({ rule, message }) => `${paint.bad("✗")} baseline: ${rule}: ${message}`),
    ...leftLines(report, options),
  ];
}

/** What could not be deleted, by the cause that things share. */
function leftLines(
  { left }: ConformanceReport,
  { width, paint }: ScreenOptions,
): readonly (readonly string[])[] {
  const whys = [...new Set(left.map(({ why }) => why))];
  return whys.slice(0, RULES_SHOWN_MAX).map((why) => {
    const names = left.filter((one) => one.why === why).map(({ what }) => what);
    const text = `left behind: ${listed(names, NAMES_SHOWN_MAX)}: ${why}`;
    return wrap(text, width - 2).map((line, at) => `${at === 0 ? paint.warn("·") : " "} ${line}`);
  });
}

/** Names, the last of many counted. */
function listed(names: readonly string[], shownMax: number): string {
  const rest = names.length - shownMax;
  return rest > 0 ? `${names.slice(0, shownMax).join(", ")} and ${grouped(rest)} more` : names.join(", ");
}

/** What fails the target stands first. */
function weight({ binds, known }: RuleReport): number {
  return known !== undefined ? 2 : binds ? 0 : 1;
}

function violatedLines(rule: RuleReport, options: ScreenOptions): readonly string[] {
  const { width, paint } = options;
  const heading = `${rule.id}  ${rule.level}  `;
  const fails = rule.binds && rule.known === undefined;
  const mark = fails ? paint.bad("✗") : paint.warn("!");
  const room = Math.max(20, width - heading.length - 2);
  const [text = "", ...more] = wrap(`${rule.text} · phase ${rule.phase}`, room);
  const [first] = rule.violations;
  const rest = rule.violations.length - 1;
  return [
    `${mark} ${paint.bold(heading)}${text}`,
    ...more.map((line) => `${" ".repeat(heading.length + 2)}${line}`),
    ...(rule.known === undefined
      ? []
      : labelled(
          "    known",
          `${rule.known.reason} (${rule.known.owner}, until ${rule.known.until})`,
          INDENT,
          width,
        )),
    ...(first === undefined ? [] : violationLines(first, options)),
    ...(rest > 0
      ? [
          `    ${rest === 1 ? "one more probe shows" : `${rest} more probes show`} it: report.html has ${rest === 1 ? "it" : "them"}`,
        ]
      : []),
  ];
}

function reasonLines(
  { rules }: ConformanceReport,
  verdict: "not exercised" | "excluded",
  { width, paint }: ScreenOptions,
): readonly string[] {
  const groups = byReason(rules, verdict);
  if (groups.length === 0) return [];
  return [
    `${paint.dim("·")} ${verdict}`,
    ...groups.flatMap(([reason, ids]) =>
      wrap(`${listed(ids, IDS_SHOWN_MAX)}: ${reason}`, width - 4).map((line) => paint.dim(`    ${line}`)),
    ),
  ];
}

/** A path and a command are for copying: they are not wrapped. */
function footer({ again }: ConformanceReport, { folder, paint }: ScreenOptions): readonly string[] {
  return [
    paint.dim(`${"  report".padEnd(INDENT)}${folder}/report.html`),
    paint.dim(`${"  again".padEnd(INDENT)}${again}`),
  ];
}
