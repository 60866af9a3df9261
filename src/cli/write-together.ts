/**
 * Owns writing several files so that all of them are there at the end, or none.
 * Refuses to know what is in them, and to replace a file unless it is asked to.
 */

import { lstatSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { UsageFault } from "./exit.ts";
import { cannotWrite, makeFolder } from "./folder.ts";
import { listed } from "./nearest.ts";

export interface TextFile {
  /** From the folder that all are written into. */
  readonly name: string;
  readonly text: string;
}

export interface WriteRequest {
  /** Where they go; made when it is not there. */
  readonly folder: string;
  /** The folder as the user wrote it. */
  readonly shown: string;
  /** Files that are there are replaced. */
  readonly force: boolean;
}

/** Writes them. Says which were replaced. UsageFault when one cannot be written, and then none was. */
export function writeTogether(files: readonly TextFile[], request: WriteRequest): readonly string[] {
  const there = files.map(({ name }) => name).filter((name) => isThere(name, request));
  if (there.length > 0 && !request.force)
    throw new UsageFault(
      `${listed(there, "and")} ${there.length === 1 ? "is" : "are"} there already, and nothing was written: --force replaces ${there.length === 1 ? "it" : "them"}`,
    );
  const made: string[] = [];
  let at: string = request.shown;
  try {
    const fresh = files.map(({ name, text }) => {
      at = shownIn(request, name);
      const path = resolve(request.folder, name);
      const first = makeFolder(dirname(path));
      if (first !== undefined) made.unshift(first);
      const beside = `${path}.${process.pid}.part`;
      made.unshift(beside);
      writeFileSync(beside, text, { flag: "wx" });
      return { beside, path };
    });
    // All of them could be written: what is left to do is to give them their names.
    for (const { beside, path } of fresh) renameSync(beside, path);
  } catch (error) {
    for (const path of made) rmSync(path, { recursive: true, force: true });
    throw cannotWrite(at, error);
  }
  return there;
}

/** A folder or the like under the name of a file is never replaced. */
function isThere(name: string, request: WriteRequest): boolean {
  const path = resolve(request.folder, name);
  try {
    const found = lstatSync(path, { throwIfNoEntry: false });
    if (found === undefined) return false;
    if (found.isFile() || found.isSymbolicLink()) return true;
  } catch (error) {
    throw cannotWrite(shownIn(request, name), error);
  }
  throw new UsageFault(`${shownIn(request, name)} cannot be written: what stands there is no file`);
}

function shownIn({ shown }: WriteRequest, name: string): string {
  return shown === "." ? name : `${shown.replace(/\/$/, "")}/${name}`;
}
