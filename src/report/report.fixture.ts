/**
 * Owns a made-up run that left a bit of everything behind, for tests of what is printed about it.
 */

import type { Violation } from "../checkers/port.ts";
import type { Fact } from "../history/facts.ts";
import type { Metrics } from "../metrics/all.ts";
import type { EntityConflicts } from "../metrics/conflicts.ts";
import type { Durations } from "../metrics/distribution.ts";
import type { FinishedRun } from "./result.ts";

/** Monday, 5 January 2026. */
export const START_MS = 1_767_571_200_000;

export const METRICS_OF_A_RUN: Metrics = {
  syncLatency: {
    online: durations(81_234, [12, 310, 180, 620, 1_840, 9_300]),
    cameBack: durations(12_004, [5_000, 4_100_000, 1_900_000, 9_000_000, 41_000_000, 66_000_000]),
    unseen: 0,
  },
  editLatency: { count: 0, min: null, mean: null, p50: null, p90: null, p99: null, max: null },
  conflicts: {
    writes: 10_312,
    stale: 322,
    rate: 0.0312,
    byEntity: {
      contact: entityConflicts(3_000, 100, 0, 90, { mine: 4, server: 3, merge: 3 }),
      task: entityConflicts(7_312, 222, 222, 0, {}),
      list: entityConflicts(0, 0, 0, 0, {}),
    },
    resolved: entityConflicts(10_312, 322, 222, 90, { mine: 4, server: 3, merge: 3 }).resolved,
    resolvedBy: { server: 222, device: 90, person: 10 },
    withoutPerson: 312 / 322,
    overwritten: 0,
    unresolved: 0,
  },
  queue: { mean: 0.42, worstDeviceMean: 3.1, max: 37 },
  cache: { reads: 61_000, fresh: 53_131, hitRate: 0.871, compared: 30_000, outdated: 12 },
  syncs: {
    all: 31_111,
    full: 161,
    givenUp: 4,
    fullRate: 0.0051,
    byReason: { first: 150, expired: 8, unknown: 0, requested: 3, other: 0 },
  },
  sockets: { opened: 8_650, peakShare: 0.04 },
  cost: {
    total: {
      requests: 64_470,
      bytesUp: 19_141_500,
      bytesDown: 101_220_000,
      socketOpens: 9_555,
      radioWakeUps: 42_210,
    },
    deviceDays: 1_049.7,
    perDeviceDay: {
      requests: 61.4,
      bytesUp: 18_230,
      bytesDown: 96_400,
      socketOpens: 9.1,
      radioWakeUps: 40.2,
    },
  },
  counts: {
    devices: 150,
    edits: 12_600,
    settled: { applied: 12_000, merged: 222, yielded: 300, failed: 3, discarded: 3, cancelled: 72 },
    asked: 10,
    commits: 9_876,
    requests: { batch: 1_234, changes: 30_000, update: 50_000 },
    failures: { timeout: 800, unreachable: 900, server: 40, refused: 300 },
    pushesSent: 8_000,
    pushesReceived: 7_600,
    kills: 1_490,
    offlineSpans: 5_200,
    disconnects: 9_000,
  },
};

function entityConflicts(
  writes: number,
  stale: number,
  server: number,
  device: number,
  person: Partial<EntityConflicts["resolved"]["person"]>,
): EntityConflicts {
  const rate = writes === 0 ? null : stale / writes;
  const nobody = { refused: 0, open: 0 };
  const answers = { mine: 0, server: 0, merge: 0, byHand: 0, ...person };
  return { writes, stale, rate, resolved: { server, device, person: answers, nobody }, overwritten: 0 };
}

function durations(
  count: number,
  [min, mean, p50, p90, p99, max]: readonly [number, number, number, number, number, number],
): Durations {
  return { count, min, mean, p50, p90, p99, max };
}

/** A fact of the second device. */
export const KILLED: Fact = { fact: "killed", at: START_MS + 61_000, device: 1, account: 0 };

export function violation(rule: string, more: Partial<Violation> = {}): Violation {
  return {
    rule,
    at: START_MS + 3_661_000,
    expected: "409 conflict, and contact c1 unchanged",
    actual: "200, and contact c1 is gone",
    because: "tablet deleted c1 on the revision before the one to which phone had moved it",
    evidence: [KILLED],
    ...more,
  };
}

/** A run in which all went well; `more` is what a test wants otherwise. */
export function finishedRun(more: Partial<FinishedRun> = {}): FinishedRun {
  return {
    version: "0.1.0",
    again: "zeke-sync simulate commuter --seed 7",
    seed: 7,
    scenario: {
      name: "commuter",
      description: "People on their way.",
      durationMs: 7 * 86_400_000,
      phases: [1, 2, 3, 4, 5],
      settings: { network: { loss: 0.01 }, duration: 7 * 86_400_000 },
    },
    startMs: START_MS,
    roster: {
      devices: [
        { name: "a1-phone", account: 0 },
        { name: "a1-tablet", account: 0 },
      ],
      accounts: [{ name: "a1" }],
    },
    ended: "settled",
    progress: {
      simulatedMs: 7 * 86_400_000 + 754_000,
      events: 1_234_567,
      deviceEvents: 700_000,
      facts: 900_000,
      digest: "abc123",
    },
    judgements: [
      { rule: "SYS-1", judgement: { exercised: 150, violations: [] } },
      { rule: "QUE-4", judgement: { exercised: 40, violations: [] } },
      { rule: "QUE-4", judgement: { exercised: 2, violations: [] } },
      { rule: "QUE-6", judgement: { exercised: 0, violations: [] } },
    ],
    metrics: METRICS_OF_A_RUN,
    struck: { loss: 1_204, duplication: 310, "captive-portal": 0, kill: 1_490, outage: 1 },
    thresholds: [],
    timing: {
      runId: "2026-11-22-commuter-s7",
      startedAt: "2026-11-22T10:00:00.000Z",
      wallMs: 8_200,
      node: "v24.0.0",
    },
    ...more,
  };
}

/** A run that broke two rules, one of them often. */
export function brokenRun(): FinishedRun {
  return finishedRun({
    judgements: [
      { rule: "SYS-1", judgement: { exercised: 150, violations: [] } },
      {
        rule: "CON-4",
        judgement: { exercised: 9, violations: Array.from({ length: 14 }, () => violation("CON-4")) },
      },
      { rule: "QUE-4", judgement: { exercised: 40, violations: [violation("QUE-4")] } },
    ],
  });
}
