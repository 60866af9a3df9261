import { expect, test } from "vitest";
import {
  asked,
  edited,
  killed,
  phase,
  replica,
  saved,
  settled,
  shown,
  started,
} from "../../history/facts.fixture.ts";
import { satisfied, sends, verdict } from "./device.fixture.ts";
import { createDurableEditChecker } from "./durable-edit.ts";

const said = (facts: Parameters<typeof verdict>[1]) => verdict(createDurableEditChecker(), facts);
const cut = [edited(), saved(), killed({ at: 5 }), started({ at: 6, cold: true })];
const end = [phase("settled", 99), replica([], { at: 99 })];

test("[QUE-1] a saved edit is sent, settled or still waiting after a kill", () => {
  expect(said([...cut, sends(7, 1), settled({ at: 8 }), ...end])).toEqual(satisfied(1));
  expect(said([...cut, settled({ at: 8, outcome: "cancelled" }), ...end])).toEqual(satisfied(1));
  expect(said([...cut, shown({ at: 6, waiting: ["m1"] }), replica([], { waiting: 1 })])).toEqual(
    satisfied(1),
  );
  expect(said([...cut, replica([], { waiting: 1 })])).toEqual(satisfied(1));
  expect(said([...cut, asked({ at: 8 }), ...end])).toEqual(satisfied(1));
});

test("[QUE-1] a saved edit is never heard of again", () => {
  const breaches = ["nothing was heard of it until the end of the run, and it waits no more"];
  expect(said([...cut, ...end])).toEqual({ exercised: 1, breaches });
  expect(said([...cut, phase("settled", 99)])).toEqual({ exercised: 1, breaches });
});

test("[QUE-1] a run that has not settled, and an app that never started again, decide nothing", () => {
  expect(said([...cut, phase("unsettled", 99)]).breaches).toEqual([]);
  expect(said([...cut.slice(0, 3), ...end]).breaches).toEqual([]);
});

test("[QUE-1] an edit that was not saved may vanish", () => {
  expect(said([edited(), killed({ at: 5 }), started({ at: 6, cold: true }), ...end])).toEqual(satisfied(0));
});
