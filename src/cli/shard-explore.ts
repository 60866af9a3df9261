/**
 * Owns the shards of a hunt put together: runs, behaviours and findings of all of them.
 * Refuses to hunt. Each shard went on from what it saw itself, so that the whole is a hunt of as many runs, and not the
 * very one that one process would have made.
 */

import { byCodeUnit, type Json } from "../base/canonical-json.ts";
import { Counterexample } from "../exploration/counterexample.ts";
import { SHARD_FILE, type ShardFile, shardFile } from "../report/merge-shard.ts";
import type { Filed } from "./explore-report.ts";
import { ExploreReport, type FindingReport, type KnownReport } from "./explore-schema.ts";
import { ownVersion } from "./version.ts";

interface Body {
  readonly behaviours: readonly string[];
  /** By the file that the shard's report calls them. */
  readonly examples: Readonly<Record<string, Json>>;
}

/** Name and text of the file that merging takes. */
export function huntShard(made: {
  readonly report: ExploreReport;
  readonly filed: readonly Filed[];
  readonly behaviours: readonly string[];
  readonly shard: { readonly index: number; readonly of: number };
  readonly runs: number | undefined;
}): readonly [name: string, text: string] {
  const { report, filed, behaviours, shard, runs } = made;
  const { seed, scenarios, fault } = report;
  const body: Body = {
    behaviours,
    examples: Object.fromEntries(
      filed.map(({ entry, example }) => [entry.counterexample, example as unknown as Json]),
    ),
  };
  const file = shardFile({
    command: "explore",
    version: ownVersion(),
    seed,
    // A hunt by the clock has as many runs as there was time for.
    settings: { scenarios, fault: fault ?? null, runs: runs ?? null },
    shard,
    again: report.again.replace(/ --shard \S+/, ""),
    report,
    body: body as unknown as Json,
  });
  return [SHARD_FILE, `${JSON.stringify(file)}\n`];
}

/** A hunt's report, and its counterexamples by file. */
export interface MergedHunt {
  readonly report: ExploreReport;
  readonly examples: ReadonlyMap<string, Counterexample>;
}

/** One report of all shards, in any order. */
export function mergeHunt(files: readonly ShardFile[], runId: string): MergedHunt {
  const shards = [...files]
    .sort((left, right) => left.shard.index - right.shard.index)
    .map(({ report, body, again }) => ({
      report: ExploreReport.parse(report),
      body: body as unknown as Body,
      again,
    }));
  const reports = shards.map(({ report }) => report);
  const [first] = shards as unknown as readonly [(typeof shards)[number]];
  const { findings, examples } = mergeFindings(shards);
  const known = mergeKnown(reports);
  const ended =
    (["interrupted", "time"] as const).find((how) => reports.some((report) => report.ended === how)) ??
    "runs";
  const bad = findings.length > 0 || known.some(({ ok }) => !ok);
  const sum = (read: (report: ExploreReport) => number) =>
    reports.reduce((total, report) => total + read(report), 0);
  const { shard: _shard, ...rest } = first.report;
  const report: ExploreReport = {
    ...rest,
    again: first.again,
    verdict: ended === "interrupted" ? "interrupted" : bad ? "fail" : "pass",
    ended,
    runs: sum(({ runs }) => runs),
    events: sum(({ events }) => events),
    behaviours: new Set(shards.flatMap(({ body }) => body.behaviours)).size,
    rules: mergeRules(reports),
    deeds: mergeDeeds(reports),
    known: [...known],
    findings: [...findings],
    timing: {
      ...first.report.timing,
      runId,
      wallMs: Math.max(...reports.map(({ timing }) => timing.wallMs)),
      workers: sum(({ timing }) => timing.workers),
    },
  };
  return { report, examples };
}

function mergeRules(reports: readonly ExploreReport[]): ExploreReport["rules"] {
  const counts = summedRuns(
    reports.flatMap(({ rules }) => rules.map(({ rule, runs }) => [rule, runs] as const)),
  );
  return counts.map(([rule, runs]) => ({ rule, runs }));
}

function mergeDeeds(reports: readonly ExploreReport[]): NonNullable<ExploreReport["deeds"]> {
  const counts = summedRuns(
    reports.flatMap(({ deeds = [] }) => deeds.map(({ deed, runs }) => [deed, runs] as const)),
  );
  return counts.map(([deed, runs]) => ({ deed, runs }));
}

/** Runs by name, in the order of the names. */
function summedRuns(
  parts: readonly (readonly [name: string, runs: number])[],
): readonly (readonly [name: string, runs: number])[] {
  const counts = new Map<string, number>();
  for (const [name, runs] of parts) counts.set(name, (counts.get(name) ?? 0) + runs);
  return [...counts].sort(([left], [right]) => byCodeUnit(left, right));
}

/** Every shard plays all of them: one that fares badly anywhere fares badly. */
function mergeKnown(reports: readonly ExploreReport[]): readonly KnownReport[] {
  const byFile = new Map<string, KnownReport>();
  for (const { known } of reports)
    for (const one of known) if (byFile.get(one.file)?.ok !== false) byFile.set(one.file, one);
  return [...byFile.values()];
}

/** What two shards found alike is one finding: the plan with the fewest actions stands for it. */
function mergeFindings(shards: readonly { readonly report: ExploreReport; readonly body: Body }[]) {
  const bySight = new Map<string, { entry: FindingReport; example: Counterexample | undefined }>();
  for (const { report, body } of shards) {
    for (const entry of report.findings) {
      const sight = `${entry.rule} ${entry.shape}`;
      const known = bySight.get(sight);
      const read = Counterexample.safeParse(body.examples[entry.counterexample]);
      const mine = { entry, example: read.success ? read.data : undefined };
      if (known === undefined) bySight.set(sight, mine);
      else {
        const best = entry.actions.to < known.entry.actions.to ? mine : known;
        const runs = known.entry.runs + entry.runs;
        const first = Math.min(known.entry.first, entry.first);
        bySight.set(sight, { ...best, entry: { ...best.entry, runs, first } });
      }
    }
  }
  const examples = new Map<string, Counterexample>();
  const numbers = new Map<string, number>();
  const ordered = [...bySight.values()].sort((left, right) => left.entry.first - right.entry.first);
  const findings = ordered.map(({ entry, example }) => {
    const number = (numbers.get(entry.rule) ?? 0) + 1;
    numbers.set(entry.rule, number);
    const counterexample = `${entry.rule}-${number}.json`;
    if (example !== undefined) examples.set(counterexample, example);
    return { ...entry, counterexample };
  });
  return { findings, examples };
}
