/**
 * Owns each fault of a scenario on its own, strong enough to strike within a day of two small accounts.
 * Refuses to run anything.
 */

import { Scenario, type ScenarioText } from "./scenario.ts";
import type { Strike } from "./strikes.ts";

/** One fault, as a scenario has it, and the strikes by which a run shows it. */
export interface Hardship {
  readonly name: string;
  readonly strikes: readonly Strike[];
  readonly text: Partial<ScenarioText>;
}

const POINTS = ["beforeSend", "afterSend", "beforeStore", "beforeRevision", "betweenPages"] as const;
const POINT_STRIKES = {
  beforeSend: "kill-before-send",
  afterSend: "kill-after-send",
  beforeStore: "kill-before-store",
  beforeRevision: "kill-before-revision",
  betweenPages: "kill-between-pages",
} as const;

export const HARDSHIPS: readonly Hardship[] = [
  { name: "captive portal", strikes: ["captive-portal"], text: { network: { captive: { perDay: 12 } } } },
  {
    name: "headers stripped, If-Match required",
    strikes: ["stripped-headers"],
    text: { network: { middlebox: { strips: "100%" } }, proxy: { ifMatch: "required" } },
  },
  {
    name: "headers stripped, If-Match optional",
    strikes: ["stripped-headers"],
    text: { network: { middlebox: { strips: "100%" } } },
  },
  {
    name: "keys and device ids stripped",
    strikes: ["stripped-headers"],
    text: {
      network: { loss: "10%", middlebox: { strips: "70%", headers: ["idempotency-key", "x-device-id"] } },
    },
  },
  {
    name: "ETags weakened",
    strikes: ["weakened-etags"],
    text: { network: { middlebox: { weakens: "70%" } } },
  },
  {
    name: "sockets refused",
    strikes: ["refused-socket"],
    text: { network: { middlebox: { refusesSockets: "70%" } } },
  },
  {
    name: "time-outs before",
    strikes: ["timeout-before"],
    text: { network: { timeouts: { before: "20%" } } },
  },
  { name: "time-outs after", strikes: ["timeout-after"], text: { network: { timeouts: { after: "20%" } } } },
  {
    name: "half-open sockets",
    strikes: ["half-open-socket"],
    text: { network: { halfOpen: { perDay: 100 } } },
  },
  { name: "delay spikes", strikes: ["delay-spike"], text: { network: { spikes: { perDay: 40 } } } },
  ...POINTS.map((point) => ({
    name: `kills ${point}`,
    strikes: [POINT_STRIKES[point]],
    text: { kills: { points: { [point]: "20%" } }, proxy: { deltaLimitMax: 3 } },
  })),
  { name: "failed writes", strikes: ["failed-write"], text: { storage: { failures: "15%" } } },
  { name: "full storage", strikes: ["full-storage"], text: { storage: { full: { perDay: 20 } } } },
  { name: "clocks years off", strikes: ["clock-years-off"], text: { clocks: { yearsOff: "60%" } } },
  { name: "twin creates", strikes: ["twin-creates"], text: { workload: { twins: "80%" } } },
  { name: "new fields", strikes: ["new-field"], text: { workload: { newFields: "50%" } } },
  { name: "token expiry", strikes: ["token-expiry"], text: { tokens: { expiry: { perDay: 8 } } } },
  {
    name: "shared phones",
    strikes: ["account-switch"],
    text: { tokens: { shared: "70%", switchesPerDay: 20 } },
  },
  { name: "updates that change nothing", strikes: ["app-update"], text: { fleet: { updatedApps: "100%" } } },
  { name: "older apps", strikes: ["older-app"], text: { fleet: { accounts: 2, olderApps: "70%" } } },
  {
    name: "novelties",
    strikes: ["new-field", "new-frame", "new-entity"],
    text: { proxy: { novelties: "60%" } },
  },
  {
    name: "another protocol",
    strikes: ["foreign-protocol"],
    text: { proxy: { foreignProtocol: { perDay: 12 } } },
  },
  {
    name: "an instance cut off",
    strikes: ["cut-off"],
    text: { proxy: { instances: 3, cutOffs: { perDay: 20 } } },
  },
  {
    name: "late fan-out",
    strikes: ["fan-out-lag"],
    text: { proxy: { instances: 3, fanOut: { p50: "200ms", p99: "20s" } } },
  },
  { name: "dead push tokens", strikes: ["dead-push-token"], text: { push: { deadTokens: { perDay: 8 } } } },
  {
    name: "webhooks",
    strikes: ["webhook", "webhook-duplication", "webhook-reordering"],
    text: { proxy: { webhooks: { perDay: 60, duplication: "20%", reordering: "20%" } } },
  },
  {
    name: "rollout",
    strikes: ["rollout"],
    text: {
      proxy: {
        mode: "off",
        rollout: [
          { after: "8h", mode: "advisory" },
          { after: "16h", mode: "enforce" },
        ],
      },
    },
  },
  ...(["later", "ignored"] as const).map((what) => ({
    name: `dialogs ${what}`,
    strikes: [what === "later" ? "dialog-put-off" : "dialog-ignored"] as const,
    text: {
      network: { offline: { perDay: 12 } },
      workload: {
        hotRecords: 1,
        entities: { contact: "70%", task: "20%", list: "10%" },
        conflicts: { [what]: "60%" },
      },
    },
  })),
  {
    name: "legacy clients",
    strikes: ["legacy-write"],
    text: { workload: { legacy: { clients: 2, editsPerDay: 30 } } },
  },
];

/** A day of two busy accounts, with some of these faults. */
export function hardDay(...hardships: readonly Pick<Hardship, "text">[]): Scenario {
  const busy: ScenarioText = {
    name: "hard-day",
    duration: "1d",
    fleet: { accounts: 2 },
    habits: { sessionsPerDay: 10, together: "40%" },
    workload: { editsPerDay: 16, hot: "60%" },
  };
  return Scenario.parse(hardships.reduce((text: unknown, hardship) => over(text, hardship.text), busy));
}

/** The second on top of the first, member by member. */
function over(below: unknown, above: unknown): unknown {
  if (!isGroup(below) || !isGroup(above)) return above;
  const members = Object.entries(above).map(([name, value]) => [
    name,
    Object.hasOwn(below, name) ? over(below[name], value) : value,
  ]);
  return { ...below, ...Object.fromEntries(members) };
}

function isGroup(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
