/**
 * Owns the language of thresholds, `sync latency online p99 < 2s`, and whether a run met them.
 * Refuses to know files: a fault is told with its offset in the text, and cli/ knows where that text stood.
 */

import { assertNever } from "../base/assert.ts";
import { parseDuration } from "../base/time.ts";
import { FIGURES, type Figure, type FigureName, figureSpec, STATISTICS, type Statistic } from "./figure.ts";
import { formatQuantity, type Unit } from "./numbers.ts";

const COMPARISONS = ["<", "<=", ">", ">="] as const;
type Comparison = (typeof COMPARISONS)[number];

/** One threshold, understood. `limit` is in the figure's unit. */
export interface Threshold {
  readonly text: string;
  readonly figure: FigureName;
  readonly statistic: Statistic;
  readonly comparison: Comparison;
  readonly limit: number;
}

/** What is wrong with a threshold's text, from `offset` on. */
export interface ThresholdFault {
  readonly offset: number;
  readonly message: string;
  /** The word that was not understood, and the words that would have been. */
  readonly wrong?: { readonly word: string; readonly right: readonly string[] };
}

export type ParsedThreshold =
  | { readonly parsed: true; readonly threshold: Threshold }
  | { readonly parsed: false; readonly fault: ThresholdFault };

/** How a threshold fared. `no data`: what it measures never happened, so that nothing can be said to meet it. */
export interface ThresholdResult {
  readonly threshold: string;
  readonly verdict: "met" | "missed" | "no data";
  readonly actual?: number | undefined;
  readonly unit: Unit;
}

/** Understands `<figure> [<statistic>] <comparison> <value>`; the statistic is left out where there is only one. */
export function parseThreshold(text: string): ParsedThreshold {
  const match = /^(\s*)(.*?)\s*([<>]=?)\s*(.*?)\s*$/s.exec(text);
  if (match === null) return fault(0, `a threshold is written like "sync latency online p99 < 2s"`);
  const [, lead = "", subject = "", comparison = "<", value = ""] = match;
  const words = subject.split(/\s+/);
  const last = words.at(-1) ?? "";
  const statistic = STATISTICS.find((name) => name !== "value" && name === last);
  const name = (statistic === undefined ? words : words.slice(0, -1)).join(" ");
  const spec = figureSpec(name);
  if (spec === undefined) return unknownFigure(lead.length, name, words);
  const statisticAt = lead.length + Math.max(0, subject.length - last.length);
  const chosen = statistic ?? (spec.statistics.includes("value") ? "value" : undefined);
  if (chosen === undefined || !spec.statistics.includes(chosen)) {
    return fault(statisticAt, statisticFault(name, chosen, spec.statistics));
  }
  const limit = parseLimit(value, spec.unit);
  const valueAt = text.trimEnd().length - value.length;
  if (limit === undefined) return fault(valueAt, `${name} is ${UNIT_FORM[spec.unit]}; found "${value}"`);
  const figure = spec.name as FigureName;
  return {
    parsed: true,
    threshold: { text: text.trim(), figure, statistic: chosen, comparison: comparison as Comparison, limit },
  };
}

/** Judges one threshold on what was measured. */
export function judgeThreshold(threshold: Threshold, figures: readonly Figure[]): ThresholdResult {
  const figure = figures.find((candidate) => candidate.name === threshold.figure);
  const unit = figureSpec(threshold.figure)?.unit ?? "count";
  const actual = figure?.values[threshold.statistic];
  if (actual === undefined) return { threshold: threshold.text, verdict: "no data", unit };
  const met = holds(actual, threshold.comparison, threshold.limit);
  return { threshold: threshold.text, verdict: met ? "met" : "missed", actual, unit };
}

/** The measured value for people, or that there was none. */
export function formatActual(result: ThresholdResult): string {
  return result.actual === undefined ? "not measured" : formatQuantity(result.actual, result.unit);
}

function holds(actual: number, comparison: Comparison, limit: number): boolean {
  switch (comparison) {
    case "<":
      return actual < limit;
    case "<=":
      return actual <= limit;
    case ">":
      return actual > limit;
    case ">=":
      return actual >= limit;
    default:
      return assertNever(comparison);
  }
}

const UNIT_FORM: Readonly<Record<Unit, string>> = {
  ms: "a time, written like 80ms, 2s or 15m",
  share: "a share, written like 5%",
  count: "a number, written like 50",
  bytes: "a size, written like 500B, 40kB or 2MB",
};

const BYTES: Readonly<Record<string, number>> = { B: 1, kB: 1e3, MB: 1e6 };

function parseLimit(text: string, unit: Unit): number | undefined {
  switch (unit) {
    case "ms":
      return parseDuration(text);
    case "share":
      return /^\d+(\.\d+)?%$/.test(text) ? Number(text.slice(0, -1)) / 100 : undefined;
    case "count":
      return /^\d+(\.\d+)?$/.test(text) ? Number(text) : undefined;
    case "bytes": {
      const match = /^(\d+(?:\.\d+)?)(B|kB|MB)$/.exec(text);
      return match === null ? undefined : Number(match[1]) * (BYTES[match[2] ?? "B"] ?? 1);
    }
    default:
      return assertNever(unit);
  }
}

function unknownFigure(offset: number, name: string, words: readonly string[]): ParsedThreshold {
  const right = FIGURES.map((spec) => spec.name);
  if (name === "") return fault(offset, "a metric stands before the comparison", { word: "", right });
  // `sync latency online p95`: the metric is right and its statistic is not.
  const spec = figureSpec(words.slice(0, -1).join(" "));
  const last = words.at(-1) ?? "";
  if (spec === undefined) return fault(offset, `no metric is called "${name}"`, { word: name, right });
  return fault(offset + spec.name.length + 1, statisticFault(spec.name, last, spec.statistics));
}

function statisticFault(name: string, found: string | undefined, known: readonly Statistic[]): string {
  if (known.includes("value")) return `${name} is one number; leave "${found}" out`;
  const one = `${name} needs one of ${known.join(", ")}`;
  return found === undefined ? one : `${one}; found "${found}"`;
}

function fault(offset: number, message: string, wrong?: ThresholdFault["wrong"]): ParsedThreshold {
  return { parsed: false, fault: wrong === undefined ? { offset, message } : { offset, message, wrong } };
}
