/**
 * Owns what a worker thread of a command can do: each job is data, and so is what comes of it.
 * Refuses to print and to write.
 */

import { assertNever } from "../base/assert.ts";
import type { Piece, ProofOptions, Work } from "../exploration/prove.ts";

/** What decides a proof and can be sent. */
export type ProofSettings = Pick<ProofOptions, "seed"> & {
  readonly effort: number;
  readonly full: boolean;
  readonly attempts: number;
};

export type PoolJob = { readonly job: "prove"; readonly work: Work; readonly settings: ProofSettings };

/** What each job comes to. */
export interface PoolResult {
  readonly prove: Piece;
}

export default async function work(job: PoolJob): Promise<PoolResult[PoolJob["job"]]> {
  switch (job.job) {
    case "prove": {
      const { carryOut } = await import("../exploration/prove.ts");
      return carryOut(job.work, job.settings);
    }
    default:
      return assertNever(job.job);
  }
}
