/**
 * Owns what a command may touch of the process: streams, environment, folder, clock, Ctrl-C.
 * Refuses to know any command. Tests hand in their own.
 */

import { Chalk } from "chalk";
import { type Paint, PLAIN } from "../report/layout.ts";

/** A stream to print to; on a terminal it knows its width. */
export type Output = NodeJS.WritableStream & { readonly isTTY?: boolean; readonly columns?: number };

/** The outside, as commands see it. */
export interface Io {
  readonly stdout: Output;
  readonly stderr: Output;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  /** Wall time, epoch ms. */
  now(): number;
  /** Calls `listener` at each Ctrl-C (or SIGTERM) until the returned function is called. */
  onInterrupt(listener: () => void): () => void;
  /** Calls `listener` at each SIGHUP until the returned function is called. */
  onHangup(listener: () => void): () => void;
  /** Ends the process at once, whatever is under way. */
  exitNow(code: number): void;
}

/** The real process. A reader of our output that goes away early (`| head`) is no fault. */
export function processIo(): Io {
  for (const stream of [process.stdout, process.stderr]) stream.on("error", ignoreClosedPipe);
  return {
    stdout: process.stdout,
    stderr: process.stderr,
    env: process.env,
    cwd: process.cwd(),
    now: () => Date.now(),
    onInterrupt(listener) {
      process.on("SIGINT", listener).on("SIGTERM", listener);
      return () => {
        process.off("SIGINT", listener).off("SIGTERM", listener);
      };
    },
    onHangup(listener) {
      process.on("SIGHUP", listener);
      return () => process.off("SIGHUP", listener);
    },
    exitNow: (code) => process.exit(code),
  };
}

function ignoreClosedPipe(error: NodeJS.ErrnoException): void {
  if (error.code !== "EPIPE") throw error;
}

/** Colours for a stream: none off a terminal, with `--no-color`, with NO_COLOR set, or where TERM is dumb. */
export function paintFor(output: Output, io: Pick<Io, "env">, wanted: boolean): Paint {
  const forced = io.env.FORCE_COLOR !== undefined && io.env.FORCE_COLOR !== "0";
  const refused = !wanted || (io.env.NO_COLOR ?? "") !== "" || io.env.TERM === "dumb";
  if (refused || !(forced || output.isTTY === true)) return PLAIN;
  const chalk = new Chalk({ level: 1 });
  return {
    bold: (text) => chalk.bold(text),
    dim: (text) => chalk.dim(text),
    good: (text) => chalk.green(text),
    bad: (text) => chalk.red(text),
    warn: (text) => chalk.yellow(text),
  };
}

/** Columns to print in: the terminal's, or 80 where there is none or it does not know; never so narrow that nothing can be laid out. */
export function widthOf(output: Output): number {
  const columns = output.columns ?? 0;
  return columns === 0 ? COLUMNS_DEFAULT : Math.max(COLUMNS_MIN, Math.min(columns, COLUMNS_MAX));
}

const COLUMNS_DEFAULT = 80;
const COLUMNS_MIN = 40;
const COLUMNS_MAX = 120;
