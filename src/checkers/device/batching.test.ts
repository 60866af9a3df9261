import { expect, test } from "vitest";
import { answered, edited, mutation, sent } from "../../history/facts.fixture.ts";
import { createBatchingChecker, LONG_QUEUE } from "./batching.ts";
import { satisfied, sends, verdict } from "./device.fixture.ts";

const said = (facts: Parameters<typeof verdict>[1]) => verdict(createBatchingChecker(), facts);
const informed = answered({ request: 90, call: "capabilities" });
const names = Array.from({ length: LONG_QUEUE }, (_, n) => ({ mutation: `m${n}`, id: `c${n}` }));
const queue = names.map((name) => edited(name));
const batch = sent({
  at: 1,
  call: "batch",
  mutations: names.map(({ mutation: name, id }) => mutation({ key: `k-${name}`, id })),
});
const single = sends(1, 1, { key: "k-m0", id: "c0" });

test("[QUE-15] a long queue goes out in batches", () => {
  expect(said([informed, ...queue, batch])).toEqual(satisfied(1));
});

test("[QUE-15] a long queue goes out one by one", () => {
  expect(said([informed, ...queue, single]).breaches).toEqual(["request 1 carries one mutation"]);
});

test("[QUE-15] a batch over the proxy's limits", () => {
  const refused = answered({ at: 2, call: "batch", status: 413, error: "batch_too_large" });
  expect(said([informed, ...queue, batch, refused])).toEqual({
    exercised: 2,
    breaches: [`a batch of ${LONG_QUEUE} mutations and 100 bytes was refused`],
  });
});

test("[QUE-15] a short queue, edits of one record, and a proxy not asked yet, do not exercise it", () => {
  expect(said([informed, ...queue.slice(1), sends(1, 1, { key: "k-m1", id: "c1" })])).toEqual(satisfied(0));
  expect(said([informed, ...queue.map((edit) => ({ ...edit, id: "c0" })), single])).toEqual(satisfied(0));
  expect(said([...queue, single])).toEqual(satisfied(0));
});
