import { describe, expect, test } from "vitest";
import { canonicalJson } from "../base/canonical-json.ts";
import { ACTIONS_MAX, Plan } from "../simulation/plan.ts";
import { type LANDMARKS, reached } from "./behaviours.ts";
import { judgePlan } from "./judge-plan.ts";
import { planOfSeed } from "./plan-arbitrary.ts";

const PLANS = 300;
const plans = Array.from({ length: PLANS }, (_, index) => planOfSeed(index * 7_919));

/** Shares that the draw must keep; what is measured is half as much again, or more. */
const SHARES_MIN: Readonly<Record<keyof typeof LANDMARKS, number>> = {
  conflict: 0.22,
  resumed: 0.5,
  "second page": 0.4,
  expired: 0.03,
  replayed: 0.1,
  recreated: 0.12,
  deleted: 0.25,
  killed: 0.28,
};

describe("plans that are drawn", () => {
  const seen = plans.map((plan) => judgePlan(plan));

  test.each(Object.entries(SHARES_MIN))("come to %s in a share of at least %d", (landmark, min) => {
    const count = seen.filter(({ behaviours }) =>
      reached(behaviours, landmark as keyof typeof LANDMARKS),
    ).length;
    expect(count / PLANS).toBeGreaterThanOrEqual(min);
  });

  test("settle, and break no rule of the reference", () => {
    expect(seen.every(({ settled }) => settled)).toBe(true);
    const broken = seen.flatMap(({ rules }, index) =>
      rules.filter(({ violations }) => violations.length > 0).map(({ rule }) => `${rule} by plan ${index}`),
    );
    expect(broken).toEqual([]);
  });

  test("have two accounts that mirror each other in some", () => {
    const mirrored = plans.filter((plan) => (plan.scenario.fleet as { accounts: number }).accounts === 2);
    expect(mirrored.length / PLANS).toBeGreaterThan(0.1);
    expect(mirrored.length / PLANS).toBeLessThan(0.4);
    for (const { actions } of mirrored) {
      const doers = new Set(actions.flatMap(({ deed }) => ("device" in deed ? [deed.device] : [])));
      expect(Math.max(...doers)).toBeGreaterThan(1);
    }
  });

  test("are plans, bounded, and the same for the same seed", () => {
    for (const [index, plan] of plans.entries()) {
      expect(Plan.safeParse(plan).success).toBe(true);
      expect(plan.actions.length).toBeLessThanOrEqual(ACTIONS_MAX);
      expect(plan.actions.length).toBeGreaterThan(1);
      if (index < 20) expect(canonicalJson(planOfSeed(index * 7_919))).toBe(canonicalJson(plan));
    }
    expect(new Set(plans.map(canonicalJson)).size).toBeGreaterThan(PLANS * 0.98);
  });
});
