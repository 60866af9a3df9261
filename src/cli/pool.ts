/**
 * Owns the worker threads of a command: so many hands, jobs as data, results in the order of the jobs.
 * Refuses to know the jobs: pool-worker.ts does.
 */

import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import { Tinypool } from "tinypool";
import type { PoolJob, PoolResult } from "./pool-worker.ts";

export const WORKERS_MAX = 8;

/** As many as the machine has processors, within reason. */
export function workersByDefault(): number {
  return Math.min(WORKERS_MAX, availableParallelism());
}

/** Hands for jobs. Must be closed. */
export class Pool {
  private readonly pool: Tinypool;

  constructor(workers: number) {
    // The same file stands beside this one in the checkout, as TypeScript, and in the package, built.
    const sibling = `./pool-worker${import.meta.url.endsWith(".ts") ? ".ts" : ".js"}`;
    this.pool = new Tinypool({
      filename: fileURLToPath(new URL(sibling, import.meta.url)),
      minThreads: workers,
      maxThreads: workers,
    });
  }

  /** Has a job done; rejects when a worker breaks down, or when the signal comes first. */
  async run<Job extends PoolJob>(job: Job, signal?: AbortSignal): Promise<PoolResult[Job["job"]]> {
    return (await this.pool.run(job, signal === undefined ? {} : { signal })) as PoolResult[Job["job"]];
  }

  /** Ends the threads, whatever they are at. */
  async close(): Promise<void> {
    await this.pool.destroy();
  }
}
