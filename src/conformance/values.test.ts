/**
 * Shows that what a run walks through whole is shrunk to what breaks.
 */

import { check, property } from "fast-check";
import { describe, expect, test } from "vitest";
import { each } from "./values.ts";

const CASES = ["a", "b", "c", "d"] as const;

function smallest(holds: (cases: readonly string[]) => boolean): readonly string[] | undefined {
  return check(property(each(CASES), holds), { seed: 1, numRuns: 1 }).counterexample?.[0];
}

describe("each", () => {
  test("gives all cases in their order, in every run", () => {
    const seen: (readonly string[])[] = [];
    check(
      property(each(CASES), (cases) => {
        seen.push(cases);
      }),
      { seed: 7, numRuns: 3 },
    );
    expect(seen).toEqual([CASES, CASES, CASES]);
  });

  test("shrinks to the one case that breaks", () => {
    expect(smallest((cases) => !cases.includes("c"))).toEqual(["c"]);
  });

  test("shrinks to the two that break only together", () => {
    expect(smallest((cases) => !(cases.includes("a") && cases.includes("d")))).toEqual(["a", "d"]);
  });
});
