/**
 * Owns looking a second time at a run that broke a rule: the same again, without judges, to see what led to it.
 * Refuses to look longer than a person likes to wait; a violation that comes later is drawn from its evidence alone.
 */

import type { Violation } from "../checkers/port.ts";
import type { Diagram } from "../report/space-time.ts";
import type { SecondLook } from "../report/violation-diagrams.ts";
import type { Simulation } from "../simulation/port.ts";
import type { Scenario } from "../simulation/scenario.ts";
import type { SimulationOptions } from "../simulation/world.ts";
import type { Io } from "./io.ts";
import { plant } from "./planted.ts";
import { openProgressLine } from "./progress.ts";
import type { Ended } from "./run.ts";
import type { RunKit } from "./run-kit.ts";

/** Events of the second look: some seconds. Counted, not timed, so that one seed gives one report. */
const EVENTS_MAX = 1_000_000;
const SLICE_EVENTS = 2_000;

/** What was asked for. */
export interface AskedRun {
  readonly scenario: Scenario;
  /** The name of a planted fault. */
  readonly fault: string | undefined;
  readonly shard: SimulationOptions["shard"] | undefined;
}

/** What came of it. */
export interface EndedRun {
  readonly simulation: Pick<Simulation, "roster" | "startMs">;
  readonly ended: Ended;
  readonly judgements: readonly { readonly judgement: { readonly violations: readonly Violation[] } }[];
}

/** A diagram of the first violation of each broken rule; empty when none was broken. Ctrl-C ends the looking, not the report. */
export async function lookAgain(
  asked: AskedRun,
  run: EndedRun,
  kit: RunKit,
  io: Io,
  options: { readonly seed: number; readonly quiet: boolean; readonly color: boolean },
): Promise<ReadonlyMap<Violation, Diagram>> {
  const broken = run.judgements.some(({ judgement }) => judgement.violations.length > 0);
  if (!broken) return new Map();
  const { SecondLook, worthDrawing } = await import("../report/violation-diagrams.ts");
  const look = new SecondLook(worthDrawing(run.judgements));
  if (run.ended !== "interrupted") {
    // The parts of a fault may remember what they did: the second run needs new ones.
    const planted = await plant(asked.fault);
    const simulation = kit.createSimulation(asked.scenario, options.seed, {
      folds: [look],
      ...(asked.shard && { shard: asked.shard }),
      ...(planted && { parts: planted.parts }),
    });
    const line = await openProgressLine(io, "what led to it", !options.quiet, options.color);
    try {
      await advanceTo(look, simulation, io, () => line.update(simulation.progress()));
    } finally {
      line.stop();
    }
  }
  return look.diagrams(run.simulation.roster, run.simulation.startMs);
}

async function advanceTo(
  look: SecondLook,
  simulation: Simulation,
  io: Io,
  sliced: () => void,
): Promise<void> {
  let stopped = false;
  const silence = io.onInterrupt(() => {
    stopped = true;
  });
  try {
    while (!stopped && simulation.advance(SLICE_EVENTS)) {
      sliced();
      const { events, simulatedMs } = simulation.progress();
      if (events >= EVENTS_MAX || simulation.startMs + simulatedMs > look.untilMs) return;
      await new Promise((resolve) => setImmediate(resolve));
    }
  } finally {
    silence();
  }
}
