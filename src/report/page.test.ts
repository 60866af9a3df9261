import { describe, expect, test } from "vitest";
import { createMetrics } from "../metrics/all.ts";
import { createSeries } from "../metrics/series.ts";
import { Scenario } from "../simulation/scenario.ts";
import { createSimulation } from "../simulation/world.ts";
import { drawTimeChart } from "./chart-time.ts";
import { renderPage } from "./page.ts";
import { brokenRun, finishedRun, violation } from "./report.fixture.ts";
import { buildReport } from "./result.ts";
import { SimulationReport } from "./result-schema.ts";
import { denseRow, type SeriesEntry } from "./series-schema.ts";
import { parseThreshold, type Threshold } from "./threshold.ts";

function threshold(text: string): Threshold {
  const parsed = parseThreshold(text);
  if (!parsed.parsed) throw new Error(parsed.fault.message);
  return parsed.threshold;
}

/** A report with a series, of a run that really was. */
function realReport(): SimulationReport {
  const scenario = Scenario.parse({
    name: "small",
    duration: "1d",
    fleet: { accounts: 2 },
    workload: { editsPerDay: 40 },
  });
  const series = createSeries();
  const metrics = createMetrics(series);
  const world = createSimulation(scenario, 5, { folds: [metrics] });
  while (world.advance(50_000));
  return buildReport(
    finishedRun({ metrics: metrics.result(), series: series.result(), roster: world.roster }),
  );
}

describe("the page", () => {
  const real = realReport();
  const page = renderPage(real);

  test("a report with a series is what its schema says, and as JSON the same again", () => {
    expect(SimulationReport.parse(JSON.parse(JSON.stringify(real)))).toEqual(real);
  });

  test("of one report is the same, however many charts were drawn before", () => {
    expect(renderPage(real)).toBe(page);
    expect(renderPage(SimulationReport.parse(JSON.parse(JSON.stringify(real))))).toBe(page);
  });

  test("asks nothing of anybody: no address but that of a name space", () => {
    const addresses = [...page.matchAll(/\b(?:https?:)?\/\/[\w.]+[^"'\s)]*/g)].map(([address]) => address);
    expect([...new Set(addresses)]).toEqual(["http://www.w3.org/2000/svg"]);
    expect(/<(?:link|img|iframe|object|embed)\b|@import|url\((?!#)/.exec(page)?.[0]).toBeUndefined();
  });

  test("has no id twice, and each label and link leads to one", () => {
    const ids = [...page.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id);
    expect(new Set(ids).size).toBe(ids.length);
    const wanted = [...page.matchAll(/ (?:for|aria-labelledby|href)="#?([^"]+)"/g)].flatMap(([, id = ""]) =>
      id.split(" "),
    );
    for (const id of wanted) expect(ids, id).toContain(id);
  });

  test("leaves no colour of its drawing in the charts", () => {
    const charts = [...page.matchAll(/<svg class="(?:chart|strip)"[\s\S]*?<\/svg>/g)].map(([svg]) => svg);
    expect(charts.length).toBeGreaterThan(10);
    for (const svg of charts)
      expect(/#a0000|zr\d+-|NaN|undefined|<style|class="zr/.exec(svg)?.[0]).toBeUndefined();
  });

  test("shows the five metrics, each with its threshold and how it fared", () => {
    const thresholds = ["sync latency online p99 < 3s", "conflict rate < 1%", "requests < 10"].map(threshold);
    const text = plain(renderPage(buildReport(finishedRun({ thresholds }))));
    for (const name of [
      "Sync latency",
      "Conflict rate",
      "Offline queue size",
      "Cache hit rate",
      "Full syncs",
    ])
      expect(text).toContain(name);
    expect(text).toContain("online p99 < 3s: met");
    expect(text).toContain("< 1%, was 3.1 %: missed");
    expect(text).toContain("requests < 10, was 61.4: missed");
    expect(text).toContain("no threshold set");
    expect(text).toContain("1 of 3 thresholds met");
  });

  test("of a report without a series says what it can", () => {
    const old = renderPage(buildReport(finishedRun()));
    expect(old).toContain("Stale writes by entity");
    expect(old).not.toContain('id="devices"');
  });

  test("tells the first violation of each rule, and counts the others", () => {
    const text = plain(renderPage(buildReport(brokenRun())));
    expect(text).toContain("What went wrong");
    expect(text).toContain("409 conflict, and contact c1 unchanged");
    expect(text).toContain("13 more of this rule");
    expect(text).toContain("zeke-sync simulate commuter --seed 7");
  });

  test("foreign text stays text, in a violation, a name and a diagram", () => {
    const evil = `<script>alert(1)</script>"onload="x`;
    const broken = violation("CON-4", { actual: evil, because: `${evil} \u0000` });
    const diagram = {
      title: evil,
      caption: [{ label: "actual", text: evil }],
      lanes: [{ name: evil, kind: "proxy" as const }],
      rows: [{ kind: "step" as const, time: evil }],
      marks: [{ lane: 0, row: 0, shape: "commit" as const, text: evil, offence: 1 }],
      arrows: [],
      spans: [],
      notes: [evil],
    };
    const hostile = renderPage(
      buildReport(
        finishedRun({
          judgements: [{ rule: "CON-4", judgement: { exercised: 1, violations: [broken] } }],
          scenario: { ...finishedRun().scenario, name: evil, description: evil },
          again: evil,
          diagrams: new Map([[broken, diagram]]),
        }),
      ),
    );
    expect(/<script(?!>\n)/.exec(hostile)?.[0]).toBeUndefined();
    expect(hostile).not.toContain('"onload=');
    expect(hostile.match(/<script>/g)).toHaveLength(1);
    expect(hostile).toContain("Space-time diagram");
  });
});

test("a chart of things that are counted has no tick between two of them", () => {
  const span = { lengthMs: 3_600_000, bucketMs: 900_000 };
  const ticksOf = (values: readonly number[]) => {
    const lines = [{ values, tone: "second", look: "bars" }] as const;
    const { markup } = drawTimeChart({ name: "few", label: "few", unit: "count", lines }, span);
    return [...markup.matchAll(/>(\d+(?:\.\d+)?)<\/text>/g)].map(([, tick]) => Number(tick));
  };
  expect(ticksOf([0, 1, 0, 1])).toContain(1);
  expect(ticksOf([0, 1, 0, 1]).every(Number.isInteger)).toBe(true);
  expect(ticksOf([0, 0.5, 0.2, 0.1]).every(Number.isInteger)).toBe(false);
});

test("one of something is not told as several", () => {
  const real = realReport();
  const one = (real.series as SeriesEntry).worst.byLatency.map((device) => ({
    ...device,
    ...{ kills: 1, edits: 1, conflicts: 1 },
  }));
  const series = { ...(real.series as SeriesEntry), worst: { byLatency: one, byConflicts: one } };
  const text = renderPage({ ...real, series }).replaceAll(/<[^>]+>/g, " ");
  expect(text).toMatch(/, 1 kill\b/);
  expect(text).toMatch(/\b1 {2}conflict, 1 edit\b/);
  expect(text).not.toMatch(/\b1 +(?:kills|conflicts|edits)\b/);
});

test("a device's sparse rows read as they were written", () => {
  expect(denseRow("", 3)).toEqual([0, 0, 0]);
  expect(denseRow("0 2*15", 4)).toEqual([1, 0, 15, 0]);
  expect(denseRow("9", 4)).toEqual([0, 0, 0, 0]);
});

function plain(page: string): string {
  return page
    .replaceAll(/<style>[\s\S]*?<\/style>|<script>[\s\S]*?<\/script>/g, "")
    .replaceAll(/<[^>]+>/g, "")
    .replaceAll("&lt;", "<")
    .replaceAll("&gt;", ">");
}
