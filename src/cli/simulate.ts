/**
 * Owns the command `simulate`: from the scenario's name to the exit code.
 * Refuses to know how any of its steps is done; each has a file of its own.
 */

import { canonicalJson } from "../base/canonical-json.ts";
import { formatInstant } from "../base/time.ts";
import { judgesOf } from "../exploration/judges.ts";
import { renderJson } from "../report/json.ts";
import { renderMarkdown } from "../report/markdown.ts";
import { buildReport, type FinishedRun } from "../report/result.ts";
import type { SimulationReport } from "../report/result-schema.ts";
import { renderScreen, renderTrouble } from "../report/screen.ts";
import { parseThreshold, type Threshold } from "../report/threshold.ts";
import type { Trace } from "../report/trace.ts";
import type { Scenario } from "../simulation/scenario.ts";
import { againCommand, type RunArguments } from "./again.ts";
import { EXIT, type ExitCode, gravest, UsageFault } from "./exit.ts";
import { RunFault, stackOf, tellFault } from "./fault.ts";
import { cannotWrite, checkWritable, openRunFolder, type RunFolder, writeNamed } from "./folder.ts";
import { type Io, widthOf } from "./io.ts";
import { adjust } from "./override.ts";
import { paintFor } from "./paint.ts";
import { type Planted, plant } from "./planted.ts";
import { openProgressLine } from "./progress.ts";
import { carryOut, type Ended } from "./run.ts";
import type { RunKit } from "./run-kit.ts";
import { readScenario } from "./scenario-file.ts";
import { lookAgain } from "./second-look.ts";
import { ShardOfRun } from "./shard-simulate.ts";
import { reportDraw, type Swarm, swarmOf } from "./swarm.ts";
import { ownVersion } from "./version.ts";

/** What the command line asked for. */
export interface SimulateOptions extends RunArguments {
  /** Names of devices whose lives are printed on standard output; all else then goes to standard error. */
  readonly trace: readonly string[];
  /** A file, or `-` for standard output. */
  readonly json: string | undefined;
  readonly report: string | undefined;
  readonly quiet: boolean;
  readonly color: boolean;
}

/** Runs one scenario and says how it ended. UsageFault before anything runs; RunFault when we are at fault. */
export async function simulate(
  options: SimulateOptions,
  io: Io,
  load: () => Promise<RunKit>,
): Promise<ExitCode> {
  const named = readScenario(options.scenario, io.cwd);
  const swarm = options.swarm ? swarmOf(named, options.seed) : undefined;
  const { scenario, notes } = adjust(swarm?.file ?? named, {
    ...options,
    devices: options.devices,
    duration: options.duration,
  });
  const planted = await plant(options.fault);
  const trace = await askedTrace(options, scenario, load);
  if (options.json !== undefined && options.json !== "-") checkWritable(options.json, io.cwd);
  const folder = openRunFolder({
    cwd: io.cwd,
    report: options.report,
    scenario: scenario.name,
    seed: options.seed,
    nowMs: io.now(),
  });
  if (!options.quiet) for (const note of notes) io.stderr.write(`${note}\n`);
  if (planted && !options.quiet)
    io.stderr.write(`planted fault ${planted.fault.name}: ${planted.fault.text}\n`);
  const { report, page, shard, tracing } = await runGuarded(
    { scenario, swarm, planted, trace, folder },
    options,
    io,
    load,
  );
  const written = writeReport(report, page, shard, options, folder, io);
  if (tracing !== undefined) io.stdout.write(tracing);
  print(report, options, folder, io);
  return gravest([written, verdictCode(report)]);
}

/** The trace that was asked for; UsageFault when it names no device, or nothing is left to print it on. */
async function askedTrace(
  { trace, json, seed, shard }: SimulateOptions,
  scenario: Scenario,
  load: () => Promise<RunKit>,
): Promise<Trace | undefined> {
  if (trace.length === 0) return undefined;
  if (json === "-")
    throw new UsageFault("--trace and --json - both print to standard output; give --json a file");
  const [{ openTrace }, kit] = await Promise.all([import("./trace.ts"), load()]);
  // Facts come from the moment at which a run is made. Another one, which never begins, has the same names.
  return openTrace(
    trace,
    kit.createSimulation(scenario, seed, { folds: [], ...(shard && { shard }) }).roster,
  );
}

/** What is to be run, and where its report goes. */
interface Run {
  readonly scenario: Scenario;
  readonly swarm: Swarm | undefined;
  readonly planted: Planted | undefined;
  readonly trace: Trace | undefined;
  readonly folder: RunFolder;
}

/** What a run has come to. */
interface Finished {
  readonly report: SimulationReport;
  /** The same as a page. */
  readonly page: string;
  /** Name and text of what merging takes. */
  readonly shard: readonly [name: string, text: string] | undefined;
  /** The text of the trace, if there is one. */
  readonly tracing: string | undefined;
}

/** An unexpected exception leaves its stack in the run's folder. */
async function runGuarded(
  run: Run,
  options: SimulateOptions,
  io: Io,
  load: () => Promise<RunKit>,
): Promise<Finished> {
  const again = againCommand(options);
  try {
    return await runScenario(run, again, options, io, await load());
  } catch (error) {
    run.folder.write("fault.txt", `${again}\n\n${stackOf(error)}\n\n${canonicalJson(run.scenario)}\n`);
    throw new RunFault(error, again, `${run.folder.shown}/fault.txt`);
  }
}

async function runScenario(
  { scenario, swarm, planted, trace, folder }: Run,
  again: string,
  options: SimulateOptions,
  io: Io,
  kit: RunKit,
): Promise<Finished> {
  const startedMs = io.now();
  const checkers = judgesOf(kit, scenario);
  const [{ createSeries }, { renderPage }] = await Promise.all([
    import("../metrics/series.ts"),
    import("../report/page.ts"),
  ]);
  const series = createSeries();
  const metrics = kit.createMetrics(series);
  const cut = options.shard && new ShardOfRun(options.shard, scenario, options);
  const simulation = kit.createSimulation(scenario, options.seed, {
    folds: [...checkers, metrics, ...(trace ? [trace] : []), ...(cut ? [cut.common] : [])],
    ...(cut && { shard: cut.shard }),
    ...(planted && { parts: planted.parts }),
  });
  const ended = await watched(simulation, scenario.name, options, io);
  const { simulatedMs, events, deviceEvents, facts, digest } = simulation.progress();
  const judgements = checkers.map((checker) => ({ rule: checker.rule, judgement: checker.finish() }));
  const wallMs = io.now() - startedMs;
  const asked = { scenario, fault: planted?.fault.name, shard: cut?.shard };
  const diagrams = await lookAgain(asked, { simulation, ended, judgements }, kit, io, options);
  const built = buildReport({
    version: ownVersion(),
    again,
    seed: options.seed,
    scenario: reportedScenario(scenario, planted),
    ...(swarm && { draw: reportDraw(swarm.draw, options, simulation.struck()) }),
    startMs: simulation.startMs,
    roster: simulation.roster,
    ended,
    progress: { simulatedMs, events, deviceEvents, facts, digest: digest() },
    judgements,
    metrics: metrics.result(),
    series: series.result(),
    diagrams,
    struck: simulation.struck(),
    thresholds: scenario.thresholds.flatMap(understood),
    timing: {
      runId: folder.runId,
      startedAt: formatInstant(startedMs),
      wallMs,
      node: process.version,
    },
  });
  const tracing = trace?.render({
    startMs: simulation.startMs,
    title: again,
    violations: judgements.flatMap(({ judgement }) => judgement.violations),
    paint: paintFor(io.stdout, io, options.color),
  });
  const report = cut?.own(built) ?? built;
  const shard = cut?.file(report, metrics, simulation.roster);
  return { report, page: renderPage(report), shard, tracing };
}

function reportedScenario(scenario: Scenario, planted: Planted | undefined): FinishedRun["scenario"] {
  const { name, description, duration, fleet, thresholds: _, ...settings } = scenario;
  return {
    name,
    description,
    durationMs: duration,
    phases: fleet.phases,
    settings: { duration, fleet, ...settings, ...(planted && { fault: planted.fault.name }) },
  };
}

/** Shows progress; the first Ctrl-C ends the run with what there is, the second ends the process. */
async function watched(
  simulation: ReturnType<RunKit["createSimulation"]>,
  name: string,
  options: SimulateOptions,
  io: Io,
): Promise<Ended> {
  let interrupts = 0;
  const silence = io.onInterrupt(() => {
    interrupts++;
    if (interrupts > 1) io.exitNow(EXIT.interrupted);
  });
  const line = await openProgressLine(io, name, !options.quiet, options.color);
  try {
    return await carryOut(simulation, {
      sliced: () => line.update(simulation.progress()),
      stopped: () => interrupts > 0,
      now: () => io.now(),
    });
  } finally {
    line.stop();
    silence();
  }
}

/** The file's thresholds were found good when it was read. */
function understood(text: string): readonly Threshold[] {
  const outcome = parseThreshold(text);
  return outcome.parsed ? [outcome.threshold] : [];
}

function writeReport(
  report: SimulationReport,
  page: string,
  shard: Finished["shard"],
  options: SimulateOptions,
  folder: RunFolder,
  io: Io,
): ExitCode {
  try {
    folder.write("report.json", renderJson(report));
    folder.write("report.md", renderMarkdown(report));
    folder.write("report.html", page);
    if (shard) folder.write(...shard);
    folder.publish();
    if (options.json !== undefined && options.json !== "-") {
      writeNamed(options.json, renderJson(report), io.cwd);
    }
    return EXIT.good;
  } catch (error) {
    // The result of a long run is still printed when the disk filled up meanwhile.
    return tellFault(cannotWrite(`the report in ${folder.shown}`, error), io);
  }
}

function print(report: SimulationReport, options: SimulateOptions, folder: RunFolder, io: Io): void {
  if (options.json === "-") {
    io.stdout.write(renderJson(report));
    return;
  }
  // A trace has standard output to itself.
  const output = options.trace.length > 0 ? io.stderr : io.stdout;
  const screen = {
    width: widthOf(output),
    paint: paintFor(output, io, options.color),
    folder: folder.shown,
  };
  output.write(options.quiet ? renderTrouble(report, screen) : renderScreen(report, screen));
}

/** What a run that came to this ends with. */
export function verdictCode(report: SimulationReport): ExitCode {
  return gravest([
    ...(report.verdict === "interrupted" ? [EXIT.interrupted] : []),
    ...(report.run.ended === "unsettled" || report.rules.some((rule) => rule.verdict === "violated")
      ? [EXIT.violated]
      : []),
    ...(report.thresholds.some((threshold) => threshold.verdict !== "met") ? [EXIT.threshold] : []),
  ]);
}
