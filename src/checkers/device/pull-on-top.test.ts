import { expect, test } from "vitest";
import {
  asked,
  edited,
  event,
  frame,
  listOf,
  record,
  rekeyed,
  rev,
  saved,
  settled,
  shown,
} from "../../history/facts.fixture.ts";
import { satisfied, verdict } from "./device.fixture.ts";
import { createPullOnTopChecker } from "./pull-on-top.ts";

const said = (facts: Parameters<typeof verdict>[1]) => verdict(createPullOnTopChecker(), facts);
const mine = { name: "Grace" };
const waits = shown({ fields: mine, waiting: ["m1"] });
const pulled = (fields: typeof waits.fields, waiting: readonly string[] = ["m1"]) =>
  shown({ at: 5, revision: rev(5), fields, waiting });

test("[QUE-12] the server's data comes in below the waiting edit", () => {
  expect(said([edited(), waits, pulled({ ...mine, phone: "1" })])).toEqual(satisfied(1));
});

test("[QUE-12] the waiting edit is covered", () => {
  expect(said([edited(), waits, pulled({ name: "Linus" })])).toEqual({
    exercised: 1,
    breaches: ['name is "Linus", not "Grace"'],
  });
  const remove = edited({ operation: "delete", payload: undefined });
  expect(said([remove, { ...waits, fields: undefined }, pulled(mine)]).breaches).toEqual([
    "the record is not gone",
  ]);
});

test("[QUE-12] the newest of several edits is on top, and null removes", () => {
  const two = [edited(), edited({ mutation: "m2", payload: { name: "Ada", phone: null } }), waits];
  expect(said([...two, pulled({ name: "Ada" }, ["m1", "m2"])])).toEqual(satisfied(1));
  expect(said([...two, pulled({ name: "Ada", phone: "1" }, ["m1", "m2"])]).breaches).toHaveLength(1);
});

test("[QUE-12] the waiting edit is dropped, unless it is settled in the same instant", () => {
  const dropped = pulled({ name: "Linus" }, []);
  expect(said([edited(), waits, dropped, saved({ at: 9 })]).breaches).toEqual([
    "the edit is no longer shown as waiting",
  ]);
  expect(said([edited(), waits, dropped, settled({ at: 5 }), saved({ at: 9 })])).toEqual(satisfied(1));
});

test("[QUE-12] what a person or a strategy has to decide, and lists, are not looked into", () => {
  expect(said([edited(), waits, asked(), pulled({ name: "Linus" }, [])])).toEqual(satisfied(1));
  expect(said([edited(), waits, rekeyed(), pulled({ name: "Linus" })])).toEqual(satisfied(1));
  const items = { items: listOf("a").items ?? null };
  expect(said([edited({ payload: items }), waits, pulled(listOf("a", "b"))])).toEqual(satisfied(1));
});

test("[QUE-12] an edit whose echo has come in is in the server's data, and others may write over it", () => {
  const echo = frame(event(record("c1", 2), { origin: { deviceId: "d", mutationId: "k-m1" } }), { at: 2 });
  const confirmed = shown({ at: 2, revision: rev(2), fields: mine, waiting: ["m1"] });
  expect(said([edited(), waits, echo, confirmed, pulled({ name: "Linus" })])).toEqual(satisfied(2));
});

test("[QUE-12] without a new revision below it is not exercised", () => {
  expect(said([edited(), waits, shown({ at: 5, fields: mine, waiting: ["m1"] })])).toEqual(satisfied(0));
  expect(said([pulled({ name: "Linus" }, [])])).toEqual(satisfied(0));
});
