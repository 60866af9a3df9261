/**
 * Owns the list of all planted faults.
 * Refuses to know what becomes of a run with one of them.
 */

import { DEVICE_FAULTS } from "./device.ts";
import type { Fault } from "./fault.ts";
import { PROXY_FAULTS } from "./proxy.ts";

/** Every planted fault, proxy's first. */
export const FAULTS: readonly Fault[] = [...PROXY_FAULTS, ...DEVICE_FAULTS];

/** The fault of this name; undefined when there is none. */
export function faultByName(name: string): Fault | undefined {
  return FAULTS.find((fault) => fault.name === name);
}
