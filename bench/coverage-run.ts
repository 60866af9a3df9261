/**
 * Owns one run of a swarm, judged as `simulate --swarm` does it, and what it says about coverage.
 * Refuses to sum up. As the main module of a worker thread it runs each seed that it is sent.
 */

import { parentPort } from "node:worker_threads";
import { adjust } from "../src/cli/override.ts";
import { loadRunKit } from "../src/cli/run-kit.ts";
import { readScenario } from "../src/cli/scenario-file.ts";
import { swarmOf } from "../src/cli/swarm.ts";
import { judgesOf } from "../src/exploration/judges.ts";

const SLICE = 100_000;

/** What a worker is asked. */
export interface Order {
  readonly scenario: string;
  readonly seed: number;
}

/** What one run showed. */
export interface Outcome {
  readonly seed: number;
  readonly ended: string;
  readonly digest: string;
  readonly struck: Readonly<Record<string, number>>;
  readonly rules: readonly {
    readonly rule: string;
    readonly exercised: number;
    /** The first breach in a line; undefined when there is none. */
    readonly breach?: string;
  }[];
}

/** Runs the swarm of this seed to its end. */
export async function runSeed({ scenario: name, seed }: Order): Promise<Outcome> {
  const kit = await loadRunKit();
  const { file } = swarmOf(readScenario(name, process.cwd()), seed);
  const { scenario } = adjust(file, { set: [], devices: undefined, duration: undefined });
  const checkers = judgesOf(kit, scenario);
  const simulation = kit.createSimulation(scenario, seed, { folds: checkers });
  while (simulation.advance(SLICE));
  const { phase, digest } = simulation.progress();
  const rules = checkers.map((checker) => {
    const { exercised, violations } = checker.finish();
    const [first] = violations;
    return {
      rule: checker.rule,
      exercised,
      ...(first && { breach: `expected ${first.expected}; ${first.actual}` }),
    };
  });
  return { seed, ended: phase, digest: digest(), struck: simulation.struck(), rules };
}

parentPort?.on("message", (order: Order) => {
  void runSeed(order).then(
    (outcome) => parentPort?.postMessage(outcome),
    (error: unknown) =>
      parentPort?.postMessage({ seed: order.seed, crash: String((error as Error).stack ?? error) }),
  );
});
