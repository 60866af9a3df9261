/**
 * Owns the small fleet beside the probes of conformance: a few devices on both accounts, some seconds of mischief, and
 * what checkers of the proxy and of the whole make of it.
 * Refuses to judge devices: they are ours. What could not be judged is no verdict.
 */

import { SECOND_MS } from "../base/time.ts";
import type { Violation } from "../checkers/port.ts";
import type { Violation as ProbeViolation } from "../conformance/probe.ts";
import type { TargetFacts } from "../conformance/target.ts";
import type { Roster } from "../history/facts.ts";
import type { RuleId } from "../protocol/rules/registry.ts";
import { Fleet } from "./fleet.ts";
import { FleetJudges } from "./fleet-judges.ts";
import { mischiefOf } from "./fleet-mischief.ts";
import type { FleetRun } from "./fleet-run.ts";
import type { Ledger } from "./ledger.ts";
import type { LiveTarget } from "./live-target.ts";

export interface SmallFleetOptions {
  readonly facts: TargetFacts;
  readonly baseUrl: string;
  readonly headers: { readonly [name: string]: string };
  readonly paths: ReadonlyMap<string, string>;
  readonly concurrency: number;
  readonly timeoutMs: number;
  readonly seed: number;
  /** So many times the usual size. */
  readonly effort: number;
  /** What every name of this run begins with. */
  readonly prefix: string;
  readonly ledger: Ledger;
}

/** One breach that the fleet's history showed. */
interface FleetFinding {
  readonly violation: ProbeViolation & { readonly because: string };
  readonly evidence: Violation["evidence"];
}

export interface SmallFleetRun {
  readonly run: Pick<FleetRun, "ended" | "ranMs" | "requests" | "facts" | "commits" | "torn" | "startMs">;
  readonly devices: number;
  readonly roster: Roster;
  /** Why it ended before its end: what it found until then counts. */
  readonly why: Error | undefined;
  readonly exercised: ReadonlyMap<RuleId, number>;
  /** At most one for each rule. */
  readonly findings: readonly FleetFinding[];
}

export const SMALL_FLEET = { phones: 6, durationMs: 5_000, requests: 330 } as const;
const PHONES_MAX = 60;
const DURATION_MS_MAX = 60_000;
const EVERY_MS = 240;
const PLAIN_EVERY_MS = 280;
const SPEED = 40;
const SETTLE_WITHIN_MS = 30_000;
/** From a phone's first attempt to its last, at the utmost. */
const KEYS_KEPT_MS_MIN = DURATION_MS_MAX + SETTLE_WITHIN_MS;
/** Clocks of some phones are wrong, by this much [QUE-16]. */
const CLOCKS_MS = [0, 0, 45_000, -90_000, 0, 7_000];

/** Why no small fleet can run on this target; undefined when one can. */
export function whyNoFleet({ declared, ordered }: TargetFacts): string | undefined {
  if (!declared.phases.includes(1)) return "the target does not declare phase 1, and nobody could watch it";
  if (!ordered) return "its revisions have no order (revisions.order: opaque), and devices rest on one";
  // [IDM-10] a retry that finds its key forgotten is a second mutation, and nobody's fault.
  if (declared.phases.includes(3) && declared.ttlSeconds * SECOND_MS < KEYS_KEPT_MS_MIN)
    return `it forgets keys after ${declared.ttlSeconds} s (idempotency.ttlSeconds), and devices may come back with one after ${KEYS_KEPT_MS_MIN / SECOND_MS} s`;
  return undefined;
}

/** Runs it; `stopped` is handed what ends it early. */
export async function runSmallFleet(target: LiveTarget, options: SmallFleetOptions): Promise<SmallFleetRun> {
  const { facts, effort, seed, prefix } = options;
  const { declared } = facts;
  const phones = Math.max(2, Math.min(PHONES_MAX, Math.round(SMALL_FLEET.phones * effort)));
  const durationMs = Math.max(
    1_500,
    Math.min(DURATION_MS_MAX, SMALL_FLEET.durationMs * Math.max(0.3, effort)),
  );
  const owns = (id: string): boolean => id.startsWith(prefix);
  const { mode, resolvedBy } = declared;
  const judges = new FleetJudges({ mode, resolvedBy, phases: declared.phases, phones, devices: false, owns });
  const fleet = new Fleet({
    ...options,
    accounts: facts.accounts,
    prefix,
    phones: Array.from({ length: phones }, (_, nth) => ({
      account: nth % 2,
      group: 0,
      clockOffsetMs: CLOCKS_MS[nth % CLOCKS_MS.length] ?? 0,
    })),
    phases: declared.phases.filter((phase) => phase >= 1 && phase <= 5) as readonly (1 | 2 | 3 | 4 | 5)[],
    acts: mischiefOf({ seed, phones, durationMs, everyMs: EVERY_MS }),
    records: { contact: 3, task: 3, list: 2 },
    itemsPerList: 2,
    groups: 1,
    durationMs,
    settleWithinMs: SETTLE_WITHIN_MS + 2 * facts.patienceMs,
    spreadMs: 200,
    plainEveryMs: PLAIN_EVERY_MS,
    speed: SPEED,
    batchFrom: 3,
    batchMax: 0,
    requestTimeoutMs: options.timeoutMs,
    pollEveryMs: 5_000,
    requestsSoftMax: Math.round(SMALL_FLEET.requests * effort),
    roundTripMs: facts.roundTripMs,
    patienceMs: facts.patienceMs,
    throttle: target.http.throttle,
    folds: judges.checkers,
  });
  const forget = target.onStop((why) => fleet.stop(why));
  const run = await fleet.run();
  forget();
  const judgements = judges.finish(owns, run.torn?.at);
  const exercised = new Map<RuleId, number>();
  const findings: FleetFinding[] = [];
  for (const { rule, judgement } of judgements) {
    const id = rule as RuleId;
    if (judgement.exercised > 0) exercised.set(id, judgement.exercised);
    const [first] = judgement.violations;
    if (first === undefined) continue;
    const { expected, actual, because, evidence } = first;
    findings.push({ violation: { rule: id, expected, actual, because }, evidence });
  }
  return { run, devices: phones, roster: run.roster, why: run.why, exercised, findings };
}
