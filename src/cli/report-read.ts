/**
 * Owns what a run is called for `report`, and the reading of what stands there: report.json or shard.json.
 * Refuses to render and to merge.
 */

import { readFileSync, statSync } from "node:fs";
import { basename, dirname, join, relative, resolve } from "node:path";
import { SHARD_FILE, SHARD_SCHEMA, ShardFile } from "../report/merge-shard.ts";
import { UsageFault } from "./exit.ts";

const REPORT = "report.json";
const PARENT = "reports";

/** A run, as it lies on the disk. */
export interface FoundRun {
  /** As it was named. */
  readonly named: string;
  /** Of its files. */
  readonly folder: string;
  /** As a user would write it from where they are. */
  readonly shown: string;
  readonly data: unknown;
  readonly schema: string;
  /** Its folder has a shard.json, or it is one. */
  readonly shard: ShardFile | undefined;
}

/** The run that a folder, a file, a run's name or `latest` stands for. UsageFault when there is none. */
export function findRun(named: string, cwd: string): FoundRun {
  const file = fileOf(named, cwd);
  const data = readJson(file, named);
  const folder = dirname(file);
  const schema = schemaOf(data, named);
  const isShard = schema === SHARD_SCHEMA;
  const beside = join(folder, SHARD_FILE);
  const shard = isShard
    ? asShard(data, named)
    : basename(file) === REPORT && exists(beside)
      ? asShard(readJson(beside, named), named)
      : undefined;
  const below = relative(cwd, folder);
  const shown = below === "" ? "." : below.startsWith("..") ? folder : below;
  const report = isShard ? shard?.report : data;
  return { named, folder, shown, data: report, schema: schemaOf(report, named), shard };
}

function fileOf(named: string, cwd: string): string {
  const found = [resolve(cwd, named), resolve(cwd, PARENT, named)].find(exists);
  if (found === undefined)
    throw new UsageFault(
      `there is no run ${named}: name a folder, its ${REPORT} or ${SHARD_FILE}, or a run under ${PARENT}/ such as latest`,
    );
  if (isFolder(found)) return inFolder(found, named);
  if (found.endsWith(".json")) return found;
  // Where links cannot be made, `latest` is a file that holds the name.
  const pointed = resolve(found, "..", readFileSync(found, "utf8").trim());
  if (exists(pointed) && isFolder(pointed)) return inFolder(pointed, named);
  throw new UsageFault(`${named} is no run: a run is a folder with a ${REPORT}, or that file`);
}

function inFolder(folder: string, named: string): string {
  const file = [REPORT, SHARD_FILE].map((name) => join(folder, name)).find(exists);
  if (file === undefined)
    throw new UsageFault(`${named} has no ${REPORT}: it is no run, or one that was cut off`);
  return file;
}

function readJson(file: string, named: string): unknown {
  try {
    return JSON.parse(readFileSync(file, "utf8"));
  } catch {
    throw new UsageFault(`${named}: ${basename(file)} is no JSON; was the run cut off? Run it again`);
  }
}

function schemaOf(data: unknown, named: string): string {
  const { schema } = (typeof data === "object" && data !== null ? data : {}) as { readonly schema?: unknown };
  if (typeof schema === "string") return schema;
  throw new UsageFault(`${named} says no schema: it is no report of zeke-sync`);
}

function asShard(data: unknown, named: string): ShardFile {
  const outcome = ShardFile.safeParse(data);
  if (outcome.success) return outcome.data;
  const { schema, version } = data as { readonly schema?: unknown; readonly version?: unknown };
  throw new UsageFault(
    `${named}: ${SHARD_FILE} is not as ${SHARD_SCHEMA} has it (it says ${String(schema)}, made by version ${String(version)}): run the shard again with this version`,
  );
}

function exists(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false }) !== undefined;
}

function isFolder(path: string): boolean {
  return statSync(path).isDirectory();
}
