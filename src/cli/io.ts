/**
 * Owns what a command may touch of the process: streams, environment, folder, clock, Ctrl-C.
 * Refuses to know any command. Tests hand in their own.
 */

import { EXIT, type ExitCode, gravest } from "./exit.ts";

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
  process.stdout.on("error", tellUnwritten());
  // Where diagnostics cannot be written, nothing can be said about it either.
  process.stderr.on("error", () => undefined);
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

/** Once: the run goes on to its end, for it may have to clean up, and ends as one whose report could not be written. */
function tellUnwritten(): (error: NodeJS.ErrnoException) => void {
  let isTold = false;
  return (error) => {
    if (error.code === "EPIPE" || isTold) return;
    isTold = true;
    process.once("exit", () => {
      process.exitCode = gravest([EXIT.usage, process.exitCode as ExitCode]);
    });
    void import("./folder.ts").then(({ cannotWrite }) => {
      const told = cannotWrite("standard output", error);
      process.stderr.write(`${told instanceof Error ? told.message : String(told)}\n`);
    });
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
