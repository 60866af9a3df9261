/**
 * Owns the end of the command `conformance`: what came is judged, written down and printed, and has an exit code.
 * Refuses to send anything.
 */

import { formatInstant } from "../base/time.ts";
import { PROBES, WATCHED } from "../conformance/all-probes.ts";
import type { Probe } from "../conformance/probe.ts";
import { renamedPaths } from "../conformance/profile.ts";
import type { TargetFacts } from "../conformance/target.ts";
import { judge, probesFor } from "../conformance/verdicts.ts";
import type { SuiteRun } from "../live/live-suite.ts";
import type { LiveTarget } from "../live/live-target.ts";
import { renderJUnit } from "../report/conformance-junit.ts";
import { renderConformanceMarkdown } from "../report/conformance-markdown.ts";
import type { ConformanceReport } from "../report/conformance-result.ts";
import { renderConformance, renderConformanceTrouble } from "../report/conformance-screen.ts";
import { renderConformancePage } from "../report/page-conformance.ts";
import { againCommand, type ConformanceOptions, type Wanted } from "./conformance-options.ts";
import { conformanceReport } from "./conformance-result.ts";
import { counterexamplesOf, replayCommand } from "./conformance-save.ts";
import { EXIT, type ExitCode, gravest } from "./exit.ts";
import { RunFault, stackOf } from "./fault.ts";
import { fleetVerdict } from "./fleet-words.ts";
import { cannotWrite, type RunFolder, writeNamed } from "./folder.ts";
import { type Io, widthOf } from "./io.ts";
import { paintFor } from "./paint.ts";
import { conformanceShard } from "./shard-conformance.ts";

/** What points to the newest run. */
const LATEST_SHOWN = "reports/latest";

export interface Told {
  readonly wanted: Wanted;
  readonly options: ConformanceOptions;
  readonly io: Io;
  readonly facts: TargetFacts;
  readonly run: SuiteRun;
  readonly folder: RunFolder;
  readonly startedMs: number;
  readonly durationMs: number;
  readonly target: LiveTarget;
}

/** Judges what came, writes it down, prints it, and says which code to end with. */
export function tell({
  wanted,
  options,
  io,
  facts,
  run,
  folder,
  startedMs,
  durationMs,
  target,
}: Told): ExitCode {
  if (run.fault !== undefined) {
    folder.write("fault.txt", `${wanted.redact(stackOf(run.fault))}\n`);
    throw new RunFault(run.fault, againCommand(wanted, options), `${folder.shown}/fault.txt`);
  }
  const ended = endedText(run);
  const judgement = judge({
    facts,
    probes: ofShard(facts, wanted, options),
    trials: run.trials,
    selection: wanted.selection,
    baseline: wanted.baseline,
    today: formatInstant(io.now()).slice(0, 10),
    endedBecause: ended,
    allowUnexercised: options.allowUnexercised,
    exercisedBeside: new Map([["API-7", target.http.asked]]),
    fleet: run.fleet && fleetVerdict(run.fleet),
  });
  const report = conformanceReport({
    runId: folder.runId,
    seed: wanted.seed,
    startedMs,
    durationMs,
    url: wanted.url,
    headers: wanted.read.profile.target.headers,
    paths: renamedPaths(wanted.read.profile),
    declared: facts.declared,
    roundTripMs: facts.roundTripMs,
    judgement,
    run,
    ended,
    probesAll: PROBES.length,
    requests: target.http.throttle.sent,
    waitedMs: target.waitedMs,
    again: againCommand(wanted, options),
    replay: (file) =>
      replayCommand(`${options.report === undefined ? LATEST_SHOWN : folder.shown}/${file}`, wanted, options),
    redact: wanted.redact,
  });
  const examples = counterexamplesOf(report, run.trials, facts, wanted);
  const unwritten = whyUnwritten(folder, () => {
    for (const { file, text } of examples) folder.write(file, text);
    const { shard } = options;
    if (shard !== undefined) folder.write(...conformanceShard(report, examples, { ...options, shard }));
    write(report, folder, options, io);
  });
  // The verdict of a long run is still printed when the disk filled up meanwhile.
  show(report, folder, options, io);
  if (unwritten !== undefined) throw unwritten;
  if (run.ended === "lost") io.stderr.write(`the target was lost: ${wanted.redact(run.message ?? "")}\n`);
  return gravest([
    ...(run.ended === "interrupted" ? [EXIT.interrupted] : []),
    ...(run.ended === "lost" ? [EXIT.unreachable] : []),
    ...(report.verdict === "fail" ? [EXIT.violated] : []),
    ...(report.verdict === "inconclusive" ? [EXIT.inconclusive] : []),
  ]);
}

/** Rules whose probes are all in other shards are judged there. */
function ofShard(facts: TargetFacts, { selection }: Wanted, { shard }: ConformanceOptions): readonly Probe[] {
  if (shard === undefined) return PROBES;
  const runnable = probesFor(PROBES, facts, selection, WATCHED);
  const elsewhere = new Set(runnable.filter((_, at) => at % shard.of !== shard.index));
  return PROBES.filter((probe) => !elsewhere.has(probe));
}

function endedText({ ended, message }: SuiteRun): string | undefined {
  switch (ended) {
    case "interrupted":
      return "the run was interrupted";
    case "lost":
      return `the target was lost: ${message ?? ""}`;
    case "budget":
      return `${message ?? "the budget is spent"}: raise limits.requestsMax in the profile`;
    case "fail-fast":
      return "the run ended at the first violation (--fail-fast)";
    case undefined:
      return undefined;
  }
}

/** What stood in the way, as a fault that can be thrown; undefined: nothing. */
function whyUnwritten(folder: RunFolder, write: () => void): unknown {
  try {
    write();
    return undefined;
  } catch (error) {
    return cannotWrite(`the report in ${folder.shown}`, error);
  }
}

function write(report: ConformanceReport, folder: RunFolder, options: ConformanceOptions, io: Io): void {
  const json = `${JSON.stringify(report, undefined, 2)}\n`;
  const junit = renderJUnit(report);
  folder.write("report.json", json);
  folder.write("report.html", renderConformancePage(report));
  folder.write("report.md", renderConformanceMarkdown(report));
  folder.write("junit.xml", junit);
  folder.publish();
  if (options.junit !== undefined) writeNamed(options.junit, junit, io.cwd);
  if (options.json !== undefined && options.json !== "-") writeNamed(options.json, json, io.cwd);
  if (options.json === "-") io.stdout.write(json);
}

function show(report: ConformanceReport, folder: RunFolder, options: ConformanceOptions, io: Io): void {
  if (options.json === "-") return;
  const screen = {
    width: widthOf(io.stdout),
    paint: paintFor(io.stdout, io, options.color),
    folder: folder.shown,
  };
  io.stdout.write((options.quiet ? renderConformanceTrouble : renderConformance)(report, screen));
}
