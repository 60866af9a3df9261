/**
 * On which targets the small fleet runs: where its own ways would be blamed on the target, it does not.
 */

import { expect, test } from "vitest";
import { createEngineTarget } from "../exploration/engine-target.ts";
import { RIGS } from "../exploration/rigs.ts";
import type { ProxyConfig } from "../proxy/port.ts";
import { whyNoFleet } from "./fleet-small.ts";

const [{ config: PLAIN }] = RIGS as unknown as readonly [{ readonly config: ProxyConfig }];

function why(changes: Partial<ProxyConfig>): string | undefined {
  return whyNoFleet(createEngineTarget({ config: { ...PLAIN, ...changes } }).facts);
}

test.each<readonly [string, Partial<ProxyConfig>, RegExp | undefined]>([
  ["all phases, keys for a week", {}, undefined],
  ["no events", { phases: [2, 3] }, /does not declare phase 1/],
  ["keys for 89 s", { idempotencyTtlSeconds: 89 }, /forgets keys after 89 s .* after 90 s$/],
  ["keys for 90 s", { idempotencyTtlSeconds: 90 }, undefined],
  ["no keys at all", { phases: [1, 2], idempotencyTtlSeconds: 1 }, undefined],
])("[IDM-10, SYS-3] %s", (_, changes, sentence) => {
  if (sentence === undefined) expect(why(changes)).toBeUndefined();
  else expect(why(changes)).toMatch(sentence);
});
