import { expect, test } from "vitest";
import { Profile } from "../conformance/profile.ts";
import type { Introduction } from "../live/introduce.ts";
import type { Ledger } from "../live/ledger.ts";
import { LiveTarget } from "../live/live-target.ts";
import { Scenario } from "../simulation/scenario.ts";
import { type LoadOptions, liveLoad } from "./fleet-load.ts";

const LIMITS = { concurrency: 4, requestsPerSecond: 100, requestsMax: 100, timeoutMs: 1_000 };

/** The accounts of the phones of a scenario with six accounts of two phones, in the order of the phones. */
function accountsOf(held: number): readonly number[] {
  const [first, second, ...more] = Array.from({ length: held }, (_, nth) => ({
    name: `a${nth}`,
    token: `tok-${nth}`,
  }));
  if (first === undefined || second === undefined) throw new Error("two at least");
  const target = new LiveTarget({
    baseUrl: "http://127.0.0.1:9",
    limits: LIMITS,
    headers: {},
    paths: new Map(),
  });
  const declared = { phases: [1, 2], mode: "enforce", resolvedBy: "server", mutationsMax: 50 };
  const load = liveLoad({
    ...{ url: "http://127.0.0.1:9", durationMs: 1_000, rampMs: 0, options: { seed: 1, speed: 1 } },
    ...{ target, limits: LIMITS, prefix: "zs", ledger: {} as Ledger, accounts: [first, second, ...more] },
    read: { profile: Profile.parse({}), secrets: [] },
    scenario: Scenario.parse({ name: "commuter", fleet: { accounts: 6, devicesPerAccount: 2 } }),
    introduced: { declared, roundTripMs: 1, patienceMs: 1, declares: true } as unknown as Introduction,
  } satisfies LoadOptions);
  return load.fleet.roster.devices.slice(0, load.devices).map(({ account }) => account);
}

test.each([
  [2, [0, 0, 1, 1, 0, 0, 1, 1, 0, 0, 1, 1]],
  [4, [0, 0, 1, 1, 2, 2, 3, 3, 0, 0, 1, 1]],
  [6, [0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5]],
])("the phones of one account stay together on %i accounts, and all of these have some", (held, accounts) => {
  expect(accountsOf(held)).toEqual(accounts);
});
