/**
 * Owns the command `prove`: every planted fault is hunted, the reference too, and what came of it is told.
 * Refuses to know how a fault is hunted: exploration/prove.ts does, and workers do it.
 */

import { canonicalJson } from "../base/canonical-json.ts";
import { formatInstant } from "../base/time.ts";
import { carriesCanary, probeCanary } from "../exploration/canary.ts";
import { type Piece, type Proof, sumUp, type Work, workOf } from "../exploration/prove.ts";
import { FAULTS, faultByName } from "../faults/all.ts";
import { formatCount } from "../report/numbers.ts";
import { EXIT, type ExitCode, gravest } from "./exit.ts";
import { RunFault, stackOf, tellFault } from "./fault.ts";
import { cannotWrite, checkWritable, openRunFolder, type RunFolder, writeNamed } from "./folder.ts";
import { type Io, widthOf } from "./io.ts";
import { paintFor } from "./paint.ts";
import { noSuchFault } from "./planted.ts";
import { openStatusLine } from "./progress.ts";
import { renderProvePage } from "./prove-page.ts";
import { proofJson, renderProof, renderProofMarkdown, type SeenProof } from "./prove-report.ts";
import type { ProofSettings } from "./prove-worker.ts";
import { faultsOf, proofShard, provenAgain, workOfShard } from "./shard-prove.ts";
import { openThreads, workersByDefault } from "./threads.ts";
import { ownVersion } from "./version.ts";

/** Seeds that a fault is hunted under before it has survived. */
const ATTEMPTS = 6;
/** Runs in which the canary is looked for, at least. */
const CANARY_RUNS = 200;

export interface ProveOptions {
  readonly seed: number;
  /** How hard probes try: a multiple of their own number of runs. */
  readonly effort: number;
  /** Every kill of every fault, instead of the first under its own rule. */
  readonly full: boolean;
  /** Only these faults; empty: all. Rules that kill nothing are told only when all are hunted. */
  readonly faults: readonly string[];
  readonly workers: number | undefined;
  /** Of all faults and of the reference's worlds, those of this shard. */
  readonly shard?: { readonly index: number; readonly of: number } | undefined;
  readonly json: string | undefined;
  readonly report: string | undefined;
  readonly quiet: boolean;
  readonly color: boolean;
}

/** Proves the suite. UsageFault before anything runs. */
export async function prove(options: ProveOptions, io: Io): Promise<ExitCode> {
  const asked = options.faults.map(faultNamed);
  const faults = options.shard === undefined ? asked : faultsOf(asked, options.shard);
  if (options.json !== undefined && options.json !== "-") checkWritable(options.json, io.cwd);
  const { report, seed } = options;
  const folder = openRunFolder({ cwd: io.cwd, report, scenario: "prove", seed, nowMs: io.now() });
  const startedMs = io.now();
  const chosen = faults.length === 0 && options.shard === undefined ? undefined : faults;
  const settings = { seed, effort: options.effort, full: options.full, attempts: ATTEMPTS };
  const work =
    options.shard === undefined
      ? workOf({ ...settings, ...(chosen && { faults: chosen }) })
      : workOfShard(asked, settings, options.shard);
  const pieces = await provenIn(folder, options, () => carryOutAll(work, settings, options, io));
  if (pieces === undefined) {
    folder.discard();
    if (!options.quiet) io.stderr.write("interrupted: a suite that is proved in part is not proved\n");
    return EXIT.interrupted;
  }
  const proof = proofOf(pieces, settings, chosen);
  const seen = {
    proof,
    seed,
    canary: probeCanary(canarySeeds(seed)),
    tookMs: io.now() - startedMs,
    partial: chosen !== undefined,
    version: ownVersion(),
    again: provenAgain(options),
    runId: folder.runId,
    startedAt: formatInstant(startedMs),
    node: process.version,
  };
  const shard = options.shard && proofShard({ options, settings, pieces, seen, shard: options.shard });
  const written = writeReport(seen, shard, options, folder, io);
  print(seen, options, folder, io);
  return gravest([written, proof.holds && seen.canary.alive ? EXIT.good : EXIT.violated]);
}

/** An unexpected exception leaves its stack in the run's folder. */
async function provenIn<Result>(
  folder: RunFolder,
  options: ProveOptions,
  work: () => Promise<Result>,
): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    const again = provenAgain(options);
    folder.write("fault.txt", `${again}\n\n${stackOf(error)}\n`);
    throw new RunFault(error, again, `${folder.shown}/fault.txt`);
  }
}

function writeReport(
  seen: SeenProof,
  shard: readonly [name: string, text: string] | undefined,
  { json }: ProveOptions,
  folder: RunFolder,
  io: Io,
): ExitCode {
  const text = `${canonicalJson(proofJson(seen))}\n`;
  try {
    folder.write("report.html", renderProvePage(seen));
    folder.write("report.md", renderProofMarkdown(seen));
    folder.write("report.json", text);
    if (shard) folder.write(...shard);
    folder.publish();
    if (json !== undefined && json !== "-") writeNamed(json, text, io.cwd);
    return EXIT.good;
  } catch (error) {
    // What took minutes is still printed.
    return tellFault(cannotWrite(`the report in ${folder.shown}`, error), io);
  }
}

function print(seen: SeenProof, { json, quiet, color }: ProveOptions, folder: RunFolder, io: Io): void {
  if (json === "-") io.stdout.write(`${canonicalJson(proofJson(seen))}\n`);
  else if (!(quiet && seen.proof.holds && seen.canary.alive)) {
    const paint = paintFor(io.stdout, io, color);
    io.stdout.write(renderProof(seen, { width: widthOf(io.stdout), paint, folder: folder.shown }));
  }
}

/** Seeds from this one on: as many as the canary needs to sit in one of them. */
export function canarySeeds(from: number): readonly number[] {
  const seeds: number[] = [];
  for (let at = from; seeds.length < CANARY_RUNS || !seeds.some((seed) => carriesCanary(seed)); at++)
    seeds.push(at);
  return seeds;
}

export function faultNamed(name: string) {
  const fault = faultByName(name);
  if (fault !== undefined) return fault;
  throw noSuchFault(
    name,
    FAULTS.map((known) => known.name),
  );
}

/** Every piece, by as many workers as were asked for; undefined when somebody pressed Ctrl-C. */
async function carryOutAll(
  work: readonly Work[],
  settings: ProofSettings,
  { workers, quiet, color }: ProveOptions,
  io: Io,
): Promise<readonly Piece[] | undefined> {
  const line = await openStatusLine(io, "prove", !quiet, color);
  const pool = openThreads("prove-worker", Math.min(workers ?? workersByDefault(), work.length));
  const stop = new AbortController();
  const forget = io.onInterrupt(() => stop.abort());
  let done = 0;
  try {
    return await Promise.all(
      work.map(async (one) => {
        const piece = (await pool.run(
          { work: one, settings },
          { name: "carryOutPiece", signal: stop.signal },
        )) as Piece;
        done++;
        line.update(() => `prove ${formatCount(done)} of ${formatCount(work.length)} pieces`);
        return piece;
      }),
    );
  } catch (error) {
    if (stop.signal.aborted) return undefined;
    throw error;
  } finally {
    line.stop();
    forget();
    await pool.destroy();
  }
}

/** With some faults only, no rule is blamed for having killed nothing. */
export function proofOf(
  pieces: readonly Piece[],
  settings: ProofSettings,
  chosen: Parameters<typeof workOf>[0]["faults"],
): Proof {
  const proof = sumUp(pieces, { ...settings, ...(chosen && { faults: chosen }) });
  if (chosen === undefined) return proof;
  const { survivors, onlyUnderOthers, notUnderOwnRule, crashed, againstReference } = proof;
  const troubles = [survivors, onlyUnderOthers, notUnderOwnRule, crashed, againstReference];
  return { ...proof, idleRules: [], holds: troubles.every((list) => list.length === 0) };
}
