import { describe, expect, test } from "vitest";
import { createCheckers } from "../checkers/all.ts";
import { HARDSHIPS, hardDay } from "./hardship.fixture.ts";
import { modeThroughout, type Scenario } from "./scenario.ts";
import type { Strike } from "./strikes.ts";
import { createSimulation } from "./world.ts";

const SEEDS = [1, 2, 3, 4, 5];

interface Survived {
  readonly ended: string;
  readonly violated: readonly string[];
  readonly struck: Readonly<Record<Strike, number>>;
}

/** A run of the reference device and proxy, with every checker that there is. */
function survive(scenario: Scenario, seed: number): Survived {
  const { resolvedBy } = scenario.proxy;
  const checkers = createCheckers({ mode: modeThroughout(scenario), resolvedBy });
  const world = createSimulation(scenario, seed, { folds: checkers });
  while (world.advance(100_000));
  const violated = checkers.flatMap((checker) =>
    checker
      .finish()
      .violations.map(({ rule, expected, actual }) => `${rule}: expected ${expected}; ${actual}`),
  );
  return { ended: world.progress().phase, violated, struck: world.struck() };
}

describe("each fault, strong and alone, is met and survived", () => {
  test.each(HARDSHIPS.map((hardship) => [hardship.name, hardship] as const))("%s", (_name, hardship) => {
    const scenario = hardDay(hardship);
    const runs = SEEDS.map((seed) => survive(scenario, seed));
    for (const run of runs) expect(run).toMatchObject({ ended: "settled", violated: [] });
    for (const strike of hardship.strikes) {
      const times = runs.reduce((sum, { struck }) => sum + struck[strike], 0);
      expect(times, strike).toBeGreaterThan(5);
    }
  });
});

describe("a fault that is off", () => {
  test("never strikes, and those that were always there do", () => {
    const { struck } = survive(hardDay(), 1);
    for (const { strikes } of HARDSHIPS) for (const strike of strikes) expect(struck[strike], strike).toBe(0);
    for (const strike of ["loss", "duplication", "tunnel", "partition", "kill", "push-late"] as const)
      expect(struck[strike], strike).toBeGreaterThan(0);
  });

  test("changes nothing when it is on in name only", () => {
    const digest = (scenario: Scenario): string => {
      const world = createSimulation(scenario, 7, { folds: [] });
      while (world.advance(100_000));
      return world.progress().digest();
    };
    const idle = {
      network: { captive: { perDay: 0, length: { p50: "1h", p99: "2h" } }, middlebox: { headers: [] } },
      tokens: { switchesPerDay: 9 },
      proxy: { cutOffs: { perDay: 5 } },
      workload: { legacy: { editsPerDay: 60 } },
    };
    // One instance alone has nobody to be cut off from.
    expect(digest(hardDay({ text: idle }))).toBe(digest(hardDay()));
  });
});

test("all faults at once are survived", () => {
  const scenario = hardDay(...HARDSHIPS);
  for (const seed of SEEDS) expect(survive(scenario, seed)).toMatchObject({ ended: "settled", violated: [] });
});
