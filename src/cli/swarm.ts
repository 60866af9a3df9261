/**
 * Owns the swarm on the command line: the scenario that a seed draws on top of a file, and the draw as reports tell it.
 * Refuses to draw.
 */

import type { SimulationReport } from "../report/result-schema.ts";
import type { ScenarioText } from "../simulation/scenario.ts";
import { drawSwarm, notation, type SwarmDraw } from "../simulation/swarm.ts";
import type { RunArguments } from "./again.ts";
import type { ScenarioFile } from "./scenario-file.ts";

/** A file, with what was drawn in it. */
export interface Swarm {
  readonly file: ScenarioFile;
  readonly draw: SwarmDraw;
}

/** What the seed makes of a scenario file; `--set` and its like come on top of it. */
export function swarmOf(file: ScenarioFile, seed: number): Swarm {
  // The file was found good when it was read.
  const draw = drawSwarm(file.data as unknown as ScenarioText, seed);
  return { file: { path: file.path, data: draw.text as unknown as ScenarioFile["data"] }, draw };
}

/** The draw for a report: what the command line overruled is left out, for it was not drawn. */
export function reportDraw(
  { faults, settings }: SwarmDraw,
  { set, devices, duration }: Pick<RunArguments, "set" | "devices" | "duration">,
  struck: Readonly<Record<string, number>>,
): NonNullable<SimulationReport["draw"]> {
  const overruled = [
    ...set.map((change) => change.slice(0, change.indexOf("=")).trim()),
    ...(devices === undefined ? [] : ["fleet.accounts"]),
    ...(duration === undefined ? [] : ["duration"]),
  ];
  const isDrawn = ({ path }: { readonly path: string }) =>
    !overruled.some(
      (other) => other === path || `${path}.`.startsWith(`${other}.`) || other.startsWith(`${path}.`),
    );
  return {
    settings: settings.filter(isDrawn).map(notation),
    faults: faults.map(({ fault, on, strength }) => ({
      name: fault.name,
      on,
      strength: strength.filter(isDrawn).map(notation),
      struck: fault.strikes.reduce((sum, strike) => sum + (struck[strike] ?? 0), 0),
    })),
  };
}
