/** The OpenMetrics text of a run is held to the grammar of the format, strictly. */

import { expect, test } from "vitest";
import { renderOpenMetrics } from "./open-metrics.ts";
import { finishedRun } from "./report.fixture.ts";
import { buildReport } from "./result.ts";

const NAME = "[a-zA-Z_:][a-zA-Z0-9_:]*";
const TEXT = '(?:[^"\\\\\\n]|\\\\["\\\\n])*';
const SAMPLE = new RegExp(
  `^(${NAME})\\{((?:[a-zA-Z_][a-zA-Z0-9_]*="${TEXT}",?)*)\\} (-?\\d+(?:\\.\\d+)?(?:e[+-]?\\d+)?)$`,
);
const META = new RegExp(`^# (TYPE|UNIT|HELP) (${NAME}) (.+)$`);
const SUFFIXES: Readonly<Record<string, readonly string[]>> = {
  gauge: [""],
  counter: ["_total"],
  summary: ["", "_count", "_sum"],
};

interface Family {
  readonly name: string;
  type?: string;
  unit?: string;
  help?: string;
  readonly samples: { readonly name: string; readonly labels: string; readonly value: number }[];
}

/** Families in order. Fails on whatever OpenMetrics 1.0 does not allow. */
function parse(text: string): readonly Family[] {
  expect(text.endsWith("\n# EOF\n")).toBe(true);
  const families: Family[] = [];
  const seen = new Set<string>();
  for (const line of text.slice(0, -"# EOF\n".length - 1).split("\n")) {
    const [, kind, name = "", value = ""] = META.exec(line) ?? [];
    if (kind !== undefined) {
      let family = families.at(-1);
      if (family?.name !== name) {
        // Families stand together, and come once; metadata stands before samples.
        expect(seen.has(name), `${name} comes once`).toBe(false);
        seen.add(name);
        family = { name, samples: [] };
        families.push(family);
      }
      expect(family.samples, line).toHaveLength(0);
      const member = kind.toLowerCase() as "type" | "unit" | "help";
      expect(family[member], line).toBeUndefined();
      family[member] = value;
      if (kind === "UNIT") expect(name.endsWith(`_${value}`), line).toBe(true);
      continue;
    }
    const [, sample = "", labels = "", number = ""] = SAMPLE.exec(line) ?? [];
    expect(sample, line).not.toBe("");
    expect(labels.endsWith(","), line).toBe(false);
    const family = families.at(-1) as Family;
    const suffix = sample.slice(family.name.length);
    expect(sample.startsWith(family.name) && (SUFFIXES[family.type ?? ""] ?? []).includes(suffix), line).toBe(
      true,
    );
    expect(
      family.samples.some((one) => one.name === sample && one.labels === labels),
      line,
    ).toBe(false);
    if (suffix === "_total" || suffix === "_count") expect(Number(number)).toBeGreaterThanOrEqual(0);
    family.samples.push({ name: sample, labels, value: Number(number) });
  }
  return families;
}

const report = buildReport(finishedRun());

test("every family has type and help, every sample scenario and seed", () => {
  const families = parse(renderOpenMetrics(report));
  expect(families.length).toBeGreaterThan(20);
  for (const { name, type, help, samples } of families) {
    expect([name, type, help]).not.toContain(undefined);
    expect(samples.length, name).toBeGreaterThan(0);
    for (const { labels } of samples)
      expect(labels).toContain(`scenario="${report.scenario.name}",seed="${report.seed}"`);
  }
});

test("durations are seconds, shares ratios, and quantiles those of the report", () => {
  const families = parse(renderOpenMetrics(report));
  const latency = families.find(({ name }) => name === "zeke_sync_sync_latency_online_seconds");
  const figure = report.figures.find(({ name }) => name === "sync latency online");
  expect(latency?.samples.find(({ labels }) => labels.includes('quantile="0.9"'))?.value).toBe(
    (figure?.values.p90 ?? 0) / 1_000,
  );
  expect(latency?.samples.find(({ name }) => name.endsWith("_count"))?.value).toBe(figure?.samples);
  expect(families.find(({ name }) => name === "zeke_sync_cache_hit_rate_ratio")?.unit).toBe("ratio");
});

test("texts with quotes, backslashes and line ends are escaped", () => {
  const odd = { ...report, scenario: { ...report.scenario, name: 'a"b\\c\nd' } };
  expect(parse(renderOpenMetrics(odd))[0]?.samples[0]?.labels).toContain('scenario="a\\"b\\\\c\\nd"');
});
