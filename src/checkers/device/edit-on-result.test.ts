import { expect, test } from "vitest";
import { edited, rev } from "../../history/facts.fixture.ts";
import { answers, applies, fails, satisfied, sends, sendsBatch, verdict } from "./device.fixture.ts";
import { createEditOnResultChecker } from "./edit-on-result.ts";

const said = (facts: Parameters<typeof verdict>[1]) => verdict(createEditOnResultChecker(), facts);
const flying = [edited(), sends(1, 1), edited({ at: 2, mutation: "m2" })];
const second = (ifMatch: string | undefined) => ({ key: "k-m2", ifMatch });

test("[QUE-10] sent after it, on its result or something newer, or on whatever is there", () => {
  for (const base of [rev(4), rev(5), "*", undefined]) {
    expect(said([...flying, applies(3, 1, 4), sends(4, 2, second(base))])).toEqual(satisfied(1));
  }
});

test("[QUE-10] sent while the other is on its way", () => {
  expect(said([...flying, sends(3, 2, second(rev(1)))]).breaches).toEqual([
    "it went out while that one was on its way",
  ]);
});

test("[QUE-10] sent on what was there before the other's result", () => {
  expect(said([...flying, applies(3, 1, 4), sends(4, 2, second(rev(3)))]).breaches).toEqual([
    `its If-Match is ${rev(3)}`,
  ]);
});

test("[QUE-10] when the other failed, or must be tried again, its base is free", () => {
  expect(
    said([...flying, answers(3, 1, { status: 400, error: "invalid_request" }), sends(4, 2, second(rev(1)))]),
  ).toEqual(satisfied(1));
  const chained = sendsBatch(4, 2, {}, { key: "k-m2", ifMatchMutation: "k-m1" });
  expect(said([...flying, fails(3, 1), chained])).toEqual(satisfied(1));
});

test("[QUE-10] an edit made when nothing was on its way does not exercise it", () => {
  expect(
    said([edited(), edited({ mutation: "m2" }), sends(1, 1), applies(2, 1, 4), sends(3, 2, second(rev(1)))]),
  ).toEqual(satisfied(0));
});
