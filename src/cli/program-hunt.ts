/**
 * Owns the options and help of the commands that hunt, and play again what was found.
 * Refuses to do their work: each is loaded when it is called.
 */

import type { Command } from "commander";
import {
  collect,
  duration,
  portNumber,
  type SharedOptions,
  shardNumber,
  shared,
  wholeNumber,
  workerNumber,
} from "./flag-values.ts";
import type { Place } from "./program-place.ts";

interface ProveFlags extends SharedOptions {
  readonly seed: number;
  readonly effort: number;
  readonly full?: boolean;
  readonly fault?: readonly string[];
  readonly workers?: number;
  readonly shard?: { readonly index: number; readonly of: number };
  readonly report?: string;
}

export function addProve(command: Command, { program, io, end }: Place): void {
  command
    .description(
      "Runs the suite against every planted fault and against the clean reference. Fails when a fault survives or is caught only under a rule that it does not break, when a rule catches nothing, and on any verdict against the reference.",
    )
    .option("--seed <n>", "of the values that probes draw", wholeNumber("a seed", 0), 1)
    .option("--effort <n>", "so many times the usual number of tries", wholeNumber("an effort", 1), 1)
    .option("--full", "every kill of every fault, not only the first under its own rule")
    .option("--fault <name>", "hunt this fault only; may be given again", collect)
    .option("--workers <n>", "worker threads; as many as there are processors", workerNumber)
    .option("--shard <i/n>", "only the i-th of n parts of the faults, such as 1/3", shardNumber)
    .option("--report <folder>", "where the report goes, instead of a new folder under reports/")
    .option("--json <file|->", "write the result as JSON to a file, or to stdout")
    .option("--quiet", "print nothing when all is well")
    .option("--no-color", "no colours")
    .action(async (flags: ProveFlags) => {
      const { prove } = await import("./prove.ts");
      const { seed, effort, workers, shard, json, report, fault: faults = [], full = false } = flags;
      const files = { json, report };
      end(
        await prove({ seed, effort, workers, shard, faults, full, ...files, ...shared(flags, program) }, io),
      );
    });
}

interface ExploreFlags extends SharedOptions {
  readonly seed: number;
  readonly runs?: number;
  readonly for?: number;
  readonly workers?: number;
  readonly shard?: { readonly index: number; readonly of: number };
  readonly queue?: string;
  readonly fault?: string;
  readonly report?: string;
}

export function addExplore(command: Command, { program, io, end }: Place): void {
  command
    .description(
      "Draws plans (who edits what when, offline periods, kills, faults), runs each in virtual time, judges it by every rule, and shrinks what breaks one to a counterexample. Known counterexamples are replayed first.",
    )
    .argument("[scenario...]", "scenarios whose network, clocks, proxy and the like the plans are played in")
    .option(
      "--runs <n>",
      "how many plans (default: 1000, or without end when --for is given)",
      wholeNumber("a number of runs", 1),
    )
    .option("--for <time>", "how long, such as 10m; the round at hand is ended", duration)
    .option("--seed <n>", "one seed and as many runs, one hunt", wholeNumber("a seed", 0), 1)
    .option("--workers <n>", "threads (default: as many as there are processors, at most 8)", workerNumber)
    .option("--shard <i/n>", "only the i-th of n parts of all runs, such as 1/3", shardNumber)
    .option("--queue <url>", "have workers do it: redis://host:port/db, or redis with ZEKE_QUEUE_URL")
    .option("--fault <name>", "plant a fault in proxy or device, to see it found")
    .option("--report <dir>", "folder for the report (default: reports/<run-id>)")
    .option("--json <file|->", "write the report as JSON to a file, or to stdout")
    .option("--quiet", "no progress; print only what went wrong")
    .option("--no-color", "no colours")
    .action(async (scenarios: readonly string[], flags: ExploreFlags) => {
      const { explore } = await import("./explore.ts");
      const { seed, runs, for: forMs, workers, shard, queue, fault, json, report } = flags;
      const bounds = { runs, forMs, workers, shard, queue };
      end(await explore({ scenarios, seed, ...bounds, fault, json, report, ...shared(flags, program) }, io));
    });
}

interface ReplayFlags extends SharedOptions {
  readonly fault?: string | boolean;
  readonly target?: string;
  readonly profile?: string;
  readonly pushSink?: number;
}

export function addReplay(command: Command, { program, io, end }: Place): void {
  command
    .description("Plays a counterexample again and says how it fares: FIXED, STILL VIOLATED or CHANGED.")
    .argument("<counterexample>", "its JSON file")
    .option("--target <url>", "play what conformance found against a live implementation")
    .option("--profile <file>", "YAML file that describes the target")
    .option("--push-sink <port>", "listen here for the target's calls to Expo; 0 picks a port", portNumber)
    .option("--fault <name>", "in memory, with this planted fault")
    .option("--no-fault", "without the planted fault that it was found with")
    .option("--json <file|->", "write the verdict as JSON to a file, or to stdout")
    .option("--quiet", "print the verdict only")
    .option("--no-color", "no colours")
    .action(async (file: string, flags: ReplayFlags) => {
      const { replay } = await import("./replay.ts");
      const { json, fault = true, target, profile, pushSink } = flags;
      end(await replay({ file, json, fault, target, profile, pushSink, ...shared(flags, program) }, io));
    });
}
