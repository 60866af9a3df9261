/**
 * Owns what a scenario says as the settings of its proxies and of each device.
 * Refuses to know when they change.
 */

import type { DeviceSettings } from "../device/port.ts";
import { ENTITIES } from "../protocol/entity.ts";
import type { ProxyConfig } from "../proxy/port.ts";
import { accountTokens, deviceName } from "./names.ts";
import type { Scenario } from "./scenario.ts";

const BODY_BYTES_MAX = 1_048_576;
const ATTEMPTS_MAX = 5;
const SEVEN_DAYS_SECONDS = 604_800;

/** How all proxy instances of a run are set when it begins. */
export function proxyConfig(scenario: Scenario): ProxyConfig {
  const { fleet, proxy } = scenario;
  return {
    accounts: accountTokens(fleet.accounts),
    phases: fleet.phases,
    conflicts: { mode: proxy.mode, ifMatch: proxy.ifMatch, resolvedBy: proxy.resolvedBy },
    limits: {
      bodyBytesMax: BODY_BYTES_MAX,
      mutationsMax: proxy.mutationsMax,
      deltaLimitMax: proxy.deltaLimitMax,
      listLimitMax: proxy.deltaLimitMax,
      replayMax: 1_000,
      socketBacklogMax: 10_000,
    },
    retentionSeconds: Math.round(proxy.retention / 1_000),
    idempotencyTtlSeconds: Math.max(SEVEN_DAYS_SECONDS, Math.round(proxy.retention / 1_000)),
    push: { entities: ENTITIES, coalesceMs: 1_000, receiptDelaySeconds: 900 },
    webhooks: proxy.webhooks.perDay > 0,
  };
}

/** How the nth device of an account is set when the run begins. */
export function deviceSettings(scenario: Scenario, account: number, nth: number): DeviceSettings {
  const { fleet, network, proxy } = scenario;
  const phases = new Set(fleet.phases as readonly (1 | 2 | 3 | 4 | 5)[]);
  const deviceId = deviceName(account, nth);
  return {
    deviceId,
    token: `tok-${account}`,
    entities: ENTITIES,
    phases,
    attemptsMax: ATTEMPTS_MAX,
    requestTimeoutMs: network.requestTimeout,
    freshForMs: 60_000,
    pollEveryMs: 300_000,
    batchFrom: fleet.batchFrom,
    // [EVT-4] only an app that names no entities is sent those that it does not know.
    ...(proxy.novelties > 0 && { asksForAll: true }),
    ...(phases.has(4) && {
      push: {
        token: `ExponentPushToken[${deviceId}]`,
        platform: nth % 2 === 0 ? "ios" : "android",
        topics: ENTITIES,
      },
    }),
  };
}
