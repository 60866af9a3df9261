/**
 * Owns what `--shard` means to a proof, and a proof that is put together from shards: the pieces of all of them, summed
 * up as if one process had carried them out.
 * Refuses to carry out any.
 */

import type { Json } from "../base/canonical-json.ts";
import { probeCanary } from "../exploration/canary.ts";
import { type Piece, type ProofOptions, type Work, workOf } from "../exploration/prove.ts";
import { FAULTS } from "../faults/all.ts";
import type { Fault } from "../faults/fault.ts";
import { SHARD_FILE, type ShardFile, shardFile } from "../report/merge-shard.ts";
import { canarySeeds, faultNamed, type ProveOptions, proofOf } from "./prove.ts";
import { proofJson, type SeenProof } from "./prove-report.ts";
import type { ProofSettings } from "./prove-worker.ts";
import { ownVersion } from "./version.ts";

interface Shard {
  readonly index: number;
  readonly of: number;
}

interface Body {
  readonly settings: ProofSettings;
  /** Names of those that were asked for, by all shards together; empty: all. */
  readonly faults: readonly string[];
  readonly pieces: readonly Piece[];
}

/** Of the report of a shard. */
type Timing = Pick<SeenProof, "tookMs" | "startedAt" | "node">;

/** The faults of a shard. */
export function faultsOf(asked: readonly Fault[], { index, of }: Shard): readonly Fault[] {
  return (asked.length === 0 ? FAULTS : asked).filter((_, at) => at % of === index);
}

/** The pieces of a shard: all of its faults, and its part of those that try the reference. */
export function workOfShard(asked: readonly Fault[], settings: ProofSettings, shard: Shard): readonly Work[] {
  const all: ProofOptions = { ...settings, ...(asked.length > 0 && { faults: asked }) };
  const mine = new Set(faultsOf(asked, shard).map(({ name }) => name));
  const isClean = ({ work }: Work) => work === "clean-rig" || work === "clean-world";
  const work = workOf(all);
  return [
    ...work.filter(isClean).filter((_, at) => at % shard.of === shard.index),
    ...work.filter((one) => !isClean(one) && "fault" in one && mine.has(one.fault)),
  ];
}

/** The command that proves the same again; of a shard that shard. */
export function provenAgain({
  seed,
  effort,
  full,
  faults,
  shard,
}: Pick<ProveOptions, "seed" | "effort" | "full" | "faults" | "shard">): string {
  return [
    `zeke-sync prove --seed ${seed}`,
    ...(effort === 1 ? [] : [`--effort ${effort}`]),
    ...(full ? ["--full"] : []),
    ...faults.map((name) => `--fault ${name}`),
    ...(shard === undefined ? [] : [`--shard ${shard.index + 1}/${shard.of}`]),
  ].join(" ");
}

/** Name and text of the file that merging takes. */
export function proofShard(made: {
  readonly options: ProveOptions;
  readonly settings: ProofSettings;
  readonly pieces: readonly Piece[];
  readonly seen: SeenProof;
  readonly shard: Shard;
}): readonly [name: string, text: string] {
  const { options, settings, pieces, seen, shard } = made;
  const body: Body = { settings, faults: options.faults, pieces };
  const file = shardFile({
    command: "prove",
    version: ownVersion(),
    seed: options.seed,
    settings: { settings, faults: options.faults },
    shard,
    again: provenAgain({ ...options, shard: undefined }),
    report: proofJson(seen),
    body: body as unknown as Json,
  });
  return [SHARD_FILE, `${JSON.stringify(file)}\n`];
}

/** The proof of all shards. */
export function mergeProof(files: readonly ShardFile[], runId: string): SeenProof {
  const bodies = files.map(({ body }) => body as unknown as Body);
  const { settings, faults: names } = bodies[0] as Body;
  const chosen = names.length === 0 ? undefined : names.map(faultNamed);
  const { seed } = settings;
  const timings = files.map(({ report }) => (report as unknown as { readonly timing: Timing }).timing);
  return {
    proof: proofOf(
      inOrder(
        bodies.flatMap(({ pieces }) => pieces),
        settings,
        chosen,
      ),
      settings,
      chosen,
    ),
    seed,
    canary: probeCanary(canarySeeds(seed)),
    tookMs: Math.max(...timings.map(({ tookMs }) => tookMs)),
    partial: chosen !== undefined,
    version: files[0]?.version ?? ownVersion(),
    again: files[0]?.again ?? "",
    runId,
    startedAt: timings.reduce((first, one) => (one.startedAt < first.startedAt ? one : first)).startedAt,
    node: [...new Set(timings.map(({ node }) => node))].join(", "),
  };
}

/** As one process would have had them. */
function inOrder(
  pieces: readonly Piece[],
  settings: ProofSettings,
  chosen: readonly Fault[] | undefined,
): readonly Piece[] {
  const work = workOf({ ...settings, ...(chosen && { faults: chosen }) });
  const keys = work.map((one) =>
    one.work === "clean-rig"
      ? one.rig
      : one.work === "clean-world"
        ? `the world of ${one.fault}`
        : `${one.fault}`,
  );
  const place = (piece: Piece) => keys.lastIndexOf(piece.piece === "clean" ? piece.where : piece.fault);
  return [...pieces]
    .map((piece, at) => ({ piece, at }))
    .sort((left, right) => place(left.piece) - place(right.piece) || left.at - right.at)
    .map(({ piece }) => piece);
}
