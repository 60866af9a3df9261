/**
 * Owns the small worlds in which planted faults show: a few phones, a few hours, and only the trouble that is named.
 * Refuses to know which fault a world is for.
 */

import type { ScenarioText } from "../simulation/scenario.ts";

/** The seed under which every trigger shows its fault. */
export const TRIGGER_SEED = 1;

/** People at their phones often and all day, and nothing that goes wrong. */
const CALM = {
  duration: "3h",
  fleet: { accounts: 3, devicesPerAccount: 2, records: { contact: 4, task: 4, list: 2 }, itemsPerList: 2 },
  habits: { sessionsPerDay: 96, sessionLength: { p50: "3m", p99: "10m" }, together: "60%", awake: [0, 24] },
  network: {
    latency: { p50: "60ms", p99: "300ms" },
    loss: "0%",
    duplication: "0%",
    reordering: "0%",
    offline: { perDay: 0 },
    partition: { perDay: 0 },
  },
  clocks: { skewed: "0%", jumps: { perDay: 0 }, proxyJumps: { perDay: 0 } },
  kills: { perDay: 0, afterEdit: "0%" },
  workload: { editsPerDay: 400, refreshesPerDay: 0 },
  proxy: { outages: { perDay: 0 } },
  push: { loss: "0%", duplication: "0%" },
} as const satisfies Omit<ScenarioText, "name">;

/** A calm world but for what is named here. */
export function trigger(changes: Omit<ScenarioText, "name">): ScenarioText {
  return {
    name: "trigger",
    ...CALM,
    ...changes,
    fleet: { ...CALM.fleet, ...changes.fleet },
    habits: { ...CALM.habits, ...changes.habits, awake: [0, 24] },
    network: { ...CALM.network, ...changes.network },
    clocks: { ...CALM.clocks, ...changes.clocks },
    kills: { ...CALM.kills, ...changes.kills },
    workload: { ...CALM.workload, ...changes.workload },
    proxy: { ...CALM.proxy, ...changes.proxy },
    push: { ...CALM.push, ...changes.push },
  };
}

/** Families that edit the same few records at once, in tunnels and over a slow network: conflicts. */
export const CONTENTION = {
  fleet: { accounts: 2, devicesPerAccount: 4 },
  workload: { hot: "100%", hotRecords: 1, entities: { contact: "50%", task: "30%", list: "20%" } },
  network: {
    latency: { p50: "2s", p99: "8s" },
    offline: { perDay: 96, length: { p50: "3m", p99: "10m" }, used: "100%" },
  },
} as const satisfies Omit<ScenarioText, "name">;

/** Edits that are made in tunnels by apps that are killed there: they outlive a restart before they are sent. */
export const KILLED_IN_TUNNELS = {
  kills: { perDay: 1_000 },
  network: { offline: { perDay: 96, length: { p50: "3m", p99: "10m" }, used: "100%" } },
} as const satisfies Omit<ScenarioText, "name">;
