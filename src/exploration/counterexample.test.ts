import { describe, expect, test } from "vitest";
import type { Plan } from "../simulation/plan.ts";
import { type Counterexample, counterexampleText, parseCounterexample, replay } from "./counterexample.ts";
import { brokenRules, judgePlan } from "./judge-plan.ts";
import { partsOf } from "./run-job.ts";

/** Two drains: one edit, and two requests on their way. */
const PLAN: Plan = {
  form: "zeke-sync/plan@1",
  seed: 0,
  scenario: { fleet: { devicesPerAccount: 1 } },
  actions: [
    { at: { ms: 0 }, deed: { do: "open", device: 0 } },
    {
      at: { ms: 100 },
      deed: {
        do: "edit",
        device: 0,
        entity: "contact",
        operation: "update",
        record: { seed: 0 },
        change: { fields: { phone: "1" } },
      },
    },
  ],
};

function example(fault: string | undefined = "two-drains"): Counterexample {
  const judged = judgePlan(PLAN, { parts: partsOf("two-drains") });
  const { expected, actual, because } = brokenRules(judged).get("QUE-9") ?? expect.fail("QUE-9 holds");
  return {
    form: "zeke-sync/counterexample@1",
    rule: "QUE-9",
    ...(fault !== undefined && { fault }),
    plan: PLAN,
    seen: { digest: judged.digest, expected, actual, because },
    shrunk: { from: 9, to: 2, tries: 30 },
    versions: { "zeke-sync": "0" },
    note: "two at once",
  };
}

describe("the file", () => {
  test("is read as it was written, to the byte", () => {
    const text = counterexampleText(example());
    const parsed = parseCounterexample(text);
    expect(parsed).toEqual(example());
    expect(counterexampleText(parsed as Counterexample)).toBe(text);
  });

  const broken = (changes: object): string => JSON.stringify({ ...example(), ...changes });
  test.each([
    ["", "it is no JSON"],
    ["{", "it is no JSON"],
    ["null", 'it has no "form": "zeke-sync/counterexample@1"'],
    ["[]", 'it has no "form"'],
    [broken({ form: "zeke-sync/counterexample@2" }), 'its form is "zeke-sync/counterexample@2"'],
    [broken({ rule: "QUE-999" }), "rule: there is no such rule"],
    [broken({ fault: "no-such" }), "fault: there is no such planted fault"],
    [broken({ plan: { ...PLAN, scenario: { fleet: { accounts: "many" } } } }), "plan: its scenario is none"],
    [broken({ plan: { ...PLAN, actions: [{ at: { ms: -1 }, deed: { do: "lose" } }] } }), "plan.actions.0.at"],
    [broken({ seen: undefined }), "seen"],
    [broken({ more: 1 }), "more"],
  ])("that is corrupt is refused with its place: %.40s", (text, says) => {
    const parsed = parseCounterexample(text);
    expect("fault" in parsed && !("form" in parsed) && parsed.fault).toContain(says);
  });
});

describe("replay", () => {
  test("STILL VIOLATED: the same history breaks the same rule", () => {
    expect(replay(example()).verdict).toBe("STILL VIOLATED");
  });

  test("FIXED: without the fault nothing is broken", () => {
    const { fault: _, ...rest } = example();
    expect(replay(rest).verdict).toBe("FIXED");
  });

  test("CHANGED: another history, or another rule", () => {
    const one = example();
    const other = { ...one, seen: { ...one.seen, digest: "0123456789abcdef" } };
    expect(replay(other)).toMatchObject({ verdict: "CHANGED", broken: expect.arrayContaining(["QUE-9"]) });
    expect(replay({ ...one, rule: "CON-2" })).toMatchObject({ verdict: "CHANGED" });
  });

  test("keeps the facts when they are asked for", () => {
    expect(replay(example()).judged.facts).toEqual([]);
    expect(replay(example(), true).judged.facts.length).toBeGreaterThan(10);
  });
});
