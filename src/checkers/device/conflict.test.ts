import { expect, test } from "vitest";
import {
  asked,
  chosen,
  edited,
  killed,
  rekeyed,
  saved,
  settled,
  started,
} from "../../history/facts.fixture.ts";
import { createConflictChecker } from "./conflict.ts";
import { applies, conflicts, satisfied, sends, verdict } from "./device.fixture.ts";

const said = (facts: Parameters<typeof verdict>[1]) => verdict(createConflictChecker(), facts);
const stale = [edited(), saved(), sends(1, 1), conflicts(2, 1)];
const newKey = rekeyed({ at: 3, key: "k2" });
const again = sends(4, 2, { key: "k2" });

test("[MRG-9] a contact: the server's version stands, or the user is asked and chooses", () => {
  expect(said([...stale, settled({ at: 3, outcome: "yielded" })])).toEqual(satisfied(1));
  expect(said([...stale, asked({ at: 2 }), chosen({ at: 3 }), newKey, again])).toEqual(satisfied(1));
});

test("[MRG-9] a task or a list: the device resolves by itself", () => {
  const task = [edited({ entity: "task" }), sends(1, 1, { entity: "task" }), conflicts(2, 1)];
  expect(said([...task, newKey, again])).toEqual(satisfied(1));
});

test("[MRG-9] a contact goes on without a word", () => {
  expect(said([...stale, newKey, again]).breaches).toEqual([
    "it goes on under a new key without having asked",
  ]);
});

test("[MRG-9] a conflict is no failure", () => {
  expect(said([...stale, settled({ at: 3, outcome: "failed" })]).breaches).toEqual(["it failed"]);
});

test("[MRG-9] sent again as it was, or before the user has chosen", () => {
  expect(said([...stale, sends(3, 2)]).breaches).toEqual(["it was sent again as it was"]);
  expect(said([...stale, asked({ at: 2 }), sends(3, 2)]).breaches).toEqual(["it was sent again as it was"]);
});

test("[MRG-9] a kill may forget the conflict and the question", () => {
  expect(said([...stale, asked({ at: 2 }), killed({ at: 3 }), started({ at: 4 }), sends(5, 2)])).toEqual(
    satisfied(1),
  );
});

test("[MRG-9] success does not exercise it", () => {
  expect(said([edited(), sends(1, 1), applies(2, 1, 2)])).toEqual(satisfied(0));
});
