/**
 * Owns the report of a simulation that was run in shards: the same as that of one run, but for what the one run has
 * once (its digest, its clock) and what its accounts share.
 * Refuses to prove that the shards belong together: merge-shard.ts does.
 */

import { z } from "zod";
import { canonicalJson, type Json, type JsonObject } from "../base/canonical-json.ts";
import { conflictEntries } from "./conflicts.ts";
import { figuresOf } from "./measures.ts";
import { digestOf, type ShardFile } from "./merge-shard.ts";
import { decodeState, emptyState, encodeState, type MeasuredState } from "./merge-state.ts";
import { summarise, VIOLATIONS_MAX } from "./result.ts";
import { type DrawEntry, type RuleEntry, SimulationReport } from "./result-schema.ts";
import { seriesEntry } from "./series-schema.ts";
import { judgeThreshold, parseThreshold } from "./threshold.ts";

const JsonValue: z.ZodType<Json> = z.json();
const Body = z.strictObject({
  /** In the order of their numbers. */
  devices: z.array(z.strictObject({ name: z.string(), account: z.number().int().min(0) })),
  accounts: z.array(z.string()),
  /** Facts that are of no account: every shard has them. */
  commonFacts: z.number().int().min(0),
  /** Of the scenario: they are the whole's. */
  thresholds: z.array(z.string()),
  state: JsonValue,
});

/** Judged once a run, however many accounts take part. */
const ONCE_A_RUN: ReadonlySet<string> = new Set(["SYS-5"]);
/** What befalls all proxies, and so every shard alike. */
const OF_PROXIES: ReadonlySet<string> = new Set(["outage", "cut-off", "proxy-clock-step", "rollout"]);

/** What merging needs of a shard beside its report. */
export function simulationBody(
  measured: Pick<MeasuredState, "metrics">,
  roster: {
    readonly devices: readonly { readonly name: string; readonly account: number }[];
    readonly accounts: readonly { readonly name: string }[];
  },
  beside: { readonly commonFacts: number; readonly thresholds: readonly string[] },
): Json {
  const { devices, accounts } = roster;
  return {
    devices: devices.map(({ name, account }) => ({ name, account })),
    accounts: accounts.map(({ name }) => name),
    ...beside,
    state: encodeState(measured),
  };
}

/** One report of all shards, in any order. */
export function mergeSimulation(files: readonly ShardFile[], runId: string): SimulationReport {
  const shards = [...files]
    .sort((left, right) => left.shard.index - right.shard.index)
    .map((file) => ({
      report: SimulationReport.parse(file.report),
      body: Body.parse(file.body),
      again: file.again,
    }));
  const reports = shards.map(({ report }) => report);
  const first = reports[0] as SimulationReport;
  const { metrics: fold, series, devices } = measured(shards.map(({ body }) => body));
  const metrics = fold.result();
  const figures = figuresOf(metrics);
  const rules = first.rules.map((rule, nth) => mergeRule(reports.map((report) => report.rules[nth] ?? rule)));
  const thresholds = (shards[0]?.body.thresholds ?? []).flatMap((threshold) => {
    const outcome = parseThreshold(threshold);
    return outcome.parsed ? [judgeThreshold(outcome.threshold, figures)] : [];
  });
  const ended =
    (["interrupted", "unsettled"] as const).find((how) => reports.some(({ run }) => run.ended === how)) ??
    "settled";
  const failed =
    ended === "unsettled" ||
    rules.some(({ verdict }) => verdict === "violated") ||
    thresholds.some(({ verdict }) => verdict !== "met");
  const sum = (read: (report: SimulationReport) => number) =>
    reports.reduce((total, report) => total + read(report), 0);
  const most = (read: (report: SimulationReport) => number) => Math.max(...reports.map(read));
  const told = series.result();
  const names = { devices, accounts: (shards[0]?.body.accounts ?? []).map((name) => ({ name })) };
  const common = shards[0]?.body.commonFacts ?? 0;
  const { edits, commits, kills, requests } = metrics.counts;
  return {
    ...first,
    verdict: ended === "interrupted" ? "interrupted" : failed ? "fail" : "pass",
    again: shards[0]?.again ?? first.again,
    ...(first.draw && { draw: mergeDraw(reports) }),
    fleet: { ...first.fleet, accounts: sum(({ fleet }) => fleet.accounts), devices: devices.length },
    run: {
      ended,
      simulatedMs: most(({ run }) => run.simulatedMs),
      agitatedMs: most(({ run }) => run.agitatedMs),
      events: sum(({ run }) => run.events),
      deviceEvents: sum(({ run }) => run.deviceEvents),
      facts: sum(({ run }) => run.facts) - common * (reports.length - 1),
      edits,
      requests: Object.values(requests).reduce((total, count) => total + count, 0),
      commits,
      kills,
      digest: digestOf(reports.map(({ run }) => run.digest)),
    },
    figures: figures.map((figure) => ({ ...figure })),
    conflicts: conflictEntries(metrics),
    faults: mergeFaults(reports),
    metrics: JSON.parse(canonicalJson(metrics)) as JsonObject,
    ...(told && { series: seriesEntry(told, names) }),
    thresholds,
    families: summarise(rules),
    rules,
    timing: mergeTiming(reports, runId),
  };
}

/** As long as the shard that took longest: they run side by side. */
function mergeTiming(reports: readonly SimulationReport[], runId: string): SimulationReport["timing"] {
  const { timing } = reports[0] as SimulationReport;
  const wallMs = Math.max(...reports.map((report) => report.timing.wallMs));
  const simulatedMs = Math.max(...reports.map(({ run }) => run.simulatedMs));
  const events = reports.reduce((total, { run }) => total + run.events, 0);
  return {
    ...timing,
    runId,
    startedAt: reports.map((report) => report.timing.startedAt).sort(byText)[0] ?? timing.startedAt,
    wallMs,
    timesRealTime: Math.round(simulatedMs / Math.max(wallMs, 1)),
    eventsPerSecond: Math.round(events / (Math.max(wallMs, 1) / 1_000)),
  };
}

function measured(bodies: readonly z.output<typeof Body>[]) {
  const whole = emptyState();
  const devices: z.output<typeof Body>["devices"] = [];
  for (const body of bodies) {
    whole.metrics.merge(decodeState(body.state, devices.length).metrics);
    devices.push(...body.devices);
  }
  return { ...whole, devices };
}

function mergeRule(parts: readonly RuleEntry[]): RuleEntry {
  const [first] = parts as readonly [RuleEntry, ...RuleEntry[]];
  const counts = parts.map(({ exercised }) => exercised);
  const exercised = ONCE_A_RUN.has(first.id)
    ? Math.max(...counts)
    : counts.reduce((sum, count) => sum + count, 0);
  const violated = parts.reduce((sum, part) => sum + part.violated, 0);
  const { verdict, reason } =
    parts.find((part) => part.verdict === "violated") ??
    parts.find((part) => part.verdict === "satisfied") ??
    first;
  const { id, level, side, phase, text } = first;
  return {
    id,
    level,
    side,
    phase,
    text,
    verdict,
    exercised,
    ...(reason === undefined ? {} : { reason }),
    violated,
    violations: parts
      .flatMap(({ violations }) => violations)
      .sort((left, right) => left.afterMs - right.afterMs)
      .slice(0, VIOLATIONS_MAX),
  };
}

function mergeFaults(reports: readonly SimulationReport[]): SimulationReport["faults"] {
  const names = Object.keys(reports[0]?.faults ?? {});
  return Object.fromEntries(
    names.map((name) => {
      const counts = reports.map(({ faults }) => faults[name] ?? 0);
      return [name, together(name, counts)];
    }),
  );
}

function mergeDraw(reports: readonly SimulationReport[]): DrawEntry {
  const [first] = reports;
  const faults = (first?.draw?.faults ?? []).map((fault, nth) => ({
    ...fault,
    struck: together(
      fault.name,
      reports.map(({ draw }) => draw?.faults[nth]?.struck ?? 0),
    ),
  }));
  return { settings: first?.draw?.settings ?? [], faults };
}

function together(fault: string, counts: readonly number[]): number {
  return OF_PROXIES.has(fault) ? Math.max(...counts) : counts.reduce((sum, count) => sum + count, 0);
}

function byText(left: string, right: string): number {
  return left < right ? -1 : left > right ? 1 : 0;
}
