/**
 * Owns the proof of the suite: every planted fault hunted by probes and by small worlds, and the reference, which both
 * must leave in peace. What came of it is data: kills by rule and fault, survivors, rules that kill nothing.
 * Refuses to print, and to run in parallel: `workOf` hands out pieces of plain data that any number of workers may
 * carry out, in any order.
 */

import { assert } from "../base/assert.ts";
import { freshWatches, PROBES } from "../conformance/all-probes.ts";
import type { Probe } from "../conformance/probe.ts";
import { tryProbe } from "../conformance/trial.ts";
import type { Watch } from "../conformance/watch.ts";
import { FAULTS } from "../faults/all.ts";
import type { Fault } from "../faults/fault.ts";
import { RULES } from "../protocol/rules/registry.ts";
import { type Parts, REFERENCE } from "../simulation/parts.ts";
import type { ScenarioText } from "../simulation/scenario.ts";
import { createEngineTarget } from "./engine-target.ts";
import { judgeWorld } from "./judge-world.ts";
import { RIGS, type Rig } from "./rigs.ts";

/** What is proven, and how hard. Everything but the seed may be left out. */
export interface ProofOptions {
  readonly seed: number;
  readonly probes?: readonly Probe[];
  readonly faults?: readonly Fault[];
  readonly rigs?: readonly Rig[];
  watches?(): readonly Watch[];
  /** Of each probe's own number of runs; 1 by default. */
  readonly effort?: number;
  /** Seeds that a probe of the fault's own rule is tried under, one after the other, until it catches; 1 by default. */
  readonly attempts?: number;
  /** Goes on after the first kill under a fault's own rule: the whole matrix. */
  readonly full?: boolean;
}

/** One piece of a proof. */
export type Work =
  | { readonly work: "probes"; readonly fault: string }
  | { readonly work: "world"; readonly fault: string }
  | { readonly work: "clean-rig"; readonly rig: string }
  /** The reference in the world of this fault. Faults that share a world have one such piece. */
  | { readonly work: "clean-world"; readonly fault: string };

/** A rule that was seen to be broken, and by what: a probe's id, or `simulation`. */
interface Kill {
  readonly rule: string;
  readonly by: string;
}

/** What a piece came to. */
export type Piece =
  | {
      readonly piece: "hunted";
      readonly fault: string;
      readonly kills: readonly Kill[];
      /** Probes tried, or 1 for a world. */
      readonly tried: number;
      /** The target broke down: a fault that does this proves nothing. */
      readonly crashed: string | undefined;
    }
  /** `verdicts` against the reference; `where` is a rig or a fault's world. */
  | { readonly piece: "clean"; readonly where: string; readonly verdicts: readonly Kill[] };

/** What was proven, and what not. */
export interface Proof {
  readonly hunts: readonly Hunt[];
  /** Faults that nothing catches under their own rule, nor under one that they name. */
  readonly survivors: readonly string[];
  /** Caught, but not under the rule that they are planted for. */
  readonly notUnderOwnRule: readonly string[];
  /** Caught under rules that they do not name, and under no other. */
  readonly onlyUnderOthers: readonly string[];
  readonly crashed: readonly string[];
  /** Rules of the proxy, the device and the whole that caught no fault. */
  readonly idleRules: readonly string[];
  readonly againstReference: readonly (Kill & { readonly where: string })[];
  /** Nothing in any of the lists above. */
  readonly holds: boolean;
}

/** One fault, and all that caught it. */
interface Hunt {
  readonly fault: Fault;
  readonly kills: readonly Kill[];
  readonly tried: number;
}

const SIMULATION = "simulation";

/** The pieces of a proof, the long ones first. */
export function workOf(options: ProofOptions): readonly Work[] {
  const { faults = FAULTS, rigs = RIGS } = options;
  const worlds = new Map<string, string>();
  for (const { name, trigger } of faults) {
    const text = JSON.stringify(trigger);
    if (trigger !== undefined && !worlds.has(text)) worlds.set(text, name);
  }
  return [
    ...rigs.map(({ name }): Work => ({ work: "clean-rig", rig: name })),
    ...[...worlds.values()].map((fault): Work => ({ work: "clean-world", fault })),
    ...faults.filter(({ trigger }) => trigger).map(({ name }): Work => ({ work: "world", fault: name })),
    ...faults.filter(({ rig }) => rig).map(({ name }): Work => ({ work: "probes", fault: name })),
  ];
}

/** Carries out one piece. The same piece and options come to the same, wherever it is done. */
export function carryOut(work: Work, options: ProofOptions): Piece {
  switch (work.work) {
    case "probes":
      return huntByProbes(faultOf(work.fault, options), options);
    case "world": {
      const fault = faultOf(work.fault, options);
      return guarded(fault, (kills) => {
        kills.push(...killsOf(judgeWorld(worldOf(fault), fault.plant(REFERENCE)).broken));
        return 1;
      });
    }
    case "clean-rig":
      return { piece: "clean", where: work.rig, verdicts: verdictsOn(rigOf(work.rig, options), options) };
    case "clean-world": {
      const { broken } = judgeWorld(worldOf(faultOf(work.fault, options)), REFERENCE);
      return { piece: "clean", where: `the world of ${work.fault}`, verdicts: killsOf(broken) };
    }
  }
}

/** Puts the pieces together. */
export function sumUp(pieces: readonly Piece[], options: ProofOptions): Proof {
  const hunts = (options.faults ?? FAULTS).map((fault) => huntOf(fault, pieces));
  const killed = new Set(hunts.flatMap(({ kills }) => kills.map(({ rule }) => rule)));
  const namesOf = (wanted: readonly Hunt[]): readonly string[] => wanted.map(({ fault }) => fault.name);
  const isNamed = ({ fault, kills }: Hunt): boolean => kills.some(({ rule }) => fault.rules.includes(rule));
  const isOwn = ({ fault, kills }: Hunt): boolean => kills.some(({ rule }) => rule === fault.rules[0]);
  const survivors = namesOf(hunts.filter(({ kills }) => kills.length === 0));
  const onlyUnderOthers = namesOf(hunts.filter((hunt) => hunt.kills.length > 0 && !isNamed(hunt)));
  const notUnderOwnRule = namesOf(hunts.filter((hunt) => isNamed(hunt) && !isOwn(hunt)));
  const idleRules = RULES.filter(({ id, side }) => side !== "R" && !killed.has(id)).map(({ id }) => id);
  const crashed = pieces.flatMap((piece) =>
    piece.piece === "hunted" && piece.crashed !== undefined ? [`${piece.fault}: ${piece.crashed}`] : [],
  );
  const againstReference = pieces.flatMap((piece) =>
    piece.piece === "clean" ? piece.verdicts.map((verdict) => ({ ...verdict, where: piece.where })) : [],
  );
  const troubles = [survivors, onlyUnderOthers, notUnderOwnRule, idleRules, crashed, againstReference];
  const holds = troubles.every((list) => list.length === 0);
  return { hunts, survivors, notUnderOwnRule, onlyUnderOthers, crashed, idleRules, againstReference, holds };
}

/** The whole proof, one piece after the other. */
export function prove(options: ProofOptions): Proof {
  return sumUp(
    workOf(options).map((work) => carryOut(work, options)),
    options,
  );
}

/** The matrix: for each rule the faults that it caught, in the order of both registries. */
export function killMatrix({ hunts }: Proof): ReadonlyMap<string, readonly string[]> {
  return new Map(
    RULES.map(({ id }) => [
      id,
      hunts.filter(({ kills }) => kills.some(({ rule }) => rule === id)).map(({ fault }) => fault.name),
    ]),
  );
}

/**
 * Probes of the fault's own rule come first, then those of another that it names, then all others. Only the first are
 * tried under more than one seed.
 */
function huntByProbes(fault: Fault, options: ProofOptions): Piece {
  const { seed, effort = 1, attempts = 1, full = false, watches = freshWatches } = options;
  const [own = ""] = fault.rules;
  return guarded(fault, (kills) => {
    const makeTarget = targetsOf(rigOf(fault.rig ?? "plain", options), () => fault.plant(REFERENCE));
    const { facts } = makeTarget();
    let tried = 0;
    for (const { probe, near } of byNearness(fault, options.probes ?? PROBES)) {
      if (probe.needs?.(facts) !== undefined) continue;
      tried++;
      for (let attempt = 0; attempt < (near === 0 ? attempts : 1); attempt++) {
        const { finding } = tryProbe(probe, makeTarget, { seed: seed + attempt, effort, watches });
        if (finding === undefined) continue;
        kills.push({ rule: finding.violation.rule, by: probe.id });
        if (finding.violation.rule === own) break;
      }
      if (!full && kills.some(({ rule }) => rule === own)) break;
    }
    return tried;
  });
}

function byNearness({ rules }: Fault, probes: readonly Probe[]) {
  const nearness = (probe: Probe): number => {
    if (probe.rules.some((rule) => rule === rules[0])) return 0;
    return probe.rules.some((rule) => rules.includes(rule)) ? 1 : 2;
  };
  const ordered = probes.map((probe, at) => ({ probe, at, near: nearness(probe) }));
  return ordered.sort((left, right) => left.near - right.near || left.at - right.at);
}

/** A target may break down under a fault: that is not a kill, and not the end of the proof. */
function guarded(fault: Fault, hunt: (kills: Kill[]) => number): Piece {
  const kills: Kill[] = [];
  try {
    const tried = hunt(kills);
    return { piece: "hunted", fault: fault.name, kills, tried, crashed: undefined };
  } catch (error) {
    const crashed = error instanceof Error ? error.message : String(error);
    return { piece: "hunted", fault: fault.name, kills, tried: 0, crashed };
  }
}

/** Every probe on a rig of the reference. */
function verdictsOn(rig: Rig, { probes = PROBES, seed, effort = 1, watches = freshWatches }: ProofOptions) {
  const makeTarget = targetsOf(rig, () => REFERENCE);
  const { facts } = makeTarget();
  const verdicts: Kill[] = [];
  for (const probe of probes) {
    if (probe.needs?.(facts) !== undefined) continue;
    const { finding } = tryProbe(probe, makeTarget, { seed, effort, watches });
    if (finding) verdicts.push({ rule: finding.violation.rule, by: probe.id });
  }
  return verdicts;
}

function targetsOf({ config, instances }: Rig, makeParts: () => Parts) {
  return () => createEngineTarget({ config, instances, parts: makeParts() });
}

function huntOf(fault: Fault, pieces: readonly Piece[]): Hunt {
  const own = pieces.filter((piece) => piece.piece === "hunted" && piece.fault === fault.name);
  const kills = own.flatMap((piece) => (piece.piece === "hunted" ? piece.kills : []));
  const tried = own.reduce((sum, piece) => sum + (piece.piece === "hunted" ? piece.tried : 0), 0);
  return { fault, kills, tried };
}

function killsOf(broken: ReadonlyMap<string, number>): readonly Kill[] {
  return [...broken.keys()].map((rule) => ({ rule, by: SIMULATION }));
}

function faultOf(name: string, { faults = FAULTS }: ProofOptions): Fault {
  const fault = faults.find((one) => one.name === name);
  assert(fault !== undefined, `the fault ${name} is there`);
  return fault;
}

function rigOf(name: string, { rigs = RIGS }: ProofOptions): Rig {
  const rig = rigs.find((one) => one.name === name);
  assert(rig !== undefined, `the rig ${name} is there`);
  return rig;
}

function worldOf({ name, trigger }: Fault): ScenarioText {
  assert(trigger !== undefined, `the fault ${name} has a world`);
  return trigger;
}
