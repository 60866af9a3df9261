/**
 * Owns the trial of one probe against a live target: the asynchronous twin of conformance/trial.ts. Each run has ids
 * that nobody used before; the first violation is shrunk by fast-check within a bound of tries, requests and time.
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

/** So many runs of a trial that ended without a verdict are run again. */
const RETRIES_MAX = 2;

/** A violation is shrunk for so many tries and so long, by so many requests. */
export interface ShrinkBound {
  readonly triesMax: number;
  readonly msMax: number;
  readonly requestsMax: number;
  /** Requests that all trials together may yet spend on shrinking. */
  readonly purse?: { requestsLeft: number };
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
  let retriesLeft = RETRIES_MAX;
  const attempt = async (value: unknown): Promise<boolean> => {
    // What fails for another reason is no counterexample: the rest of the values is let go.
    if (broke !== undefined || !effort.mayTry()) return true;
    try {
      const desk = new Desk(facts, options.freshRunId(), new Watches(options.watches()));
      const end = await runLive(probe, desk, value, target, options);
      const passes = notes.take(end, desk, value);
      requests += desk.exchanges.length;
      effort.spend(desk.exchanges.length);
      if (!passes) effort.found();
      // A connection may break, an answer be lost: the like of it is tried again, or a rule would go unexercised.
      if (end.end === "discarded" && retriesLeft-- > 0 && effort.grant()) return await attempt(value);
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
    finding: notes.found(outcome.numShrinks),
    path: outcome.counterexamplePath ?? notes.lesserRun?.toString(),
    broke: broke?.error,
  };
}

/** How much may yet be tried, before and after something was found. A try that was begun is ended. */
class Effort {
  private readonly options: LiveTrialOptions;
  private triesLeft: number;
  private untilMs = Number.POSITIVE_INFINITY;
  private requestsLeft = Number.POSITIVE_INFINITY;

  constructor(options: LiveTrialOptions) {
    this.options = options;
    this.triesLeft = options.runs;
  }

  mayTry(): boolean {
    if (!this.options.goesOn() || this.triesLeft-- <= 0 || performance.now() >= this.untilMs) return false;
    return !this.isShrinking || (this.requestsLeft > 0 && this.purseLeft > 0);
  }

  /** One try more, unless something was found already. */
  grant(): boolean {
    if (this.isShrinking) return false;
    this.triesLeft++;
    return true;
  }

  /** After each run: what shrinking costs is counted, what finding costs is not. */
  spend(requests: number): void {
    if (!this.isShrinking) return;
    this.requestsLeft -= requests;
    const { purse } = this.options.shrink;
    if (purse !== undefined) purse.requestsLeft -= requests;
  }

  found(): void {
    if (this.isShrinking) return;
    const { triesMax, msMax, requestsMax } = this.options.shrink;
    this.triesLeft = triesMax;
    this.untilMs = performance.now() + msMax;
    this.requestsLeft = requestsMax;
  }

  private get isShrinking(): boolean {
    return this.untilMs !== Number.POSITIVE_INFINITY;
  }

  private get purseLeft(): number {
    return this.options.shrink.purse?.requestsLeft ?? Number.POSITIVE_INFINITY;
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
