/**
 * Owns the comparison of two sides, each one run or several: figures with their noise, thresholds, rules.
 * Refuses to know where reports come from. Runs of the same scenario and seed are held against each other in pairs.
 */

import { FIGURES, type FigureName, figureSpec, type Statistic } from "./figure.ts";
import type { Unit } from "./numbers.ts";
import type { SimulationReport } from "./result-schema.ts";

const COMPARE_RUNS_SCHEMA = "zeke-sync/compare-runs@1";

/** Which way is better; every figure has one. */
export const BETTER: Readonly<Record<FigureName, "lower" | "higher">> = {
  "sync latency online": "lower",
  "sync latency came back": "lower",
  "commit latency": "lower",
  "offline queue size": "lower",
  "conflict rate": "lower",
  "resolved alone": "higher",
  "cache hit rate": "higher",
  "full sync rate": "lower",
  "socket peak": "lower",
  requests: "lower",
  "bytes up": "lower",
  "bytes down": "lower",
  "socket opens": "lower",
  "radio wake-ups": "lower",
};

/** The largest of many says more of luck than of the runs: it is told, and not judged. */
const UNJUDGED: ReadonlySet<Statistic> = new Set(["max"]);

/** Two-sided 95 % of Student's t, for 1, 2, … degrees of freedom. */
const T95 = [
  ...[12.71, 4.3, 3.18, 2.78, 2.57, 2.45, 2.36, 2.31, 2.26, 2.23, 2.2, 2.18, 2.16, 2.14, 2.13],
  ...[2.12, 2.11, 2.1, 2.09, 2.09, 2.08, 2.07, 2.07, 2.06, 2.06, 2.06, 2.05, 2.05, 2.05, 2.04],
];
/** Beyond those, where it is 2.04 and falls to 1.96. */
const T95_BEYOND = 2.04;

type FigureVerdict = "worse" | "better" | "same" | "not judged" | "gone" | "new";

/** One statistic of a figure on both sides: means over the runs that have it. */
export interface ComparedFigure {
  readonly figure: FigureName;
  readonly statistic: Statistic;
  readonly unit: Unit;
  readonly better: "lower" | "higher";
  readonly left: number | null;
  readonly right: number | null;
  /** (right - left) / left; null without either, or from 0. */
  readonly change: number | null;
  /** Half the 95 % interval of the difference, in the figure's unit; null where it is unknown. */
  readonly noise: number | null;
  readonly verdict: FigureVerdict;
}

interface ComparedThreshold {
  readonly threshold: string;
  readonly left: string;
  readonly right: string;
  readonly verdict: "worse" | "better" | "same";
}

export interface ComparedRule {
  readonly id: string;
  readonly text: string;
  readonly left: RuleVerdict;
  readonly right: RuleVerdict;
  /** Seeds of the right side under which it is violated. */
  readonly seeds: readonly number[];
}
type RuleVerdict = SimulationReport["rules"][number]["verdict"] | "unknown";

export interface RunsReport {
  readonly schema: typeof COMPARE_RUNS_SCHEMA;
  readonly verdict: "violated" | "worse" | "good";
  readonly tolerance: number;
  readonly pairs: number;
  readonly noise: string;
  readonly notes: readonly string[];
  readonly left: SideSummary;
  readonly right: SideSummary;
  readonly figures: readonly ComparedFigure[];
  readonly thresholds: readonly ComparedThreshold[];
  /** Those whose verdicts differ. */
  readonly rules: readonly ComparedRule[];
  /** Seeds that settled on the left and not on the right. */
  readonly unsettled: readonly number[];
}

export interface SideSummary {
  readonly shown: string;
  readonly version: string;
  readonly scenarios: readonly string[];
  readonly seeds: readonly number[];
  readonly runs: number;
  readonly devices: number;
  readonly edits: number;
  readonly requests: number;
}

/** One side: where it was found, and its reports. */
export interface Side {
  readonly shown: string;
  readonly reports: readonly SimulationReport[];
}

/** Compares two sides. `tolerance` is a share: how much worse a figure may be. */
export function compareSides(left: Side, right: Side, tolerance: number): RunsReport {
  const pairs = pairUp(left, right);
  const figures = FIGURES.flatMap((spec) =>
    spec.statistics.map((statistic) =>
      compareFigure(spec.name, statistic, { left, right, pairs, tolerance }),
    ),
  ).filter((figure) => figure.left !== null || figure.right !== null);
  const thresholds = compareThresholds(left, right);
  const rules = compareRules(left, right);
  const unsettled = pairs
    .filter((pair) => pair.left.run.ended === "settled" && pair.right.run.ended === "unsettled")
    .map((pair) => pair.right.seed);
  const violated = rules.some((rule) => rule.right === "violated" && rule.left !== "violated");
  const worse = figures.some(isWorse) || thresholds.some((threshold) => threshold.verdict === "worse");
  return {
    schema: COMPARE_RUNS_SCHEMA,
    verdict: violated || unsettled.length > 0 ? "violated" : worse ? "worse" : "good",
    tolerance,
    pairs: pairs.length,
    noise: noiseText(left, right, pairs.length),
    notes: notesOf(left, right, pairs.length),
    left: summarise(left),
    right: summarise(right),
    figures,
    thresholds,
    rules,
    unsettled,
  };
}

const isWorse = (figure: ComparedFigure): boolean => figure.verdict === "worse";

interface Pair {
  readonly left: SimulationReport;
  readonly right: SimulationReport;
}

/** Runs of one scenario and seed. A side that has two of them counts the first. */
function pairUp(left: Side, right: Side): readonly Pair[] {
  const byName = new Map([...right.reports].reverse().map((report) => [nameOf(report), report]));
  const taken = new Set<string>();
  return left.reports.flatMap((report) => {
    const name = nameOf(report);
    const other = byName.get(name);
    if (!other || taken.has(name)) return [];
    taken.add(name);
    return [{ left: report, right: other }];
  });
}

function nameOf({ scenario, seed }: SimulationReport): string {
  return `${scenario.name} ${seed}`;
}

interface Compared {
  readonly left: Side;
  readonly right: Side;
  readonly pairs: readonly Pair[];
  readonly tolerance: number;
}

function compareFigure(
  figure: FigureName,
  statistic: Statistic,
  { left, right, pairs, tolerance }: Compared,
): ComparedFigure {
  const of = (report: SimulationReport) =>
    report.figures.find((entry) => entry.name === figure)?.values[statistic];
  const both = pairs.flatMap((pair) => {
    const [before, after] = [of(pair.left), of(pair.right)];
    return before === undefined || after === undefined ? [] : [[before, after] as const];
  });
  const isPaired = both.length > 0;
  const lefts = isPaired ? both.map(([before]) => before) : known(left.reports.map(of));
  const rights = isPaired ? both.map(([, after]) => after) : known(right.reports.map(of));
  const [before, after] = [mean(lefts), mean(rights)];
  const noise = isPaired
    ? halfWidth(both.map(([one, other]) => other - one))
    : apart(halfWidth(lefts), halfWidth(rights));
  const better = BETTER[figure];
  const unit = figureSpec(figure)?.unit ?? "count";
  const change = before === null || after === null || before === 0 ? null : (after - before) / before;
  const shared = { figure, statistic, unit, better, left: before, right: after, change, noise };
  if (before === null) return { ...shared, verdict: "new" };
  if (after === null) return { ...shared, verdict: "gone" };
  if (UNJUDGED.has(statistic)) return { ...shared, verdict: "not judged" };
  const gain = better === "lower" ? before - after : after - before;
  const isBeyond = Math.abs(gain) > tolerance * Math.abs(before) && Math.abs(gain) > (noise ?? 0);
  return { ...shared, verdict: !isBeyond ? "same" : gain < 0 ? "worse" : "better" };
}

function known(values: readonly (number | undefined)[]): readonly number[] {
  return values.filter((value) => value !== undefined);
}

function mean(values: readonly number[]): number | null {
  return values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Half the 95 % interval of a mean; null for fewer than two values. */
export function halfWidth(values: readonly number[]): number | null {
  const middle = mean(values);
  if (middle === null || values.length < 2) return null;
  const squares = values.reduce((sum, value) => sum + (value - middle) * (value - middle), 0);
  const error = Math.sqrt(squares / (values.length - 1) / values.length);
  return error * (T95[values.length - 2] ?? T95_BEYOND);
}

function apart(left: number | null, right: number | null): number | null {
  return left === null || right === null ? null : Math.sqrt(left * left + right * right);
}

/** `missed` on any run is how a side did. */
function compareThresholds(left: Side, right: Side): readonly ComparedThreshold[] {
  const [before, after] = [thresholdsOf(left), thresholdsOf(right)];
  return [...before].flatMap(([threshold, was]) => {
    const is = after.get(threshold);
    if (is === undefined) return [];
    const verdict = was === is ? "same" : is === "met" ? "better" : was === "met" ? "worse" : "same";
    return [{ threshold, left: was, right: is, verdict } as const];
  });
}

function thresholdsOf({ reports }: Side): ReadonlyMap<string, string> {
  const verdicts = new Map<string, string>();
  for (const { thresholds } of reports)
    for (const { threshold, verdict } of thresholds) {
      const known = verdicts.get(threshold);
      if (known === undefined || known === "met" || verdict === "missed") verdicts.set(threshold, verdict);
    }
  return verdicts;
}

function compareRules(left: Side, right: Side): readonly ComparedRule[] {
  const ids = [
    ...new Set([...left.reports, ...right.reports].flatMap(({ rules }) => rules.map(({ id }) => id))),
  ];
  return ids.flatMap((id) => {
    const [before, after] = [verdictOf(left, id), verdictOf(right, id)];
    if (before === after) return [];
    const text = [...right.reports, ...left.reports]
      .flatMap(({ rules }) => rules)
      .find((rule) => rule.id === id)?.text;
    const seeds = right.reports
      .filter(({ rules }) => rules.some((rule) => rule.id === id && rule.verdict === "violated"))
      .map(({ seed }) => seed);
    return [{ id, text: text ?? "", left: before, right: after, seeds }];
  });
}

const GRAVEST = ["violated", "satisfied", "not exercised", "excluded"] as const;

function verdictOf({ reports }: Side, id: string): RuleVerdict {
  const verdicts = reports
    .flatMap(({ rules }) => rules.filter((rule) => rule.id === id))
    .map((rule) => rule.verdict);
  return GRAVEST.find((verdict) => verdicts.includes(verdict)) ?? "unknown";
}

function noiseText(left: Side, right: Side, pairs: number): string {
  if (pairs > 1)
    return `${pairs} pairs of equal seeds: a difference counts beyond the 95 % interval of its mean`;
  if (left.reports.length === 1 && right.reports.length === 1)
    return "one run each: noise unknown, and only the tolerance decides; compare folders of runs with several seeds";
  if (pairs === 1) return "one pair of equal seeds: noise unknown, and only the tolerance decides";
  return left.reports.length > 1 && right.reports.length > 1
    ? "no seed is on both sides: a difference counts beyond the 95 % intervals of both means"
    : "no seed is on both sides, and one side is a single run: noise unknown, and only the tolerance decides";
}

function notesOf(left: Side, right: Side, pairs: number): readonly string[] {
  const notes: string[] = [];
  const versions = [...new Set([...left.reports, ...right.reports].map(({ suite }) => suite.version))];
  if (versions.length > 1)
    notes.push(
      `the runs are of zeke-sync ${versions.join(" and ")}: what changed may be the suite, and not what it judged`,
    );
  const alone = left.reports.length + right.reports.length - 2 * pairs;
  if (pairs > 0 && alone > 0)
    notes.push(
      alone === 1
        ? "1 run has no partner of the same scenario and seed, and is left out of the figures"
        : `${alone} runs have no partner of the same scenario and seed, and are left out of the figures`,
    );
  if (pairs === 0)
    notes.push("no two runs have the same scenario and seed: the sides differ in more than what was changed");
  const interrupted = [...left.reports, ...right.reports].filter(
    ({ run }) => run.ended === "interrupted",
  ).length;
  if (interrupted > 0)
    notes.push(
      interrupted === 1
        ? "1 of the runs was interrupted: it covers less time than it was to"
        : `${interrupted} of the runs were interrupted: they cover less time than they were to`,
    );
  const [one, other] = [left.reports[0], right.reports[0]];
  const differing = one && other ? settingsApart(one.scenario.settings, other.scenario.settings) : [];
  if (differing.length > 0)
    notes.push(
      `settings differ: ${differing.slice(0, 5).join(", ")}${differing.length > 5 ? `, and ${differing.length - 5} more` : ""}`,
    );
  return notes;
}

type Settings = SimulationReport["scenario"]["settings"];

/** Paths of settings that are not the same on both sides. */
function settingsApart(left: Settings, right: Settings, above = ""): readonly string[] {
  const names = [...new Set([...Object.keys(left), ...Object.keys(right)])];
  return names.flatMap((name) => {
    const [one, other] = [left[name], right[name]];
    const path = `${above}${name}`;
    if (isSettings(one) && isSettings(other)) return settingsApart(one, other, `${path}.`);
    return JSON.stringify(one) === JSON.stringify(other) ? [] : [path];
  });
}

function isSettings(value: unknown): value is Settings {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function summarise({ shown, reports }: Side): SideSummary {
  const sum = (of: (report: SimulationReport) => number) =>
    reports.reduce((total, report) => total + of(report), 0);
  return {
    shown,
    version: [...new Set(reports.map(({ suite }) => suite.version))].join(", "),
    scenarios: [...new Set(reports.map(({ scenario }) => scenario.name))],
    seeds: reports.map(({ seed }) => seed),
    runs: reports.length,
    devices: sum(({ fleet }) => fleet.devices),
    edits: sum(({ run }) => run.edits),
    requests: sum(({ run }) => run.requests),
  };
}
