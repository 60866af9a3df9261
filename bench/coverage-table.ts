/**
 * Owns what many runs of a swarm show together: which faults were seen, which rules were exercised, which were broken.
 * Refuses to run them.
 */

import { RULES } from "../src/protocol/rules/registry.ts";
import { STRIKES } from "../src/simulation/strikes.ts";
import type { Outcome } from "./coverage-run.ts";

/** Of so many runs, each fault is to be seen in one. */
const RUNS_PER_SIGHTING = 10;
const SEEDS_SHOWN_MAX = 12;

/** The table's text, and what is wrong, a sentence each. */
export interface Coverage {
  readonly text: string;
  readonly faults: readonly string[];
}

export function coverageOf(outcomes: readonly Outcome[]): Coverage {
  const seenMin = Math.floor(outcomes.length / RUNS_PER_SIGHTING);
  const strikes = STRIKES.map((name) => ({
    name,
    runs: outcomes.filter(({ struck }) => (struck[name] ?? 0) > 0).length,
    times: sum(outcomes.map(({ struck }) => struck[name] ?? 0)),
  }));
  const rules = RULES.filter(({ side }) => side === "S" || side === "D").map(({ id }) => {
    const judged = outcomes.flatMap((outcome) => outcome.rules.filter(({ rule }) => rule === id));
    return {
      name: id,
      runs: judged.filter(({ exercised }) => exercised > 0).length,
      times: sum(judged.map(({ exercised }) => exercised)),
    };
  });
  const broken = brokenRules(outcomes);
  const unsettled = outcomes.filter(({ ended }) => ended !== "settled").map(({ seed }) => seed);
  const faults = [
    ...strikes
      .filter(({ runs }) => runs < seenMin)
      .map(({ name, runs }) => `${name} was seen in ${runs} runs, and not in ${seenMin}`),
    ...rules.filter(({ times }) => times === 0).map(({ name }) => `${name} was never exercised`),
    ...broken,
    ...(unsettled.length > 0 ? [`not settled: seeds ${shownSeeds(unsettled)}`] : []),
  ];
  const text = [
    ...table("fault", "struck", strikes),
    "",
    ...table("rule", "exercised", rules),
    "",
    ...(broken.length > 0 ? broken : [`${outcomes.length} runs, no rule violated`]),
  ].join("\n");
  return { text, faults };
}

/** A line for each rule of whatever side that was violated, with the seeds. */
function brokenRules(outcomes: readonly Outcome[]): readonly string[] {
  return RULES.flatMap(({ id }) => {
    const seeds = outcomes
      .map(({ seed, rules }) => ({ seed, entry: rules.find(({ rule, breach }) => rule === id && breach) }))
      .filter(({ entry }) => entry);
    if (seeds.length === 0) return [];
    return [
      `${id} was violated: seeds ${shownSeeds(seeds.map(({ seed }) => seed))}; ${seeds[0]?.entry?.breach}`,
    ];
  });
}

function table(
  what: string,
  how: string,
  rows: readonly { readonly name: string; readonly runs: number; readonly times: number }[],
): readonly string[] {
  const line = (name: string, runs: string, times: string) =>
    `${name.padEnd(22)} ${runs.padStart(6)} ${times.padStart(12)}`;
  return [
    line(what, "runs", how),
    ...rows.map(({ name, runs, times }) => line(name, String(runs), times.toLocaleString("en"))),
  ];
}

function shownSeeds(seeds: readonly number[]): string {
  const shown = seeds.slice(0, SEEDS_SHOWN_MAX).join(", ");
  return seeds.length > SEEDS_SHOWN_MAX ? `${shown} and ${seeds.length - SEEDS_SHOWN_MAX} more` : shown;
}

function sum(counts: readonly number[]): number {
  return counts.reduce((total, count) => total + count, 0);
}
