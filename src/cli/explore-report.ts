/**
 * Owns what becomes of a hunt: its report as data, the files of its findings, and what is printed.
 * Refuses to hunt.
 */

import { byCodeUnit } from "../base/canonical-json.ts";
import { formatInstant } from "../base/time.ts";
import type { Campaign } from "../exploration/campaign.ts";
import {
  COUNTEREXAMPLE_FORM,
  type Counterexample,
  counterexampleText,
} from "../exploration/counterexample.ts";
import type { Paint } from "../report/layout.ts";
import { wrap } from "../report/layout.ts";
import { renderDiagramSvg } from "../report/space-time-svg.ts";
import { PLAN_FORM } from "../simulation/plan.ts";
import type { Caught } from "./explore-hunt.ts";
import { summaryOf } from "./explore-markdown.ts";
import {
  EXPLORE_SCHEMA,
  type ExploreReport,
  type FindingReport,
  type KnownReport,
} from "./explore-schema.ts";
import { type Played, playFor, tell } from "./explore-tell.ts";
import { ownVersion } from "./version.ts";

/** Findings that the screen shows whole; the others get a line. */
const SHOWN_MAX = 3;

/** A finding, ready to be written and told. */
export interface Filed {
  readonly entry: FindingReport;
  readonly example: Counterexample;
  readonly played: Played;
}

/** Plays every finding once more, for its steps and its diagram. */
export function fileFindings(caught: readonly Caught[], fault: string | undefined): readonly Filed[] {
  const numbers = new Map<string, number>();
  return caught.map((one) => {
    const { rule } = one.finding;
    const number = (numbers.get(rule) ?? 0) + 1;
    numbers.set(rule, number);
    return fileOne(one, fault, `${rule}-${number}.json`);
  });
}

function fileOne({ finding, shrunk, along }: Caught, fault: string | undefined, file: string): Filed {
  const { rule, shape, first, count } = finding;
  const { expected, actual, because } = shrunk.broken.find((one) => one.rule === rule) ?? finding.breach;
  const actions = { from: first.plan.actions.length, to: shrunk.plan.actions.length };
  const example: Counterexample = {
    form: COUNTEREXAMPLE_FORM,
    rule,
    ...(fault !== undefined && { fault }),
    plan: shrunk.plan,
    seen: { digest: shrunk.digest, expected, actual, because },
    shrunk: { ...actions, tries: shrunk.tries },
    versions: { "zeke-sync": ownVersion(), plan: PLAN_FORM },
    note: "",
  };
  const played = playFor(example);
  const entry: FindingReport = {
    rule,
    expected,
    actual,
    because,
    shape,
    runs: count,
    first: first.index,
    along: along.map((other) => ({ rule: other.rule, shape: other.shape, runs: other.count })),
    actions,
    tries: shrunk.tries,
    complete: shrunk.done,
    steps: [...played.steps],
    counterexample: file,
  };
  return { entry, example, played };
}

/** Writes counterexample and diagram of each finding. Throws what the file system throws. */
export function writeFindings(filed: readonly Filed[], write: (name: string, text: string) => void): void {
  for (const { entry, example, played } of filed) {
    write(entry.counterexample, counterexampleText(example));
    if (played.diagram)
      write(entry.counterexample.replace(/\.json$/, ".svg"), renderDiagramSvg(played.diagram));
  }
}

/** What a report is made of. */
export interface HuntOutcome {
  readonly campaign: Pick<Campaign, "runs" | "events" | "behaviours" | "exercised" | "deeds">;
  readonly filed: readonly Filed[];
  readonly known: readonly KnownReport[];
  readonly ended: ExploreReport["ended"];
  readonly again: string;
  readonly seed: number;
  readonly scenarios: readonly string[];
  readonly fault: string | undefined;
  readonly shard: string | undefined;
  readonly timing: { runId: string; startedMs: number; wallMs: number; workers: number };
}

/** The report. */
export function exploreReport(outcome: HuntOutcome): ExploreReport {
  const { campaign, filed, known, ended, again, seed, scenarios, fault, shard, timing } = outcome;
  const bad = filed.length > 0 || known.some(({ ok }) => !ok);
  return {
    schema: EXPLORE_SCHEMA,
    version: ownVersion(),
    again,
    verdict: ended === "interrupted" ? "interrupted" : bad ? "fail" : "pass",
    ended,
    seed,
    scenarios: [...scenarios],
    ...(fault !== undefined && { fault }),
    ...(shard !== undefined && { shard }),
    runs: campaign.runs,
    events: campaign.events,
    behaviours: campaign.behaviours.size,
    rules: [...campaign.exercised]
      .map(([rule, runs]) => ({ rule, runs }))
      .sort((left, right) => byCodeUnit(left.rule, right.rule)),
    deeds: [...campaign.deeds]
      .map(([deed, runs]) => ({ deed, runs }))
      .sort((left, right) => byCodeUnit(left.deed, right.deed)),
    known: [...known],
    findings: filed.map(({ entry }) => entry),
    timing: {
      runId: timing.runId,
      startedAt: formatInstant(timing.startedMs),
      wallMs: Math.round(timing.wallMs),
      workers: timing.workers,
      node: process.version,
    },
  };
}

export interface ScreenOptions {
  readonly width: number;
  readonly paint: Paint;
  readonly folder: string;
  /** Only what is wrong. */
  readonly quiet: boolean;
}

/** What a hunt ends with on the terminal. */
export function renderExplore(
  report: ExploreReport,
  filed: readonly Filed[],
  { width, paint, folder, quiet }: ScreenOptions,
): string {
  const bad = filed.length > 0 || report.known.some(({ ok }) => !ok);
  if (quiet && !bad) return "";
  const tone = bad ? paint.bad : report.verdict === "pass" ? paint.good : paint.warn;
  const mark = bad ? "✗" : report.verdict === "pass" ? "✓" : "·";
  const lines: string[] = [
    `${tone(mark)} ${paint.bold(`explore · seed ${report.seed}`)}`,
    ...wrap(summaryOf(report).replaceAll("`", ""), width - 2).map((line) => `  ${line}`),
    ...knownLines(report, width),
  ];
  for (const { entry, played } of filed.slice(0, SHOWN_MAX)) {
    const more = [
      ["seen", seenLine(entry)],
      ["replay", `zeke-sync replay ${folder}/${entry.counterexample}`],
    ] as const;
    const tale = { ...entry, from: entry.actions.from, more, diagram: played.diagram };
    lines.push("", ...tell(tale, { width, paint }));
  }
  const others = filed.slice(SHOWN_MAX);
  if (others.length > 0) lines.push("", "also found");
  for (const { entry } of others)
    lines.push(`    ${entry.rule.padEnd(9)} ${entry.actions.to} steps  ${folder}/${entry.counterexample}`);
  lines.push(
    "",
    paint.dim(`  report      ${folder}/report.html`),
    paint.dim(`  again       ${report.again}`),
  );
  return `${lines.join("\n")}\n`;
}

function knownLines({ known }: ExploreReport, width: number): readonly string[] {
  if (known.length === 0) return [];
  const wrong = known.filter(({ ok }) => !ok);
  if (wrong.length === 0)
    return wrap(`${known.length} known counterexamples fare as they must.`, width - 2).map(
      (line) => `  ${line}`,
    );
  return wrong.flatMap(({ file, verdict, fault }) => {
    const must = fault === undefined ? "FIXED" : `STILL VIOLATED under ${fault}`;
    return wrap(`known counterexample ${file} is ${verdict}, and must be ${must}.`, width - 2).map(
      (line) => `  ${line}`,
    );
  });
}

function seenLine({ runs, first, along, complete }: FindingReport): string {
  const others = [...new Set(along.map(({ rule }) => rule))];
  return [
    `in ${runs} ${runs === 1 ? "run" : "runs"}, first in number ${first}`,
    ...(others.length > 0 ? [`the same steps break ${others.join(", ")}`] : []),
    ...(complete ? [] : ["shrinking was stopped"]),
  ].join("; ");
}
