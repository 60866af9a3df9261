/** The JUnit file of a simulation, read by another's reader. */

import { parse } from "junit2json";
import { expect, test } from "vitest";
import { renderSimulationJUnit } from "./junit.ts";
import { brokenRun, finishedRun } from "./report.fixture.ts";
import { buildReport } from "./result.ts";

const read = async (report: ReturnType<typeof buildReport>) => {
  const suites = (await parse(renderSimulationJUnit(report))) as {
    readonly tests: number;
    readonly failures: number;
    readonly skipped?: number;
    readonly testsuite: readonly {
      readonly testcase?: readonly {
        readonly name: string;
        readonly failure?: unknown;
        readonly skipped?: unknown;
      }[];
    }[];
  };
  return { suites, cases: suites.testsuite.flatMap(({ testcase }) => testcase ?? []) };
};

test("a case for each rule, each threshold and the end", async () => {
  const report = buildReport(finishedRun());
  const { suites, cases } = await read(report);
  expect(cases).toHaveLength(report.rules.length + report.thresholds.length + 1);
  expect(suites.tests).toBe(cases.length);
});

test("violated rules fail with what was expected, and all failures are counted", async () => {
  const report = buildReport(brokenRun());
  const { suites, cases } = await read(report);
  const failed = cases.filter(({ failure }) => failure !== undefined);
  expect(suites.failures).toBe(failed.length);
  const violated = report.rules.filter(({ verdict }) => verdict === "violated");
  const missed = report.thresholds.filter(({ verdict }) => verdict !== "met");
  expect(violated.length).toBeGreaterThan(0);
  expect(failed).toHaveLength(violated.length + missed.length + (report.run.ended === "unsettled" ? 1 : 0));
  expect(JSON.stringify(failed)).toContain(`expected ${violated[0]?.violations[0]?.expected}`.slice(0, 30));
});
