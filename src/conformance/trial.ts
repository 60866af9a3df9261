/**
 * Owns the trial of one probe against a target in memory: values drawn from a seed, each a run, the first violation
 * shrunk by fast-check under its own rule.
 * Refuses to know which target: it is handed a maker of fresh ones.
 */

import { check, property } from "fast-check";
import { assert } from "../base/assert.ts";
import type { RuleId } from "../protocol/rules/registry.ts";
import { Desk, type Exchange } from "./desk.ts";
import type { Probe, Violation } from "./probe.ts";
import { type RunEnd, runScript } from "./run-script.ts";
import type { MemoryTarget, SeenFrame } from "./target.ts";
import { type Watch, Watches } from "./watch.ts";

/** What a socket brought. */
export interface HeardFrames {
  readonly by: string;
  readonly path: string;
  readonly frames: readonly SeenFrame[];
  /** undefined: it was open still. */
  readonly closeCode: number | undefined;
}

/** What was found, with the smallest value that shows it. */
export interface Finding {
  readonly violation: Violation;
  readonly value: unknown;
  /** Of the smallest run: its ids begin with this and a dash. */
  readonly runId: string;
  /** What was sent and answered in the smallest run. */
  readonly exchanges: readonly Exchange[];
  /** What came over the sockets of the smallest run, as far as it looked. */
  readonly sockets: readonly HeardFrames[];
  /** Exchanges of the run that first showed it. */
  readonly exchangesFirst: number;
  readonly shrinks: number;
  /** A watch saw it, and the runs went on: nothing else of the probe was cut short. */
  readonly beside?: boolean;
  /** What led to it, in words, where no exchanges of a probe do. */
  readonly told?: readonly string[];
}

export interface Trial {
  readonly probe: Probe;
  readonly runs: number;
  /** Runs in which each rule was put to the test, up to the first violation. */
  readonly exercised: ReadonlyMap<RuleId, number>;
  /** Why runs ended without a verdict, and how often. */
  readonly discarded: ReadonlyMap<string, number>;
  readonly finding: Finding | undefined;
}

export interface TrialOptions {
  readonly seed: number;
  /** Of the probe's own number of runs; 1 by default. */
  readonly effort?: number;
  /** Tries that shrinking may take; without end by default. */
  readonly shrinkTriesMax?: number;
  /** Called once for each run: watches remember. */
  watches(): readonly Watch[];
}

/** Runs a probe; `makeTarget` is called once for each run. */
export function tryProbe(probe: Probe, makeTarget: () => MemoryTarget, options: TrialOptions): Trial {
  const notes = new TrialNotes();
  const { facts } = makeTarget();
  const runs = Math.max(1, Math.round(probe.runs * (options.effort ?? 1)));
  let triesLeft = options.shrinkTriesMax ?? Number.POSITIVE_INFINITY;
  const attempt = (value: unknown): boolean => {
    if (notes.finding !== undefined && triesLeft-- <= 0) return true;
    const desk = new Desk(facts, `r${notes.runs}`, new Watches(options.watches()));
    return notes.take(runScript(probe.script(desk, value), makeTarget()), desk, value);
  };
  const outcome = check(property(probe.values(facts), attempt), { seed: options.seed, numRuns: runs });
  // A script that throws is a fault of the suite, and no finding.
  const broke = notes.finding === undefined && outcome.failed ? String(outcome.errorInstance) : undefined;
  assert(broke === undefined, `the probe ${probe.id} runs: ${broke}`);
  return {
    probe,
    runs: notes.runs,
    exercised: notes.exercised,
    discarded: notes.discarded,
    finding: notes.found(outcome.numShrinks),
  };
}

/** What the runs of a trial left behind; for drivers that wait, too. */
export class TrialNotes {
  runs = 0;
  readonly exercised = new Map<RuleId, number>();
  readonly discarded = new Map<string, number>();
  finding: Omit<Finding, "shrinks"> | undefined;
  /** What only should be and a watch saw broken, where nothing worse was found: no run ends by it, none is shrunk. */
  lesser: Omit<Finding, "shrinks"> | undefined;
  /** The run that showed it, from 0: where nothing was shrunk, fast-check has its value there. */
  lesserRun: number | undefined;

  /** Takes the end of one run; true unless it shows the trial's violation. Another rule's is not the same finding. */
  take(end: RunEnd, desk: Desk, value: unknown): boolean {
    this.runs++;
    if (this.finding === undefined) this.count(end, desk);
    if (end.end !== "violated") {
      if (desk.lesser !== undefined && this.lesser === undefined) {
        const seen = findingOf(desk.lesser, desk, value);
        const exchanges = desk.exchanges.slice(0, desk.lesserAt);
        this.lesser = { ...seen, exchanges, exchangesFirst: exchanges.length, beside: true };
        this.lesserRun = this.runs - 1;
      }
      return true;
    }
    const { violation } = end;
    if (this.finding !== undefined && this.finding.violation.rule !== violation.rule) return true;
    const exchangesFirst = this.finding?.exchangesFirst ?? desk.exchanges.length;
    this.finding = { ...findingOf(violation, desk, value), exchangesFirst };
    return false;
  }

  /** What the trial found; undefined: nothing. */
  found(shrinks: number): Finding | undefined {
    const finding = this.finding ?? this.lesser;
    return finding && { ...finding, shrinks };
  }

  private count(end: RunEnd, desk: Desk): void {
    for (const rule of desk.exercised.keys()) this.exercised.set(rule, (this.exercised.get(rule) ?? 0) + 1);
    if (end.end === "discarded") this.discarded.set(end.reason, (this.discarded.get(end.reason) ?? 0) + 1);
  }
}

function findingOf(violation: Violation, desk: Desk, value: unknown): Omit<Finding, "shrinks"> {
  const { runId, exchanges } = desk;
  return {
    ...{ violation, value, runId, exchanges, sockets: framesHeard(desk) },
    exchangesFirst: exchanges.length,
  };
}

/** The frames as they are now: a view goes on growing. */
export function framesHeard({ sockets }: Desk): readonly HeardFrames[] {
  return [...sockets.values()].map(({ actor, path, view }) => ({
    by: actor.name,
    path,
    frames: [...(view?.frames ?? [])],
    closeCode: view?.closeCode,
  }));
}
