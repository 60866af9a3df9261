/**
 * Owns how the values of options are read: numbers, ports, options that may be given again, and what all commands share.
 * Refuses to know any command.
 */

import { type Command, InvalidArgumentError } from "commander";
import { parseDuration } from "../base/time.ts";
import { UsageFault } from "./exit.ts";

const WORKERS_ASKED_MAX = 64;

/** Options that every command has. */
export interface SharedOptions {
  readonly json?: string;
  readonly quiet?: boolean;
  readonly color: boolean;
}

/** What Commander says of wrong options, as the rest of the program would: `--seed abc: a seed is a whole number`. */
export function plainly(text: string): string {
  return text
    .replace(/^error: /, "")
    .replace(/^option '(--?[\w-]+)[^']*' argument '(.*)' is invalid\. (.*?)\.?\n/s, "$1 $2: $3\n")
    .replace(": Allowed choices are ", ": it is one of ");
}

/** What a script's unset variable leaves behind is no value: neither a folder, nor a pattern, nor a name. */
export function checkFilled(command: Command): void {
  const isEmpty = (value: unknown): boolean => value === "" || (Array.isArray(value) && value.includes(""));
  const option = command.options.find((one) => isEmpty(command.getOptionValue(one.attributeName())));
  const argument = command.registeredArguments.find((_, at) => isEmpty(command.processedArgs[at]));
  const empty = option?.long ?? (argument && `<${argument.name()}>`);
  if (empty !== undefined) throw new UsageFault(`${empty} is empty: write a value there, or leave it out`);
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

/** In milliseconds. */
export function duration(text: string): number {
  const ms = parseDuration(text);
  if (ms !== undefined && ms > 0) return ms;
  throw new InvalidArgumentError("a time is written like 90s, 10m or 4h.");
}

export function workerNumber(text: string): number {
  const value = /^\d+$/.test(text) ? Number(text) : 0;
  if (value >= 1 && value <= WORKERS_ASKED_MAX) return value;
  throw new InvalidArgumentError(`a number of workers is a whole number from 1 to ${WORKERS_ASKED_MAX}.`);
}

/** `index` from 0. */
export function shardNumber(text: string): { readonly index: number; readonly of: number } {
  const [, index, of] = /^([1-9]\d{0,3})\/([1-9]\d{0,3})$/.exec(text) ?? [];
  if (index !== undefined && Number(index) <= Number(of)) return { index: Number(index) - 1, of: Number(of) };
  throw new InvalidArgumentError("a shard is written like 1/3: the first of three, up to 3/3.");
}
