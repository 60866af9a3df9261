/**
 * Owns the command `explore`: known counterexamples first, then the hunt, then what was found.
 * Refuses to know how any of it is done; each has a file of its own.
 */

import { canonicalJson } from "../base/canonical-json.ts";
import { SECOND_MS } from "../base/time.ts";
import { Campaign } from "../exploration/campaign.ts";
import { replay } from "../exploration/counterexample.ts";
import { groundOf } from "../exploration/ground.ts";
import { formatCount } from "../report/numbers.ts";
import { quoted } from "./again.ts";
import { QueueUnreachable, queueAddress, shownAddress } from "./cluster-address.ts";
import { EXIT, type ExitCode, gravest } from "./exit.ts";
import { type Crew, hireCrew } from "./explore-crew.ts";
import { hunt } from "./explore-hunt.ts";
import { renderExploreMarkdown } from "./explore-markdown.ts";
import { renderExplorePage } from "./explore-page.ts";
import { exploreReport, type Filed, fileFindings, renderExplore, writeFindings } from "./explore-report.ts";
import type { ExploreReport, KnownReport } from "./explore-schema.ts";
import { RunFault, stackOf, tellFault } from "./fault.ts";
import { cannotWrite, checkWritable, openRunFolder, type RunFolder, writeNamed } from "./folder.ts";
import { type Io, widthOf } from "./io.ts";
import { paintFor } from "./paint.ts";
import { plant } from "./planted.ts";
import { openStatusLine } from "./progress.ts";
import { PINNED_FOLDER, type Pinned, readPinned } from "./replay-file.ts";
import { readScenario } from "./scenario-file.ts";
import { huntShard } from "./shard-explore.ts";
import { workersByDefault } from "./threads.ts";

/** Runs when neither --runs nor --for says how long. */
const RUNS_DEFAULT = 1_000;

/** What the command line asked for. */
export interface ExploreOptions {
  readonly scenarios: readonly string[];
  readonly seed: number;
  readonly runs: number | undefined;
  readonly forMs: number | undefined;
  readonly workers: number | undefined;
  /** `index` from 0. */
  readonly shard: { readonly index: number; readonly of: number } | undefined;
  /** `--queue`: workers elsewhere do it. */
  readonly queue: string | undefined;
  readonly fault: string | undefined;
  readonly json: string | undefined;
  readonly report: string | undefined;
  readonly quiet: boolean;
  readonly color: boolean;
}

/** Hunts and says how it ended. UsageFault before anything runs; RunFault when we are at fault. */
export async function explore(options: ExploreOptions, io: Io, pinned = PINNED_FOLDER): Promise<ExitCode> {
  const grounds = options.scenarios.map((name) => groundOf(readScenario(name, io.cwd).data));
  const planted = await plant(options.fault);
  const pins = readPinned(pinned, io.cwd);
  const { json, seed, forMs, shard, queue } = options;
  const url = queue === undefined ? undefined : queueAddress(queue, io.env);
  if (json !== undefined && json !== "-") checkWritable(json, io.cwd);
  const folder = openRunFolder({
    cwd: io.cwd,
    report: options.report,
    scenario: "explore",
    seed,
    nowMs: io.now(),
  });
  if (planted && !options.quiet)
    io.stderr.write(`planted fault ${planted.fault.name}: ${planted.fault.text}\n`);
  const runsMax = options.runs ?? (forMs === undefined ? RUNS_DEFAULT : Number.MAX_SAFE_INTEGER);
  const campaign = new Campaign({ seed, runsMax, grounds, ...(shard && { shard }) });
  const workers = options.workers ?? workersByDefault();
  try {
    const crew = await hire(workers, url, options.fault, io);
    const { report, filed, behaviours } = await huntWatched(campaign, crew, pins, folder, options, io);
    const made = shard && huntShard({ report, filed, behaviours, shard, runs: options.runs });
    const written = writeReport(report, filed, made, options, folder, io);
    print(report, filed, options, folder, io);
    return gravest([written, codeOf(report)]);
  } catch (error) {
    if (error instanceof QueueUnreachable) {
      io.stderr.write(`${error.message}\n`);
      return EXIT.unreachable;
    }
    const again = againOf(options, runsMax);
    folder.write("fault.txt", `${again}\n\n${stackOf(error)}\n`);
    throw new RunFault(error, again, `${folder.shown}/fault.txt`);
  }
}

interface Done {
  readonly report: ExploreReport;
  /** Behaviours that were seen, by name. */
  readonly behaviours: readonly string[];
  readonly filed: readonly Filed[];
}

/** The first Ctrl-C ends the hunt with what there is, the second ends the process. */
async function huntWatched(
  campaign: Campaign,
  crew: Crew,
  pins: readonly Pinned[],
  folder: RunFolder,
  options: ExploreOptions,
  io: Io,
): Promise<Done> {
  const startedMs = io.now();
  const ending = watchedEnd(crew, options.forMs, startedMs, io);
  const line = await openStatusLine(io, "explore", !options.quiet, options.color);
  try {
    const known = pins.map(judgePinned);
    const caught = await hunt(campaign, crew, options.fault, {
      isOver: ending.isOver,
      advanced: () => line.update(() => progressText(campaign, io.now() - startedMs)),
    });
    const filed = fileFindings(caught, options.fault);
    const { seed, scenarios, fault, shard } = options;
    const report = exploreReport({
      campaign,
      filed,
      known,
      ended: ending.how(),
      again: againOf(options, campaign.drawn),
      seed,
      scenarios,
      fault,
      shard: shard && `${shard.index + 1}/${shard.of}`,
      timing: { runId: folder.runId, startedMs, wallMs: io.now() - startedMs, workers: crew.workers },
    });
    return { report, filed, behaviours: [...campaign.behaviours] };
  } finally {
    line.stop();
    ending.silence();
    await crew.close();
  }
}

/** Threads of this process, or workers elsewhere. */
async function hire(workers: number, url: URL | undefined, fault: string | undefined, io: Io): Promise<Crew> {
  if (url === undefined) return hireCrew(workers, fault);
  const { hireCluster } = await import("./cluster-crew.ts");
  return await hireCluster({ url, fault, lonely: () => tellLonely(url, io) });
}

function tellLonely(url: URL, io: Io): void {
  io.stderr.write(
    `no worker of this version is at ${shownAddress(url)}: start \`zeke-sync worker --queue ${shownAddress(url)}\`; the hunt waits for one\n`,
  );
}

interface Ending {
  readonly isOver: () => boolean;
  readonly how: () => ExploreReport["ended"];
  readonly silence: () => void;
}

function watchedEnd(crew: Crew, forMs: number | undefined, startedMs: number, io: Io): Ending {
  let interrupts = 0;
  let timeIsUp = false;
  const silence = io.onInterrupt(() => {
    interrupts++;
    crew.stop();
    if (interrupts > 1) io.exitNow(EXIT.interrupted);
  });
  return {
    silence,
    isOver() {
      timeIsUp ||= forMs !== undefined && io.now() - startedMs >= forMs;
      return interrupts > 0 || timeIsUp;
    },
    how: () => (interrupts > 0 ? "interrupted" : timeIsUp ? "time" : "runs"),
  };
}

function judgePinned({ file, example }: Pinned): KnownReport {
  const { verdict } = replay(example);
  const { rule, fault } = example;
  const ok = verdict === (fault === undefined ? "FIXED" : "STILL VIOLATED");
  return { file, rule, ...(fault !== undefined && { fault }), verdict, ok };
}

/** How far: `explore 352 runs · 61 runs/s · 812 behaviours · CON-2 in 12 runs`. */
export function progressText(
  campaign: Pick<Campaign, "runs" | "behaviours" | "findings">,
  elapsedMs: number,
): string {
  const perSecond = campaign.runs / (Math.max(elapsedMs, 1) / SECOND_MS);
  const byRule = new Map<string, number>();
  for (const { rule, count } of campaign.findings) byRule.set(rule, (byRule.get(rule) ?? 0) + count);
  return [
    `explore ${formatCount(campaign.runs)} runs`,
    `${formatCount(Math.round(perSecond))} runs/s`,
    `${formatCount(campaign.behaviours.size)} behaviours`,
    byRule.size === 0 ? "nothing found" : [...byRule].map(([rule, count]) => `${rule} ×${count}`).join(" "),
  ].join(" · ");
}

/** The command that hunts the same again, on any number of workers. */
function againOf({ scenarios, seed, shard, fault }: ExploreOptions, runs: number): string {
  const words = ["zeke-sync", "explore", ...scenarios, "--seed", String(seed), "--runs", String(runs)];
  if (shard) words.push("--shard", `${shard.index + 1}/${shard.of}`);
  if (fault !== undefined) words.push("--fault", fault);
  return words.map(quoted).join(" ");
}

function writeReport(
  report: ExploreReport,
  filed: readonly Filed[],
  shard: readonly [name: string, text: string] | undefined,
  { json }: ExploreOptions,
  folder: RunFolder,
  io: Io,
): ExitCode {
  const text = `${canonicalJson(report)}\n`;
  try {
    if (shard) folder.write(...shard);
    writeFindings(filed, folder.write);
    folder.write("report.json", text);
    folder.write("report.html", renderExplorePage(report, filed, folder.shown));
    folder.write("report.md", renderExploreMarkdown(report));
    folder.publish();
    if (json !== undefined && json !== "-") writeNamed(json, text, io.cwd);
    return EXIT.good;
  } catch (error) {
    return tellFault(cannotWrite(`the report in ${folder.shown}`, error), io);
  }
}

function print(
  report: ExploreReport,
  filed: readonly Filed[],
  { json, quiet, color }: ExploreOptions,
  folder: RunFolder,
  io: Io,
): void {
  if (json === "-") io.stdout.write(`${canonicalJson(report)}\n`);
  else {
    const screen = {
      width: widthOf(io.stdout),
      paint: paintFor(io.stdout, io, color),
      folder: folder.shown,
      quiet,
    };
    io.stdout.write(renderExplore(report, filed, screen));
  }
}

/** What a hunt that came to this ends with. */
export function codeOf(report: ExploreReport): ExitCode {
  return gravest([
    ...(report.verdict === "interrupted" ? [EXIT.interrupted] : []),
    ...(report.findings.length > 0 || report.known.some(({ ok }) => !ok) ? [EXIT.violated] : []),
  ]);
}
