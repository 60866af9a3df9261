/**
 * Owns the reading of a run for `report`: its report.json or shard.json.
 * Refuses to render and to merge.
 */

import { basename, dirname, join, relative } from "node:path";
import { SHARD_FILE, SHARD_SCHEMA, ShardFile } from "../report/merge-shard.ts";
import { UsageFault } from "./exit.ts";
import { exists, findPlace, isFolder, REPORT_FILE } from "./run-place.ts";
import { readText } from "./yaml-file.ts";

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
    : basename(file) === REPORT_FILE && exists(beside)
      ? asShard(readJson(beside, named), named)
      : undefined;
  const below = relative(cwd, folder);
  const shown = below === "" ? "." : below.startsWith("..") ? folder : below;
  const report = isShard ? shard?.report : data;
  return { named, folder, shown, data: report, schema: schemaOf(report, named), shard };
}

function fileOf(named: string, cwd: string): string {
  const found = findPlace(named, cwd, `its ${REPORT_FILE} or ${SHARD_FILE}`);
  if (!isFolder(found)) return found;
  const file = [REPORT_FILE, SHARD_FILE].map((name) => join(found, name)).find(exists);
  if (file === undefined)
    throw new UsageFault(`${named} has no ${REPORT_FILE}: it is no run, or one that was cut off`);
  return file;
}

function readJson(file: string, named: string): unknown {
  const shown = basename(named) === basename(file) ? named : join(named, basename(file));
  const text = readText(file, shown);
  try {
    return JSON.parse(text);
  } catch {
    throw new UsageFault(`${shown} is no JSON; was the run cut off? Run it again`);
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
