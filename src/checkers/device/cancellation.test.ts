import { expect, test } from "vitest";
import { edited, killed, settled, started } from "../../history/facts.fixture.ts";
import { createCancellationChecker } from "./cancellation.ts";
import { fails, satisfied, sends, unreached, verdict } from "./device.fixture.ts";

const said = (facts: Parameters<typeof verdict>[1]) => verdict(createCancellationChecker(), facts);
const create = edited({ mutation: "m1", operation: "create" });
const remove = edited({ at: 5, mutation: "m2", operation: "delete" });
const both = [
  settled({ at: 6, outcome: "cancelled" }),
  settled({ at: 6, mutation: "m2", outcome: "cancelled" }),
];
const saved = { fact: "saved", at: 0, device: 0, account: 0, mutation: "m1" } as const;
const goes = sends(1, 1, { operation: "create" });

test("[QUE-11] a create that was never sent and its delete cancel", () => {
  expect(said([create, remove, ...both])).toEqual(satisfied(1));
  expect(said([create, goes, unreached(2, 1), remove, ...both])).toEqual(satisfied(1));
});

test("[QUE-11] they need not cancel", () => {
  expect(said([create, goes, fails(2, 1), remove, sends(7, 2), settled({ at: 8 })])).toEqual(satisfied(1));
});

test("[QUE-11] a create that was sent is cancelled", () => {
  expect(said([create, goes, fails(2, 1), remove, ...both])).toEqual({
    exercised: 1,
    breaches: ["create of contact c1 (m1) was cancelled"],
  });
  const cut = [killed({ at: 2 }), started({ at: 3, cold: true })];
  expect(said([create, saved, goes, ...cut, remove, both[1] ?? create]).breaches).toHaveLength(1);
});

test("[QUE-11] a delete of a record that the server has does not exercise it", () => {
  expect(said([create, goes, settled({ at: 2 }), remove])).toEqual(satisfied(0));
});
