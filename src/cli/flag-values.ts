/**
 * Owns how the values of options are read: numbers, ports, options that may be given again, and what all commands share.
 * Refuses to know any command.
 */

import { type Command, InvalidArgumentError } from "commander";

/** Options that every command has. */
export interface SharedOptions {
  readonly json?: string;
  readonly quiet?: boolean;
  readonly color: boolean;
}

export function portNumber(text: string): number {
  const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (value <= 65_535) return value;
  throw new InvalidArgumentError("a port is a whole number from 0 to 65535.");
}

/** `--no-color` is taken before the command's name as well as after it. */
export function shared(
  flags: SharedOptions,
  program: Command,
): { readonly quiet: boolean; readonly color: boolean } {
  return { quiet: flags.quiet === true, color: flags.color && program.opts<SharedOptions>().color };
}

export function wholeNumber(what: string, min: number): (text: string) => number {
  return (text) => {
    const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
    if (Number.isSafeInteger(value) && value >= min) return value;
    throw new InvalidArgumentError(`${what} is a whole number from ${min} to ${Number.MAX_SAFE_INTEGER}.`);
  };
}

export function collect(value: string, previous: readonly string[] | undefined): readonly string[] {
  return [...(previous ?? []), value];
}
