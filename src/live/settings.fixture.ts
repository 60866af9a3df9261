/**
 * Owns the settings that make a given configuration of the engine.
 * Refuses to know defaults.
 */

import type { ProxyConfig } from "../proxy/port.ts";
import type { SettingsInput } from "./settings.ts";

export function settingsOf(config: ProxyConfig): SettingsInput {
  const { push, limits } = config;
  return {
    conflicts: config.conflicts,
    tokens: Object.fromEntries(config.accounts),
    retention: `${config.retentionSeconds}s`,
    idempotencyTtl: `${config.idempotencyTtlSeconds}s`,
    limits,
    push: {
      entities: [...push.entities],
      coalesce: `${push.coalesceMs / 1_000}s`,
      receiptDelay: `${push.receiptDelaySeconds}s`,
    },
  };
}
