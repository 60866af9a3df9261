/**
 * Owns the command `compare --phases`: one workload at each stage of the roadmap, and what its twenty promises come to.
 * Refuses to know how anything is measured and judged.
 */

import { writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { formatInstant } from "../base/time.ts";
import type { Metrics } from "../metrics/all.ts";
import { createEditFates } from "../metrics/edit-fates.ts";
import { createEditsMade, madeInAll } from "../metrics/edits-made.ts";
import { createFreshness } from "../metrics/freshness.ts";
import { createOverwrites } from "../metrics/overwrites.ts";
import { createReach } from "../metrics/reach.ts";
import { createTransfers } from "../metrics/transfers.ts";
import { buildPhasesReport, type PhasesReport, renderPhasesJson } from "../report/compare-phases.ts";
import { renderPhasesMarkdown, renderPhasesScreen } from "../report/compare-phases-text.ts";
import { type Size, STAGES, type Stage, type StageName } from "../report/compare-stage.ts";
import type { Action } from "../simulation/plan.ts";
import type { Scenario } from "../simulation/scenario.ts";
import { scriptOf, withoutWorkload } from "../simulation/script.ts";
import { quoted } from "./again.ts";
import { chooseWorkload, SIZES, sizedWorkload } from "./compare-workload.ts";
import { EXIT, type ExitCode } from "./exit.ts";
import { cannotWrite, checkWritable, openRunFolder } from "./folder.ts";
import { type Io, widthOf } from "./io.ts";
import { paintFor } from "./paint.ts";
import { openStatusLine, type StatusLine } from "./progress.ts";
import { carryOut } from "./run.ts";
import type { RunKit } from "./run-kit.ts";
import { ownVersion } from "./version.ts";

/** Stages at which growth is measured: those that row is about. */
const GROWN: ReadonlySet<StageName> = new Set(["today", "1-4", "1-5"]);

export interface ComparePhasesOptions {
  readonly scenario: string | undefined;
  readonly seed: number;
  readonly devices: number | undefined;
  readonly duration: string | undefined;
  readonly set: readonly string[];
  readonly json: string | undefined;
  readonly report: string | undefined;
  readonly quiet: boolean;
  readonly color: boolean;
}

/** Compares the stages and prints it. What the figures do not bear out is told, and fails nothing. */
export async function comparePhases(
  options: ComparePhasesOptions,
  io: Io,
  load: () => Promise<RunKit>,
): Promise<ExitCode> {
  const { scenario, notes } = chooseWorkload(options, io.cwd);
  if (options.json !== undefined && options.json !== "-") checkWritable(options.json, io.cwd);
  const folder = openRunFolder({
    cwd: io.cwd,
    report: options.report,
    scenario: `compare-${scenario.name}`,
    seed: options.seed,
    nowMs: io.now(),
  });
  if (!options.quiet) for (const note of notes) io.stderr.write(`${note}\n`);
  const report = await runStages(scenario, options, io, await load());
  if (report === undefined) {
    io.stderr.write("interrupted: the stages can only be compared when all of them have run\n");
    return EXIT.interrupted;
  }
  try {
    folder.write("compare.json", renderPhasesJson(report));
    folder.write("compare.md", renderPhasesMarkdown(report));
    if (options.json !== undefined && options.json !== "-")
      writeFileSync(resolve(io.cwd, options.json), renderPhasesJson(report));
  } catch (error) {
    throw cannotWrite(`the report in ${folder.shown}`, error);
  }
  if (options.json === "-") io.stdout.write(renderPhasesJson(report));
  else if (!options.quiet) {
    const paint = paintFor(io.stdout, io, options.color);
    io.stdout.write(renderPhasesScreen(report, { width: widthOf(io.stdout), paint, folder: folder.shown }));
  }
  return EXIT.good;
}

/** What the runs share. */
interface Runs {
  readonly kit: RunKit;
  readonly seed: number;
  readonly io: Io;
  readonly line: StatusLine;
  readonly stopped: () => boolean;
}

/** Undefined when it was interrupted. */
async function runStages(
  scenario: Scenario,
  options: ComparePhasesOptions,
  io: Io,
  kit: RunKit,
): Promise<PhasesReport | undefined> {
  const startedMs = io.now();
  let interrupts = 0;
  const silence = io.onInterrupt(() => {
    interrupts++;
    if (interrupts > 1) io.exitNow(EXIT.interrupted);
  });
  const line = await openStatusLine(io, "compare", !options.quiet, options.color);
  const { seed } = options;
  const runs: Runs = { kit, seed, io, line, stopped: () => interrupts > 0 };
  const actions = scriptOf(scenario, seed);
  const stages: Stage[] = [];
  const made: ReadonlySet<string>[] = [];
  const digests: Record<string, string> = {};
  try {
    for (const stage of STAGES) {
      const run = await runStage(runs, stage, scenario, actions);
      const sizes = run && (await runSizes(runs, stage, scenario));
      if (!run || !sizes) return undefined;
      stages.push({ ...run.stage, sizes });
      made.push(run.made);
      digests[stage.name] = run.digest;
    }
  } finally {
    line.stop();
    silence();
  }
  const { accounts, devicesPerAccount } = scenario.fleet;
  const sized = sizedWorkload(scenario, 0);
  const { name, description: _description, ...settings } = scenario;
  return buildPhasesReport(
    {
      version: ownVersion(),
      again: againCommand(options),
      seed,
      scenario: { name, settings },
      accounts,
      devices: accounts * devicesPerAccount,
      durationMs: scenario.duration,
      actions: actions.length,
      edits: stages.map((stage, index) => ({ stage: stage.name, made: made[index]?.size ?? 0 })),
      editsInAll: madeInAll(made),
      sizes: {
        accounts: sized.fleet.accounts,
        devices: sized.fleet.accounts * sized.fleet.devicesPerAccount,
        durationMs: sized.duration,
      },
      digests,
      timing: {
        startedAt: formatInstant(startedMs),
        wallMs: io.now() - startedMs,
        node: process.version,
      },
    },
    stages,
  );
}

interface Ran {
  readonly stage: Stage;
  readonly made: ReadonlySet<string>;
  readonly digest: string;
}

async function runStage(
  { kit, seed, io, line, stopped }: Runs,
  { name, phases }: (typeof STAGES)[number],
  scenario: Scenario,
  actions: readonly Action[],
  what = `stage ${name}`,
): Promise<Ran | undefined> {
  const measures = {
    fates: createEditFates(),
    overwrites: createOverwrites(),
    freshness: createFreshness(),
    reach: createReach(),
    transfers: createTransfers(),
  };
  const [metrics, edits] = [kit.createMetrics(), createEditsMade()];
  const played = withoutWorkload({ ...scenario, fleet: { ...scenario.fleet, phases: [...phases] } });
  const simulation = kit.createSimulation(played, seed, {
    folds: [metrics, edits, ...Object.values(measures)],
    actions,
  });
  const ended = await carryOut(simulation, {
    sliced: () => line.update(() => `${what} · ${Math.floor(simulation.progress().share * 100)} %`),
    stopped,
    now: () => io.now(),
  });
  if (ended === "interrupted") return undefined;
  const measured: Metrics = metrics.result();
  return {
    stage: {
      name,
      phases,
      metrics: measured,
      fates: measures.fates.result(),
      overwrites: measures.overwrites.result(),
      freshness: measures.freshness.result(),
      reach: measures.reach.result(),
      transfers: measures.transfers.result(),
      sizes: [],
    },
    made: edits.result(),
    digest: simulation.progress().digest(),
  };
}

/** Small fleets with accounts of each size. */
async function runSizes(
  runs: Runs,
  stage: (typeof STAGES)[number],
  scenario: Scenario,
): Promise<readonly Size[] | undefined> {
  const sizes: Size[] = [];
  if (!GROWN.has(stage.name)) return sizes;
  for (const records of SIZES) {
    const sized = sizedWorkload(scenario, records);
    const what = `stage ${stage.name}, ${records} records`;
    const run = await runStage(runs, stage, sized, scriptOf(sized, runs.seed), what);
    if (!run) return undefined;
    const { bytesMean: bytes, durations } = run.stage.transfers;
    sizes.push({ records, bytes, ms: durations.p50 });
  }
  return sizes;
}

function againCommand({ scenario, seed, devices, duration, set }: ComparePhasesOptions): string {
  const words = ["zeke-sync", "compare", "--phases"];
  if (scenario !== undefined) words.push(scenario);
  words.push("--seed", String(seed));
  if (devices !== undefined) words.push("--devices", String(devices));
  if (duration !== undefined) words.push("--duration", duration);
  for (const change of set) words.push("--set", change);
  return words.map(quoted).join(" ");
}
