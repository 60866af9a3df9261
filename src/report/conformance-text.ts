/**
 * Owns the sentences that every rendering of a report on an implementation shares.
 * Refuses to lay anything out.
 */

import { formatDuration } from "../base/time.ts";
import type { ConformanceReport, RuleReport } from "./conformance-result.ts";
import { grouped } from "./numbers.ts";

/** Rules that a sentence names one by one, at most. */
const NAMED_MAX = 4;

/** The verdict as a sentence without its stop. */
export function conformanceSentence(report: ConformanceReport): string {
  const { verdict, rules, baseline, ended } = report;
  const broken = failing(report).length;
  const parts: string[] = [];
  if (broken > 0) parts.push(`${broken} ${broken === 1 ? "rule is" : "rules are"} violated`);
  if (baseline.length > 0) parts.push("the baseline does not hold any more");
  if (parts.length > 0) return parts.join(", and ");
  if (ended !== undefined) return `inconclusive: ${ended}`;
  const open = rules.filter((rule) => rule.binds && rule.verdict === "not exercised").map(({ id }) => id);
  const named = open.length <= NAMED_MAX ? open.join(", ") : `${open.length} rules that the verdict rests on`;
  if (verdict === "inconclusive")
    return `inconclusive: nothing is violated, ${named} ${open.length === 1 ? "was" : "were"} not exercised`;
  return open.length > 0
    ? `nothing is violated, ${named} not exercised`
    : "every rule that was asked for is satisfied";
}

/** Rules that make the target fail. */
function failing({ rules }: ConformanceReport): readonly RuleReport[] {
  return rules.filter((rule) => rule.verdict === "violated" && rule.binds && rule.known === undefined);
}

/** Rows for the head of screen and page. */
export function conformanceRows(
  report: ConformanceReport,
): readonly (readonly [label: string, text: string])[] {
  const { target, probes, durationMs, requests, waitedMs, left, deleted } = report;
  const roundTrip =
    target.roundTripMs < 10 ? target.roundTripMs.toFixed(1) : String(Math.round(target.roundTripMs));
  return [
    ["target", `${target.url} · ${target.says} · round trip ${roundTrip} ms`],
    ["probes", `${probes.run} of ${probes.all}, ${grouped(probes.runs)} runs, ${grouped(requests)} requests`],
    [
      "took",
      `${formatDuration(tenths(durationMs))}; probes waited ${formatDuration(tenths(waitedMs))} in all for what should come`,
    ],
    [
      "cleaned up",
      left.length === 0
        ? `${grouped(deleted)} made, all deleted`
        : `${grouped(left.length)} could not be deleted: zeke-sync cleanup ${report.runId}`,
    ],
  ];
}

/** Rules that were not exercised, or are excluded, by the reason that they share. */
export function byReason(
  rules: readonly RuleReport[],
  verdict: "not exercised" | "excluded",
): readonly (readonly [reason: string, ids: readonly string[]])[] {
  const groups = new Map<string, string[]>();
  for (const rule of rules) {
    if (rule.verdict !== verdict || rule.reason === undefined) continue;
    const ids = groups.get(rule.reason) ?? [];
    ids.push(rule.id);
    groups.set(rule.reason, ids);
  }
  return [...groups];
}

function tenths(ms: number): number {
  return Math.round(ms / 100) * 100;
}
