import { expect, test } from "vitest";
import { edited, rekeyed, retried, rev, settled } from "../../history/facts.fixture.ts";
import { conflicts, fails, satisfied, sends, verdict } from "./device.fixture.ts";
import { createKeyAndBytesChecker } from "./key-and-bytes.ts";

const said = (facts: Parameters<typeof verdict>[1]) => verdict(createKeyAndBytesChecker(), facts);
const first = [edited(), sends(1, 1, { ifMatch: rev(1) })];
const newKey = rekeyed({ at: 3, key: "k2" });

test("[MRG-10] the same bytes under the same key, whatever the timestamp and the order of members", () => {
  const payload = { b: 1, a: 2 };
  const again = sends(9, 2, { payload: { a: 2, b: 1 }, timestamp: 7 });
  expect(said([edited(), sends(1, 1, { payload }), fails(2, 1), again])).toEqual(satisfied(1));
});

test("[MRG-10] new data, new key", () => {
  const again = sends(4, 2, { key: "k2", ifMatch: rev(5) });
  expect(said([...first, conflicts(2, 1), newKey, again])).toEqual(satisfied(1));
});

test("[MRG-10] the old key for new bytes", () => {
  expect(said([...first, conflicts(2, 1), sends(4, 2, { ifMatch: rev(5) })]).breaches).toEqual([
    "its If-Match changed, its key k-m1 did not",
  ]);
  expect(
    said([...first, fails(2, 1), sends(4, 2, { ifMatch: rev(1), payload: { name: "x" } })]).breaches,
  ).toHaveLength(1);
});

test("[MRG-10] a new key for the same bytes", () => {
  const again = sends(4, 2, { key: "k2", ifMatch: rev(1) });
  expect(said([...first, fails(2, 1), newKey, again]).breaches).toEqual(["the same bytes went out under k2"]);
});

test("[MRG-10, QUE-6] a person's retry is a new mutation", () => {
  const again = [
    settled({ outcome: "failed" }),
    retried(),
    newKey,
    sends(4, 2, { key: "k2", ifMatch: rev(1) }),
  ];
  expect(said([...first, fails(2, 1), ...again])).toEqual(satisfied(1));
});

test("[MRG-10] a temporary id may become the real one", () => {
  const create = edited({ mutation: "m0", operation: "create", key: "k0" });
  expect(said([create, edited(), sends(1, 1, { id: "k0" }), fails(2, 1), sends(3, 2, { id: "c1" })])).toEqual(
    satisfied(1),
  );
});

test("[MRG-10] a first attempt does not exercise it", () => {
  expect(said(first)).toEqual(satisfied(0));
});
