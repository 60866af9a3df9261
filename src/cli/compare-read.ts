/**
 * Owns the reading of one side for `compare`: the report of a run, or those of a folder of runs.
 * Refuses to compare.
 */

import { readdirSync } from "node:fs";
import { join } from "node:path";
import type { Side } from "../report/compare-runs.ts";
import { SIMULATION_SCHEMA, SimulationReport } from "../report/result-schema.ts";
import { UsageFault } from "./exit.ts";
import { exists, findPlace, isFolder, REPORT_FILE } from "./run-place.ts";
import { readText } from "./yaml-file.ts";

/** Runs that one side may have. */
const RUNS_MAX = 1_000;

/** The reports that a path, or the name of a run under reports/, stands for. UsageFault when there is none. */
export function readSide(named: string, cwd: string): Side {
  const path = findPlace(named, cwd, `a ${REPORT_FILE}`);
  const files = filesOf(path, named);
  if (files.length > RUNS_MAX)
    throw new UsageFault(`${named} holds ${files.length} runs; at most ${RUNS_MAX} are compared`);
  return { shown: named, reports: files.map((file) => readReport(file, named)) };
}

function filesOf(path: string, named: string): readonly string[] {
  if (!isFolder(path)) return [path];
  if (exists(join(path, REPORT_FILE))) return [join(path, REPORT_FILE)];
  const inside = readdirSync(path, { withFileTypes: true })
    // A link such as latest names a run that is there under its own name.
    .filter((entry) => entry.isDirectory())
    .map((entry) => join(path, entry.name, REPORT_FILE))
    .filter(exists)
    .sort((left, right) => (left < right ? -1 : 1));
  if (inside.length === 0)
    throw new UsageFault(`${named} holds no run: neither it nor a folder in it has a ${REPORT_FILE}`);
  return inside;
}

function readReport(file: string, named: string): SimulationReport {
  const text = readText(file, file);
  let data: unknown;
  try {
    data = JSON.parse(text);
  } catch {
    throw new UsageFault(`${file} is no JSON: the report of a run that was cut off? Run it again`);
  }
  const { schema } = (typeof data === "object" && data !== null ? data : {}) as { readonly schema?: unknown };
  if (schema !== SIMULATION_SCHEMA) {
    const told = typeof schema === "string" ? schema : "no schema";
    throw new UsageFault(
      `${named} has ${told}, and compare reads ${SIMULATION_SCHEMA}: run it again with this version`,
    );
  }
  const outcome = SimulationReport.safeParse(data);
  if (outcome.success) return outcome.data;
  const [issue] = outcome.error.issues;
  throw new UsageFault(
    `${file}: ${issue?.path.join(".") ?? "it"} is not as ${SIMULATION_SCHEMA} has it; run it again with this version`,
  );
}
