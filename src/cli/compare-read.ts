/**
 * Owns what a run is called on the command line, and the reading of its report: a folder, a report.json, `latest`, or a
 * folder of such folders. Refuses to compare.
 */

import { readdirSync, readFileSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import type { Side } from "../report/compare-runs.ts";
import { SIMULATION_SCHEMA, SimulationReport } from "../report/result-schema.ts";
import { UsageFault } from "./exit.ts";

const REPORT = "report.json";
const PARENT = "reports";
/** Runs that one side may have. */
const RUNS_MAX = 1_000;

/** The reports that a path, or the name of a run under reports/, stands for. UsageFault when there is none. */
export function readSide(named: string, cwd: string): Side {
  const path = findRun(named, cwd);
  const files = filesOf(path, named);
  if (files.length > RUNS_MAX)
    throw new UsageFault(`${named} holds ${files.length} runs; at most ${RUNS_MAX} are compared`);
  return { shown: named, reports: files.map((file) => readReport(file, named)) };
}

function findRun(named: string, cwd: string): string {
  const found = [resolve(cwd, named), resolve(cwd, PARENT, named)].find(exists);
  if (found === undefined)
    throw new UsageFault(
      `there is no run ${named}: name a folder, a ${REPORT}, or a run under ${PARENT}/ such as latest`,
    );
  if (isFolder(found) || found.endsWith(".json")) return found;
  // Where links cannot be made, `latest` is a file that holds the name.
  const pointed = resolve(found, "..", readFileSync(found, "utf8").trim());
  if (exists(pointed) && isFolder(pointed)) return pointed;
  throw new UsageFault(`${named} is no run: a run is a folder with a ${REPORT}, or that file`);
}

function filesOf(path: string, named: string): readonly string[] {
  if (!isFolder(path)) return [path];
  if (exists(join(path, REPORT))) return [join(path, REPORT)];
  const inside = readdirSync(path, { withFileTypes: true })
    // A link such as latest names a run that is there under its own name.
    .filter((entry) => entry.isDirectory())
    .map((entry) => join(path, entry.name, REPORT))
    .filter(exists)
    .sort((left, right) => (left < right ? -1 : 1));
  if (inside.length === 0)
    throw new UsageFault(`${named} holds no run: neither it nor a folder in it has a ${REPORT}`);
  return inside;
}

function readReport(file: string, named: string): SimulationReport {
  let data: unknown;
  try {
    data = JSON.parse(readFileSync(file, "utf8"));
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

function exists(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false }) !== undefined;
}

function isFolder(path: string): boolean {
  return statSync(path).isDirectory();
}
