/**
 * Owns the faults that a swarm may draw: what switches each on in a scenario, how strong it can be, and where it may
 * not be drawn because the protocol itself promises nothing there.
 * Refuses to draw.
 */

import type { Scenario } from "./scenario.ts";
import type { Strike } from "./strikes.ts";

/** A value as a scenario file has it. */
export type ScenarioValue =
  | string
  | number
  | readonly ScenarioValue[]
  | { readonly [name: string]: ScenarioValue };

/** A setting of the scenario that a fault turns. */
export interface Knob {
  /** Dotted, as `--set` takes it. */
  readonly path: string;
  /** What it is when the fault is off; a knob without it, that is of no effect then, is left as the base has it. */
  readonly off?: ScenarioValue;
  readonly strengths: readonly ScenarioValue[];
}

export interface SwarmFault {
  readonly name: string;
  /** How a run shows it. */
  readonly strikes: readonly Strike[];
  readonly knobs: readonly Knob[];
  /** How much likelier it is on than others, because it needs luck to strike; 1 when absent. */
  readonly weight?: number;
  /** Says whether it may be on at all, under the settings that were drawn before. */
  readonly fits?: (settings: Scenario) => boolean;
}

/** A fault of one knob, which is its own strike. */
function simple(
  name: Strike,
  path: string,
  off: ScenarioValue,
  strengths: readonly ScenarioValue[],
): SwarmFault {
  return { name, strikes: [name], knobs: [{ path, off, strengths }] };
}

const NETWORK: readonly SwarmFault[] = [
  simple("loss", "network.loss", "0%", ["1%", "5%", "20%"]),
  simple("duplication", "network.duplication", "0%", ["1%", "5%", "20%"]),
  simple("reordering", "network.reordering", "0%", ["1%", "5%", "20%"]),
  {
    name: "tunnel",
    strikes: ["tunnel"],
    knobs: [
      { path: "network.offline.perDay", off: 0, strengths: [2, 6, 16] },
      // [QUE-15] a queue gets long where people are offline for long, and work on.
      {
        path: "network.offline.length",
        strengths: [
          { p50: "6m", p99: "75m" },
          { p50: "2h", p99: "9h" },
        ],
      },
      { path: "network.offline.used", strengths: ["20%", "80%"] },
    ],
  },
  simple("partition", "network.partition.perDay", 0, [1, 4, 12]),
  simple("captive-portal", "network.captive.perDay", 0, [2, 6, 12]),
  simple("timeout-before", "network.timeouts.before", "0%", ["2%", "10%", "25%"]),
  simple("timeout-after", "network.timeouts.after", "0%", ["2%", "10%", "25%"]),
  // A socket is open for minutes a day, and only then can it be forgotten.
  simple("half-open-socket", "network.halfOpen.perDay", 0, [40, 120]),
  simple("delay-spike", "network.spikes.perDay", 0, [6, 20, 60]),
  {
    name: "stripped-headers",
    strikes: ["stripped-headers"],
    weight: 2.5,
    knobs: [
      { path: "network.middlebox.strips", off: "0%", strengths: ["30%", "70%", "100%"] },
      {
        path: "network.middlebox.headers",
        strengths: [
          ["if-match", "idempotency-key", "x-device-id", "x-mutation-timestamp"],
          ["if-match"],
          ["idempotency-key", "x-device-id"],
          ["x-mutation-timestamp", "x-device-id"],
        ],
      },
    ],
    // Without If-Match a write is plain, and overwrites what it did not know; without a key its retry is another
    // mutation. [CON-7] `required` is how a proxy says that it takes neither, and only `enforce` refuses what is stale.
    fits: ({ proxy }) => proxy.mode === "enforce" && proxy.ifMatch === "required",
  },
  {
    ...simple("refused-socket", "network.middlebox.refusesSockets", "0%", ["30%", "70%"]),
    fits: ({ fleet }) => fleet.phases.includes(1),
  },
  {
    name: "weakened-etags",
    strikes: ["weakened-etags"],
    knobs: [{ path: "network.middlebox.weakens", off: "0%", strengths: ["30%", "70%", "100%"] }],
    weight: 1.5,
    // [CON-6] a weak tag matches nothing, which says something only where stale writes are refused or resolved.
    fits: ({ proxy }) => proxy.mode === "enforce",
  },
];

const hasPush = ({ fleet }: Scenario): boolean => fleet.phases.includes(4);

const PEOPLE: readonly SwarmFault[] = [
  {
    name: "dialog-put-off",
    strikes: ["dialog-put-off"],
    weight: 1.5,
    knobs: [
      { path: "workload.conflicts.later", off: "0%", strengths: ["30%", "80%"] },
      {
        path: "workload.conflicts.laterBy",
        strengths: [
          { p50: "30m", p99: "4h" },
          { p50: "8h", p99: "2d" },
        ],
      },
    ],
  },
  { ...simple("dialog-ignored", "workload.conflicts.ignored", "0%", ["20%", "60%"]), weight: 1.5 },
];

const PHONES: readonly SwarmFault[] = [
  simple("kill", "kills.perDay", 0, [2, 6, 20]),
  { ...simple("kill-after-edit", "kills.afterEdit", "0%", ["3%", "10%", "25%"]), weight: 1.2 },
  simple("kill-before-send", "kills.points.beforeSend", "0%", ["3%", "10%", "20%"]),
  simple("kill-after-send", "kills.points.afterSend", "0%", ["3%", "10%", "20%"]),
  simple("kill-before-store", "kills.points.beforeStore", "0%", ["5%", "15%", "30%"]),
  simple("kill-before-revision", "kills.points.beforeRevision", "0%", ["3%", "10%", "20%"]),
  simple("kill-between-pages", "kills.points.betweenPages", "0%", ["5%", "15%", "30%"]),
  simple("failed-write", "storage.failures", "0%", ["1%", "5%", "15%"]),
  {
    name: "full-storage",
    strikes: ["full-storage"],
    weight: 1.2,
    knobs: [{ path: "storage.full.perDay", off: 0, strengths: [6, 12, 20] }],
  },
  {
    name: "clock-offset",
    strikes: ["clock-offset"],
    knobs: [
      { path: "clocks.skewed", off: "0%", strengths: ["20%", "60%", "100%"] },
      {
        path: "clocks.offset",
        strengths: [
          { p50: "20s", p99: "10m" },
          { p50: "1h", p99: "2d" },
        ],
      },
      { path: "clocks.driftPpm", off: 0, strengths: [0, 50, 2_000] },
    ],
  },
  simple("clock-years-off", "clocks.yearsOff", "0%", ["20%", "60%"]),
  {
    name: "clock-step",
    strikes: ["clock-step"],
    knobs: [
      { path: "clocks.jumps.perDay", off: 0, strengths: [1, 4] },
      {
        path: "clocks.jumps.size",
        strengths: [
          { p50: "5s", p99: "10m" },
          { p50: "2h", p99: "2d" },
        ],
      },
    ],
  },
  simple("twin-creates", "workload.twins", "0%", ["20%", "80%"]),
  {
    name: "absence",
    strikes: ["absence"],
    knobs: [
      { path: "workload.absence.share", off: "0%", strengths: ["30%", "60%"] },
      { path: "workload.absence.length", strengths: ["6h", "14h"] },
    ],
  },
  simple("token-expiry", "tokens.expiry.perDay", 0, [2, 6]),
  {
    name: "account-switch",
    strikes: ["account-switch"],
    knobs: [
      { path: "tokens.shared", off: "0%", strengths: ["30%", "70%"] },
      { path: "tokens.switchesPerDay", strengths: [6, 20] },
    ],
  },
  simple("older-app", "fleet.olderApps", "0%", ["30%", "70%"]),
  simple("app-update", "fleet.updatedApps", "0%", ["30%", "100%"]),
];

const PROXY: readonly SwarmFault[] = [
  {
    name: "novelties",
    strikes: ["new-field", "new-frame", "new-entity"],
    knobs: [{ path: "proxy.novelties", off: "0%", strengths: ["10%", "60%"] }],
  },
  {
    name: "newer-app",
    strikes: ["new-field"],
    knobs: [{ path: "workload.newFields", off: "0%", strengths: ["10%", "50%"] }],
  },
  simple("foreign-protocol", "proxy.foreignProtocol.perDay", 0, [6, 16]),
  simple("outage", "proxy.outages.perDay", 0, [1, 4, 12]),
  {
    name: "cut-off",
    strikes: ["cut-off"],
    weight: 1.5,
    knobs: [{ path: "proxy.cutOffs.perDay", off: 0, strengths: [4, 12, 24] }],
    fits: ({ proxy }) => proxy.instances > 1,
  },
  {
    name: "fan-out-lag",
    strikes: ["fan-out-lag"],
    weight: 1.5,
    knobs: [
      {
        path: "proxy.fanOut",
        off: { p50: "1ms", p99: "3ms" },
        strengths: [
          { p50: "5ms", p99: "200ms" },
          { p50: "100ms", p99: "900ms" },
        ],
      },
    ],
    fits: ({ proxy }) => proxy.instances > 1,
  },
  {
    name: "proxy-clock-step",
    strikes: ["proxy-clock-step"],
    knobs: [
      { path: "clocks.proxyJumps.perDay", off: 0, strengths: [2, 6] },
      {
        path: "clocks.proxyJumps.size",
        strengths: [
          { p50: "1s", p99: "30s" },
          { p50: "1m", p99: "20m" },
        ],
      },
    ],
  },
  {
    name: "rollout",
    strikes: ["rollout"],
    weight: 1.2,
    knobs: [
      {
        path: "proxy.rollout",
        off: [],
        strengths: [
          [
            { after: "6h", mode: "off" },
            { after: "12h", mode: "advisory" },
            { after: "18h", mode: "enforce" },
          ],
          [{ after: "12h", mode: "enforce" }],
          [
            { after: "8h", mode: "enforce" },
            { after: "15h", mode: "advisory" },
          ],
        ],
      },
    ],
    // What a middlebox takes away would be safe in one mode and not in the next.
    fits: ({ proxy }) => proxy.ifMatch === "optional",
  },
  {
    name: "legacy-write",
    strikes: ["legacy-write"],
    weight: 1.2,
    knobs: [
      { path: "workload.legacy.clients", off: 0, strengths: [1, 2] },
      { path: "workload.legacy.editsPerDay", strengths: [8, 30] },
    ],
    // [API-6] where If-Match is required, those who do not send it can write nothing.
    fits: ({ proxy }) => proxy.ifMatch === "optional",
  },
  {
    name: "webhooks",
    strikes: ["webhook", "webhook-duplication", "webhook-reordering"],
    weight: 1.3,
    knobs: [
      { path: "proxy.webhooks.perDay", off: 0, strengths: [6, 20, 60] },
      { path: "proxy.webhooks.duplication", strengths: ["0%", "10%", "40%"] },
      { path: "proxy.webhooks.reordering", strengths: ["0%", "10%", "40%"] },
    ],
  },
];

const PUSH: readonly SwarmFault[] = [
  { ...simple("push-loss", "push.loss", "0%", ["5%", "30%", "100%"]), fits: hasPush },
  {
    name: "push-late",
    strikes: ["push-late"],
    knobs: [
      {
        path: "push.delay",
        off: { p50: "500ms", p99: "2s" },
        strengths: [
          { p50: "800ms", p99: "60s" },
          { p50: "20s", p99: "10m" },
        ],
      },
    ],
    fits: hasPush,
  },
  { ...simple("push-duplication", "push.duplication", "0%", ["5%", "30%"]), fits: hasPush },
  { ...simple("dead-push-token", "push.deadTokens.perDay", 0, [2, 8]), fits: hasPush },
];

/** Every fault that can be drawn, in the order in which they are told. */
export const SWARM_FAULTS: readonly SwarmFault[] = [...NETWORK, ...PHONES, ...PEOPLE, ...PROXY, ...PUSH];
