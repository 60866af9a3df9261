/**
 * Owns a made-up outside for commands: streams that remember, a temporary folder, a clock that ticks, a Ctrl-C
 * that tests press; and a made-up simulation that ends how it is told to.
 */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Writable } from "node:stream";
import type { Checker, Violation } from "../checkers/port.ts";
import type { Metrics, MetricsFold } from "../metrics/all.ts";
import { METRICS_OF_A_RUN, START_MS } from "../report/report.fixture.ts";
import type { Progress, Simulation } from "../simulation/port.ts";
import type { Scenario } from "../simulation/scenario.ts";
import type { Io } from "./io.ts";
import { runCli } from "./program.ts";
import type { RunKit } from "./run-kit.ts";

/** A stream that keeps what was written; with columns, a terminal. */
export class FakeOutput extends Writable {
  text = "";
  readonly isTTY: boolean;
  readonly columns?: number;

  constructor(columns?: number) {
    super();
    this.isTTY = columns !== undefined;
    if (columns !== undefined) this.columns = columns;
  }

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.text += chunk.toString();
    done();
    this.emit("written");
  }

  // What a spinner asks of a terminal.
  cursorTo(): boolean {
    return true;
  }
  clearLine(): boolean {
    return true;
  }
  moveCursor(): boolean {
    return true;
  }
}

/** An outside whose every effect can be looked at. */
export class Outside implements Io {
  readonly stdout: FakeOutput;
  readonly stderr: FakeOutput;
  readonly env: Record<string, string | undefined> = {};
  readonly cwd = mkdtempSync(join(tmpdir(), "zeke-sync-"));
  readonly exits: number[] = [];
  private readonly listeners = new Set<() => void>();
  private readonly hangups = new Set<() => void>();
  private clockMs = Date.UTC(2026, 10, 22, 10);

  constructor(columns?: number) {
    this.stdout = new FakeOutput(columns);
    this.stderr = new FakeOutput(columns);
  }

  now(): number {
    this.clockMs += 1_000;
    return this.clockMs;
  }

  onInterrupt(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  onHangup(listener: () => void): () => void {
    this.hangups.add(listener);
    return () => this.hangups.delete(listener);
  }

  /** Sends SIGHUP; says whether anybody listened. */
  hangUp(): boolean {
    for (const listener of this.hangups) listener();
    return this.hangups.size > 0;
  }

  exitNow(code: number): void {
    this.exits.push(code);
  }

  /** Presses Ctrl-C; says whether anybody listened. */
  interrupt(): boolean {
    for (const listener of this.listeners) listener();
    return this.listeners.size > 0;
  }

  get listening(): number {
    return this.listeners.size;
  }

  remove(): void {
    rmSync(this.cwd, { recursive: true, force: true });
  }
}

/** What meets the thresholds of the default scenario. */
const GOOD_METRICS: Metrics = {
  ...METRICS_OF_A_RUN,
  syncLatency: { ...METRICS_OF_A_RUN.syncLatency, cameBack: METRICS_OF_A_RUN.syncLatency.online },
  conflicts: { ...METRICS_OF_A_RUN.conflicts, rate: 0.0132 },
};

/** How the made-up simulation is to behave. */
export interface Fate {
  readonly slices?: number;
  readonly phase?: Progress["phase"];
  readonly violations?: readonly Violation[];
  /** Called before each slice. */
  readonly onSlice?: (slice: number) => void;
}

/** RunKit whose simulation does as `fate` says, and what was asked of them. */
export class FakeRunKit implements RunKit {
  readonly runs: { readonly scenario: Scenario; readonly seed: number }[] = [];
  private readonly fate: Fate;

  constructor(fate: Fate = {}) {
    this.fate = fate;
  }

  createSimulation(scenario: Scenario, seed: number): Simulation {
    this.runs.push({ scenario, seed });
    return new FakeSimulation(scenario, this.fate);
  }

  createCheckers(): readonly Checker[] {
    const violations = this.fate.violations ?? [];
    return ["SYS-1", "QUE-10", "CON-4"].map((rule) => ({
      rule,
      wants: ["edited"],
      fold() {},
      finish: () => ({ exercised: 5, violations: violations.filter((violation) => violation.rule === rule) }),
    }));
  }

  createMetrics(): MetricsFold {
    return { wants: [], fold() {}, merge() {}, result: () => GOOD_METRICS };
  }
}

class FakeSimulation implements Simulation {
  readonly roster: Simulation["roster"];
  readonly startMs = START_MS;
  private readonly durationMs: number;
  private readonly fate: Fate;
  private slice = 0;
  private interrupted = false;

  constructor(scenario: Scenario, fate: Fate) {
    const { accounts, devicesPerAccount } = scenario.fleet;
    this.durationMs = scenario.duration;
    this.fate = fate;
    this.roster = {
      accounts: Array.from({ length: accounts }, (_, account) => ({ name: `a${account}` })),
      devices: Array.from({ length: accounts * devicesPerAccount }, (_, device) => ({
        name: `d${device}`,
        account: Math.floor(device / devicesPerAccount),
      })),
    };
  }

  advance(): boolean {
    this.fate.onSlice?.(this.slice);
    this.slice++;
    return this.slice < (this.fate.slices ?? 3);
  }

  interrupt(): void {
    this.interrupted = true;
  }

  struck(): Readonly<Record<string, number>> {
    return {};
  }

  progress(): Progress {
    const share = Math.min(1, this.slice / (this.fate.slices ?? 3));
    const events = this.slice * 20_000;
    return {
      phase: this.interrupted ? "interrupted" : share < 1 ? "agitate" : (this.fate.phase ?? "settled"),
      simulatedMs: Math.round(share * this.durationMs),
      share,
      events,
      deviceEvents: events / 2,
      facts: events,
      digest: () => "0123456789abcdef",
    };
  }
}

/** Runs one command line in this process. */
export function runFake(
  args: readonly string[],
  io: Outside,
  fate: Fate = {},
  kit: RunKit = new FakeRunKit(fate),
): Promise<number> {
  return runCli(args, io, {
    loadRunKit: () => Promise.resolve(kit),
    loadCheckers: () => Promise.resolve(kit.createCheckers()),
  });
}
