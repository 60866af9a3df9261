/**
 * Holds seeds of swarms in which a rule was once broken, or a checker said so that had no right to: each must end with
 * everything settled, and nothing broken.
 */

import { expect, test } from "vitest";
import { createCheckers } from "../checkers/all.ts";
import { readScenario } from "../cli/scenario-file.ts";
import { judgesOf } from "../exploration/judges.ts";
import { Scenario, type ScenarioText } from "./scenario.ts";
import { drawSwarm } from "./swarm.ts";
import { createSimulation } from "./world.ts";

const SEEDS = [202, 282, 379, 534, 594, 645, 712, 766, 771, 1009, 1344] as const;
const BASE = readScenario("commuter", process.cwd()).data as unknown as ScenarioText;

test.each(SEEDS)(
  "seed %i ends, and breaks no rule",
  (seed) => {
    const scenario = Scenario.parse(drawSwarm(BASE, seed).text);
    const checkers = judgesOf({ createCheckers }, scenario);
    const world = createSimulation(scenario, seed, { folds: checkers });
    while (world.advance(100_000));
    const judgements = checkers.map((checker) => ({ rule: checker.rule, ...checker.finish() }));
    const breaches = judgements.flatMap(({ violations }) =>
      violations.map(({ rule, expected, actual }) => `${rule}: expected ${expected}; ${actual}`),
    );
    expect(breaches).toEqual([]);
    expect(world.progress().phase).toBe("settled");
    expect(judgements.filter(({ exercised }) => exercised > 0).length).toBeGreaterThan(40);
  },
  60_000,
);
