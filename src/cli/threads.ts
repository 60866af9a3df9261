/**
 * Owns how worker threads are started: which file they run, how many there are, and with which flags.
 * Refuses to know the work: each command has a worker file of its own.
 */

import { availableParallelism } from "node:os";
import { Tinypool } from "tinypool";

const WORKERS_MAX = 8;

/** As many as the machine has processors, within reason. */
export function workersByDefault(): number {
  return Math.min(WORKERS_MAX, availableParallelism());
}

/**
 * Threads that run the named functions of `./<worker>` beside this file: TypeScript in the checkout, built in the package.
 * They must be destroyed.
 */
export function openThreads(worker: string, workers: number): Tinypool {
  const extension = import.meta.url.endsWith(".ts") ? "ts" : "js";
  return new Tinypool({
    filename: new URL(`./${worker}.${extension}`, import.meta.url).href,
    runtime: "worker_threads",
    minThreads: workers,
    maxThreads: workers,
    isolateWorkers: false,
    // Threads need none of the flags that a test runner or a user gave the process.
    execArgv: [],
  });
}
