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

/** Every planted fault, proxy's first; those of the device by the part that they sit in. */
export const FAULTS: readonly Fault[] = [
  ...PROXY_FAULTS,
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
