import { describe, expect, test } from "vitest";
import { createMetrics } from "../metrics/all.ts";
import { FIGURES } from "./figure.ts";
import { figuresOf } from "./measures.ts";
import { METRICS_OF_A_RUN } from "./report.fixture.ts";

describe("figures of a run", () => {
  const figures = figuresOf(METRICS_OF_A_RUN);
  const figure = (name: string) => figures.find((candidate) => candidate.name === name) ?? expect.fail(name);

  test("are those that have a name, in that order and unit, each with its statistics", () => {
    expect(figures.map(({ name, unit }) => ({ name, unit }))).toEqual(
      FIGURES.map(({ name, unit }) => ({ name, unit })),
    );
    for (const spec of FIGURES) {
      const { values, samples } = figure(spec.name);
      if (samples > 0) expect(Object.keys(values).sort(), spec.name).toEqual([...spec.statistics].sort());
    }
  });

  test("say what was measured", () => {
    expect(figure("sync latency online")).toMatchObject({
      samples: 81_234,
      values: { p50: 180, p99: 1_840, max: 9_300 },
    });
    expect(figure("offline queue size")).toMatchObject({ samples: 150, values: { mean: 0.42, max: 37 } });
    expect(figure("conflict rate")).toMatchObject({ samples: 10_312, values: { value: 0.0312 } });
    expect(figure("resolved alone")).toMatchObject({
      samples: 322,
      breakdown: { server: 222, device: 90, person: 10 },
    });
    expect(figure("cache hit rate").values).toEqual({ value: 0.871 });
    expect(figure("full sync rate")).toMatchObject({
      samples: 31_111,
      values: { value: 0.0051 },
      breakdown: { first: 150 },
    });
    expect(figure("socket peak")).toMatchObject({ samples: 150, values: { value: 0.04 } });
    expect(figure("bytes down")).toMatchObject({ samples: 1_050, values: { value: 96_400 } });
  });

  test("a run in which nothing happened has names and no values", () => {
    for (const { values, samples } of figuresOf(createMetrics().result())) {
      expect(values).toEqual({});
      expect(samples).toBe(0);
    }
  });
});
