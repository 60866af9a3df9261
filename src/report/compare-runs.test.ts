/**
 * Holds the comparison of two sides: pairs, noise, tolerance, what is worse and what is broken.
 */

import { describe, expect, test } from "vitest";
import { BETTER, compareSides, halfWidth, type RunsReport } from "./compare-runs.ts";
import { renderRunsMarkdown, renderRunsScreen } from "./compare-runs-text.ts";
import { FIGURES } from "./figure.ts";
import { PLAIN } from "./layout.ts";
import { finishedRun } from "./report.fixture.ts";
import { buildReport } from "./result.ts";
import type { SimulationReport } from "./result-schema.ts";

const BASE = buildReport(finishedRun());

function run(seed: number, requests: number, more: Partial<SimulationReport> = {}): SimulationReport {
  const figures = BASE.figures.map((figure) =>
    figure.name === "requests" ? { ...figure, values: { value: requests } } : figure,
  );
  return { ...BASE, seed, figures, ...more };
}

function compared(
  left: readonly SimulationReport[],
  right: readonly SimulationReport[],
  tolerance = 0.05,
): RunsReport {
  return compareSides({ shown: "a", reports: left }, { shown: "b", reports: right }, tolerance);
}

const requestsOf = (report: RunsReport) => report.figures.find(({ figure }) => figure === "requests");

function ruled(verdict: SimulationReport["rules"][number]["verdict"]): Partial<SimulationReport> {
  const [first, ...others] = BASE.rules;
  return first ? { rules: [{ ...first, verdict }, ...others] } : {};
}

describe("two sides", () => {
  test("a run is the same as itself", () => {
    const report = compared([run(1, 100)], [run(1, 100)]);
    expect(report.verdict).toBe("good");
    expect(report.figures.filter(({ verdict }) => verdict !== "same" && verdict !== "not judged")).toEqual(
      [],
    );
  });

  test.each([
    [104, "same", "good"],
    [106, "worse", "worse"],
    [94, "better", "good"],
  ] as const)(
    "one run each: the tolerance alone decides, %i requests of 100 are %s",
    (requests, verdict, whole) => {
      const report = compared([run(1, 100)], [run(1, requests)]);
      expect(requestsOf(report)).toMatchObject({ verdict, noise: null });
      expect(report.verdict).toBe(whole);
      expect(report.noise).toContain("noise unknown");
    },
  );

  test("pairs: a difference that is the same in each counts, one that is noise does not", () => {
    const left = [run(1, 50), run(2, 100), run(3, 150)];
    const steady = compared(left, [run(3, 160), run(1, 60), run(2, 110)]);
    expect(requestsOf(steady)).toMatchObject({ left: 100, right: 110, noise: 0, verdict: "worse" });
    const wild = compared(left, [run(1, 20), run(2, 100), run(3, 210)]);
    expect(requestsOf(wild)?.verdict).toBe("same");
    expect(requestsOf(wild)?.noise).toBeGreaterThan(100);
  });

  test("without equal seeds the means are compared, and it is said", () => {
    const report = compared([run(1, 100), run(2, 102)], [run(3, 150), run(4, 152)]);
    expect(report.pairs).toBe(0);
    expect(requestsOf(report)?.verdict).toBe("worse");
    expect(report.notes.join()).toContain("same scenario and seed");
  });

  test("runs without a partner are left out of the figures", () => {
    const report = compared([run(1, 100), run(9, 900)], [run(1, 100)]);
    expect(requestsOf(report)).toMatchObject({ left: 100, right: 100 });
    expect(report.notes.join()).toContain("1 run has no partner");
  });

  test("a rule newly violated is worse than any figure; one that no longer is, is told", () => {
    const broken = compared([run(1, 100, ruled("satisfied"))], [run(1, 200, ruled("violated"))]);
    expect(broken.verdict).toBe("violated");
    expect(broken.rules).toMatchObject([{ left: "satisfied", right: "violated", seeds: [1] }]);
    const mended = compared([run(1, 100, ruled("violated"))], [run(1, 100, ruled("satisfied"))]);
    expect(mended.verdict).toBe("good");
    expect(mended.rules).toHaveLength(1);
    expect(compared([run(1, 1, ruled("violated"))], [run(1, 1, ruled("violated"))]).verdict).toBe("good");
  });

  test("a seed that no longer settles, and a threshold that is missed now", () => {
    const unsettled = run(1, 100, { run: { ...BASE.run, ended: "unsettled" } });
    expect(compared([run(1, 100)], [unsettled])).toMatchObject({ verdict: "violated", unsettled: [1] });
    const threshold = (verdict: "met" | "missed") => ({
      thresholds: [{ threshold: "requests < 150", verdict, unit: "count" as const }],
    });
    const missed = compared([run(1, 100, threshold("met"))], [run(1, 100, threshold("missed"))]);
    expect(missed).toMatchObject({ verdict: "worse", thresholds: [{ verdict: "worse" }] });
  });

  test("two versions, and settings that differ, are told", () => {
    const scenario = { ...BASE.scenario, settings: { ...BASE.scenario.settings, network: { loss: 0.5 } } };
    const other = run(1, 100, { suite: { name: "zeke-sync", version: "9.9.9" }, scenario });
    const notes = compared([run(1, 100)], [other]).notes.join("\n");
    expect(notes).toContain("9.9.9");
    expect(notes).toContain("settings differ: network");
  });
});

test("what made the whole worse is said in every form", () => {
  const unsettled = run(1, 100, { run: { ...BASE.run, ended: "unsettled" } });
  const report = compared([run(1, 100)], [unsettled]);
  const quiet = renderRunsScreen(report, 80, PLAIN, true);
  for (const text of [renderRunsScreen(report, 80, PLAIN, false), quiet, renderRunsMarkdown(report)]) {
    expect(text).toMatch(/^(# )?✗ .* · 1 seed no longer settling$/m);
    expect(text).toContain("✗ no longer settles: seed 1");
  }
  // No heads of columns over nothing.
  expect(quiet).not.toContain("change");
});

test("every figure has a better way", () => {
  expect(Object.keys(BETTER).sort()).toEqual(FIGURES.map(({ name }) => name as string).sort());
});

test("the 95 % interval of a mean", () => {
  expect(halfWidth([1])).toBeNull();
  expect(halfWidth([4, 4, 4])).toBe(0);
  // Standard error 1 / sqrt(3), t of two degrees of freedom 4.30.
  expect(halfWidth([1, 2, 3])).toBeCloseTo(4.3 / Math.sqrt(3), 6);
  // Of so many seeds, t is still above 2: the interval is not told narrower than it is.
  for (const [runs, t] of [
    [17, 2.12],
    [31, 2.04],
    [60, 2],
  ] as const) {
    const values = Array.from({ length: runs }, (_, nth) => nth);
    const middle = (runs - 1) / 2;
    const squares = values.reduce((sum, value) => sum + (value - middle) ** 2, 0);
    const error = Math.sqrt(squares / (runs - 1) / runs);
    expect((halfWidth(values) ?? 0) / error).toBeGreaterThanOrEqual(t - 1e-9);
  }
});

test("the screen keeps to its width, and quiet to what is wrong", () => {
  const worse = compared([run(1, 100)], [run(1, 200)]);
  for (const width of [68, 80, 100])
    for (const line of renderRunsScreen(worse, width, PLAIN, false).split("\n"))
      expect(line.length, line).toBeLessThanOrEqual(width);
  expect(renderRunsScreen(worse, 80, PLAIN, true)).toMatch(/✗ {2}requests .*\+100 %/);
  expect(renderRunsScreen(compared([run(1, 1)], [run(1, 1)]), 80, PLAIN, true)).toBe("");
  expect(renderRunsMarkdown(worse)).toContain("| ✗ | requests |");
});
