/**
 * Owns the JUnit file of a report on an implementation: a suite for each family of rules, a case for each rule.
 * Refuses every character that XML 1.0 does not have.
 *
 * Source: https://github.com/testmoapp/junitxml (what CI systems read of it).
 */

import { RULE_FAMILIES } from "../protocol/rules/rule.ts";
import type { ConformanceReport, RuleReport } from "./conformance-result.ts";
import { heardTexts, stepsText } from "./conformance-violation.ts";
import { FAMILIES } from "./families.ts";
import { escaped } from "./xml.ts";

const SECOND_MS = 1_000;

/** The file's text. Violated rules fail; what was not exercised, is excluded or known is skipped, with the reason. */
export function renderJUnit(report: ConformanceReport): string {
  const suites = RULE_FAMILIES.map((family) => ({
    name: `${family} ${FAMILIES[family].title}`,
    rules: report.rules.filter((rule) => rule.family === family),
  })).filter(({ rules }) => rules.length > 0);
  const seconds = (report.durationMs / SECOND_MS).toFixed(3);
  const extra = report.baseline.map(({ rule, message }) => baselineCase(rule, message));
  const failures = report.rules.filter(fails).length + extra.length;
  const tests = report.rules.length + extra.length;
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites name="zeke-sync conformance" tests="${tests}" failures="${failures}" errors="0" skipped="${report.rules.filter(isSkipped).length}" time="${seconds}">`,
    ...suites.map(({ name, rules }) =>
      suiteText(
        name,
        rules.map(caseText),
        rules.filter(fails).length,
        rules.filter(isSkipped).length,
        report,
      ),
    ),
    ...(extra.length === 0 ? [] : [suiteText("baseline", extra, extra.length, 0, report)]),
    "</testsuites>",
    "",
  ].join("\n");
}

function suiteText(
  name: string,
  cases: readonly string[],
  failures: number,
  skipped: number,
  { startedAt }: ConformanceReport,
): string {
  const head = `  <testsuite name="${escaped(name)}" tests="${cases.length}" failures="${failures}" errors="0" skipped="${skipped}" time="0" timestamp="${escaped(startedAt)}">`;
  return [head, ...cases, "  </testsuite>"].join("\n");
}

function caseText(rule: RuleReport): string {
  const open = `    <testcase classname="zeke-sync.${rule.family}" name="${escaped(`${rule.id} ${rule.text}`)}" time="0"`;
  if (fails(rule)) {
    const bodies = rule.violations.map(({ message, probe, expected, actual, because, evidence, replay }) => {
      const text = [
        `probe     ${probe}`,
        `expected  ${expected}`,
        `actual    ${actual}`,
        ...(because === undefined ? [] : [`because   ${because}`]),
        `steps     ${stepsText(evidence)}`,
        ...heardTexts(evidence).map((heard) => `heard     ${heard}`),
        `request   ${evidence.request}`,
        `replay    ${replay}`,
      ].join("\n");
      return { message, text };
    });
    // One failure a case is what all readers take.
    const message = bodies[0]?.message ?? "violated";
    const text = bodies.map((body) => body.text).join("\n\n");
    return `${open}>\n      <failure message="${escaped(message)}" type="violated">${escaped(text)}</failure>\n    </testcase>`;
  }
  const skip = skipReason(rule);
  if (skip !== undefined) return `${open}>\n      <skipped message="${escaped(skip)}"/>\n    </testcase>`;
  return `${open}/>`;
}

function baselineCase(rule: string, message: string): string {
  return `    <testcase classname="zeke-sync.baseline" name="${escaped(rule)}" time="0">\n      <failure message="${escaped(message)}" type="baseline">${escaped(message)}</failure>\n    </testcase>`;
}

function fails({ verdict, binds, known }: RuleReport): boolean {
  return verdict === "violated" && binds && known === undefined;
}

function isSkipped(rule: RuleReport): boolean {
  return skipReason(rule) !== undefined;
}

function skipReason({ verdict, reason, known, binds, violations }: RuleReport): string | undefined {
  if (verdict === "satisfied") return undefined;
  if (verdict !== "violated") return `${verdict}: ${reason ?? ""}`;
  if (known !== undefined) return `violated, known: ${known.reason} (${known.owner}, until ${known.until})`;
  return binds ? undefined : `violated, a SHOULD: ${violations[0]?.message ?? ""}`;
}
