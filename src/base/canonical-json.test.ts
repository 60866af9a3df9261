/** Tests of the one text that equal JSON values share. */

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { byCodeUnit, canonicalJson, jsonEqual } from "./canonical-json.ts";

/** JSON values with the member names that trip up careless code. */
const names = fc.oneof(
  fc.constantFrom("__proto__", "constructor", "toString", "a", "b", ""),
  fc.string({ unit: "binary" }),
);
const { value: json } = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.constantFrom(null, true, false, 0, -0, 1.5, 1e21, "", "é", "😀"),
    fc.string({ unit: "binary" }),
    fc.array(tie("value"), { maxLength: 4 }),
    fc.array(fc.tuple(names, tie("value")), { maxLength: 4 }).map(Object.fromEntries),
  ),
}));

/** The same value with every object's members in reverse. */
function reversed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(reversed);
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([name, member]) => [name, reversed(member)]),
  );
}

describe("canonicalJson", () => {
  test.each([
    [{ b: 1, a: [true, null, "x"] }, '{"a":[true,null,"x"],"b":1}'],
    [{ Z: 1, a: 1, _: 1, "0": 1 }, '{"0":1,"Z":1,"_":1,"a":1}'],
    [{ a: undefined, b: 1 }, '{"b":1}'],
    [[undefined], "[null]"],
    [{}, "{}"],
    ["a\n\u2028\ud800", '"a\\n\u2028\\ud800"'],
  ])("%j", (value, text) => expect(canonicalJson(value)).toBe(text));

  test("[API-5] members called __proto__ and constructor are members like others", () => {
    const value: unknown = JSON.parse('{"constructor":1,"a":{"__proto__":{"x":[1]}},"__proto__":null}');
    expect(canonicalJson(value)).toBe('{"__proto__":null,"a":{"__proto__":{"x":[1]}},"constructor":1}');
  });

  test("is JSON for the same value", () => {
    fc.assert(
      fc.property(json, (value) => {
        expect(jsonEqual(JSON.parse(canonicalJson(value)), JSON.parse(JSON.stringify(value)))).toBe(true);
      }),
    );
  });

  test("is one text whatever order the members came in", () => {
    fc.assert(
      fc.property(json, (value) => {
        expect(canonicalJson(reversed(value))).toBe(canonicalJson(value));
      }),
    );
  });
});

describe("jsonEqual", () => {
  test("says what equal canonical texts say", () => {
    fc.assert(
      fc.property(json, json, (left, right) => {
        expect(jsonEqual(left, right)).toBe(canonicalJson(left) === canonicalJson(right));
        expect(jsonEqual(left, reversed(left))).toBe(true);
      }),
      { numRuns: 500 },
    );
  });

  test.each([
    ['{"__proto__":1}', "{}"],
    ['{"__proto__":1}', '{"__proto__":2}'],
    ['{"__proto__":{}}', '{"a":{}}'],
    ['{"constructor":1}', '{"toString":1}'],
    ["[]", "{}"],
    ["null", "{}"],
    ["[1]", "[1,1]"],
    ['"1"', "1"],
    ['{"a":null}', "{}"],
  ])("%s is not %s", (left, right) => {
    expect(jsonEqual(JSON.parse(left), JSON.parse(right))).toBe(false);
    expect(jsonEqual(JSON.parse(right), JSON.parse(left))).toBe(false);
  });

  test("one __proto__ member equals the same in another object", () => {
    expect(jsonEqual(JSON.parse('{"__proto__":{"a":1}}'), JSON.parse('{"__proto__":{"a":1}}'))).toBe(true);
  });
});

test("byCodeUnit orders by UTF-16 code unit, not by locale", () => {
  expect(["é", "z", "Z", "a", "", "😀", "\uffff"].sort(byCodeUnit)).toEqual([
    "",
    "Z",
    "a",
    "z",
    "é",
    "😀",
    "\uffff",
  ]);
  expect(byCodeUnit("a", "a")).toBe(0);
});
