/**
 * Owns one measured hunt for a planted fault: after how many runs it was found, and how far it shrank.
 * Refuses to print.
 */

import { Campaign, type Job } from "../src/exploration/campaign.ts";
import { runJob, runShrink } from "../src/exploration/run-job.ts";

const TRIES_MAX = 600;

/** What one hunt came to; without `found` it came to nothing in its runs. */
export interface Hunted {
  readonly ms: number;
  readonly runs: number;
  readonly found?: {
    readonly rule: string;
    readonly shrinkMs: number;
    readonly tries: number;
    readonly from: number;
    readonly to: number;
  };
}

/** Hunts on this thread until the fault is found, by any rule, or the runs or ms are used up. */
export function huntFor(
  fault: string,
  seed: number,
  bounds: { readonly runsMax: number; readonly msMax: number },
): Hunted {
  const startedMs = performance.now();
  const campaign = new Campaign({ seed, runsMax: bounds.runsMax });
  let runs = 0;
  for (let round = campaign.nextRound(); round.length > 0; round = campaign.nextRound()) {
    const results = [];
    for (const job of round) {
      if (performance.now() - startedMs > bounds.msMax) return { ms: performance.now() - startedMs, runs };
      const result = runJob(job, fault);
      runs++;
      const [first] = result.broken;
      if (first !== undefined) return shrunk(job, first.rule, fault, performance.now() - startedMs, runs);
      results.push(result);
    }
    campaign.take(round, results);
  }
  return { ms: performance.now() - startedMs, runs };
}

function shrunk(job: Job, rule: string, fault: string, ms: number, runs: number): Hunted {
  const startedMs = performance.now();
  const { plan, tries } = runShrink({ rule, job, fault, triesMax: TRIES_MAX }, () => false);
  const shrinkMs = performance.now() - startedMs;
  return {
    ms,
    runs,
    found: { rule, shrinkMs, tries, from: job.plan.actions.length, to: plan.actions.length },
  };
}
