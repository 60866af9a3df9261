import { expect, test } from "vitest";
import { edited, killed, rekeyed, saved, started } from "../../history/facts.fixture.ts";
import { fails, satisfied, sends, verdict } from "./device.fixture.ts";
import { createRestartedKeyChecker, createStableKeyChecker } from "./stable-key.ts";

type Facts = Parameters<typeof verdict>[1];
const attempts = (facts: Facts) => verdict(createStableKeyChecker(), facts);
const restarts = (facts: Facts) => verdict(createRestartedKeyChecker(), facts);
const first = [edited(), saved(), sends(1, 1)];
const restart = [killed({ at: 5 }), started({ at: 6, cold: true })];

test("[QUE-4] every attempt under one key, also after a restart", () => {
  expect(attempts([...first, fails(2, 1), sends(3, 2), ...restart, sends(9, 3)])).toEqual(satisfied(2));
});

test("[QUE-4] a second attempt under a key that nobody announced", () => {
  expect(attempts([...first, fails(2, 1), sends(3, 2, { key: "other" })])).toEqual({
    exercised: 1,
    breaches: ["it went out under other"],
  });
});

test("[QUE-4] after rekeyed, the old key is over", () => {
  const renamed = [...first, fails(2, 1), rekeyed({ key: "k2" })];
  expect(attempts([...renamed, sends(3, 2, { key: "k2" })])).toEqual(satisfied(1));
  expect(attempts([...renamed, sends(3, 2)]).breaches).toEqual(["it went out under k-m1"]);
});

test("[QUE-4] a kill may take back a new key that was never sent, and no other", () => {
  const renamed = [...first, fails(2, 1), rekeyed({ key: "k2" })];
  expect(attempts([...renamed, ...restart, sends(9, 2)])).toEqual(satisfied(1));
  expect(attempts([...renamed, sends(3, 2, { key: "k2" }), ...restart, sends(9, 3)]).breaches).toHaveLength(
    1,
  );
});

test("[QUE-4] one attempt does not exercise it", () => {
  expect(attempts(first)).toEqual(satisfied(0));
});

test("[QUE-7] what was on its way goes out again under its key", () => {
  expect(restarts([...first, ...restart, sends(9, 2)])).toEqual(satisfied(1));
});

test("[QUE-7] what was on its way goes out under another key", () => {
  expect(restarts([...first, ...restart, sends(9, 2, { key: "other" })]).breaches).toEqual([
    "it went out under other",
  ]);
});

test("[QUE-7] a restart with nothing on its way does not exercise it", () => {
  expect(restarts([...first, fails(2, 1), ...restart, sends(9, 2)])).toEqual(satisfied(0));
});
