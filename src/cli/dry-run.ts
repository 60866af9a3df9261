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
  /** About so many would be sent by live devices behind the probes; 0: there would be none. */
  readonly fleet: number;
}

/** What would be sent, as `--json` shows it. */
export interface Plan {
  readonly schema: "zeke-sync/conformance-plan@1";
  readonly url: string;
  readonly seed: number;
  /** Names of both, in the order of the profile. */
  readonly accounts: readonly string[];
  readonly introducedBy: number;
  /** About so many, of all probes. */
  readonly requests: number;
  /** About so many more, of live devices behind them. */
  readonly fleet: number;
  readonly probes: readonly {
    readonly id: string;
    readonly requests: number;
    readonly rules: readonly string[];
  }[];
}

export function planOf({ probes, facts, url, seed, effort, introducedBy, fleet }: DryRun): Plan {
  const counted = probes.map((probe) => ({
    id: probe.id,
    requests: requestsOf(probe, facts, seed, effort),
    rules: probe.rules,
  }));
  return {
    schema: "zeke-sync/conformance-plan@1",
    url,
    seed,
    accounts: facts.accounts.map(({ name }) => name),
    introducedBy,
    fleet,
    requests: counted.reduce((total, { requests }) => total + requests, 0),
    probes: counted,
  };
}

/** The text, with a newline at its end. */
export function planText({ url, seed, accounts, introducedBy, requests, fleet, probes }: Plan): string {
  const rows = probes.map(({ id, requests: own, rules }) => [`  ${id}`, grouped(own), rules.join(", ")]);
  return [
    `${url} was asked ${introducedBy} times for what it declares, and nothing else was sent.`,
    `A run with seed ${seed} would send about ${grouped(requests)} requests of ${probes.length} probes, as the accounts ${accounts.join(" and ")}; all that it makes begins with zs, and is deleted at its end.`,
    ...(fleet === 0 ? [] : [`Behind the probes a small live fleet would send about ${grouped(fleet)} more.`]),
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
