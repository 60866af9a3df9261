/**
 * Owns what a run is called on the command line: a folder, a file in it, its name under reports/, or `latest`.
 * Refuses to read what stands in its files.
 */

import { readFileSync, statSync } from "node:fs";
import { resolve } from "node:path";
import { UsageFault } from "./exit.ts";

/** Of a run's folder, where it is not given by `--report`. */
export const REPORTS = "reports";
/** What every run leaves. */
export const REPORT_FILE = "report.json";

/** A name that stands for another one is a line; more than this is some other file. */
const POINTER_CHARS_MAX = 255;

/** The folder or `.json` file that a name stands for; UsageFault when it stands for none. `files` are told of. */
export function findPlace(named: string, cwd: string, files: string): string {
  const found = [resolve(cwd, named), resolve(cwd, REPORTS, named)].find(exists);
  if (found === undefined)
    throw new UsageFault(
      `there is no run ${named}: name a folder, ${files}, or a run under ${REPORTS}/ such as latest`,
    );
  if (isFolder(found) || found.endsWith(".json")) return found;
  const pointed = pointedTo(found);
  if (pointed !== undefined && isFolder(pointed)) return pointed;
  throw new UsageFault(`${named} is no run: a run is a folder with a ${REPORT_FILE}, or that file`);
}

/** Where links cannot be made, `latest` is a file that holds the name. */
function pointedTo(file: string): string | undefined {
  const stat = statSync(file);
  if (!stat.isFile() || stat.size > POINTER_CHARS_MAX) return undefined;
  try {
    return resolve(file, "..", readFileSync(file, "utf8").trim());
  } catch {
    return undefined;
  }
}

/** Whether something stands there; what can be no path, or not be looked at, does not. */
export function exists(path: string): boolean {
  try {
    return statSync(path, { throwIfNoEntry: false }) !== undefined;
  } catch {
    return false;
  }
}

export function isFolder(path: string): boolean {
  return exists(path) && statSync(path).isDirectory();
}
