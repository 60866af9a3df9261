/**
 * Owns what a command is given when it is put together: the program that it stands in, the outside, and how it ends.
 * Refuses to load anything: these are types.
 */

import type { Command } from "commander";
import type { ExitCode } from "./exit.ts";
import type { Io } from "./io.ts";
import type { loadCheckers, RunKit } from "./run-kit.ts";

/** What commands are given beside the outside; tests hand in small ones. */
export interface Machinery {
  loadRunKit(): Promise<RunKit>;
  loadCheckers: typeof loadCheckers;
}

export interface Place {
  readonly program: Command;
  readonly io: Io;
  readonly machinery: Machinery;
  end(code: ExitCode): void;
}
