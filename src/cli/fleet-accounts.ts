/**
 * Owns the accounts of a live fleet: the two of the profile, or all that a tokens file names, as `serve --tokens` takes it.
 * Refuses to hold a token that ends by itself: a phone that is signed out in mid-run shows nothing of its target.
 */

import { Tokens } from "../live/settings.ts";
import { UsageFault } from "./exit.ts";
import type { Io } from "./io.ts";
import type { ReadProfile } from "./profile-file.ts";
import { checkedBy, openYaml } from "./yaml-file.ts";

/** One account, and a token of it. */
interface FleetAccount {
  readonly name: string;
  readonly token: string;
}

/** At least two. */
export type FleetAccounts = readonly [FleetAccount, FleetAccount, ...FleetAccount[]];

/** Those of the file, one token each; the profile's without one. UsageFault with what is wrong and where. */
export function readAccounts(
  file: string | undefined,
  { profile }: ReadProfile,
  io: Pick<Io, "cwd">,
): FleetAccounts {
  if (file === undefined) return profile.accounts;
  const open = openYaml(file, "tokens", io.cwd);
  if (open.data === null || open.data === undefined) throw new UsageFault(`${open.path}: the file is empty`);
  const tokens = checkedBy(Tokens, open.data, open);
  const byAccount = new Map<string, string>();
  for (const [token, account] of Object.entries(tokens))
    if (typeof account === "string" && !byAccount.has(account)) byAccount.set(account, token);
  const [first, second, ...more] = [...byAccount].map(([name, token]) => ({ name, token }));
  if (first === undefined || second === undefined)
    throw new UsageFault(
      `${open.path}: a live fleet wants two accounts whose tokens do not end, and there ${first === undefined ? "is none" : "is one"}`,
    );
  return [first, second, ...more];
}
