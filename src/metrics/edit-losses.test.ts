/**
 * Holds what counts as lost, and as told, to small histories written by hand.
 */

import { describe, expect, test } from "vitest";
import {
  answered,
  asked,
  chosen,
  committed,
  created,
  edited,
  killed,
  listOf,
  mutation,
  offline,
  online,
  record,
  result,
  rev,
  saved,
  sent,
  settled,
  shown,
} from "../history/facts.fixture.ts";
import type { Fact } from "../history/facts.ts";
import { createEditFates } from "./edit-fates.ts";
import { createOverwrites } from "./overwrites.ts";

function told<Result>(measure: { fold(fact: Fact): void; result(): Result }, facts: readonly Fact[]): Result {
  for (const fact of facts) measure.fold(fact);
  return measure.result();
}

const contact = (n: number, fields: Parameters<typeof record>[2]) => record("c1", n, fields);
const CREATED = created(1, { record: contact(1, { name: "Ada", phone: "1" }) });
/** Device 1 writes the name, on what both saw. */
const THEIRS = [
  edited({ device: 1, mutation: "t" }),
  committed(2, {
    record: contact(2, { name: "Grace", phone: "1" }),
    device: 1,
    key: "k-t",
    previous: rev(1),
  }),
];

describe("overwrites", () => {
  test("a field that its author had not seen is lost in silence", () => {
    const mine = committed(3, { record: contact(3, { name: "Joan", phone: "1" }), device: 0, key: "k-m1" });
    const measured = told(createOverwrites(), [CREATED, ...THEIRS, edited(), mine]);
    expect(measured).toMatchObject({ concurrent: 1, overwrote: 1, setAside: 1, told: 0 });
    expect(measured.lost).toEqual({ silently: 1, byStrategy: 0, byPerson: 0 });
  });

  test("what its author had seen may be replaced, and so may another field", () => {
    const seen = committed(3, { record: contact(3, { name: "Joan", phone: "1" }), device: 0, key: "k-m1" });
    expect(told(createOverwrites(), [CREATED, ...THEIRS, edited({ base: rev(2) }), seen]).concurrent).toBe(0);
    const other = committed(3, { record: contact(3, { name: "Grace", phone: "2" }), device: 0, key: "k-m1" });
    expect(told(createOverwrites(), [CREATED, ...THEIRS, edited(), other])).toMatchObject({
      concurrent: 1,
      overwrote: 0,
    });
  });

  test("what its author had seen is not lost because somebody else wrote another field meanwhile", () => {
    const third = [
      edited({ device: 2, mutation: "u", base: rev(2) }),
      committed(3, { record: contact(3, { name: "Grace", phone: "3" }), device: 2, key: "k-u" }),
    ];
    const mine = committed(4, { record: contact(4, { name: "Joan", phone: "3" }), device: 0, key: "k-m1" });
    const facts = [CREATED, ...THEIRS, ...third, edited({ base: rev(2) }), mine];
    expect(told(createOverwrites(), facts)).toMatchObject({ concurrent: 1, overwrote: 0 });
  });

  test("what a device resolved by itself after a refusal is its strategy's", () => {
    const refusal = answered({
      status: 409,
      results: [result({ key: "k-m1", status: 409, error: "conflict" })],
    });
    const mine = committed(3, { record: contact(3, { name: "Joan", phone: "1" }), device: 0, key: "k-m1" });
    const { lost } = told(createOverwrites(), [CREATED, ...THEIRS, edited(), refusal, mine]);
    expect(lost).toEqual({ silently: 0, byStrategy: 1, byPerson: 0 });
  });

  test("a strategy, and a person, overwrite knowingly", () => {
    const mine = { record: contact(3, { name: "Joan", phone: "1" }), device: 0, key: "k-m1" };
    const merged = committed(3, { ...mine, resolution: "merged" });
    expect(told(createOverwrites(), [CREATED, ...THEIRS, edited(), merged]).lost.byStrategy).toBe(1);
    const facts = [CREATED, ...THEIRS, edited(), asked(), chosen(), committed(3, mine)];
    expect(told(createOverwrites(), facts)).toMatchObject({ lost: { byPerson: 1 }, overwrote: 0 });
  });

  test("a list replaced as a whole loses the items that others added", () => {
    const list = (n: number, ...items: string[]) => record("c1", n, listOf(...items));
    const on = { entity: "list" } as const;
    const facts = [
      created(1, { ...on, record: list(1, "a") }),
      edited({ ...on, device: 1, mutation: "t" }),
      committed(2, { ...on, record: list(2, "a", "b"), device: 1, key: "k-t" }),
      edited(on),
      committed(3, { ...on, record: list(3, "a", "c"), device: 0, key: "k-m1" }),
    ];
    expect(told(createOverwrites(), facts).lost.silently).toBe(1);
  });

  test("who gives way is told; an edit is lost once", () => {
    const refusal = answered({
      status: 409,
      results: [result({ key: "k-m1", status: 409, error: "conflict" })],
    });
    const facts = [CREATED, ...THEIRS, edited(), refusal, asked(), settled({ outcome: "yielded" })];
    expect(told(createOverwrites(), facts)).toMatchObject({ setAside: 1, told: 1, concurrent: 1 });
  });
});

describe("the fates of edits", () => {
  test("what fails offline never arrives; what waits does, and how soon after the network counts", () => {
    const lost = [offline(), edited({ at: 10 }), settled({ at: 10, outcome: "failed" }), online({ at: 20 })];
    expect(told(createEditFates(), lost)).toMatchObject({ offline: { made: 1, arrived: 0 }, promptly: 0 });
    const kept = [
      offline(),
      edited({ at: 10 }),
      online({ at: 20 }),
      committed(2, { at: 50_000, key: "k-m1", device: 0 }),
    ];
    expect(told(createEditFates(), kept)).toMatchObject({ offline: { made: 1, arrived: 1 }, promptly: 1 });
    const late = [...kept.slice(0, 3), committed(2, { at: 70_000, key: "k-m1", device: 0 })];
    expect(told(createEditFates(), late)).toMatchObject({ offline: { arrived: 1 }, promptly: 0 });
  });

  test("a kill loses what was not saved", () => {
    const facts = [edited(), edited({ mutation: "m2" }), saved({ mutation: "m2" }), killed()];
    const after = committed(2, { key: "k-m2", device: 0 });
    expect(told(createEditFates(), [...facts, after]).killed).toEqual({
      made: 2,
      arrived: 1,
      promised: 1,
      promisedArrived: 1,
    });
  });

  test("without keys, a commit is that of the edit on its way; an app that was killed waits for none", () => {
    const write = mutation({ key: "request-0-1", id: "c1" });
    const facts = [
      edited(),
      sent({ mutations: [write] }),
      killed(),
      edited({ mutation: "m2" }),
      sent({ request: 2, mutations: [write] }),
      committed(2, { device: 0 }),
      settled({ mutation: "m2" }),
    ];
    expect(told(createEditFates(), facts)).toMatchObject({
      all: { made: 2, arrived: 1 },
      killed: { made: 1, arrived: 0 },
      repeated: 0,
    });
    const again = committed(3, { device: 0 });
    expect(told(createEditFates(), [...facts.slice(3), again]).repeated).toBe(1);
  });

  test("told to have failed, and there all the same", () => {
    const facts = [edited(), committed(2, { key: "k-m1", device: 0 }), settled({ outcome: "failed" })];
    expect(told(createEditFates(), facts).falseFailures).toBe(1);
  });

  test("its author sees an edit when it is shown as waiting, else when it has ended well", () => {
    const ahead = [edited({ at: 10 }), shown({ at: 10, waiting: ["m1"] }), settled({ at: 900 })];
    expect(told(createEditFates(), ahead).feedback).toMatchObject({ count: 1, max: 0 });
    const behind = [edited({ at: 10 }), settled({ at: 900 })];
    expect(told(createEditFates(), behind).feedback).toMatchObject({ count: 1, max: 890 });
  });
});
