/**
 * Owns the options and help of `compare`, and which of its two comparisons is meant.
 * Refuses to do either: each is loaded when it is called.
 */

import type { Command } from "commander";
import { UsageFault } from "./exit.ts";
import { collect, type SharedOptions, shared, wholeNumber } from "./flag-values.ts";
import type { Place } from "./program-place.ts";

interface CompareFlags extends SharedOptions {
  readonly phases?: boolean;
  readonly seed?: number;
  readonly devices?: number;
  readonly duration?: string;
  readonly set?: readonly string[];
  readonly tolerance?: string;
  readonly report?: string;
}

const OF_PHASES = ["seed", "devices", "duration", "set"] as const;

export function addCompare(command: Command, { program, io, machinery, end }: Place): void {
  command
    .description(
      "Holds two simulation reports against each other: figures, thresholds, rules. With --phases: plays one workload with no phase of the roadmap, then with phase 1, 1-2 and so on, and says which of its promises the figures bear out.",
    )
    .argument(
      "[what...]",
      "two runs (folders under reports/ or of your own, report.json files, latest); with --phases a scenario",
    )
    .option("--phases", "compare the phases of the roadmap on one workload")
    .option("--seed <n>", "with --phases: one seed, one workload (default: 1)", wholeNumber("a seed", 0))
    .option("--devices <n>", "with --phases: total number of devices", wholeNumber("a number of devices", 1))
    .option("--duration <time>", "with --phases: how long faults are on, such as 12h or 3d")
    .option(
      "--set <path=value>",
      "with --phases: change a setting of the scenario; may be given again",
      collect,
    )
    .option("--tolerance <share>", "with two runs: how much worse a figure may be (default: 5%)")
    .option("--report <dir>", "folder for the report")
    .option("--json <file|->", "write the comparison as JSON to a file, or to stdout")
    .option("--quiet", "no progress; two runs: print only what went wrong; --phases: print nothing")
    .option("--no-color", "no colours")
    .action(async (what: readonly string[], flags: CompareFlags) => {
      const { json, report } = flags;
      const common = { json, report, ...shared(flags, program) };
      if (flags.phases === true) {
        checkPhases(what, flags);
        const { comparePhases } = await import("./compare-phases.ts");
        const { seed = 1, devices, duration, set = [] } = flags;
        const options = { scenario: what[0], seed, devices, duration, set, ...common };
        return end(await comparePhases(options, io, machinery.loadRunKit));
      }
      const [left, right] = twoRuns(what, flags);
      const { compareRuns } = await import("./compare-runs.ts");
      end(compareRuns({ left, right, tolerance: flags.tolerance ?? "5%", ...common }, io));
    });
}

function checkPhases(what: readonly string[], { tolerance }: CompareFlags): void {
  if (what.length > 1)
    throw new UsageFault(`--phases takes one scenario; found ${what.length}: ${what.join(", ")}`);
  if (tolerance !== undefined)
    throw new UsageFault("--tolerance is about two runs; with --phases nothing is tolerated or refused");
}

function twoRuns(what: readonly string[], flags: CompareFlags): readonly [string, string] {
  const [left, right] = what;
  if (left === undefined || right === undefined || what.length > 2) {
    throw new UsageFault(
      `compare takes two runs, such as "compare reports/before latest", or --phases; found ${what.length === 0 ? "none" : what.join(", ")}`,
    );
  }
  const stray = OF_PHASES.find((name) => flags[name] !== undefined);
  if (stray !== undefined)
    throw new UsageFault(`--${stray} decides what is simulated; two runs have been: it goes with --phases`);
  return [left, right];
}
