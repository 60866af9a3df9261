/**
 * Owns the options and help of the commands that judge a live implementation.
 * Refuses to do their work: each is loaded when it is called.
 */

import { type Command, InvalidArgumentError, Option } from "commander";
import { collect, portNumber, type SharedOptions, shardNumber, shared, wholeNumber } from "./flag-values.ts";
import type { Place } from "./program-place.ts";

interface ConformanceFlags extends SharedOptions {
  readonly profile?: string;
  readonly phase?: string;
  readonly rule?: readonly string[];
  readonly level?: "must" | "should";
  readonly runs: number;
  readonly seed?: number;
  readonly baseline?: string;
  readonly shard?: { readonly index: number; readonly of: number };
  readonly junit?: string;
  readonly report?: string;
  readonly failFast?: boolean;
  readonly dryRun?: boolean;
  readonly pushSink?: number;
  readonly wait: string;
  readonly allowUnexercised?: boolean;
  readonly fleet: boolean;
}

export function addConformance(command: Command, { program, io, end }: Place): void {
  command
    .description(
      "Judges an implementation of the protocol by its rules, over HTTP, WebSocket and push, and leaves it as it was. Without a profile: the accounts tok-a and tok-b, and the paths of the protocol.",
    )
    .argument("[url]", "address of the target; else target.baseUrl of the profile")
    .option("--profile <file>", "YAML file that describes the target")
    .option("--phase <phases>", "judge these phases only, such as 1-3")
    .option("--rule <glob>", "judge these rules only, such as 'CON-*'; may be given again", collect)
    .addOption(
      new Option(
        "--level <level>",
        "must: rules of that level only; should: a broken SHOULD fails, too (default: it is told, and fails nothing)",
      ).choices(["must", "should"]),
    )
    .option("--runs <n>", "so many times the usual number of runs of each probe", factor, 1)
    .option("--seed <n>", "of the values that probes draw (default: a new one)", wholeNumber("a seed", 0))
    .option("--baseline <file>", "YAML file of violations that are known")
    .option("--shard <i/n>", "only the i-th of n parts of the probes, such as 1/3; wants --seed", shardNumber)
    .option("--junit <file>", "write the verdicts as JUnit XML to a file, too")
    .option("--json <file|->", "write the report as JSON to a file, or to stdout")
    .option("--report <dir>", "folder for the report (default: reports/<run-id>)")
    .option("--fail-fast", "stop at the first violation")
    .option("--dry-run", "say what would be sent, and send none of it")
    .option("--push-sink <port>", "listen here for the target's calls to Expo; 0 picks a port", portNumber)
    .option("--wait <time>", "the longest that a probe lets pass, such as 90s", "5s")
    .option("--no-fleet", "probes alone, no live devices behind them")
    .option("--allow-unexercised", "end with 0 although rules were not exercised")
    .option("--quiet", "no progress; print only what went wrong")
    .option("--no-color", "no colours")
    .action(async (url: string | undefined, flags: ConformanceFlags) => {
      const { conformance } = await import("./conformance.ts");
      const { profile, phase, rule = [], level, runs, seed, baseline, junit, json, report, wait } = flags;
      const { failFast = false, dryRun = false, pushSink, allowUnexercised = false, shard, fleet } = flags;
      const files = { profile, baseline, junit, json, report };
      const chosen = { phase, rule, level, runs, seed, wait, pushSink, shard };
      const switches = { failFast, dryRun, allowUnexercised, fleet };
      end(await conformance({ url, ...files, ...chosen, ...switches, ...shared(flags, program) }, io));
    });
}

interface CleanupFlags extends SharedOptions {
  readonly profile?: string;
}

export function addCleanup(command: Command, { program, io, end }: Place): void {
  command
    .description(
      "Deletes what a run of conformance, or of simulate or replay with --target, made on its target and could not delete, from the ledger in its report folder. Nothing that the run did not make is named.",
    )
    .argument("<run-id>", "name of the run under reports/, or path of its folder")
    .option("--profile <file>", "the profile of the run, where it is not where it was")
    .option("--json <file|->", "write what was deleted as JSON to a file, or to stdout")
    .option("--quiet", "print nothing when all is deleted")
    .option("--no-color", "no colours")
    .action(async (runId: string, flags: CleanupFlags) => {
      const { cleanup } = await import("./cleanup.ts");
      const { profile, json } = flags;
      end(await cleanup({ runId, profile, json, ...shared(flags, program) }, io));
    });
}

/** `2`, `0.5` */
function factor(text: string): number {
  const value = /^\d+(?:\.\d+)?$/.test(text) ? Number(text) : Number.NaN;
  if (value > 0 && value <= 1_000) return value;
  throw new InvalidArgumentError("a number above 0, at most 1000, such as 3 or 0.5.");
}
