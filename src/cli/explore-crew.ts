/**
 * Owns the worker threads of a hunt.
 * Refuses to know what they work at, and to let their number show in any result.
 */

import type { JobResult, Round } from "../exploration/campaign.ts";
import type { ShrinkJob, ShrinkResult } from "../exploration/run-job.ts";
import type { StopFlag } from "./explore-worker.ts";
import { openThreads } from "./threads.ts";

/** Jobs that travel together. */
const BATCH_SIZE = 4;
/** Wall time for the shrinking of one finding; the bound in tries is nearly always the one that is met. */
export const SHRINK_MS_MAX = 60_000;

/** Those who do a hunt's work. */
export interface Crew {
  /** Threads of this process at it; 0: they are elsewhere. */
  readonly workers: number;
  run(round: Round): Promise<readonly JobResult[]>;
  shrink(job: ShrinkJob): Promise<ShrinkResult>;
  /** Work at hand ends soon, with what there is. */
  stop(): void;
  close(): Promise<void>;
}

/** Starts `workers` threads; `fault` is planted in all that they run. */
export function hireCrew(workers: number, fault: string | undefined): Crew {
  const stop: StopFlag = new Int32Array(new SharedArrayBuffer(4));
  const pool = openThreads("explore-worker", workers);
  return {
    workers,
    async run(round) {
      const batches: Promise<readonly JobResult[]>[] = [];
      for (let from = 0; from < round.length; from += BATCH_SIZE) {
        const jobs = round.slice(from, from + BATCH_SIZE);
        batches.push(pool.run({ jobs, fault, stop }, { name: "runBatch" }));
      }
      return (await Promise.all(batches)).flat();
    },
    shrink: (job) => pool.run({ job, forMs: SHRINK_MS_MAX, stop }, { name: "shrinkOne" }),
    stop: () => {
      Atomics.store(stop, 0, 1);
    },
    close: () => pool.destroy(),
  };
}
