import { describe, expect, test } from "vitest";
import { FIGURES } from "./figure.ts";
import { figuresOf } from "./measures.ts";
import { METRICS_OF_A_RUN } from "./report.fixture.ts";
import {
  formatActual,
  judgeThreshold,
  parseThreshold,
  type Threshold,
  type ThresholdFault,
} from "./threshold.ts";

function good(text: string): Threshold {
  const outcome = parseThreshold(text);
  if (!outcome.parsed) return expect.fail(`${text}: ${outcome.fault.message}`);
  return outcome.threshold;
}

function bad(text: string): ThresholdFault {
  const outcome = parseThreshold(text);
  if (outcome.parsed) return expect.fail(`${text} was understood`);
  return outcome.fault;
}

describe("the grammar of thresholds", () => {
  test.each([
    ["sync latency online p99 < 2s", "sync latency online", "p99", "<", 2_000],
    ["sync latency came back p50 <= 4h", "sync latency came back", "p50", "<=", 14_400_000],
    ["full sync rate < 5%", "full sync rate", "value", "<", 0.05],
    ["conflict rate < 20%", "conflict rate", "value", "<", 0.2],
    ["cache hit rate > 60%", "cache hit rate", "value", ">", 0.6],
    ["offline queue size max < 50", "offline queue size", "max", "<", 50],
    ["offline queue size mean >= 0.5", "offline queue size", "mean", ">=", 0.5],
    ["bytes down < 200kB", "bytes down", "value", "<", 200_000],
    ["  commit latency   p90   <2s ", "commit latency", "p90", "<", 2_000],
  ] as const)("%s", (text, figure, statistic, comparison, limit) => {
    expect(good(text)).toEqual({ text: text.trim(), figure, statistic, comparison, limit });
  });

  test("every figure and statistic can be named", () => {
    const values = { ms: "2s", share: "5%", count: "5", bytes: "5B" };
    for (const { name, statistics, unit } of FIGURES) {
      for (const statistic of statistics) {
        const words = statistic === "value" ? name : `${name} ${statistic}`;
        expect(good(`${words} < ${values[unit]}`)).toMatchObject({ figure: name, statistic });
      }
    }
  });

  test.each([
    ["", 0, "a threshold is written like"],
    ["conflict rate 5%", 0, "a threshold is written like"],
    ["< 5%", 0, "a metric stands before the comparison"],
    ["sync latncy online p99 < 2s", 0, `no metric is called "sync latncy online"`],
    ["sync latency online < 2s", 13, "needs one of mean, p50, p90, p99, max"],
    ["sync latency online p95 < 2s", 20, `found "p95"`],
    ["offline queue size p99 < 2", 19, `needs one of mean, max; found "p99"`],
    ["conflict rate p99 < 5%", 14, `is one number; leave "p99" out`],
    ["full sync rate < 5", 17, `a share, written like 5%; found "5"`],
    ["sync latency online p99 < 2", 26, `a time, written like 80ms, 2s or 15m; found "2"`],
    ["offline queue size max < many", 25, "a number, written like 50"],
    ["bytes up < 5 KB", 11, "a size, written like"],
    ["conflict rate <", 15, `found ""`],
  ])("%j is at fault at %i", (text, offset, message) => {
    expect(bad(text)).toMatchObject({ offset });
    expect(bad(text).message).toContain(message);
  });

  test("a metric that does not exist comes with those that do", () => {
    expect(bad("sync latncy online p99 < 2s").wrong?.right).toContain("sync latency online");
  });
});

describe("judging a threshold", () => {
  test.each([
    ["sync latency online p99 < 2s", "met", "1.8 s"],
    ["sync latency online p99 < 1840ms", "missed", "1.8 s"],
    ["sync latency online p99 <= 1840ms", "met", "1.8 s"],
    ["cache hit rate > 87.1%", "missed", "87.1 %"],
    ["cache hit rate >= 87.1%", "met", "87.1 %"],
    ["commit latency max < 1h", "no data", "not measured"],
  ])("%s: %s", (text, verdict, actual) => {
    const result = judgeThreshold(good(text), figuresOf(METRICS_OF_A_RUN));
    expect(result.verdict).toBe(verdict);
    expect(formatActual(result)).toBe(actual);
  });
});
