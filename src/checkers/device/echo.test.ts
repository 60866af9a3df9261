import { expect, test } from "vitest";
import { edited, event, frame, record, rev, saved, settled, shown } from "../../history/facts.fixture.ts";
import { satisfied, verdict } from "./device.fixture.ts";
import { createEchoChecker } from "./echo.ts";

const said = (facts: Parameters<typeof verdict>[1]) => verdict(createEchoChecker(), facts);
const two = [
  edited(),
  shown({ waiting: ["m1"] }),
  edited({ mutation: "m2", payload: { name: "Joan" } }),
  shown({ fields: { name: "Joan" }, waiting: ["m1", "m2"] }),
];
const echo = (at = 5) =>
  frame(event(record("c1", 5), { origin: { deviceId: "d", mutationId: "k-m1" } }), { at });
const after = (name: string, waiting: readonly string[]) =>
  shown({ at: 5, revision: rev(5), fields: { name }, waiting });

test("[EVT-16] the echo confirms the older edit, and the newer one stays", () => {
  expect(said([...two, echo(), settled({ at: 5 }), after("Joan", ["m2"])])).toEqual(satisfied(1));
  expect(said([...two, settled({ at: 4 }), echo(), after("Joan", ["m2"])])).toEqual(satisfied(1));
});

test("[EVT-16] the echo undoes the newer edit", () => {
  expect(said([...two, echo(), after("Grace", ["m2"])]).breaches).toEqual(['name is "Grace", not "Joan"']);
  expect(said([...two, echo(), after("Grace", []), saved({ at: 9 })]).breaches).toEqual([
    "it is no longer shown as waiting, and was not settled",
  ]);
});

test("[EVT-16] a newer edit that ends with the echo may go", () => {
  const end = settled({ at: 5, mutation: "m2", outcome: "yielded" });
  expect(said([...two, echo(), after("Grace", []), end, saved({ at: 9 })])).toEqual(satisfied(1));
});

test("[EVT-16] an edit made after the echo is on top of the newer one", () => {
  const third = edited({ at: 6, mutation: "m3", payload: { name: "Mary" } });
  const top = shown({ at: 6, revision: rev(5), fields: { name: "Mary" }, waiting: ["m2", "m3"] });
  expect(said([...two, echo(), settled({ at: 5 }), after("Joan", ["m2"]), third, top])).toEqual(satisfied(1));
});

test("[EVT-16] a foreign event, and an echo of the newest edit, do not exercise it", () => {
  expect(said([...two, frame(event(record("c1", 5)), { at: 5 })])).toEqual(satisfied(0));
  expect(said([...two.slice(0, 2), echo(), after("x", [])])).toEqual(satisfied(0));
});
