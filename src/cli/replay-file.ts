/**
 * Owns counterexample files: one by its path, and those that the package brings.
 * Refuses to play them.
 */

import { readdirSync, readFileSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { byCodeUnit } from "../base/canonical-json.ts";
import {
  type ConformanceCounterexample,
  isConformanceCounterexample,
  readConformanceCounterexample,
} from "../conformance/counterexample.ts";
import { type Counterexample, parseCounterexample } from "../exploration/counterexample.ts";
import { UsageFault } from "./exit.ts";

/** The package's own; the same two levels up from src/cli and from dist/cli. */
export const PINNED_FOLDER = fileURLToPath(new URL("../../fixtures/counterexamples/", import.meta.url));

const WHY: ReadonlyMap<string, string> = new Map([
  ["ENOENT", "there is no such file"],
  ["EISDIR", "it is a folder"],
  ["EACCES", "permission is denied"],
]);

/** The counterexample of a probe in a file; undefined when it holds another JSON, or none. UsageFault when it is corrupt. */
export function readProbeCounterexample(path: string, cwd: string): ConformanceCounterexample | undefined {
  const value = jsonOf(readText(path, cwd));
  if (!isConformanceCounterexample(value)) return undefined;
  const read = readConformanceCounterexample(value);
  if (!("fault" in read)) return read;
  throw new UsageFault(`${path} is no counterexample: ${read.fault}`);
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function readText(path: string, cwd: string): string {
  try {
    return readFileSync(resolve(cwd, path), "utf8");
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? "";
    throw new UsageFault(`counterexample ${path} cannot be read: ${WHY.get(code) ?? code}`);
  }
}

/** The counterexample in a file; UsageFault with file and place when it is none. */
export function readCounterexample(path: string, cwd: string): Counterexample {
  const parsed = parseCounterexample(readText(path, cwd));
  if ("form" in parsed) return parsed;
  throw new UsageFault(`${path} is no counterexample: ${parsed.fault}`);
}

/** A counterexample that is kept for good. */
export interface Pinned {
  readonly file: string;
  readonly example: Counterexample;
}

/** Every pinned one, by name; none when the folder is not there. UsageFault when one is corrupt. */
export function readPinned(folder: string, cwd: string): readonly Pinned[] {
  let names: readonly string[];
  try {
    names = readdirSync(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
  return names
    .filter((name) => name.endsWith(".json"))
    .sort(byCodeUnit)
    .map((file) => {
      const path = join(folder, file);
      const below = relative(cwd, path);
      return { file, example: readCounterexample(below.startsWith("..") ? path : below, cwd) };
    });
}
