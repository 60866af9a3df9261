/**
 * Owns the command `report`: runs are found, shards merged, and what was asked for is rendered.
 * Refuses to know any kind of run: each has an opener and a merger of its own.
 */

import { writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { ZodError } from "zod";
import { SHARD_FILE, troublesOf } from "../report/merge-shard.ts";
import { type ExitCode, UsageFault } from "./exit.ts";
import { cannotWrite, makeFolder, openRunFolder } from "./folder.ts";
import { type Io, widthOf } from "./io.ts";
import { paintFor } from "./paint.ts";
import { FORMATS, type Format, KINDS, type Rendered } from "./report-kinds.ts";
import { type FoundRun, findRun } from "./report-read.ts";

/** What the command line asked for. */
export interface ReportOptions {
  readonly runs: readonly string[];
  /** A file, `-`, or true: the usual file in the run's folder. */
  readonly forms: Readonly<Partial<Record<Format, string | true | undefined>>>;
  /** Where merged shards go. */
  readonly report: string | undefined;
  readonly quiet: boolean;
  readonly color: boolean;
}

/** The usual file of each form, and the option that asks for it. */
const USUAL = {
  html: ["report.html", "--html"],
  markdown: ["report.md", "--markdown"],
  junit: ["junit.xml", "--junit"],
  json: ["report.json", "--json"],
  openMetrics: ["metrics.txt", "--open-metrics"],
} as const satisfies Record<Format, readonly [string, string]>;

/** Runs that are rendered or merged at once. */
const RUNS_MAX = 1_000;

interface Ready {
  readonly rendered: Rendered;
  readonly folder: string;
  readonly shown: string;
}

/** Renders, or merges and renders. UsageFault when a run is not there, or shards are not one run. */
export async function report(options: ReportOptions, io: Io): Promise<ExitCode> {
  const { runs } = options;
  const asked = runs[0] === "merge" ? runs.slice(1) : runs;
  if (asked.length === 0)
    throw new UsageFault(
      runs.length === 0
        ? "no run is named: give its folder, or latest, before the options"
        : "no shard is named: give the folders of all of them",
    );
  if (asked.length > RUNS_MAX)
    throw new UsageFault(`${asked.length} runs are named; at most ${RUNS_MAX} are taken`);
  checkForms(options);
  const found = asked.map((named) => findRun(named, io.cwd));
  const isMerge = runs[0] === "merge" || found.length > 1;
  const ready = isMerge ? await merged(found, options, io) : await opened(found[0] as FoundRun, options);
  const wanted = FORMATS.filter((format) => options.forms[format] !== undefined);
  for (const format of wanted) put(format, ready, options, io);
  if (!wanted.some((format) => options.forms[format] === "-") && (isMerge || wanted.length === 0))
    io.stdout.write(screenOf(ready, options, io));
  return ready.rendered.code;
}

/** Standard output holds one form. */
function checkForms({ forms }: ReportOptions): void {
  const there = FORMATS.filter((format) => forms[format] === "-").map((format) => USUAL[format][1]);
  if (there.length > 1)
    throw new UsageFault(`${there.join(" and ")} both print to standard output; give one of them a file`);
}

async function opened(run: FoundRun, { report: into }: ReportOptions): Promise<Ready> {
  if (into !== undefined)
    throw new UsageFault("--report is the folder of merged shards; a single run keeps its own");
  const open = KINDS.get(run.schema);
  if (open === undefined) throw new UsageFault(unknownSchema(run));
  return { rendered: await open(run), folder: run.folder, shown: run.shown };
}

function unknownSchema({ named, schema }: FoundRun): string {
  const [name] = schema.split("@");
  const same = [...KINDS.keys()].find((known) => known.startsWith(`${name}@`));
  if (same !== undefined)
    return `${named} was written as ${schema}, and this version reads ${same}: run it again`;
  return `${named} is ${schema}; report renders ${[...KINDS.keys()].join(", ")}`;
}

async function merged(found: readonly FoundRun[], options: ReportOptions, io: Io): Promise<Ready> {
  const unsharded = found.filter(({ shard }) => shard === undefined).map(({ named }) => named);
  if (unsharded.length > 0)
    throw new UsageFault(
      `${unsharded.join(", ")} ${unsharded.length === 1 ? "has" : "have"} no ${SHARD_FILE}: only shards of one run are merged; two runs are held against each other by compare`,
    );
  const shards = found.flatMap(({ named, shard }) => (shard === undefined ? [] : [{ name: named, shard }]));
  const troubles = troublesOf(shards);
  if (troubles.length > 0) throw new UsageFault(...troubles);
  const { mergerOf } = await import("./report-merge.ts");
  const files = shards.map(({ shard }) => shard);
  const { scenario, merge } = await mergerOf(files);
  const folder = openRunFolder({
    cwd: io.cwd,
    report: options.report,
    scenario,
    seed: files[0]?.seed ?? 0,
    nowMs: io.now(),
  });
  const { rendered, extra } = whole(() => merge(folder.runId));
  try {
    for (const [name, text] of extra) folder.write(name, text);
    for (const format of FORMATS) {
      const render = rendered.forms[format];
      if (render !== undefined && format !== "openMetrics")
        folder.write(USUAL[format][0], render(folder.shown));
    }
    folder.publish();
  } catch (error) {
    throw cannotWrite(`the report in ${folder.shown}`, error);
  }
  return { rendered, folder: folder.path("."), shown: folder.shown };
}

/** A shard.json that was changed by hand, or cut short, is wrong input. */
function whole<Result>(merge: () => Result): Result {
  try {
    return merge();
  } catch (error) {
    if (!(error instanceof ZodError)) throw error;
    const place = error.issues[0]?.path.join(".") ?? "it";
    throw new UsageFault(
      `a ${SHARD_FILE} cannot be put together with the others: ${place} is not as it was written; run its shard again`,
    );
  }
}

function put(format: Format, { rendered, folder, shown }: Ready, { forms }: ReportOptions, io: Io): void {
  const render = rendered.forms[format];
  const [usual, option] = USUAL[format];
  if (render === undefined) throw new UsageFault(`${option}: a run of this kind has no such form`);
  const place = forms[format];
  if (place === "-") {
    io.stdout.write(render(shown));
    return;
  }
  const file = place === undefined || place === true ? join(folder, usual) : resolve(io.cwd, place);
  try {
    makeFolder(dirname(file));
    writeFileSync(file, render(shown));
  } catch (error) {
    throw cannotWrite(typeof place === "string" ? place : usual, error);
  }
}

function screenOf({ rendered, shown }: Ready, { color, quiet }: ReportOptions, io: Io): string {
  return rendered.screen({
    width: widthOf(io.stdout),
    paint: paintFor(io.stdout, io, color),
    folder: shown,
    quiet,
  });
}
