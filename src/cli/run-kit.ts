/**
 * Owns where a run's machinery comes from: world, checkers, metrics. Loaded only when a command needs it.
 * Refuses to use any of it. Tests hand in their own.
 */

import type { Checker } from "../checkers/port.ts";
import type { Ruling } from "../checkers/witness.ts";
import type { MetricsFold } from "../metrics/all.ts";
import type { SeriesMeasure } from "../metrics/series.ts";
import type { Simulation } from "../simulation/port.ts";
import type { Scenario } from "../simulation/scenario.ts";
import type { SimulationOptions } from "../simulation/world.ts";

/** What a simulation is put together from. */
export interface RunKit {
  createSimulation(scenario: Scenario, seed: number, options: SimulationOptions): Simulation;
  createCheckers(ruling?: Ruling): readonly Checker[];
  createMetrics(series?: SeriesMeasure): MetricsFold;
}

/** The real ones. */
export async function loadRunKit(): Promise<RunKit> {
  const [{ createSimulation }, { createCheckers }, { createMetrics }] = await Promise.all([
    import("../simulation/world.ts"),
    import("../checkers/all.ts"),
    import("../metrics/all.ts"),
  ]);
  return { createSimulation, createCheckers, createMetrics };
}

/** The checkers alone, for the catalogue of rules. */
export async function loadCheckers(): Promise<readonly Checker[]> {
  const { createCheckers } = await import("../checkers/all.ts");
  return createCheckers();
}
