/**
 * Owns the command `prove`: every planted fault is hunted, the reference too, and what came of it is told.
 * Refuses to know how a fault is hunted: exploration/prove.ts does, and workers do it.
 */

import { writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { canonicalJson } from "../base/canonical-json.ts";
import { formatInstant } from "../base/time.ts";
import { carriesCanary, probeCanary } from "../exploration/canary.ts";
import { type Piece, type Proof, sumUp, type Work, workOf } from "../exploration/prove.ts";
import { FAULTS, faultByName } from "../faults/all.ts";
import { formatCount } from "../report/numbers.ts";
import { EXIT, type ExitCode } from "./exit.ts";
import { cannotWrite, checkWritable, openRunFolder } from "./folder.ts";
import { type Io, widthOf } from "./io.ts";
import { paintFor } from "./paint.ts";
import { noSuchFault } from "./planted.ts";
import { openStatusLine, type StatusLine } from "./progress.ts";
import { renderProvePage } from "./prove-page.ts";
import { proofJson, renderProof, renderProofMarkdown } from "./prove-report.ts";
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
  const line = await openStatusLine(io, "prove", !options.quiet, options.color);
  const pieces = await carryOutAll(work, settings, options, io, line);
  line.stop();
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
  folder.write("report.html", renderProvePage(seen));
  folder.write("report.md", renderProofMarkdown(seen));
  folder.write("report.json", `${canonicalJson(proofJson(seen))}\n`);
  if (options.shard !== undefined)
    folder.write(...proofShard({ options, settings, pieces, seen, shard: options.shard }));
  folder.publish();
  const screen = {
    width: widthOf(io.stdout),
    paint: paintFor(io.stdout, io, options.color),
    folder: folder.shown,
  };
  if (options.json !== "-" && !(options.quiet && proof.holds)) io.stdout.write(renderProof(seen, screen));
  if (options.json !== undefined) printJson(canonicalJson(proofJson(seen)), options.json, io);
  return proof.holds && seen.canary.alive ? EXIT.good : EXIT.violated;
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
  { workers }: ProveOptions,
  io: Io,
  line: StatusLine,
): Promise<readonly Piece[] | undefined> {
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

function printJson(text: string, file: string, io: Io): void {
  if (file === "-") {
    io.stdout.write(`${text}\n`);
    return;
  }
  try {
    writeFileSync(resolve(io.cwd, file), `${text}\n`);
  } catch (error) {
    throw cannotWrite(file, error);
  }
}
