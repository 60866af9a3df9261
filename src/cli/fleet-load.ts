/**
 * Owns how a scenario becomes a live fleet: who works where, which acts when, who judges and who measures.
 * Refuses to run it, and to print.
 */

import { stream } from "../base/prng.ts";
import type { Checker } from "../checkers/port.ts";
import { renamedPaths } from "../conformance/profile.ts";
import type { Fact } from "../history/facts.ts";
import type { FactFold } from "../history/journal.ts";
import { Fleet } from "../live/fleet.ts";
import type { LiveAct } from "../live/fleet-acts.ts";
import { FleetJudges } from "../live/fleet-judges.ts";
import { actsOfScenario } from "../live/fleet-script.ts";
import type { Introduction } from "../live/introduce.ts";
import type { Ledger } from "../live/ledger.ts";
import type { LiveTarget } from "../live/live-target.ts";
import type { TargetLimits } from "../live/throttle.ts";
import { createMetrics, type MetricsFold } from "../metrics/all.ts";
import { createSeries, type SeriesMeasure } from "../metrics/series.ts";
import { quantile } from "../simulation/fate.ts";
import type { Scenario } from "../simulation/scenario.ts";
import type { FleetAccounts } from "./fleet-accounts.ts";
import type { ReadProfile } from "./profile-file.ts";

export interface LoadOptions {
  readonly url: string;
  readonly read: ReadProfile;
  readonly accounts: FleetAccounts;
  readonly scenario: Scenario;
  /** Real time. */
  readonly durationMs: number;
  readonly rampMs: number;
  readonly options: { readonly seed: number; readonly speed: number };
  readonly target: LiveTarget;
  readonly limits: TargetLimits;
  readonly introduced: Introduction;
  readonly prefix: string;
  readonly ledger: Ledger;
}

/** A fleet that is ready to run, with all that looks at it. */
export interface LiveLoad {
  readonly fleet: Fleet;
  readonly judges: FleetJudges;
  readonly checkers: readonly Checker[];
  readonly metrics: MetricsFold;
  readonly series: SeriesMeasure;
  readonly devices: number;
  readonly phases: readonly number[];
  owns(id: string): boolean;
}

/** An account of a target may hold many a scenario's: each works in a group of records of its own, up to this many. */
const GROUPS_MAX = 8;
/** [SYS-5] the longest wait of the protocol between two tries, with its jitter, and what a request may take. */
const BACKOFF_MS_MAX = 72_000;
const POLL_EVERY_MS = 300_000;

/** Puts it together. */
export function liveLoad(load: LoadOptions): LiveLoad {
  const { scenario, introduced, options, limits, url, read, target, durationMs, rampMs } = load;
  const { accounts, devicesPerAccount, records, itemsPerList, batchFrom } = scenario.fleet;
  const devices = accounts * devicesPerAccount;
  const held = load.accounts.length;
  const groups = Math.max(1, Math.min(GROUPS_MAX, Math.ceil(accounts / held)));
  const { declared } = introduced;
  const phases = declared.phases.filter(
    (phase): phase is 1 | 2 | 3 | 5 =>
      phase !== 4 && phase >= 1 && phase <= 5 && (scenario.fleet.phases as readonly number[]).includes(phase),
  );
  const prefix = `${load.prefix}.f-`;
  const owns = (id: string): boolean => id.startsWith(prefix);
  const { mode, resolvedBy } = declared;
  const judges = new FleetJudges({ mode, resolvedBy, phases, phones: devices, devices: true, owns });
  const series = createSeries();
  const metrics = createMetrics(series);
  const random = stream(options.seed, "live/clocks");
  const fleet = new Fleet({
    baseUrl: url,
    headers: read.profile.target.headers,
    paths: renamedPaths(read.profile),
    accounts: load.accounts,
    seed: options.seed,
    prefix,
    phones: Array.from({ length: devices }, (_, device) => ({
      ...placeOf(Math.floor(device / devicesPerAccount), held, groups),
      clockOffsetMs: random.chance(scenario.clocks.skewed)
        ? (random.chance(0.5) ? 1 : -1) * quantile(scenario.clocks.offset, random.unit())
        : 0,
    })),
    phases,
    acts: ramped(actsOfScenario(scenario, options.seed, durationMs, options.speed), devices, rampMs),
    records,
    itemsPerList,
    groups,
    durationMs,
    settleWithinMs: BACKOFF_MS_MAX + scenario.network.requestTimeout + 2 * introduced.patienceMs + rampMs,
    spreadMs: rampMs,
    plainEveryMs: plainEveryMs(scenario, held, options.speed),
    speed: options.speed,
    batchFrom,
    batchMax: declared.phases.includes(3) ? declared.mutationsMax : 0,
    requestTimeoutMs: scenario.network.requestTimeout,
    pollEveryMs: POLL_EVERY_MS,
    requestsSoftMax: Math.floor(limits.requestsMax * 0.8),
    concurrency: limits.concurrency,
    roundTripMs: introduced.roundTripMs,
    patienceMs: introduced.patienceMs,
    throttle: target.http.throttle,
    ledger: load.ledger,
    folds: [...judges.checkers, ofPhones(metrics, devices)],
  });
  return { fleet, judges, checkers: judges.checkers, metrics, series, devices, phases, owns };
}

/** A scenario's account works in one of the target's, `held` in all, in one group of its records. */
function placeOf(account: number, held: number, groups: number): { account: number; group: number } {
  return { account: account % held, group: Math.floor(account / held) % groups };
}

/** Each phone is switched on in its turn, and stays open until its script says otherwise. */
function ramped(acts: readonly LiveAct[], devices: number, rampMs: number): readonly LiveAct[] {
  const joinsMs = (device: number): number => Math.floor((rampMs * device) / devices);
  const joins = Array.from({ length: devices }, (_, device): LiveAct => {
    return { atMs: joinsMs(device), device, deed: { do: "open" } };
  });
  const later = acts.filter(({ atMs, device }) => atMs > joinsMs(device));
  return [...joins, ...later].sort((left, right) => left.atMs - right.atMs);
}

/** Clients that write plainly, where the scenario has some. */
function plainEveryMs({ workload, fleet }: Scenario, held: number, speed: number): number | undefined {
  const perDay = workload.legacy.clients * workload.legacy.editsPerDay * fleet.accounts;
  return perDay === 0 ? undefined : (86_400_000 * held) / perDay / speed;
}

/** Observers and plain clients cost what no phone does: metrics are of phones. */
function ofPhones(fold: MetricsFold, phones: number): FactFold {
  return {
    wants: fold.wants,
    fold(fact: Fact): void {
      const isOther = fact.fact !== "committed" && "device" in fact && fact.device >= phones;
      // Every phone of a run is new: its first sync belongs to its being switched on, and would be most of all syncs.
      const isFirst = (fact.fact === "sync_started" || fact.fact === "sync_ended") && fact.reason === "first";
      if (!isOther && !isFirst) fold.fold(fact);
    },
  };
}
