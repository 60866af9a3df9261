import { describe, expect, test } from "vitest";
import { RULES, ruleById } from "./registry.ts";
import type { Rule } from "./rule.ts";
import { whyExcluded } from "./scope.ts";

const rule = (id: string): Rule => ruleById(id) as Rule;

describe("the rules of a deployment", () => {
  test("with all phases, all of them", () => {
    expect(RULES.filter((one) => whyExcluded(one, [1, 2, 3, 4, 5]) !== undefined)).toEqual([]);
  });

  test("a rule of a phase that is off is excluded, and one of no phase never", () => {
    expect(whyExcluded(rule("PSH-1"), [1, 2, 3, 5])).toBe("phase 4 is off");
    expect(whyExcluded(rule("PSH-1"), [4])).toBeUndefined();
    expect(whyExcluded(rule("API-1"), [])).toBeUndefined();
  });

  test("the system's promises need revisions, conflicts and the queue, and no more", () => {
    expect(whyExcluded(rule("SYS-2"), [1, 2, 3])).toBeUndefined();
    expect(whyExcluded(rule("SYS-2"), [1, 2, 4, 5])).toBe("it rests on phase 3, which is off");
  });
});
