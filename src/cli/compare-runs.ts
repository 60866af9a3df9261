/**
 * Owns the command `compare <run> <run>`: from two paths to the exit code.
 * Refuses to judge, and to guess: what is no report of this program is refused in a sentence.
 */

import { writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { compareSides, type RunsReport } from "../report/compare-runs.ts";
import { renderRunsMarkdown, renderRunsScreen } from "../report/compare-runs-text.ts";
import { readSide } from "./compare-read.ts";
import { EXIT, type ExitCode, UsageFault } from "./exit.ts";
import { cannotWrite, checkWritable, makeFolder, writeNamed } from "./folder.ts";
import { type Io, widthOf } from "./io.ts";
import { paintFor } from "./paint.ts";

export interface CompareRunsOptions {
  readonly left: string;
  readonly right: string;
  /** A share, such as `5%`. */
  readonly tolerance: string;
  readonly json: string | undefined;
  readonly report: string | undefined;
  readonly quiet: boolean;
  readonly color: boolean;
}

/** Compares two runs, or two folders of runs. A rule newly violated is 1, a figure worse beyond tolerance and noise 4. */
export function compareRuns(options: CompareRunsOptions, io: Io): ExitCode {
  const tolerance = parseTolerance(options.tolerance);
  if (options.json !== undefined && options.json !== "-") checkWritable(options.json, io.cwd);
  const [left, right] = [readSide(options.left, io.cwd), readSide(options.right, io.cwd)];
  const report = compareSides(left, right, tolerance);
  write(report, options, io);
  if (options.json === "-") io.stdout.write(renderJson(report));
  else {
    const paint = paintFor(io.stdout, io, options.color);
    io.stdout.write(renderRunsScreen(report, widthOf(io.stdout), paint, options.quiet));
  }
  return report.verdict === "violated"
    ? EXIT.violated
    : report.verdict === "worse"
      ? EXIT.threshold
      : EXIT.good;
}

function write(report: RunsReport, { json, report: folder }: CompareRunsOptions, io: Io): void {
  if (json !== undefined && json !== "-") writeNamed(json, renderJson(report), io.cwd);
  if (folder === undefined) return;
  try {
    const path = resolve(io.cwd, folder);
    makeFolder(path);
    writeFileSync(join(path, "compare.json"), renderJson(report));
    writeFileSync(join(path, "compare.md"), renderRunsMarkdown(report));
  } catch (error) {
    throw cannotWrite(`the comparison in ${folder}`, error);
  }
}

function renderJson(report: RunsReport): string {
  return `${JSON.stringify(report, undefined, 2)}\n`;
}

function parseTolerance(text: string): number {
  const share = /^\d+(\.\d+)?%$/.test(text) ? Number(text.slice(0, -1)) / 100 : Number.NaN;
  if (share >= 0) return share;
  throw new UsageFault(`--tolerance ${text}: a share is written like 5% or 0.5%`);
}
