/**
 * Owns what a planted fault needs to be seen by a live run: the server's settings, taken from the fault's rig, what may
 * be waited, and which rules are asked for, attempt by attempt.
 * Refuses to run anything.
 */

import { MINUTE_MS, SECOND_MS } from "../src/base/time.ts";
import { RIGS } from "../src/exploration/rigs.ts";
import type { Fault } from "../src/faults/fault.ts";
import type { Clock } from "../src/live/clock.ts";
import type { SettingsInput } from "../src/live/settings.ts";
import { ruleById } from "../src/protocol/rules/registry.ts";
import { type StoreKind, WEBHOOK_SECRET } from "./live-target.ts";

/** A server for a fault, and a profile that tells of it what it does not tell itself. */
export interface Ground {
  readonly store: StoreKind;
  readonly instances: number;
  readonly settings: SettingsInput;
  readonly profile: readonly string[];
  readonly clock?: Clock;
}

/** One run of `conformance` against a fault. */
export interface Attempt {
  /** Empty: all. */
  readonly rules: readonly string[];
  readonly seed: number;
  /** As `--wait` has it. */
  readonly wait: string;
}

/** In memory it is 20 s of virtual time; here somebody waits. */
const RETENTION_SHORT = "2s";
const RECEIPT_DELAY = "2s";
/** How long the token lives that SEC-5 is judged by. */
const TOKEN_MS = 8 * SECOND_MS;
/** Under a fast clock two days are over after six seconds. */
const FAST = 28_800;

/** Faults that show after a time of their own, and what makes it short enough. */
const SLOW: Readonly<Record<string, Partial<Ground>>> = {
  "forgotten-after-a-minute": { settings: { idempotencyTtl: "62s" } },
  "forgotten-after-a-day": {
    settings: { idempotencyTtl: "2d" },
    profile: ["capabilities: { idempotency: { ttlSeconds: 6 } }"],
    clock: fastClock(FAST),
  },
  // What the kernel holds for a reader is megabytes: bodies must be large to go beyond it.
  "slow-reader-loses-events": { settings: { limits: { socketBacklogMax: 20 } } },
};

/** Faults that break no rule of the proxy's, and the exit with which a run tells of them all the same. */
export const BEYOND: Readonly<Record<string, number>> = {
  // Whoever asks for quiet with Retry-After is within his rights; for a day, a run ends as lost.
  "come-back-tomorrow": 3,
};

/** What a rule's probes may have to wait for, beyond the usual. */
const LONG_WAITS: Readonly<Record<string, string>> = {
  "EVT-11": "60s",
  "EVT-17": "60s",
  "IDM-10": "65s",
  "PSH-6": "100s",
  "PSH-7": "120s",
  "DLT-12": `${5 * (MINUTE_MS / SECOND_MS)}s`,
};

/** The ground that shows a fault; `nowMs` is when its server starts. */
export function groundOf(fault: Fault, nowMs: number): Ground {
  const rig = RIGS.find(({ name }) => name === (fault.rig ?? "plain"));
  if (rig === undefined) throw new Error(`there is no rig ${fault.rig}`);
  const { config, instances } = rig;
  const { conflicts, limits } = config;
  const expires = new Date(nowMs + TOKEN_MS).toISOString();
  const ends = fault.rules.includes("SEC-5");
  const slow = SLOW[fault.name];
  return {
    store: instances > 1 ? "redis" : "memory",
    instances,
    settings: {
      conflicts,
      limits,
      retention: rig.name === "short retention" ? RETENTION_SHORT : `${config.retentionSeconds}s`,
      push: { coalesce: "1s", receiptDelay: RECEIPT_DELAY },
      ...(ends && { tokens: { "tok-a": "a", "tok-b": "b", "tok-short": { account: "a", expires } } }),
      ...slow?.settings,
    },
    profile: [
      `webhooks: { secret: ${WEBHOOK_SECRET} }`,
      ...(ends ? [`expiring: { token: tok-short, at: "${expires}" }`] : []),
      ...(slow?.profile ?? []),
    ],
    ...(slow?.clock && { clock: slow.clock }),
  };
}

/** The runs that a fault has before it has survived: its own rule first, then those that it names, then all. */
export function attemptsOn({ rules, rig }: Fault, seed: number, seeds: number): readonly Attempt[] {
  const wait = rig === "short retention" ? "20s" : "10s";
  const judged = rules.filter((rule) => ruleById(rule)?.side === "P");
  const [own] = judged;
  if (own === undefined) return [{ rules: [], seed, wait }];
  const long = LONG_WAITS[own];
  return [
    { rules: [own], seed, wait },
    ...(long === undefined ? [] : [{ rules: [own], seed, wait: long }]),
    ...Array.from({ length: seeds - 1 }, (_, at) => ({ rules: [own], seed: seed + 1 + at, wait })),
    ...(judged.length > 1 ? [{ rules: judged.slice(1), seed, wait }] : []),
    { rules: [], seed, wait },
  ];
}

function fastClock(factor: number): Clock {
  const startMs = Date.now();
  return {
    nowMs: () => Math.round(startMs + (Date.now() - startMs) * factor),
    after: (delayMs, run) => {
      const timer = setTimeout(run, Math.max(0, delayMs) / factor);
      timer.unref();
      return () => clearTimeout(timer);
    },
  };
}
