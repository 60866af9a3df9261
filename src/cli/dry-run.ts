/**
 * Owns what `conformance --dry-run` prints: each probe, about how many requests it sends, and under which accounts.
 * Refuses to send: the numbers come from the same probes against the reference in memory, with the target's limits.
 */

import { freshWatches } from "../conformance/all-probes.ts";
import type { Probe } from "../conformance/probe.ts";
import type { MemoryTarget, TargetFacts } from "../conformance/target.ts";
import { tryProbe } from "../conformance/trial.ts";
import { createEngineTarget } from "../exploration/engine-target.ts";
import { RIGS } from "../exploration/rigs.ts";
import { columns } from "../report/layout.ts";
import { grouped } from "../report/numbers.ts";

export interface DryRun {
  readonly probes: readonly Probe[];
  readonly facts: TargetFacts;
  readonly url: string;
  readonly seed: number;
  readonly effort: number;
  /** Requests that were sent to learn what the target declares. */
  readonly introducedBy: number;
}

/** The text, with a newline at its end. */
export function dryRun({ probes, facts, url, seed, effort, introducedBy }: DryRun): string {
  const counted = probes.map((probe) => ({ probe, requests: requestsOf(probe, facts, seed, effort) }));
  const sum = counted.reduce((total, { requests }) => total + requests, 0);
  const [first, second] = facts.accounts;
  const rows = counted.map(({ probe, requests }) => [
    `  ${probe.id}`,
    `${grouped(requests)}`,
    probe.rules.join(", "),
  ]);
  return [
    `${url} was asked ${introducedBy} times for what it declares, and nothing else was sent.`,
    `A run with seed ${seed} would send about ${grouped(sum)} requests of ${probes.length} probes, as the accounts ${first.name} and ${second.name}; all that it makes begins with zs, and is deleted at its end.`,
    "",
    ...columns([["  probe", "requests", "rules"], ...rows], ["left", "right", "left"]),
    "",
  ].join("\n");
}

function requestsOf(probe: Probe, facts: TargetFacts, seed: number, effort: number): number {
  let requests = 0;
  const counted = (): MemoryTarget => {
    const target = createEngineTarget(engineLike(facts));
    return {
      facts: { ...facts, ...target.facts, declared: facts.declared },
      perform: (effect) => {
        if (effect.effect === "send") requests += effect.requests.length;
        if (effect.effect === "open") requests++;
        return target.perform(effect);
      },
    };
  };
  tryProbe(probe, counted, { seed, effort, watches: freshWatches });
  return requests;
}

function engineLike({ declared }: TargetFacts): Parameters<typeof createEngineTarget>[0] {
  const [plain] = RIGS;
  const config = plain?.config as (typeof RIGS)[number]["config"];
  const { mode, ifMatch, resolvedBy, bodyBytesMax, mutationsMax, deltaLimitMax, replayMax } = declared;
  const limits = { ...config.limits, bodyBytesMax, mutationsMax, deltaLimitMax, listLimitMax: deltaLimitMax };
  return {
    config: {
      ...config,
      conflicts: { mode, ifMatch, resolvedBy },
      limits: replayMax === undefined ? limits : { ...limits, replayMax },
      retentionSeconds: declared.retentionSeconds,
    },
  };
}
