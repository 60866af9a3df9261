/**
 * Owns what `--shard` means to the judging of an implementation, and the verdict of all shards together.
 * Refuses to send anything. Probes go by turns; what watches look at is seen by every shard.
 */

import type { Json } from "../base/canonical-json.ts";
import type { ConformanceReport, RuleReport, RuleVerdictName } from "../report/conformance-result.ts";
import { SHARD_FILE, type ShardFile, shardFile } from "../report/merge-shard.ts";
import type { ConformanceOptions } from "./conformance-options.ts";
import type { SavedCounterexample } from "./conformance-save.ts";

interface Shard {
  readonly index: number;
  readonly of: number;
}

interface Body {
  readonly files: readonly SavedCounterexample[];
}

/** The probes of a shard; all without one. */
export function probesOf<Probe>(probes: readonly Probe[], shard: Shard | undefined): readonly Probe[] {
  return shard === undefined ? probes : probes.filter((_, at) => at % shard.of === shard.index);
}

/** Name and text of the file that merging takes. */
export function conformanceShard(
  report: ConformanceReport,
  files: readonly SavedCounterexample[],
  {
    shard,
    phase,
    rule,
    level,
    runs,
    wait,
    profile,
    allowUnexercised,
  }: ConformanceOptions & { readonly shard: Shard },
): readonly [name: string, text: string] {
  const body: Body = { files };
  const settings = {
    url: report.target.url,
    says: report.target.says,
    asked: { phase: phase ?? null, rule, level: level ?? null, runs, wait },
    profile: profile ?? null,
    allowUnexercised,
  };
  const file = shardFile({
    command: "conformance",
    version: report.suite,
    seed: report.seed,
    settings,
    shard,
    again: report.again.replace(/ --shard \S+/, ""),
    report,
    body: body as unknown as Json,
  });
  return [SHARD_FILE, `${JSON.stringify(file)}\n`];
}

/** One report of all shards, in any order, and its counterexamples. */
export function mergeConformance(
  shards: readonly ShardFile[],
  runId: string,
): { readonly report: ConformanceReport; readonly files: readonly SavedCounterexample[] } {
  const ordered = [...shards].sort((left, right) => left.shard.index - right.shard.index);
  const reports = ordered.map(({ report }) => report as unknown as ConformanceReport);
  const bodies = ordered.map(({ body }) => body as unknown as Body);
  const [first] = reports as unknown as readonly [ConformanceReport];
  const files: SavedCounterexample[] = [];
  const rules = first.rules.map(({ id }) => mergeRule(id, reports, bodies, files));
  const baseline = mergeBaseline(reports, rules);
  const ended = reports.map((report) => report.ended).find((why) => why !== undefined);
  const sum = (read: (report: ConformanceReport) => number) =>
    reports.reduce((total, report) => total + read(report), 0);
  const fails =
    baseline.length > 0 ||
    rules.some(({ binds, verdict, known }) => binds && verdict === "violated" && known === undefined);
  // A shard that did not mind what was not exercised says so by its verdict.
  const minded = reports.some(({ verdict }) => verdict === "inconclusive");
  const isOpen =
    ended !== undefined ||
    (minded && rules.some(({ binds, verdict }) => binds && verdict === "not exercised"));
  const report: ConformanceReport = {
    ...first,
    runId,
    startedAt: reports.map(({ startedAt }) => startedAt).sort(byText)[0] ?? first.startedAt,
    durationMs: Math.max(...reports.map(({ durationMs }) => durationMs)),
    verdict: fails ? "fail" : isOpen ? "inconclusive" : "pass",
    ...(ended === undefined ? {} : { ended }),
    rules,
    baseline,
    summary: summaryOf(rules),
    requests: sum(({ requests }) => requests),
    probes: {
      run: sum(({ probes }) => probes.run),
      all: first.probes.all,
      runs: sum(({ probes }) => probes.runs),
      each: reports.flatMap(({ probes }) => probes.each),
    },
    waitedMs: sum(({ waitedMs }) => waitedMs),
    left: reports.flatMap(({ left }) => left),
    deleted: sum(({ deleted }) => deleted),
    again: ordered[0]?.again ?? first.again,
  };
  return { report, files };
}

/** Violated anywhere is violated, else satisfied anywhere is satisfied; else what the shard with its probes says. */
function mergeRule(
  id: string,
  reports: readonly ConformanceReport[],
  bodies: readonly Body[],
  files: SavedCounterexample[],
): RuleReport {
  const parts = reports.flatMap(({ rules }, nth) => {
    const rule = rules.find((one) => one.id === id);
    return rule === undefined ? [] : [{ rule, saved: bodies[nth]?.files ?? [] }];
  });
  const has = (verdict: RuleVerdictName) => parts.find(({ rule }) => rule.verdict === verdict)?.rule;
  const open = parts.find(({ rule }) => rule.verdict === "not exercised" && rule.binds)?.rule;
  const chosen =
    has("violated") ??
    has("satisfied") ??
    open ??
    has("excluded") ??
    (parts[0] as (typeof parts)[number]).rule;
  let nth = 0;
  const violations = parts.flatMap(({ rule, saved }) =>
    rule.violations.map((violation) => {
      nth++;
      const name = nth === 1 ? `${id}.json` : `${id}-${nth}.json`;
      const text = saved.find(({ file }) => file === violation.counterexample)?.text;
      if (text !== undefined) files.push({ file: name, text });
      const { counterexample } = violation;
      if (counterexample === undefined) return violation;
      return { ...violation, counterexample: name, replay: violation.replay.replace(counterexample, name) };
    }),
  );
  return {
    ...chosen,
    exercised: parts.reduce((sum, { rule }) => sum + rule.exercised, 0),
    violations,
  };
}

/** A rule that one shard calls satisfied, and another violated, is still on the list for a reason. */
function mergeBaseline(
  reports: readonly ConformanceReport[],
  rules: readonly RuleReport[],
): ConformanceReport["baseline"] {
  const violated = new Set<string>(rules.filter(({ verdict }) => verdict === "violated").map(({ id }) => id));
  const told = new Map<string, ConformanceReport["baseline"][number]>();
  for (const { baseline } of reports)
    for (const one of baseline)
      if (!(one.message.startsWith("satisfied now") && violated.has(one.rule)))
        told.set(`${one.rule} ${one.message}`, one);
  return [...told.values()];
}

function summaryOf(rules: readonly RuleReport[]): ConformanceReport["summary"] {
  const count = (verdict: RuleVerdictName) => rules.filter((rule) => rule.verdict === verdict).length;
  return {
    satisfied: count("satisfied"),
    violated: count("violated"),
    "not exercised": count("not exercised"),
    excluded: count("excluded"),
  };
}

function byText(left: string, right: string): number {
  return left < right ? -1 : left > right ? 1 : 0;
}
