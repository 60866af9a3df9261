/**
 * Owns which accounts take part in a shard of a run: by turns, but those between whom a phone goes round stay together.
 * Refuses to know where the other shards are run, and how they are put together again.
 */

import { stream } from "../base/prng.ts";
import { deviceName } from "./names.ts";
import type { Scenario } from "./scenario.ts";

/** One of `of` parts of a run; `index` from 0. */
export interface Shard {
  readonly index: number;
  readonly of: number;
}

/** Numbers of the accounts of a shard, in order; all of them without one. */
export function accountsOf(
  { fleet, tokens }: Pick<Scenario, "fleet" | "tokens">,
  seed: number,
  shard: Shard | undefined,
): readonly number[] {
  const all = Array.from({ length: fleet.accounts }, (_, account) => account);
  if (shard === undefined) return all;
  const leads = (account: number): boolean =>
    fleet.accounts > 1 &&
    Array.from({ length: fleet.devicesPerAccount }, (_, nth) => deviceName(account, nth)).some((name) =>
      isShared(name, seed, tokens.shared),
    );
  const heads = headsOf(all.map(leads));
  return all.filter((account) => (heads[account] ?? 0) % shard.of === shard.index);
}

/** Whether a phone is in the hands of somebody of the next account, too. */
export function isShared(name: string, seed: number, share: number): boolean {
  return stream(seed, `${name}/shared`).chance(share);
}

/** Where an account stands among those that take part. */
export function placeOf(account: number, accounts: readonly number[]): number {
  if (accounts[account] === account) return account;
  let low = 0;
  let high = accounts.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((accounts[middle] ?? 0) < account) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The first of the chain that each account is in: one that leads takes the next along, and the last the first. */
function headsOf(leads: readonly boolean[]): readonly number[] {
  const count = leads.length;
  const start = leads.findIndex((_, account) => leads[(account + count - 1) % count] === false);
  const heads = leads.map(() => 0);
  if (start < 0) return heads;
  let head = start;
  for (let step = 0; step < count; step++) {
    const account = (start + step) % count;
    if (leads[(account + count - 1) % count] === false) head = account;
    heads[account] = head;
  }
  return heads;
}
