/**
 * Owns the options and help of `simulate`.
 * Refuses to do its work: it is loaded when it is called.
 */

import type { Command } from "commander";
import { collect, type SharedOptions, shardNumber, shared, wholeNumber } from "./flag-values.ts";
import { widthOf } from "./io.ts";
import { addLiveOptions, type LiveFlags, liveOnly, simulateTarget } from "./program-fleet.ts";
import type { Place } from "./program-place.ts";
import { scenarioNames } from "./scenario-names.ts";

interface SimulateFlags extends SharedOptions, LiveFlags {
  readonly seed: number;
  readonly devices?: number;
  readonly duration?: string;
  readonly set?: readonly string[];
  readonly report?: string;
  readonly fault?: string;
  readonly trace?: readonly string[];
  readonly swarm?: boolean;
  readonly shard?: { readonly index: number; readonly of: number };
}

export function addSimulate(command: Command, { program, io, machinery, end }: Place): void {
  const told = command
    .description(
      "Runs the reference proxy and a fleet of devices in virtual time, judges the history by every rule, prints the metrics and writes a report.",
    )
    .argument("[scenario]", "name of a shipped scenario, or path of a YAML file", "commuter")
    .option("--seed <n>", "one seed, one history", wholeNumber("a seed", 0), 1)
    .option(
      "--devices <n>",
      "total number of devices; accounts are scaled",
      wholeNumber("a number of devices", 1),
    )
    .option("--duration <time>", "how long faults are on, such as 12h or 7d")
    .option("--set <path=value>", "change a setting of the scenario; may be given again", collect)
    .option("--swarm", "let the seed draw which faults are on, how strong, and how the proxy is set")
    .option("--shard <i/n>", "only the i-th of n parts of the accounts, such as 1/3", shardNumber)
    .option("--fault <name>", "plant a fault in proxy or device, to see it caught")
    .option(
      "--trace <device>",
      "print the life of a device instead of the screen; may be given again",
      collect,
    )
    .option("--report <dir>", "folder for the report (default: reports/<run-id>)")
    .option("--json <file|->", "write the report as JSON to a file, or to stdout")
    .option("--quiet", "no progress; print only what went wrong")
    .option("--no-color", "no colours");
  addLiveOptions(told)
    .addHelpText("after", ({ command: asked }) => {
      const text = `Shipped scenarios: ${scenarioNames().join(", ")}`;
      return `\n${asked.createHelp().boxWrap(text, widthOf(io.stdout))}`;
    })
    .action(async (scenario: string, flags: SimulateFlags) => {
      const { simulate } = await import("./simulate.ts");
      const { seed, devices, duration, set = [], trace = [], json, report, fault, swarm, shard } = flags;
      const options = {
        scenario,
        seed,
        devices,
        duration,
        set,
        swarm,
        shard,
        fault,
        trace,
        json,
        report,
        ...shared(flags, program),
      };
      if (flags.target !== undefined) return end(await simulateTarget(flags.target, flags, options, io));
      liveOnly(flags);
      end(await simulate(options, io, machinery.loadRunKit));
    });
}
