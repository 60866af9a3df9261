/**
 * Owns the draw of a swarm: which faults are on, how strong, and how the run is set, from one seed. A run with
 * everything on tests less than many that each leave some of it out, for faults hide each other (Groce et al., Swarm
 * Testing, 2012).
 * Refuses to run anything, and to know of thresholds: what a mixture of faults costs is nobody's promise.
 */

import { type Prng, stream } from "../base/prng.ts";
import { Scenario, type ScenarioText } from "./scenario.ts";
import { type Knob, type ScenarioValue, SWARM_FAULTS, type SwarmFault } from "./swarm-faults.ts";
import { SWARM_SETTINGS } from "./swarm-settings.ts";

/** One setting of the scenario, and what it is to be. */
export interface Drawn {
  readonly path: string;
  readonly value: ScenarioValue;
}

/** What the seed decided for one fault: on, with these settings, or off. */
interface DrawnFault {
  readonly fault: SwarmFault;
  readonly on: boolean;
  readonly strength: readonly Drawn[];
}

export interface SwarmDraw {
  /** The scenario, as a file would have it. */
  readonly text: ScenarioText;
  readonly faults: readonly DrawnFault[];
  readonly settings: readonly Drawn[];
}

/** Shares of the faults that are on in a run, one of which is drawn: calm runs reach deep, wild ones mix much. */
const DENSITIES = [0.2, 0.35, 0.55];
/** No fault is as good as always on: its absence shows something, too. */
const CHANCE_MAX = 0.8;

/**
 * The scenario that this seed makes of `base`: what a swarm draws is drawn, all else is as `base` has it, thresholds are
 * dropped. Each fault and setting has a stream of its own, so that a new one changes the draw of no other.
 */
export function drawSwarm(base: ScenarioText, seed: number): SwarmDraw {
  const settings = SWARM_SETTINGS.map(({ path, choices }) => ({
    path,
    value: streamOf(seed, path).pick(choices),
  }));
  const set = settings.reduce<Group>((text, drawn) => put(text, drawn.path.split("."), drawn.value), {
    ...base,
    name: `${base.name}-swarm`,
    description: `What seed ${seed} draws, on top of ${base.name}.`,
    thresholds: [],
  });
  const density = streamOf(seed, "density").pick(DENSITIES);
  const scenario = Scenario.parse(set);
  const faults = SWARM_FAULTS.map((fault) => drawFault(fault, density, scenario, seed));
  const text = faults.reduce(turn, set) as unknown as ScenarioText;
  return { text, faults, settings };
}

/** For instance `network.loss=5%`: as `--set` takes it. */
export function notation({ path, value }: Drawn): string {
  return `${path}=${written(value)}`;
}

function drawFault(fault: SwarmFault, density: number, settings: Scenario, seed: number): DrawnFault {
  const random = streamOf(seed, fault.name);
  const chance = Math.min(CHANCE_MAX, density * (fault.weight ?? 1));
  const isDrawn = random.chance(chance);
  if (!isDrawn || fault.fits?.(settings) === false) return { fault, on: false, strength: [] };
  return { fault, on: true, strength: fault.knobs.map((knob) => drawKnob(knob, random)) };
}

function drawKnob({ path, strengths }: Knob, random: Prng): Drawn {
  return { path, value: random.pick(strengths) };
}

function streamOf(seed: number, name: string): Prng {
  return stream(seed, `swarm/${name}`);
}

/** The text with the fault turned on as it was drawn, or off. */
function turn(text: Group, { fault, on, strength }: DrawnFault): Group {
  const off = fault.knobs.flatMap(({ path, off: value }) => (value === undefined ? [] : [{ path, value }]));
  return (on ? strength : off).reduce((turned, { path, value }) => put(turned, path.split("."), value), text);
}

type Group = Readonly<Record<string, unknown>>;

function put(text: Group, [name = "", ...rest]: readonly string[], value: ScenarioValue): Group {
  if (rest.length === 0) return { ...text, [name]: value };
  const inner = text[name];
  return { ...text, [name]: put((inner ?? {}) as Group, rest, value) };
}

/** YAML on one line. */
function written(value: ScenarioValue): string {
  if (typeof value !== "object") return String(value);
  if (isList(value)) return `[${value.map(written).join(", ")}]`;
  return `{${Object.entries(value)
    .map(([name, member]) => `${name}: ${written(member)}`)
    .join(", ")}}`;
}

function isList(value: ScenarioValue): value is readonly ScenarioValue[] {
  return Array.isArray(value);
}
