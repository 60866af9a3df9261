/**
 * Owns the proof of counterexample files: every probe's value comes back from its file, and a file that is none is told.
 */

import { check, property } from "fast-check";
import { describe, expect, test } from "vitest";
import { PROBES } from "./all-probes.ts";
import {
  COUNTEREXAMPLE_SCHEMA,
  type ConformanceCounterexample,
  plainOf,
  readConformanceCounterexample,
  savedFacts,
  valueAgain,
} from "./counterexample.ts";
import { declaredOf } from "./declared.ts";
import type { Probe } from "./probe.ts";
import type { TargetFacts } from "./target.ts";

const FACTS: TargetFacts = {
  declared: {
    ...declaredOf({ phases: [1, 2, 3, 4, 5], events: { replayMax: 50 }, webhooks: true }),
    pushEntities: ["contact", "task", "list"],
  },
  accounts: [
    { name: "a", token: "s3cr3t-a" },
    { name: "b", token: "s3cr3t-b" },
  ],
  revision: /^rev_\d{10}_[0-9a-z]{6,}$/,
  ordered: true,
  pushSink: true,
  webhookAccounts: ["a", "b"],
  expiredRevision: "rev_0000000001_000000",
  roundTripMs: 2,
  patienceMs: 200,
  waitMsMax: Number.POSITIVE_INFINITY,
};

/** What a probe that fails at its third value, and wherever it is shrunk to until then, leaves in a file. */
function exampleOf(probe: Probe, seed: number): { example: ConformanceCounterexample; value: unknown } {
  let nth = 0;
  let value: unknown;
  const attempt = (drawn: unknown): boolean => {
    nth++;
    if (nth < 3 || nth > 9 || (nth > 3 && nth % 2 === 0)) return true;
    value = drawn;
    return false;
  };
  const { counterexamplePath } = check(property(probe.values(FACTS), attempt), { seed, numRuns: 5 });
  const example = {
    schema: COUNTEREXAMPLE_SCHEMA,
    suite: "0.1.0",
    rule: "CON-4",
    probe: probe.id,
    seed,
    path: counterexamplePath ?? "",
    value: plainOf(value),
    target: "http://x",
    facts: savedFacts(FACTS),
    shrunk: { from: 1, to: 1 },
    violation: { expected: "this", actual: "that" },
    exchanges: [],
  } as const;
  const read = readConformanceCounterexample(JSON.parse(JSON.stringify(example)));
  if ("fault" in read) throw new Error(read.fault);
  return { example: read, value };
}

describe("a file", () => {
  test.each(PROBES.map((probe) => [probe.id, probe] as const))(
    "brings the value of %s back",
    (_id, probe) => {
      for (const seed of [1, 7]) {
        const { example, value } = exampleOf(probe, seed);
        const again = valueAgain(example, probe);
        if ("fault" in again) expect.fail(again.fault);
        expect(JSON.stringify(plainOf(again.value))).toBe(JSON.stringify(plainOf(value)));
        expect(JSON.stringify(example)).not.toContain("s3cr3t");
      }
    },
  );

  const [probe] = PROBES as readonly [Probe, ...Probe[]];

  test("whose value is not the one that is drawn is told: it is of another version", () => {
    const { example } = exampleOf(probe, 1);
    expect(valueAgain({ ...example, value: { other: 1 } }, probe)).toEqual({
      fault: `zeke-sync 0.1.0 wrote it, and ${probe.id} draws other values now`,
    });
    expect(valueAgain({ ...example, path: "0:99999:99999" }, probe)).toHaveProperty("fault");
  });

  test("in which something was hidden is taken for the value all the same", () => {
    const { example } = exampleOf(probe, 1);
    const hide = (value: unknown): unknown => {
      if (typeof value === "string") return value === "" ? value : "***";
      if (Array.isArray(value)) return value.map(hide);
      if (typeof value !== "object" || value === null) return value;
      return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, hide(one)]));
    };
    expect(valueAgain({ ...example, value: hide(example.value) }, probe)).toHaveProperty("value");
  });

  test.each([
    [
      { schema: "zeke-sync/conformance-counterexample@2" },
      /^its schema is ".*@2", and this version reads .*@1$/,
    ],
    [{ path: "x" }, /^path: a path is numbers/],
    [{ rule: "XXX-1" }, /^rule: there is no such rule$/],
    [{ seed: "1" }, /^seed: /],
  ])("that is none is told in a sentence: %j", (change, says) => {
    const { example } = exampleOf(probe, 1);
    const read = readConformanceCounterexample({ ...example, ...change });
    expect("fault" in read && read.fault).toMatch(says);
  });
});

test("what JSON has no words for stands under names of its own", () => {
  const value = {
    none: undefined,
    big: 12n,
    map: new Map<unknown, unknown>([[1, undefined]]),
    set: new Set(["x"]),
    numbers: [-0, Number.NaN, 1.5],
    pattern: /a/g,
    fields: (entity: string) => ({ [entity]: undefined }),
    other: (left: number, right: number) => left + right,
    __proto__: null,
  };
  expect(JSON.parse(JSON.stringify(plainOf(value)))).toEqual({
    none: { $undefined: true },
    big: { $bigint: "12" },
    map: { $map: [[1, { $undefined: true }]] },
    set: { $set: ["x"] },
    numbers: [{ $number: "-0" }, { $number: "NaN" }, 1.5],
    pattern: { $pattern: "/a/g" },
    fields: {
      $for: {
        contact: { contact: { $undefined: true } },
        task: { task: { $undefined: true } },
        list: { list: { $undefined: true } },
      },
    },
    other: { $function: "other" },
  });
});
