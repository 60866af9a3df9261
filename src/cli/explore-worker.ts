/**
 * Owns the thread that a hunt's work is done in: some jobs run, or one finding shrunk, until told to stop.
 * Refuses to decide what is run.
 */

import type { Job, JobResult } from "../exploration/campaign.ts";
import { runJob, runShrink, type ShrinkJob, type ShrinkResult } from "../exploration/run-job.ts";

/** Set to 1, work at hand ends soon: what was done so far is given back. */
export type StopFlag = Int32Array;

/** Jobs for one worker. */
export interface Batch {
  readonly jobs: readonly Job[];
  readonly fault: string | undefined;
  readonly stop: StopFlag;
}

/** Runs jobs one after the other; those that were not begun when the flag went up have no result. */
export function runBatch({ jobs, fault, stop }: Batch): readonly JobResult[] {
  const results: JobResult[] = [];
  for (const job of jobs) {
    if (Atomics.load(stop, 0) !== 0) break;
    try {
      results.push(runJob(job, fault));
    } catch (error) {
      // Whoever mends it needs to know which plan it was.
      if (error instanceof Error) error.message = `in run ${job.index}: ${error.message}`;
      throw error;
    }
  }
  return results;
}

/** Shrinks one finding, for at most `forMs` of wall time. */
export function shrinkOne(work: {
  readonly job: ShrinkJob;
  readonly forMs: number;
  readonly stop: StopFlag;
}): ShrinkResult {
  const untilMs = Date.now() + work.forMs;
  return runShrink(work.job, () => Atomics.load(work.stop, 0) !== 0 || Date.now() > untilMs);
}
