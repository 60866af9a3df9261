/**
 * Owns the list of all planted faults.
 * Refuses to know what becomes of a run with one of them.
 */

import { CONFLICT_FAULTS } from "./device-conflict.ts";
import { QUEUE_FAULTS } from "./device-queue.ts";
import { SCREEN_FAULTS } from "./device-screen.ts";
import { STORAGE_FAULTS } from "./device-storage.ts";
import { SYNC_FAULTS } from "./device-sync.ts";
import type { Fault } from "./fault.ts";
import { PROXY_FAULTS } from "./proxy.ts";
import { BATCH_FAULTS } from "./proxy-batch.ts";
import { CONFLICT_RULE_FAULTS } from "./proxy-conflicts.ts";
import { DELTA_FAULTS } from "./proxy-delta.ts";
import { EVENT_FAULTS } from "./proxy-events.ts";
import { IDEMPOTENCY_FAULTS } from "./proxy-idempotency.ts";
import { KEY_FAULTS } from "./proxy-keys.ts";
import { LIST_FAULTS } from "./proxy-lists.ts";
import { MERGE_FAULTS } from "./proxy-merges.ts";
import { MODE_FAULTS } from "./proxy-modes.ts";
import { PROVIDER_FAULTS } from "./proxy-provider.ts";
import { PUSH_FAULTS } from "./proxy-push.ts";
import { RECORD_FAULTS } from "./proxy-records.ts";
import { REPLAY_FAULTS } from "./proxy-replay.ts";
import { RETENTION_FAULTS } from "./proxy-retention.ts";
import { REVISION_FAULTS } from "./proxy-revisions.ts";
import { SECURITY_FAULTS } from "./proxy-security.ts";
import { SYSTEM_FAULTS } from "./proxy-system.ts";
import { WEBHOOK_FAULTS } from "./proxy-webhooks.ts";

/** Every planted fault, the proxy's first, in the order of the protocol's sections; those of the device by the part that they sit in. */
export const FAULTS: readonly Fault[] = [
  ...PROXY_FAULTS,
  ...REVISION_FAULTS,
  ...RECORD_FAULTS,
  ...SECURITY_FAULTS,
  ...EVENT_FAULTS,
  ...REPLAY_FAULTS,
  ...CONFLICT_RULE_FAULTS,
  ...MERGE_FAULTS,
  ...LIST_FAULTS,
  ...MODE_FAULTS,
  ...IDEMPOTENCY_FAULTS,
  ...KEY_FAULTS,
  ...BATCH_FAULTS,
  ...PUSH_FAULTS,
  ...PROVIDER_FAULTS,
  ...DELTA_FAULTS,
  ...RETENTION_FAULTS,
  ...WEBHOOK_FAULTS,
  ...SYSTEM_FAULTS,
  ...SYNC_FAULTS,
  ...CONFLICT_FAULTS,
  ...QUEUE_FAULTS,
  ...STORAGE_FAULTS,
  ...SCREEN_FAULTS,
];

/** The fault of this name; undefined when there is none. */
export function faultByName(name: string): Fault | undefined {
  return FAULTS.find((fault) => fault.name === name);
}
