import { expect, test } from "vitest";
import { edited } from "../../history/facts.fixture.ts";
import { satisfied, verdict } from "./device.fixture.ts";
import { createTwinCreatesChecker } from "./twin-creates.ts";

const create = (mutation: string, id: string, at = 0) => edited({ at, mutation, id, operation: "create" });
const said = (facts: Parameters<typeof verdict>[1]) => verdict(createTwinCreatesChecker(), facts);

test("[QUE-13] two creates in one millisecond with two ids", () => {
  expect(said([create("m1", "a"), create("m2", "b")])).toEqual(satisfied(1));
});

test("[QUE-13] two creates in one millisecond share an id, or a key", () => {
  expect(said([create("m1", "a"), create("m2", "a")]).breaches).toEqual(["m1 and m2 share the id a"]);
  expect(said([create("m1", "a"), { ...create("m2", "b"), key: "k-m1" }]).breaches).toHaveLength(1);
});

test("[QUE-13] the same id in two entities is two records", () => {
  expect(said([create("m1", "a"), { ...create("m2", "a"), entity: "task" }])).toEqual(satisfied(1));
});

test("[QUE-13] creates at different times, and on different devices, do not exercise it", () => {
  expect(said([create("m1", "a", 0), create("m2", "a", 1)])).toEqual(satisfied(0));
  expect(said([create("m1", "a"), { ...create("m2", "a"), device: 1 }])).toEqual(satisfied(0));
});
