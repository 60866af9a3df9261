/**
 * Owns the busy fleet of the live bench: phones that are online, with people who act as fast as they are told to, all
 * checkers on, and what its steady middle took.
 * Refuses to settle for less than a settled run: a figure of a fleet that was cut off is none.
 */

import { stream } from "../src/base/prng.ts";
import { Fleet } from "../src/live/fleet.ts";
import type { LiveAct, LiveDeed } from "../src/live/fleet-acts.ts";
import { FleetJudges } from "../src/live/fleet-judges.ts";
import type { Ledger } from "../src/live/ledger.ts";
import type { LiveTarget } from "../src/live/live-target.ts";
import type { ClientFigures } from "./scale-live-client.ts";

export interface BusyFleetOptions {
  /** An account each. */
  readonly tokens: readonly string[];
  readonly phonesPerAccount: number;
  /** What people do: write, which is told to every device of the account; or sync in full, which is told to nobody. */
  readonly work: "write" | "refresh";
  /** Of the whole fleet, while it is measured. */
  readonly actsPerSecond: number;
  readonly seconds: number;
  readonly round: number;
}

interface Running extends BusyFleetOptions {
  readonly url: string;
  readonly prefix: string;
  readonly target: LiveTarget;
  readonly ledger: Ledger;
}

/** Everybody is there, and the code is warm, before it is measured. */
const WARM_MS = 4_000;
const OPEN_MS = 1_500;
const LOOK_MS = 100;
const PHASES = [1, 2, 3, 5] as const;

/** Runs it to its end. Rejects where it did not settle. */
export async function busyFleet(running: Running): Promise<ClientFigures> {
  const { tokens, phonesPerAccount, seconds, round, prefix } = running;
  const phones = tokens.length * phonesPerAccount;
  const owns = (id: string): boolean => id.startsWith(prefix);
  const how = { mode: "enforce", resolvedBy: "server", phases: PHASES, devices: true } as const;
  const judges = new FleetJudges({ ...how, phones, owns });
  const durationMs = WARM_MS + seconds * 1_000;
  const fleet = new Fleet({
    baseUrl: running.url,
    headers: {},
    paths: new Map(),
    accounts: tokens.map((token, nth) => ({ name: `${nth}`, token })),
    seed: round,
    prefix,
    phones: Array.from({ length: phones }, (_, nth) => ({
      account: nth % tokens.length,
      group: 0,
      clockOffsetMs: 0,
    })),
    phases: PHASES,
    acts: actsOf(running, phones, durationMs),
    records: { contact: 4, task: 4, list: 2 },
    itemsPerList: 3,
    groups: 1,
    durationMs,
    settleWithinMs: 120_000,
    spreadMs: 500,
    plainEveryMs: undefined,
    speed: 60,
    batchFrom: 3,
    batchMax: 50,
    requestTimeoutMs: 30_000,
    pollEveryMs: 300_000,
    requestsSoftMax: 10_000_000,
    concurrency: 64,
    roundTripMs: 2,
    patienceMs: 1_000,
    throttle: running.target.http.throttle,
    ledger: running.ledger,
    folds: judges.checkers,
  });
  const middle = middleOf(fleet);
  const run = await fleet.run();
  const figures = middle();
  if (run.ended !== "settled") throw run.why ?? new Error(`the busy fleet ended ${run.ended}`);
  const broken = judges.finish(owns, run.torn?.at).filter(({ judgement }) => judgement.found > 0);
  if (run.torn !== undefined) throw new Error(`the busy fleet was not judged: ${run.torn.why}`);
  return { ...figures, faults: broken.length, facts: run.facts };
}

/** From when it is warm to the heal: what it sent, and the CPU time of this process. */
function middleOf(fleet: Fleet): () => Omit<ClientFigures, "faults" | "facts"> {
  let began: { readonly cpu: NodeJS.CpuUsage; readonly requests: number; readonly atMs: number } | undefined;
  let figures = { requests: 0, cpu: 0, seconds: 0 };
  let onAtMs = 0;
  const timer = setInterval(() => {
    const { phase, requests } = fleet.progress();
    const atMs = performance.now();
    if (phase !== "faults on") return;
    if (onAtMs === 0) onAtMs = atMs;
    if (atMs - onAtMs < WARM_MS) return;
    began ??= { cpu: process.cpuUsage(), requests, atMs };
    const { user, system } = process.cpuUsage(began.cpu);
    figures = {
      requests: requests - began.requests,
      cpu: user + system,
      seconds: (atMs - began.atMs) / 1_000,
    };
  }, LOOK_MS);
  return () => {
    clearInterval(timer);
    return figures;
  };
}

/** Everybody opens their app and stays; then they act one by one, each by whom chance picks. */
function actsOf(running: Running, phones: number, durationMs: number): readonly LiveAct[] {
  const random = stream(running.round, "bench/acts");
  const deed: LiveDeed = running.work === "write" ? { do: "write", more: 0 } : { do: "refresh" };
  const acts: LiveAct[] = Array.from({ length: phones }, (_, device) => ({
    atMs: Math.floor((OPEN_MS * device) / phones),
    device,
    deed: { do: "open" },
  }));
  for (let atMs = OPEN_MS; atMs < durationMs; atMs += random.exponential(1_000 / running.actsPerSecond))
    acts.push({ atMs: Math.round(atMs), device: random.below(phones), deed });
  return acts;
}
