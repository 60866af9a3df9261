/**
 * Owns who takes part in a run, and their order: accounts, and the phones of each, one account after the other.
 * Refuses to build any of them.
 */

import type { Roster } from "../history/facts.ts";
import { deviceName } from "./names.ts";
import type { Scenario } from "./scenario.ts";

/** Names of a run's devices and accounts, by their numbers in facts; of a shard's devices, and all accounts. */
export function rosterOf({ fleet }: Pick<Scenario, "fleet">, present?: readonly number[]): Roster {
  const accounts = Array.from({ length: fleet.accounts }, (_, account) => account);
  return {
    devices: (present ?? accounts).flatMap((account) =>
      Array.from({ length: fleet.devicesPerAccount }, (_, nth) => ({
        name: deviceName(account, nth),
        account,
      })),
    ),
    accounts: accounts.map((account) => ({ name: `account-${account}` })),
  };
}
