/**
 * Owns the proof, at the engine alone, of section 8 as far as it is the proxy's: PSH.
 */

import { expect, test } from "vitest";
import { MINUTE_MS, SECOND_MS } from "../base/time.ts";
import type { DeviceId } from "../protocol/messages.ts";
import { GENESIS } from "../protocol/revision.ts";
import { A, configOf, Desk } from "./desk.fixture.ts";
import { ENGINE_DESKS } from "./engine-desk.fixture.ts";
import { declarePushRules } from "./push.suite.fixture.ts";

declarePushRules(ENGINE_DESKS);

test("[PSH-1] what an instance left that is gone is taken up while others run, once", () => {
  const desk = new Desk({ push: { ...configOf().push, recoverEveryMs: MINUTE_MS } });
  const body = { token: "t1", platform: "ios", topics: ["task"] };
  desk.call({ call: "push_register", body }, { deviceId: "d1" });
  desk.pass(SECOND_MS);
  desk.store.push.putPending({
    account: A,
    deviceId: "d1" as DeviceId,
    entity: "task",
    revision: GENESIS,
    attempts: 0,
  });
  desk.pass(MINUTE_MS - 2 * SECOND_MS);
  expect(desk.sends).toEqual([]);
  desk.pass(3 * SECOND_MS);
  expect(desk.sends).toHaveLength(1);
  // On its way, until the provider answers.
  desk.pass(5 * MINUTE_MS);
  expect(desk.sends).toHaveLength(1);
});
