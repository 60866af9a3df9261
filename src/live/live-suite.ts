/**
 * Owns a run of many probes against one live target: some side by side, those that need quiet one after the other
 * behind them; and what each leaves behind is deleted when it is over.
 * Refuses to judge what came of it: verdicts do.
 */

import { freshWatches } from "../conformance/all-probes.ts";
import type { Probe } from "../conformance/probe.ts";
import type { TargetFacts } from "../conformance/target.ts";
import type { Trace } from "../conformance/traces.ts";
import type { RuleId } from "../protocol/rules/registry.ts";
import { type CleanUpOptions, cleanUp, type LeftBehind } from "./clean-up.ts";
import type { SmallFleetRun } from "./fleet-small.ts";
import type { Ledger } from "./ledger.ts";
import type { LiveTarget } from "./live-target.ts";
import { type LiveTrial, type ShrinkBound, tryProbeLive } from "./live-trial.ts";
import { Unreachable } from "./target-http.ts";
import { BudgetSpent } from "./throttle.ts";

export interface SuiteOptions {
  readonly probes: readonly Probe[];
  readonly facts: TargetFacts;
  readonly seed: number;
  /** Of each probe's own number of runs. */
  readonly effort: number;
  /** Probes side by side. */
  readonly lanes: number;
  readonly shrink: ShrinkBound;
  /** What every id of this run begins with. */
  readonly prefix: string;
  readonly ledger: Ledger;
  /** Whether a violation of this rule ends the run. */
  failsFast(rule: RuleId): boolean;
  readonly cleanUp: Omit<CleanUpOptions, "gone">;
  /** A fleet of live devices that acts when the probes are over; undefined: there is none. */
  fleet?(): Promise<SmallFleetRun>;
  /** Told of each probe that is over. */
  tried?(done: number): void;
}

/** With so many things made by probes that are over, they are deleted: listings stay short, and calls few. */
const CLEANED_AT = 100;

/** Somebody pressed Ctrl-C. */
export class Interrupted extends Error {
  override readonly name = "Interrupted";
}

export interface SuiteRun {
  readonly trials: readonly LiveTrial[];
  /** Why it ended before its end; undefined: it did not. */
  readonly ended: "interrupted" | "lost" | "budget" | "fail-fast" | undefined;
  readonly message: string | undefined;
  /** A fault of the suite itself. */
  readonly fault: unknown;
  /** What the fleet came to; undefined: there was none, or the run had ended before. */
  readonly fleet: SmallFleetRun | undefined;
  readonly left: readonly LeftBehind[];
  readonly deleted: number;
}

/** Runs them all; never rejects for what the target does. */
export async function runSuite(target: LiveTarget, options: SuiteOptions): Promise<SuiteRun> {
  const suite = new Suite(target, options);
  await suite.run();
  return await suite.end();
}

class Suite {
  private readonly target: LiveTarget;
  private readonly options: SuiteOptions;
  private readonly trials: LiveTrial[] = [];
  private readonly lanes: Lanes;
  private runs = 0;
  private ended: SuiteRun["ended"];
  private message: string | undefined;
  private fault: unknown;
  private deleted = 0;
  private fleet: SmallFleetRun | undefined;
  /** Runs that are over, and whose records may be there still. */
  private readonly over = new Set<string>();

  constructor(target: LiveTarget, options: SuiteOptions) {
    this.target = target;
    this.options = options;
    this.lanes = new Lanes(options.lanes);
  }

  async run(): Promise<void> {
    const { probes } = this.options;
    const needsQuiet = (probe: Probe): boolean => isAlone(probe, this.options.facts);
    await Promise.all(probes.filter((probe) => !needsQuiet(probe)).map((probe) => this.try(probe)));
    for (const probe of probes.filter(needsQuiet)) await this.try(probe);
    if (this.ended === undefined && this.fault === undefined) await this.runFleet();
  }

  /** What stops it stops the run, as it would in a probe; a fleet that could not be carried on judges nothing. */
  private async runFleet(): Promise<void> {
    this.fleet = await this.options.fleet?.();
    const why = this.fleet?.why;
    const ends = why instanceof Unreachable || why instanceof BudgetSpent || why instanceof Interrupted;
    if (ends) this.breakOff(why);
  }

  /** Deletes all that is there still, and says how it went. */
  async end(): Promise<SuiteRun> {
    const { ledger } = this.options;
    this.target.http.throttle.openReserve();
    await this.target.http.throttle.idle();
    let left: readonly LeftBehind[];
    try {
      left = await this.cleaned(ledger.traces());
    } catch (error) {
      const why = messageOf(error);
      left = ledger.traces().map((trace) => ({ trace, why }));
    }
    const { trials, ended, message, fault, fleet, deleted } = this;
    return { trials, ended, message, fault, fleet, left, deleted };
  }

  private async try(probe: Probe): Promise<void> {
    await this.lanes.enter();
    const mine: string[] = [];
    try {
      if (this.ended !== undefined) return;
      const trial = await tryProbeLive(probe, this.target, this.options.facts, {
        seed: this.options.seed,
        runs: Math.max(1, Math.round(probe.runs * this.options.effort)),
        shrink: this.options.shrink,
        freshRunId: () => {
          const runId = `${this.options.prefix}.${(this.runs++).toString(36)}`;
          mine.push(runId);
          return runId;
        },
        watches: freshWatches,
        goesOn: () => this.ended === undefined,
        resting: (wait) => this.lanes.outside(wait),
      });
      this.trials.push(trial);
      if (trial.broke !== undefined) throw trial.broke;
      if (trial.finding && this.options.failsFast(trial.finding.violation.rule)) this.ended ??= "fail-fast";
      if (this.ended === undefined) await this.cleanNow(mine);
    } catch (error) {
      this.breakOff(error);
    } finally {
      this.lanes.leave();
      this.options.tried?.(this.trials.length);
    }
  }

  private breakOff(error: unknown): void {
    if (this.ended !== undefined && this.ended !== "fail-fast") return;
    if (error instanceof Unreachable) this.ended = "lost";
    else if (error instanceof BudgetSpent) this.ended = "budget";
    else if (error instanceof Interrupted) this.ended = "interrupted";
    else this.fault ??= error;
    this.message = messageOf(error);
    this.target.stop(error instanceof Error ? error : new Error(String(error)));
  }

  private async cleaned(traces: readonly Trace[]): Promise<readonly LeftBehind[]> {
    const { ledger } = this.options;
    return await cleanUp(this.target, traces, {
      ...this.options.cleanUp,
      gone: (trace) => {
        this.deleted++;
        ledger.gone(trace);
      },
    });
  }

  /** Deletes what runs that are over made, when it is worth a call. */
  private async cleanNow(runIds: readonly string[]): Promise<void> {
    for (const runId of runIds) this.over.add(runId);
    const traces = this.options.ledger.traces().filter((trace) => {
      // A create that was not answered is looked for at the end: it may still arrive.
      if (trace.trace === "create") return false;
      const name = trace.trace === "record" ? trace.id : trace.deviceId;
      return this.over.has(name.slice(0, Math.max(0, name.indexOf("-"))));
    });
    if (traces.length < CLEANED_AT) return;
    this.over.clear();
    await this.cleaned(traces);
  }
}

/** A replay that is cut off after fewer changes than this would be cut off by what other probes write. */
const REPLAY_MIN = 2_000;

/** Probes of push share one sink, and what it is told to do; short replays leave no room for others' changes. */
function isAlone({ id, alone, phases }: Probe, { declared }: TargetFacts): boolean {
  const isShort = (declared.replayMax ?? Number.POSITIVE_INFINITY) < REPLAY_MIN;
  return alone === true || phases.includes(4) || (isShort && id.startsWith("events/"));
}

/** Places for so many probes; who waits for something to come gives up its place meanwhile. */
class Lanes {
  private free: number;
  private readonly queue: (() => void)[] = [];

  constructor(count: number) {
    this.free = count;
  }

  async enter(): Promise<void> {
    if (this.free > 0) this.free--;
    else await new Promise<void>((resolve) => this.queue.push(resolve));
  }

  leave(): void {
    const next = this.queue.shift();
    if (next) next();
    else this.free++;
  }

  async outside<T>(wait: () => Promise<T>): Promise<T> {
    this.leave();
    try {
      return await wait();
    } finally {
      // Those that were begun go on before others begin.
      if (this.free > 0) this.free--;
      else await new Promise<void>((resolve) => this.queue.unshift(resolve));
    }
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
