import { expect, test } from "vitest";
import {
  committed,
  deleted,
  discarded,
  edited,
  killed,
  rev,
  saved,
  settled,
  shown,
} from "../../history/facts.fixture.ts";
import { satisfied, verdict } from "./device.fixture.ts";
import { createShownAtOnceChecker } from "./shown-at-once.ts";

const said = (facts: Parameters<typeof verdict>[1]) => verdict(createShownAtOnceChecker(), facts);
const waits = shown({ waiting: ["m1"] });
const later = saved({ at: 10 });
const plain = (at: number) => shown({ at, waiting: [] });

test("[QUE-2] shown at once, before or after the edit is told", () => {
  expect(said([edited(), waits, later])).toEqual(satisfied(1));
  expect(said([waits, edited(), later])).toEqual(satisfied(1));
});

test("[QUE-2] not shown before the next thing happened", () => {
  const breaches = ["it was not shown before the next thing happened"];
  expect(said([edited(), later, { ...waits, at: 10 }])).toEqual({ exercised: 1, breaches });
  expect(said([edited(), plain(0), later])).toEqual({ exercised: 1, breaches });
  expect(said([edited()])).toEqual({ exercised: 1, breaches });
});

test("[QUE-2] a kill in the same instant, and a create that its delete cancels at once, owe nothing", () => {
  expect(said([edited(), killed()])).toEqual(satisfied(1));
  expect(said([edited(), settled({ outcome: "cancelled" }), later])).toEqual(satisfied(1));
});

test("[QUE-2] a refusal rolls the edit back, in any order within the instant", () => {
  const failed = settled({ at: 20, outcome: "failed" });
  expect(said([edited(), waits, failed, plain(20), saved({ at: 30 })])).toEqual(satisfied(2));
  expect(said([edited(), waits, plain(20), failed, saved({ at: 30 })]).breaches).toEqual([]);
});

test("[QUE-2] a refused edit stays on the screen", () => {
  const actual = "it still shows m1 as waiting";
  for (const outcome of ["failed", "yielded", "discarded"] as const) {
    const end = settled({ at: 20, outcome });
    expect(said([edited(), waits, end, saved({ at: 30 })]).breaches).toEqual([actual]);
    expect(said([edited(), waits, end, { ...waits, at: 20 }, saved({ at: 30 })]).breaches).toEqual([actual]);
  }
  expect(said([edited(), waits, settled({ at: 20 }), saved({ at: 30 })]).breaches).toEqual([]);
});

test("[QUE-2] a refused delete brings the record back", () => {
  const deletes = edited({ operation: "delete", payload: undefined });
  const gone = (at: number, waiting: string[], n = 1) =>
    shown({ at, fields: undefined, waiting, revision: rev(n) });
  const failed = settled({ at: 20, outcome: "failed" });
  expect(said([deletes, gone(0, ["m1"]), failed, plain(20), later]).breaches).toEqual([]);
  expect(said([deletes, gone(0, ["m1"]), failed, gone(20, []), saved({ at: 30 })]).breaches).toEqual([
    "it stays gone",
  ]);
  // Deleted by someone else meanwhile: it stays gone rightly.
  expect(said([deletes, gone(0, ["m1"]), failed, gone(20, [], 2), saved({ at: 30 })]).breaches).toEqual([]);
});

test("[QUE-2] a refused delete of what the server had deleted before, and an update kept on the screen", () => {
  const deletes = edited({ operation: "delete", payload: undefined });
  const gone = (at: number, waiting: string[]) => shown({ at, fields: undefined, waiting, revision: rev(1) });
  const failed = settled({ at: 20, outcome: "failed" });
  const rest = [deletes, gone(0, ["m1"]), failed, gone(20, []), saved({ at: 30 })];
  expect(said([deleted(1), ...rest]).breaches).toEqual([]);
  expect(said([committed(1), ...rest]).breaches).toEqual(["it stays gone"]);
});

test("[QUE-2] without edits it is not exercised", () => {
  expect(said([plain(0), discarded(), settled({ outcome: "discarded" })])).toEqual(satisfied(0));
});
