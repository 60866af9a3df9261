import { describe, expect, test } from "vitest";
import type { Fact } from "../history/facts.ts";
import { RULES } from "../protocol/rules/registry.ts";
import { EVIDENCE_CHARACTERS_MAX, EVIDENCE_FACTS_MAX, factLine, reportFact } from "./evidence.ts";
import { renderJson } from "./json.ts";
import { brokenRun, finishedRun, KILLED, START_MS, violation } from "./report.fixture.ts";
import { buildReport, VIOLATIONS_MAX } from "./result.ts";
import { SimulationReport } from "./result-schema.ts";
import { parseThreshold, type Threshold } from "./threshold.ts";

function threshold(text: string): Threshold {
  const outcome = parseThreshold(text);
  return outcome.parsed ? outcome.threshold : expect.fail(text);
}

function ruleOf(report: SimulationReport, id: string) {
  return report.rules.find((rule) => rule.id === id) ?? expect.fail(id);
}

describe("the report of a run", () => {
  test.each([
    ["all well", finishedRun()],
    ["broken", brokenRun()],
    ["interrupted", finishedRun({ ended: "interrupted" })],
    [
      "with thresholds",
      finishedRun({ thresholds: [threshold("conflict rate < 1%"), threshold("commit latency p50 < 1s")] }),
    ],
  ])("%s: its JSON is what the schema says, and nothing is lost on the way", (_, run) => {
    const report = buildReport(run);
    expect(SimulationReport.parse(JSON.parse(renderJson(report)))).toEqual(report);
  });

  test("every rule of the registry stands in it, in the registry's order", () => {
    expect(buildReport(finishedRun()).rules.map((rule) => rule.id)).toEqual(RULES.map((rule) => rule.id));
  });

  test("a rule is satisfied only when its trigger happened; several checkers of one rule are one verdict", () => {
    const report = buildReport(finishedRun());
    expect(ruleOf(report, "SYS-1")).toMatchObject({ verdict: "satisfied", exercised: 150 });
    expect(ruleOf(report, "QUE-4")).toMatchObject({ verdict: "satisfied", exercised: 42 });
    expect(ruleOf(report, "QUE-6")).toMatchObject({
      verdict: "not exercised",
      reason: "its trigger did not happen",
    });
    expect(ruleOf(report, "WHK-1")).toMatchObject({
      verdict: "not exercised",
      reason: "no checker judges it in a simulation: zeke-sync conformance does",
    });
  });

  test("what no checker judges says who does", () => {
    const report = buildReport(finishedRun());
    const reasonOf = (id: string) => ruleOf(report, id).reason;
    expect(reasonOf("REV-7")).toBe("no checker judges it: tests of the reference alone do");
    expect(reasonOf("API-1")).toBe("no checker judges it in a simulation: zeke-sync conformance does");
  });

  test("a rule of a phase that is off is excluded, and says why", () => {
    const run = finishedRun();
    const report = buildReport({ ...run, scenario: { ...run.scenario, phases: [1, 2] } });
    expect(ruleOf(report, "QUE-6")).toMatchObject({ verdict: "excluded", reason: "phase 3 is off" });
    expect(ruleOf(report, "SYS-2")).toMatchObject({
      verdict: "excluded",
      reason: "it rests on phase 3, which is off",
    });
    expect(ruleOf(report, "API-8").reason).toBe(
      "no checker judges it in a simulation: zeke-sync conformance does",
    );
  });

  test("violations fail the run; the first few are told, all are counted", () => {
    const report = buildReport(brokenRun());
    expect(report.verdict).toBe("fail");
    expect(ruleOf(report, "CON-4")).toMatchObject({ verdict: "violated", violated: 14 });
    expect(ruleOf(report, "CON-4").violations).toHaveLength(VIOLATIONS_MAX);
    expect(ruleOf(report, "CON-4").violations[0]).toMatchObject({
      at: "2026-01-05T01:01:01.000Z",
      afterMs: 3_661_000,
    });
  });

  test("a checker that keeps only some of what it found is counted in full", () => {
    const judgement = { exercised: 900, violations: [violation("SYS-7")], found: 800 };
    expect(
      ruleOf(buildReport(finishedRun({ judgements: [{ rule: "SYS-7", judgement }] })), "SYS-7").violated,
    ).toBe(800);
  });

  test("a violation whose trigger was never counted is a violation all the same", () => {
    const judgements = [{ rule: "SYS-7", judgement: { exercised: 0, violations: [violation("SYS-7")] } }];
    expect(ruleOf(buildReport(finishedRun({ judgements })), "SYS-7").verdict).toBe("violated");
  });

  test.each([
    ["pass", finishedRun()],
    ["fail", finishedRun({ ended: "unsettled" })],
    ["fail", finishedRun({ thresholds: [threshold("conflict rate < 1%")] })],
    ["fail", finishedRun({ thresholds: [threshold("commit latency p50 < 1s")] })],
    ["pass", finishedRun({ thresholds: [threshold("conflict rate < 5%")] })],
    ["interrupted", { ...brokenRun(), ended: "interrupted" as const }],
  ])("verdict %s", (verdict, run) => {
    expect(buildReport(run).verdict).toBe(verdict);
  });

  test("families add up", () => {
    for (const report of [buildReport(finishedRun()), buildReport(brokenRun())]) {
      for (const family of report.families) {
        expect(family.satisfied + family.violated + family.notExercised).toBe(family.rules);
      }
      expect(report.families.reduce((sum, family) => sum + family.rules, 0)).toBe(RULES.length);
    }
    expect(buildReport(brokenRun()).families.find((family) => family.family === "CON")).toMatchObject({
      violated: 1,
      exercised: 9,
    });
  });

  test("all that a clock or a folder decides is in timing: two runs are the same bytes apart from it", () => {
    const timing = { runId: "x-2", startedAt: "2027-01-01T00:00:00.000Z", wallMs: 99_999, node: "v22.12.0" };
    const [first, second] = [finishedRun(), finishedRun({ timing })].map(buildReport).map((report) => {
      const { timing: apart, ...rest } = report;
      return { rest: JSON.stringify(rest), timing: apart };
    });
    expect(first?.rest).toBe(second?.rest);
    expect(second?.timing).toEqual({ ...timing, timesRealTime: 6_056, eventsPerSecond: 12_346 });
  });

  test("settings come out sorted, however they went in", () => {
    const run = finishedRun();
    const turned = {
      ...run,
      scenario: { ...run.scenario, settings: { duration: 7 * 86_400_000, network: { loss: 0.01 } } },
    };
    expect(renderJson(buildReport(turned))).toBe(renderJson(buildReport(run)));
  });
});

describe("facts as evidence", () => {
  const roster = finishedRun().roster;

  test("a device goes by its name", () => {
    expect(reportFact(KILLED, roster)).toEqual({
      fact: "killed",
      at: START_MS + 61_000,
      device: 1,
      account: 0,
      on: "a1-tablet",
    });
    expect(factLine(reportFact(KILLED, roster))).toBe("a1-tablet · killed");
  });

  test("a fact that is too long loses its long members, and says so", () => {
    const records = Array.from({ length: 500 }, (_, index) => ({
      entity: "task" as const,
      id: `t${index}`,
      revision: undefined,
      fields: { title: "x" },
    }));
    const fact: Fact = { fact: "replica", at: START_MS, device: 0, account: 0, records, waiting: 3 };
    expect(reportFact(fact, roster)).toEqual({
      fact: "replica",
      at: START_MS,
      device: 0,
      account: 0,
      on: "a1-phone",
      waiting: 3,
      cut: true,
    });
    expect(JSON.stringify(fact).length).toBeGreaterThan(EVIDENCE_CHARACTERS_MAX);
  });

  test("a field called __proto__ is a field", () => {
    const fields = JSON.parse('{"__proto__":"x"}') as { readonly [field: string]: string };
    const fact: Fact = {
      fact: "shown",
      at: START_MS,
      device: 0,
      account: 0,
      entity: "contact",
      id: "__proto__",
      revision: undefined,
      fields,
      waiting: [],
    };
    expect(JSON.stringify(reportFact(fact, roster))).toContain('"fields":{"__proto__":"x"}');
  });

  test("evidence is bounded", () => {
    const evidence = Array.from({ length: 50 }, () => KILLED);
    const judgements = [
      { rule: "SYS-1", judgement: { exercised: 1, violations: [violation("SYS-1", { evidence })] } },
    ];
    expect(ruleOf(buildReport(finishedRun({ judgements })), "SYS-1").violations[0]?.evidence).toHaveLength(
      EVIDENCE_FACTS_MAX,
    );
  });
});
