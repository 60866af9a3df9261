/**
 * Owns the report of a live fleet: a simulation's, with a `target` member beside it, and the lines that a terminal shows of it.
 * Refuses to run anything, and to write files.
 */

import { formatInstant } from "../base/time.ts";
import { LEFT_OUT_LIVE } from "../live/fleet-judges.ts";
import type { FleetRun } from "../live/fleet-run.ts";
import type { TargetFigures } from "../live/target-figures.ts";
import { buildReport } from "../report/result.ts";
import type { SimulationReport } from "../report/result-schema.ts";
import { parseThreshold, type Threshold } from "../report/threshold.ts";
import type { Scenario } from "../simulation/scenario.ts";
import type { LiveLoad } from "./fleet-load.ts";
import type { RunFolder } from "./folder.ts";
import type { Io } from "./io.ts";
import { ownVersion } from "./version.ts";

/** Less than this is the grain of a timer, and no delay. */
const OWN_DELAY_MS_MIN = 50;
const UNKNOWN = "unknown (it tells none at /metrics)";

export interface FleetReportInput {
  readonly load: LiveLoad;
  readonly run: FleetRun;
  readonly scenario: Scenario;
  readonly options: { readonly seed: number; readonly speed: number };
  readonly url: string;
  readonly again: string;
  readonly folder: RunFolder;
  readonly startedMs: number;
  readonly io: Io;
  /** Things that the clean-up could not delete. */
  readonly left: number;
  /** What both processes spent on the run. */
  readonly spent: Spent;
}

/** What the run took of both sides. */
export interface Spent {
  readonly cpuSeconds: number;
  /** Undefined where the target does not tell. */
  readonly theirs: TargetFigures | undefined;
}

/** The report; rules that nobody can judge live say so. */
export async function reportOfFleet(input: FleetReportInput): Promise<SimulationReport> {
  const { load, run, scenario, options, url, again, folder, startedMs, io, left, spent } = input;
  const { name, description, fleet, thresholds, ...settings } = scenario;
  const wallMs = io.now() - startedMs;
  const report = buildReport({
    version: ownVersion(),
    again,
    seed: options.seed,
    scenario: {
      name,
      description,
      durationMs: run.agitatedMs,
      phases: load.phases,
      settings: { fleet, ...settings },
    },
    startMs: run.startMs,
    roster: run.roster,
    ended: run.ended === "stopped" ? "interrupted" : run.ended,
    progress: {
      simulatedMs: run.ranMs,
      events: run.facts,
      deviceEvents: run.facts,
      facts: run.facts,
      digest: run.digest,
    },
    judgements: load.judges.finish(load.owns, run.torn?.at),
    metrics: load.metrics.result(),
    series: load.series.result(),
    struck: {},
    thresholds: thresholds.flatMap(understood),
    timing: { runId: folder.runId, startedAt: formatInstant(startedMs), wallMs, node: process.version },
  });
  const { requests, failures, socketsMax, socketsRefused, lateMsMax, late, latencies, torn } = run;
  return {
    ...report,
    rules: report.rules.map((rule) => {
      const why = LEFT_OUT_LIVE.get(rule.id);
      return why !== undefined && rule.verdict === "not exercised" ? { ...rule, reason: why } : rule;
    }),
    fleet: { ...report.fleet, devices: load.devices },
    target: {
      url,
      speed: options.speed,
      requests,
      failures,
      requestsPerSecond: Math.round((requests * 10_000) / Math.max(1, run.ranMs)) / 10,
      latencyMs: {
        ...(latencies.meant && { meant: latencies.meant }),
        ...(latencies.onTheWay && { onTheWay: latencies.onTheWay }),
      },
      sockets: { most: socketsMax, refused: socketsRefused },
      lateMsMax,
      ...(late && { lateMs: late }),
      isOwnDelay: isOwnDelay(run),
      memoryBytes: process.memoryUsage.rss(),
      cpuSeconds: spent.cpuSeconds,
      ...(spent.theirs && { theirs: spent.theirs }),
      left,
      ...(torn === undefined ? {} : { unjudged: torn.why }),
    },
  };
}

/** Where this process alone was late by half of what requests took, it was the limit. */
function isOwnDelay({ late, latencies: { meant } }: FleetRun): boolean {
  return late !== undefined && meant !== undefined && late.p99 * 2 > meant.p99 && late.p99 > OWN_DELAY_MS_MIN;
}

/** The same for a terminal. */
export function targetLines({ target }: SimulationReport): readonly string[] {
  if (target === undefined) return [];
  const {
    url,
    speed,
    requests,
    requestsPerSecond,
    failures,
    latencyMs,
    sockets,
    lateMsMax,
    lateMs,
    isOwnDelay: isOwn,
    memoryBytes,
    cpuSeconds,
    theirs,
    left,
    unjudged,
  } = target;
  const of = (
    figures: { readonly p50: number; readonly p99: number; readonly max: number } | undefined,
  ): string =>
    figures === undefined ? "none" : `p50 ${figures.p50} ms, p99 ${figures.p99} ms, most ${figures.max} ms`;
  return [
    `  target      ${url}, people live ${speed} times as fast`,
    `  requests    ${requests} (${requestsPerSecond} a second), ${failures} without an answer`,
    `  latency     ${of(latencyMs.meant)} from when each was meant to leave`,
    `              ${of(latencyMs.onTheWay)} on the way`,
    `  sockets     ${sockets.most} at once, ${sockets.refused} refused`,
    `  own delay   ${lateMs === undefined ? `at most ${lateMsMax} ms` : of(lateMs)}${isOwn ? ": the latencies are ours for the most part, not the target's" : ""}`,
    `  memory      ours ${mebibytes(memoryBytes)}, the target's ${theirs === undefined ? UNKNOWN : mebibytes(theirs.memoryBytes)}`,
    `  CPU time    ours ${cpuSeconds.toFixed(1)} s, the target's ${theirs === undefined ? UNKNOWN : `${theirs.cpuSeconds.toFixed(1)} s`}`,
    ...(unjudged === undefined
      ? []
      : [`  unjudged    what rests on commits, from some point on: ${unjudged}`]),
    ...(left === 0 ? [] : [`  left behind ${left} things: zeke-sync cleanup takes them away`]),
  ];
}

function mebibytes(bytes: number): string {
  return `${Math.round(bytes / 1_048_576)} MiB`;
}

function understood(text: string): readonly Threshold[] {
  const outcome = parseThreshold(text);
  return outcome.parsed ? [outcome.threshold] : [];
}
