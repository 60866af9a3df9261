/**
 * Owns the JUnit file of a simulation: a suite for each family of rules, one for thresholds, one for the run's end.
 * Refuses every character that XML 1.0 does not have.
 */

import type { RuleEntry, SimulationReport } from "./result-schema.ts";
import { formatActual } from "./threshold.ts";
import { escaped } from "./xml.ts";

interface Case {
  readonly group: string;
  readonly name: string;
  readonly failure?: { readonly message: string; readonly text: string; readonly type: string };
  readonly skipped?: string;
}

/** The file's text. Violated rules, missed thresholds and a run that did not settle fail; what was not exercised is skipped. */
export function renderSimulationJUnit(report: SimulationReport): string {
  const seconds = (report.timing.wallMs / 1_000).toFixed(3);
  const suites: (readonly [name: string, cases: readonly Case[]])[] = [
    ...report.families.map(
      ({ family, title }) =>
        [
          `${family} ${title}`,
          report.rules
            .filter(({ id }) => id.startsWith(`${family}-`))
            .map((rule) => ruleCase(rule, family, report)),
        ] as const,
    ),
    ["thresholds", report.thresholds.map(thresholdCase)],
    ["run", [runCase(report)]],
  ];
  const whole = suites.flatMap(([, cases]) => cases);
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites name="${escaped(`zeke-sync simulate ${report.scenario.name} seed ${report.seed}`)}" ${countsOf(whole)} time="${seconds}">`,
    ...suites.filter(([, cases]) => cases.length > 0).map(([name, cases]) => suiteText(name, cases, report)),
    "</testsuites>",
    "",
  ].join("\n");
}

function ruleCase(rule: RuleEntry, family: string, { again }: SimulationReport): Case {
  const { id, text, verdict, violated, violations, reason } = rule;
  const base = { group: family, name: `${id} ${text}` };
  if (verdict === "satisfied") return base;
  if (verdict !== "violated") return { ...base, skipped: `${verdict}: ${reason ?? ""}` };
  const first = violations[0];
  const bodies = violations.map(({ at, expected, actual, because }) =>
    [`at        ${at}`, `expected  ${expected}`, `actual    ${actual}`, `because   ${because}`].join("\n"),
  );
  const message =
    first === undefined ? `violated ${violated} times` : `expected ${first.expected}; actual ${first.actual}`;
  return {
    ...base,
    failure: { message, type: "violated", text: [...bodies, `again     ${again}`].join("\n\n") },
  };
}

function thresholdCase(threshold: SimulationReport["thresholds"][number]): Case {
  const base = { group: "thresholds", name: threshold.threshold };
  if (threshold.verdict === "met") return base;
  const message = `${threshold.verdict}: ${formatActual(threshold)}`;
  return { ...base, failure: { message, type: "threshold", text: message } };
}

function runCase({ run, again }: SimulationReport): Case {
  const base = { group: "run", name: "all devices settle after the faults have stopped" };
  if (run.ended === "settled") return base;
  if (run.ended === "interrupted") return { ...base, skipped: "the run was interrupted" };
  return { ...base, failure: { message: "the run did not settle", type: "unsettled", text: again } };
}

function suiteText(name: string, cases: readonly Case[], { timing }: SimulationReport): string {
  const head = `  <testsuite name="${escaped(name)}" ${countsOf(cases)} time="0" timestamp="${escaped(timing.startedAt)}">`;
  return [head, ...cases.map(caseText), "  </testsuite>"].join("\n");
}

function caseText({ group, name, failure, skipped }: Case): string {
  const open = `    <testcase classname="zeke-sync.${escaped(group)}" name="${escaped(name)}" time="0"`;
  if (failure !== undefined)
    return `${open}>\n      <failure message="${escaped(failure.message)}" type="${failure.type}">${escaped(failure.text)}</failure>\n    </testcase>`;
  if (skipped !== undefined)
    return `${open}>\n      <skipped message="${escaped(skipped)}"/>\n    </testcase>`;
  return `${open}/>`;
}

function countsOf(cases: readonly Case[]): string {
  const failures = cases.filter(({ failure }) => failure !== undefined).length;
  const skipped = cases.filter((one) => one.skipped !== undefined).length;
  return `tests="${cases.length}" failures="${failures}" errors="0" skipped="${skipped}"`;
}
