import { expect, test } from "vitest";
import {
  answered,
  created,
  deleted,
  edited,
  killed,
  rekeyed,
  saved,
  settled,
  shown,
  started,
  syncEnded,
  syncStarted,
} from "../../history/facts.fixture.ts";
import { satisfied, sends, verdict } from "./device.fixture.ts";
import { createFullSyncChecker, createLongAbsenceChecker } from "./full-sync.ts";

type Facts = Parameters<typeof verdict>[1];
const full = (facts: Facts) => verdict(createFullSyncChecker(), facts);
const absent = (facts: Facts) => verdict(createLongAbsenceChecker(), facts);
const begins = syncStarted({ at: 10, sync: "full", reason: "expired" });
const ends = syncEnded({ at: 20, sync: "full" });
const gone = (at: number) => shown({ at, fields: undefined });
const ghost = [shown(), deleted(2, { at: 5 })];
const later = saved({ at: 30, mutation: "other" });
const expired = answered({ at: 9, call: "changes", status: 410 });

test("[FUL-2] what the server had deleted is gone, before or after the end is told", () => {
  expect(full([...ghost, begins, gone(20), ends, later])).toEqual(satisfied(1));
  expect(full([...ghost, begins, ends, gone(20), later])).toEqual(satisfied(1));
});

test("[FUL-2] what the server had deleted stays", () => {
  expect(full([...ghost, begins, ends, later])).toEqual({
    exercised: 1,
    breaches: ["it is still shown, at rev_1704067200_000001"],
  });
});

test("[FUL-2] what is deleted meanwhile, made again, edited here, or was not shown since the restart, may stay", () => {
  expect(full([shown(), begins, deleted(2, { at: 15 }), ends, later])).toEqual(satisfied(0));
  expect(full([...ghost, created(3, { at: 6 }), begins, ends, later])).toEqual(satisfied(0));
  expect(full([shown({ waiting: ["m1"] }), deleted(2, { at: 5 }), begins, ends, later])).toEqual(
    satisfied(0),
  );
  expect(full([...ghost, killed({ at: 6 }), started({ at: 7 }), begins, ends, later])).toEqual(satisfied(0));
});

test("[FUL-2] pending work stays", () => {
  const waits = [edited(), shown({ waiting: ["m1"] }), begins];
  expect(full([...waits, shown({ at: 20, waiting: ["m1"] }), ends, later])).toEqual(satisfied(1));
  expect(full([...waits, shown({ at: 20 }), ends, later]).breaches).toEqual([
    "it is no longer shown as waiting, and was not settled",
  ]);
  expect(full([...waits, shown({ at: 20 }), settled({ at: 20 }), ends, later])).toEqual(satisfied(1));
});

test("[FUL-2] a sync that was given up, and one with nothing to remove or keep, do not exercise it", () => {
  expect(full([...ghost, begins, syncEnded({ at: 20, sync: "full", revision: undefined }), later])).toEqual(
    satisfied(0),
  );
  expect(full([shown(), begins, ends, later])).toEqual(satisfied(0));
});

test("[FUL-4] after a long absence deleted records are gone", () => {
  expect(absent([...ghost, expired, begins, gone(20), ends, later])).toEqual(satisfied(1));
  expect(absent([...ghost, expired, begins, ends, later]).breaches).toHaveLength(1);
});

test("[FUL-4] a deleted record is made again without its user", () => {
  const again = sends(40, 9, { operation: "create" });
  expect(absent([edited(), again]).breaches).toEqual(["it sent a create of it"]);
  expect(absent([edited({ operation: "create" }), again]).breaches).toEqual([]);
  expect(
    absent([edited(), rekeyed({ key: "k2" }), sends(40, 9, { key: "k2", operation: "create" })]).breaches,
  ).toEqual([]);
});

test("[FUL-4] a full sync for another reason does not exercise it", () => {
  expect(absent([...ghost, begins, gone(20), ends, later])).toEqual(satisfied(0));
});
