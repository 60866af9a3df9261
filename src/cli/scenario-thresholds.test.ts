/**
 * Holds the thresholds of the shipped scenarios to their purpose: each is met, and each is seen to be missed once what it
 * watches gets worse. Small versions of the scenarios, so that all of it takes well under a minute.
 */

import { describe, expect, test } from "vitest";
import { createMetrics } from "../metrics/all.ts";
import { figuresOf } from "../report/measures.ts";
import { judgeThreshold, parseThreshold, type ThresholdResult } from "../report/threshold.ts";
import { createSimulation } from "../simulation/world.ts";
import { adjust } from "./override.ts";
import { plant } from "./planted.ts";
import { readScenario } from "./scenario-file.ts";
import { scenarioNames } from "./scenario-names.ts";
import { SMALL, type SmallScenario, type Worsening } from "./scenario-worsenings.fixture.ts";

const SEED = 1;

/** How each threshold of a scenario fares in its small version, made worse by this. */
async function run(
  name: string,
  small: SmallScenario,
  { set = [], fault, devices = small.devices }: Omit<Worsening, "misses">,
) {
  const { scenario } = adjust(readScenario(name, "/"), {
    set: [...(small.set ?? []), ...set],
    devices,
    duration: small.duration,
  });
  const planted = await plant(fault);
  const metrics = createMetrics();
  const world = createSimulation(scenario, SEED, {
    folds: [metrics],
    ...(planted && { parts: planted.parts }),
  });
  while (world.advance(100_000));
  const figures = figuresOf(metrics.result());
  return scenario.thresholds.map((text): ThresholdResult => {
    const outcome = parseThreshold(text);
    return outcome.parsed ? judgeThreshold(outcome.threshold, figures) : expect.fail(text);
  });
}

/** What was not met, with what was measured. */
const unmet = (results: readonly ThresholdResult[]) => results.filter(({ verdict }) => verdict !== "met");
const missed = (results: readonly ThresholdResult[]) =>
  results.filter(({ verdict }) => verdict === "missed").map(({ threshold }) => threshold);

function thresholdsOf(name: string): readonly string[] {
  return (readScenario(name, "/").data as { readonly thresholds: readonly string[] }).thresholds;
}

test("every shipped scenario has thresholds, and a small version", () => {
  expect(Object.keys(SMALL).toSorted()).toEqual(scenarioNames().toSorted());
  for (const name of scenarioNames()) expect(thresholdsOf(name).length, name).toBeGreaterThanOrEqual(3);
});

describe.each(Object.entries(SMALL))("%s", (name, small) => {
  test("each threshold has something that makes its subject worse", () => {
    const covered = new Set(small.worse.flatMap(({ misses }) => misses));
    expect([...covered].toSorted()).toEqual([...thresholdsOf(name)].toSorted());
  });

  test("its small version meets them all", async () => {
    expect(unmet(await run(name, small, {}))).toEqual([]);
  });

  test.each(small.worse.map((worse) => [worse.misses.join(", "), titleOf(worse), worse] as const))(
    "%s is missed with %s",
    async (_misses, _title, worse) => {
      expect(missed(await run(name, small, worse))).toEqual(expect.arrayContaining([...worse.misses]));
    },
  );
});

function titleOf({ fault, set = [] }: Worsening): string {
  return [...(fault === undefined ? [] : [`the planted fault ${fault}`]), ...set].join(", ");
}
