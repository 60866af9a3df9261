/**
 * Owns the rigs: configurations of the reference proxy under which every probe must hold, each a way in which the
 * protocol leaves an implementation free.
 * Refuses to know probes.
 */

import { DAY_MS, SECOND_MS } from "../base/time.ts";
import type { AccountId } from "../protocol/messages.ts";
import type { ProxyConfig } from "../proxy/port.ts";

/** One configuration, by name. */
export interface Rig {
  readonly name: string;
  readonly config: ProxyConfig;
  readonly instances: number;
}

const DAY_SECONDS = DAY_MS / SECOND_MS;

/** Small limits, so that probes reach them with few requests. */
const PLAIN: ProxyConfig = {
  accounts: new Map([
    ["tok-a", "account-a" as AccountId],
    ["tok-b", "account-b" as AccountId],
  ]),
  phases: [1, 2, 3, 4, 5],
  conflicts: { mode: "enforce", ifMatch: "optional", resolvedBy: "server" },
  limits: {
    bodyBytesMax: 65_536,
    mutationsMax: 12,
    deltaLimitMax: 10,
    listLimitMax: 10,
    replayMax: 100,
    socketBacklogMax: 150,
  },
  retentionSeconds: DAY_SECONDS,
  idempotencyTtlSeconds: 7 * DAY_SECONDS,
  push: { entities: ["contact", "task", "list"], coalesceMs: 1_000, receiptDelaySeconds: 900 },
  webhooks: true,
};

function conflicts(changes: Partial<ProxyConfig["conflicts"]>): ProxyConfig {
  return { ...PLAIN, conflicts: { ...PLAIN.conflicts, ...changes } };
}

export const RIGS: readonly Rig[] = [
  { name: "plain", config: PLAIN, instances: 1 },
  { name: "if-match required", config: conflicts({ ifMatch: "required" }), instances: 1 },
  { name: "resolved by client", config: conflicts({ resolvedBy: "client" }), instances: 1 },
  { name: "advisory", config: conflicts({ mode: "advisory" }), instances: 1 },
  { name: "mode off", config: conflicts({ mode: "off" }), instances: 1 },
  { name: "three instances", config: PLAIN, instances: 3 },
  { name: "short retention", config: { ...PLAIN, retentionSeconds: 20 }, instances: 1 },
];
