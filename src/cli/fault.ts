/**
 * Owns how a fault of zeke-sync itself is told: one sentence for the user, the stack for those who mend it.
 * Refuses to guess whose fault it was: whatever is no UsageFault is our own.
 */

import { EXIT, type ExitCode, UsageFault } from "./exit.ts";
import type { Io } from "./io.ts";

/** A fault of our own that happened inside a run: what to run again to see it, and where the stack was put. */
export class RunFault extends Error {
  override readonly name = "RunFault";
  readonly again: string;
  readonly details: string;

  constructor(cause: unknown, again: string, details: string) {
    super(messageOf(cause), { cause });
    this.again = again;
    this.details = details;
  }
}

/** Prints what went wrong on standard error and says which code to end with. */
export function tellFault(error: unknown, io: Pick<Io, "stderr" | "env">): ExitCode {
  if (error instanceof UsageFault) {
    for (const line of error.lines) io.stderr.write(`${line}\n`);
    return EXIT.usage;
  }
  const where =
    error instanceof RunFault
      ? `with this command: ${error.again} (the stack is in ${error.details})`
      : "with the command that you gave (ZEKE_SYNC_DEBUG=1 shows the stack)";
  io.stderr.write(`zeke-sync itself is at fault: ${messageOf(error)}. Please report it ${where}\n`);
  if ((io.env.ZEKE_SYNC_DEBUG ?? "") !== "") {
    io.stderr.write(`${stackOf(error instanceof RunFault ? error.cause : error)}\n`);
  }
  return EXIT.fault;
}

/** The stack of whatever was thrown, or the thing itself. */
export function stackOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

function messageOf(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).split("\n")[0] ?? "";
}
