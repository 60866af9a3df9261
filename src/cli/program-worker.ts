/**
 * Owns the options and help of `worker`.
 * Refuses to do its work: that is loaded when it is called.
 */

import type { Command } from "commander";
import { duration, type SharedOptions, shared, workerNumber } from "./flag-values.ts";
import type { Place } from "./program-place.ts";

interface WorkerFlags extends SharedOptions {
  readonly queue: string;
  readonly workers?: number;
  readonly idle?: number;
}

export function addWorker(command: Command, { program, io, end }: Place): void {
  command
    .description(
      "Takes orders of `explore --queue` from a queue in Redis and carries them out, until it is interrupted. May be started and killed anywhere at any time: what it had not handed in is done again by another one.",
    )
    .requiredOption("--queue <url>", "redis://host:port/db, or redis with the variable ZEKE_QUEUE_URL")
    .option("--workers <n>", "threads (default: as many as there are processors, at most 8)", workerNumber)
    .option("--idle <time>", "end after so long with nothing to do, such as 60s", duration)
    .option("--json <file|->", "write what it works at as JSON to a file, or to stdout")
    .option("--quiet", "no progress")
    .option("--no-color", "no colours")
    .action(async (flags: WorkerFlags) => {
      const { work } = await import("./worker.ts");
      const { queue, workers, idle: idleMs, json } = flags;
      end(await work({ queue, workers, idleMs, json, ...shared(flags, program) }, io));
    });
}
