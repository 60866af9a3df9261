import { expect, test } from "vitest";
import { opened, phase, pushed, pushHandedOver, rev, syncEnded } from "../../history/facts.fixture.ts";
import { satisfied, verdict } from "./device.fixture.ts";
import { createLostPushChecker } from "./lost-push.ts";

const said = (facts: Parameters<typeof verdict>[1]) => verdict(createLostPushChecker(), facts);
const handed = pushHandedOver({ revision: rev(5) });
const open = opened({ at: 10 });
const end = phase("settled", 99);

test("[PSH-9] the push was lost, and the device catches up when it is opened", () => {
  expect(said([handed, open, syncEnded({ at: 20, revision: rev(6) }), end])).toEqual(satisfied(1));
});

test("[PSH-9] the push was lost, and with it the change", () => {
  const breaches = [`it has seen ${rev(4)} when the run has settled`];
  expect(said([handed, open, syncEnded({ at: 20, revision: rev(4) }), end])).toEqual({
    exercised: 1,
    breaches,
  });
});

test("[PSH-9] before the run has settled nothing is decided", () => {
  expect(said([handed, open, phase("unsettled", 99)])).toEqual(satisfied(1));
});

test("[PSH-9] a push that arrives, or an app that is not opened, does not exercise it", () => {
  expect(said([handed, pushed({ at: 5, revision: rev(5) }), open, end])).toEqual(satisfied(0));
  expect(said([handed, end])).toEqual(satisfied(0));
});
