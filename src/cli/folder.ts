/**
 * Owns where a run's files go: the report folder, `reports/latest`, a file for `--json`.
 * Refuses to know what is in them. All that can be refused is refused before the run.
 */

import {
  closeSync,
  existsSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { dirname, isAbsolute, join, relative, resolve } from "node:path";
import { formatInstant } from "../base/time.ts";
import { UsageFault } from "./exit.ts";
import { isFolder, REPORTS } from "./run-place.ts";

/** Runs of one scenario, seed and day before the folder is named by `--report` only. */
const RUNS_A_DAY_MAX = 10_000;
const LATEST = "latest";

/** A folder that could be written when it was opened. */
export interface RunFolder {
  readonly runId: string;
  /** As a user would write it from where they are. */
  readonly shown: string;
  /** Where a file of this name stands. */
  path(name: string): string;
  /** Throws what the file system throws. */
  write(name: string, text: string): void;
  /** Makes `reports/latest` point here; a folder named by `--report` is not pointed to. */
  publish(): void;
  /** Takes the folder away again where nothing was written into it. */
  discard(): void;
}

export interface FolderRequest {
  readonly cwd: string;
  /** `--report`; undefined: a new folder under reports/. */
  readonly report: string | undefined;
  readonly scenario: string;
  readonly seed: number;
  readonly nowMs: number;
}

/** Makes the folder and proves that it can be written. UsageFault when not. */
export function openRunFolder(request: FolderRequest): RunFolder {
  const base = `${formatInstant(request.nowMs).slice(0, 10)}-${request.scenario}-s${request.seed}`;
  const shownParent = request.report ?? REPORTS;
  try {
    if (request.report !== undefined) {
      const path = resolve(request.cwd, request.report);
      makeFolder(path);
      return folderAt(path, base, request.cwd, undefined);
    }
    const parent = resolve(request.cwd, REPORTS);
    makeFolder(parent);
    const runId = takeFolder(parent, base);
    return folderAt(join(parent, runId), runId, request.cwd, parent);
  } catch (error) {
    const fault = cannotWrite(`the report folder ${shownParent}`, error);
    if (request.report !== undefined || fault === error || !(fault instanceof UsageFault)) throw fault;
    throw new UsageFault(`${fault.message} (--report names another)`);
  }
}

/**
 * Makes a folder with all that it stands in; says which was the first that was not there. Node's own `recursive` never
 * comes back where a folder that is there refuses by ENOENT, as /proc does.
 */
export function makeFolder(path: string): string | undefined {
  try {
    mkdirSync(path);
    return path;
  } catch (error) {
    if (isFolder(path)) return undefined;
    const above = dirname(path);
    if ((error as NodeJS.ErrnoException).code !== "ENOENT" || above === path) throw error;
    if (isFolder(above)) throw Object.assign(new Error(`no folder in ${above}`), { code: "ENOTSUP" });
    const first = makeFolder(above);
    return makeFolder(path) === undefined ? undefined : (first ?? path);
  }
}

/** Proves that `file` can be written, and leaves it as it was. UsageFault when not. */
export function checkWritable(file: string, cwd: string): void {
  const path = resolve(cwd, file);
  const existed = existsSync(path);
  try {
    closeSync(openSync(path, "a"));
    if (!existed) rmSync(path);
  } catch (error) {
    throw cannotWrite(file, error);
  }
}

/** Writes what `--json` and the like name. UsageFault that names it when it cannot be written. */
export function writeNamed(file: string, text: string, cwd: string): void {
  try {
    writeFileSync(resolve(cwd, file), text);
  } catch (error) {
    throw cannotWrite(file, error);
  }
}

/** Says in one sentence that something cannot be written, and why. Other faults than the file system's pass through. */
export function cannotWrite(what: string, error: unknown): unknown {
  const code = (error as NodeJS.ErrnoException | undefined)?.code;
  if (code === undefined) return error;
  return new UsageFault(`${what} cannot be written: ${WHY.get(code) ?? code}`);
}

const WHY: ReadonlyMap<string, string> = new Map([
  ["EACCES", "permission is denied"],
  ["EPERM", "permission is denied"],
  ["EROFS", "the file system is read-only"],
  ["ENOSPC", "the disk is full"],
  ["ENOTDIR", "a part of the path is a file"],
  ["EEXIST", "a file is in its place"],
  ["EISDIR", "it is a folder"],
  ["ENOENT", "its folder does not exist"],
  ["ENOTSUP", "no folder can be made there"],
]);

function folderAt(path: string, runId: string, cwd: string, parent: string | undefined): RunFolder {
  const probe = join(path, ".writable");
  writeFileSync(probe, "");
  rmSync(probe);
  const below = relative(cwd, path);
  const shown = below === "" ? "." : below.startsWith("..") || isAbsolute(below) ? path : below;
  return {
    runId,
    shown,
    path: (name) => join(path, name),
    write: (name, text) => writeFileSync(join(path, name), text),
    publish: () => {
      if (parent !== undefined) pointLatest(parent, runId);
    },
    discard: () => {
      if (readdirSync(path).length === 0) rmdirSync(path);
    },
  };
}

/** Two runs that begin at once get two folders: making one is the atomic step. */
function takeFolder(parent: string, base: string): string {
  for (let count = 1; count <= RUNS_A_DAY_MAX; count++) {
    const runId = count === 1 ? base : `${base}-${count}`;
    try {
      mkdirSync(join(parent, runId));
      return runId;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    }
  }
  throw new UsageFault(
    `${RUNS_A_DAY_MAX} runs named ${base} stand in ${REPORTS}; remove some, or name a folder with --report`,
  );
}

/** A link where links can be made, else a file that holds the name. A real folder of that name is left alone. */
function pointLatest(parent: string, runId: string): void {
  const latest = join(parent, LATEST);
  if (lstatSync(latest, { throwIfNoEntry: false })?.isDirectory() === true) return;
  const fresh = join(parent, `.${LATEST}-${runId}`);
  try {
    rmSync(fresh, { force: true });
    symlinkSync(runId, fresh, "dir");
    renameSync(fresh, latest);
  } catch {
    rmSync(fresh, { force: true });
    rmSync(latest, { force: true });
    writeFileSync(latest, `${runId}\n`);
  }
}
