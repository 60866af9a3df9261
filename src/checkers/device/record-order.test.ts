import { expect, test } from "vitest";
import { asked, edited, killed, settled, started } from "../../history/facts.fixture.ts";
import { answers, applies, fails, satisfied, sends, sendsBatch, verdict } from "./device.fixture.ts";
import { createRecordOrderChecker } from "./record-order.ts";

const said = (facts: Parameters<typeof verdict>[1]) => verdict(createRecordOrderChecker(), facts);
const two = [edited(), edited({ mutation: "m2", operation: "delete" })];
const second = { key: "k-m2", operation: "delete" } as const;
const out = ["it went out in request 1, without the earlier one ahead of it"];

test("[QUE-3] one after the other, or in one batch", () => {
  expect(said([...two, sends(1, 1), applies(2, 1, 2), sends(3, 2, second)])).toEqual(satisfied(1));
  expect(said([...two, sendsBatch(1, 1, {}, second)])).toEqual(satisfied(1));
});

test("[QUE-3] the later one goes first", () => {
  expect(said([...two, sends(1, 1, second)])).toEqual({ exercised: 1, breaches: out });
  expect(said([...two, sendsBatch(1, 1, second, {})]).breaches).toEqual(out);
});

test("[QUE-3] the later one overtakes one without a final answer, or about which the user is asked", () => {
  expect(said([...two, sends(1, 1), fails(2, 1), sends(3, 2, second)]).breaches).toHaveLength(1);
  expect(
    said([...two, sends(1, 1), answers(2, 1, { status: 503 }), sends(3, 2, second)]).breaches,
  ).toHaveLength(1);
  expect(said([...two, asked({ at: 1 }), sends(3, 2, second)]).breaches).toHaveLength(1);
});

test("[QUE-3] nothing goes before its create, but in a batch behind it or by its temporary id", () => {
  const made = [edited({ mutation: "m0", operation: "create" }), edited()];
  const create = { key: "k-m0", operation: "create" } as const;
  expect(said([...made, sends(1, 1)]).breaches).toEqual(out);
  expect(said([...made, sendsBatch(1, 1, create, {})])).toEqual(satisfied(1));
  expect(said([...made, sends(1, 1, create), fails(2, 1), sends(3, 2, { id: "k-m0" })])).toEqual(
    satisfied(1),
  );
  expect(said([...made, sends(3, 1, { id: "k-m0" })]).breaches).toEqual(out);
});

test("[QUE-3] an earlier one that ends in the same instant, failed, or was lost unsaved blocks nothing", () => {
  expect(said([...two, sends(1, 1, second), settled({ at: 1, outcome: "discarded" })])).toEqual(satisfied(1));
  expect(said([...two, settled({ at: 1, outcome: "failed" }), sends(2, 1, second)])).toEqual(satisfied(1));
  const saved2 = { fact: "saved", at: 1, device: 0, account: 0, mutation: "m2" } as const;
  const cut = [killed({ at: 2 }), started({ at: 3, cold: true })];
  expect(said([...two, saved2, ...cut, sends(4, 1, second)])).toEqual(satisfied(1));
});

test("[QUE-3] records apart, and single edits, do not exercise it", () => {
  const other = edited({ mutation: "m2", id: "c2" });
  expect(said([edited(), other, sends(1, 1, { key: "k-m2", id: "c2" })])).toEqual(satisfied(0));
});
