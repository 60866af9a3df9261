/**
 * Owns the options of `simulate` that are of a live target, and what goes from them to its command.
 * Refuses to do its work: it is loaded when it is called.
 */

import { type Command, InvalidArgumentError } from "commander";
import { type ExitCode, UsageFault } from "./exit.ts";
import type { Io } from "./io.ts";
import type { SimulateOptions } from "./simulate.ts";

/** As commander hands them over. */
export interface LiveFlags {
  readonly target?: string;
  readonly profile?: string;
  readonly tokens?: string;
  readonly speed?: number;
  readonly ramp?: string;
}

const SPEED_DEFAULT = 60;
const RAMP_DEFAULT = "5s";

export function addLiveOptions(command: Command): Command {
  return command
    .option("--target <url>", "run the fleet live, in real time, against this address")
    .option("--profile <file>", "with --target: YAML file that describes the target")
    .option("--tokens <file>", "with --target: the fleet's accounts, a file as serve --tokens takes it")
    .option(
      "--speed <n>",
      `with --target: people live so many times as fast (default: ${SPEED_DEFAULT})`,
      speedOf,
    )
    .option(
      "--ramp <time>",
      `with --target: over how long phones are switched on (default: ${RAMP_DEFAULT})`,
    );
}

/** Runs the live command with what was given. */
export async function simulateTarget(
  target: string,
  { profile, tokens, speed = SPEED_DEFAULT, ramp = RAMP_DEFAULT }: LiveFlags,
  options: SimulateOptions,
  io: Io,
): Promise<ExitCode> {
  const { simulateLive } = await import("./fleet-simulate.ts");
  return await simulateLive({ ...options, target, profile, tokens, speed, ramp }, io);
}

/** What is of a live target wants one. */
export function liveOnly({ profile, tokens, speed, ramp }: LiveFlags): void {
  const given =
    profile !== undefined
      ? "--profile"
      : tokens !== undefined
        ? "--tokens"
        : speed !== undefined
          ? "--speed"
          : ramp !== undefined
            ? "--ramp"
            : undefined;
  if (given !== undefined)
    throw new UsageFault(`${given} is of a live target: give its address by --target, or leave ${given} out`);
}

/** `60`, `0.5` */
function speedOf(text: string): number {
  const value = /^\d+(?:\.\d+)?$/.test(text) ? Number(text) : Number.NaN;
  if (value > 0 && value <= 10_000) return value;
  throw new InvalidArgumentError("a number above 0, at most 10000, such as 60 or 1.");
}
