/**
 * Owns the trial of one probe against a live target: the asynchronous twin of conformance/trial.ts. Each run has ids
 * that nobody used before; the first violation is shrunk by fast-check within a bound of tries and time.
 * Refuses to know why a target cannot be asked any more: that ends the trial, and goes to whoever began it.
 */

import { asyncProperty, check } from "fast-check";
import { assert } from "../base/assert.ts";
import { Desk } from "../conformance/desk.ts";
import type { Probe } from "../conformance/probe.ts";
import { advance, type RunEnd, STEPS_MAX } from "../conformance/run-script.ts";
import type { Effect, EffectResult, TargetFacts } from "../conformance/target.ts";
import { type Trial, TrialNotes } from "../conformance/trial.ts";
import { type Watch, Watches } from "../conformance/watch.ts";
import type { LiveTarget } from "./live-target.ts";

/** A violation is shrunk for so many tries and so long. */
export interface ShrinkBound {
  readonly triesMax: number;
  readonly msMax: number;
}

export interface LiveTrialOptions {
  readonly seed: number;
  /** So many runs. */
  readonly runs: number;
  readonly shrink: ShrinkBound;
  /** The next id of a run: short, of `A-Za-z0-9_.-`, never given before. */
  freshRunId(): string;
  watches(): readonly Watch[];
  /** Asked before each run: whether the suite still goes on. */
  goesOn(): boolean;
  /** Lets go of the place among those that send, while the probe waits for something to come. */
  resting<T>(wait: () => Promise<T>): Promise<T>;
}

/** A probe's trial, and the value at which fast-check can begin again. */
export interface LiveTrial extends Trial {
  /** Sent by all runs together, without upgrades. */
  readonly requests: number;
  /** Of fast-check: `{seed, path}` is the smallest value that was found. */
  readonly path: string | undefined;
  /** What ended it before its end, after something had been found. */
  readonly broke: unknown;
}

/** Runs a probe. Rejects with what the target rejects with, and with what a probe that is at fault throws. */
export async function tryProbeLive(
  probe: Probe,
  target: LiveTarget,
  facts: TargetFacts,
  options: LiveTrialOptions,
): Promise<LiveTrial> {
  const notes = new TrialNotes();
  const effort = new Effort(options);
  let broke: { readonly error: unknown } | undefined;
  let requests = 0;
  const attempt = async (value: unknown): Promise<boolean> => {
    // What fails for another reason is no counterexample: the rest of the values is let go.
    if (broke !== undefined || !effort.mayTry()) return true;
    try {
      const desk = new Desk(facts, options.freshRunId(), new Watches(options.watches()));
      const passes = notes.take(await runLive(probe, desk, value, target, options), desk, value);
      requests += desk.exchanges.length;
      if (!passes) effort.found();
      return passes;
    } catch (error) {
      broke = { error };
      return true;
    }
  };
  const outcome = await check(asyncProperty(probe.values(facts), attempt), {
    seed: options.seed,
    numRuns: options.runs,
  });
  if (broke !== undefined && notes.finding === undefined) throw broke.error;
  return {
    probe,
    requests,
    runs: notes.runs,
    exercised: notes.exercised,
    discarded: notes.discarded,
    finding: notes.finding && { ...notes.finding, shrinks: outcome.numShrinks },
    path: outcome.counterexamplePath ?? undefined,
    broke: broke?.error,
  };
}

/** How much may yet be tried, before and after something was found. */
class Effort {
  private readonly options: LiveTrialOptions;
  private triesLeft: number;
  private untilMs = Number.POSITIVE_INFINITY;

  constructor(options: LiveTrialOptions) {
    this.options = options;
    this.triesLeft = options.runs;
  }

  mayTry(): boolean {
    return this.options.goesOn() && this.triesLeft-- > 0 && performance.now() < this.untilMs;
  }

  found(): void {
    if (this.untilMs !== Number.POSITIVE_INFINITY) return;
    const { triesMax, msMax } = this.options.shrink;
    this.triesLeft = triesMax;
    this.untilMs = performance.now() + msMax;
  }
}

/** One run of a probe's script; its sockets are ended with it, whatever the end. */
async function runLive(
  probe: Probe,
  desk: Desk,
  value: unknown,
  target: LiveTarget,
  { resting }: LiveTrialOptions,
): Promise<RunEnd> {
  const script = probe.script(desk, value);
  const sockets: number[] = [];
  let result: unknown;
  try {
    for (let steps = 0; steps < STEPS_MAX; steps++) {
      const wanted = advance(script, result);
      if ("end" in wanted) return wanted;
      result = waits(wanted) ? await resting(() => target.perform(wanted)) : await target.perform(wanted);
      if (wanted.effect === "open") {
        const upgrade = result as EffectResult["open"];
        if (upgrade.upgrade === "open") sockets.push(upgrade.socket);
      }
    }
    return assert(false, `a script ends within ${STEPS_MAX} steps`) as never;
  } finally {
    for (const socket of sockets) target.drop(socket);
  }
}

function waits({ effect }: Effect): boolean {
  return effect === "watch" || effect === "pushes" || effect === "wait";
}
