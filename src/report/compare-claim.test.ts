/**
 * Holds the judging of promises to their aims, and the list of promises to the roadmap's tables.
 */

import { describe, expect, test } from "vitest";
import { type Aim, type Claim, type ClaimFigure, judgeClaim } from "./compare-claim.ts";
import { CLAIMS } from "./compare-claims.ts";
import { STAGES, type Stage } from "./compare-stage.ts";

/** Stages that differ in one number: what the figure of these tests reads. */
function stages(...values: readonly (number | null)[]): readonly Stage[] {
  return STAGES.map((stage, index) => ({ ...stage, value: values[index] ?? null }) as unknown as Stage);
}

const numberOf = (stage: Stage): number | null => (stage as unknown as { value: number | null }).value;

function claim(...figures: readonly Pick<ClaimFigure, "better" | "aim" | "unit">[]): Claim {
  return {
    phase: 2,
    improvement: "Something",
    benefit: "It is better",
    figures: figures.map((figure) => ({ figure: "a figure", value: numberOf, ...figure })),
    why: () => "so it is",
  };
}

const share = (aim: Aim) => ({ better: "higher", unit: "share", aim }) as const;
const count = (aim: Aim) => ({ better: "lower", unit: "count", aim }) as const;
const ATLEAST: Aim = { aim: "at least", limit: 0.9 };

describe("a promise", () => {
  test.each([
    ["comes to its aim, with its phase and with all", [0, 0.5, 0.95, 0.95, 0.95, 0.95], "borne out"],
    ["comes to it, and with all phases does not", [0, 0.5, 0.95, 0.95, 0.95, 0.8], "partly"],
    ["is better, and does not come to it", [0, 0.5, 0.8, 0.8, 0.8, 0.8], "partly"],
    ["came to it before already", [0, 0.95, 0.99, 0.99, 0.99, 0.99], "partly"],
    ["is as it was", [0, 0.5, 0.5, 0.5, 0.5, 0.5], "not borne out"],
    ["is worse", [0, 0.5, 0.4, 0.4, 0.4, 0.4], "not borne out"],
    ["was not measured before", [0, null, 0.5, 0.5, 0.5, 0.5], "not measured"],
  ] as const)("that %s", (_what, values, verdict) => {
    const judged = judgeClaim(claim(share(ATLEAST)), stages(...values));
    expect(judged.verdict).toBe(verdict);
    expect(judged.why !== undefined).toBe(verdict === "partly" || verdict === "not borne out");
  });

  test("that was kept before its phase already says so, and not what would have broken it", () => {
    const judged = judgeClaim(claim(share(ATLEAST)), stages(0, 0.95, 0.99, 0.99, 0.99, 0.99));
    expect(judged.why).toBe("it came to its aim before phase 2 already: 95 % before it, 99 % with it.");
    for (const broken of [
      [0, 0.95, 0.8, 0.8, 0.8, 0.95],
      [0, 0.95, 0.99, 0.99, 0.99, 0.8],
      [0, 0.5, 0.8, 0.8, 0.8, 0.8],
    ])
      expect(judgeClaim(claim(share(ATLEAST)), stages(...broken)).why).toBe("so it is");
    const none = judgeClaim(claim(count({ aim: "at most", limit: 0 })), stages(0, 0, 0, 0, 0, 0));
    expect(none.why).toBe("it came to its aim before phase 2 already: 0 before it, 0 with it.");
    const costs = judgeClaim(claim(count({ aim: "times", limit: 1 })), stages(9, 9, 9, 9, 9, 9));
    expect(costs.why).toBe("so it is");
  });

  test("that costs a share of before is held to that share", () => {
    const half = count({ aim: "times", limit: 0.5 });
    expect(judgeClaim(claim(half), stages(99, 10, 5, 5, 5, 5)).verdict).toBe("borne out");
    expect(judgeClaim(claim(half), stages(99, 10, 6, 5, 5, 5)).verdict).toBe("partly");
    expect(judgeClaim(claim(half), stages(99, 10, 9.5, 5, 5, 5)).verdict).toBe("not borne out");
    expect(judgeClaim(claim(half), stages(99, 10, 11, 5, 5, 5)).verdict).toBe("not borne out");
  });

  test("that none of something is left is borne out by none alone", () => {
    const none = count({ aim: "at most", limit: 0 });
    expect(judgeClaim(claim(none), stages(9, 9, 0, 0, 0, 0)).verdict).toBe("borne out");
    expect(judgeClaim(claim(none), stages(9, 9, 0, 0, 0, 1)).verdict).toBe("partly");
    expect(judgeClaim(claim(none), stages(0, 0, 0, 0, 0, 0)).verdict).toBe("partly");
  });

  test("of two figures needs both", () => {
    const both = claim(share(ATLEAST), count({ aim: "at most", limit: 0 }));
    expect(judgeClaim(both, stages(0, 0.5, 0.95, 0.95, 0.95, 0.95)).verdict).toBe("partly");
  });

  test("shows today's app, the stage before, its own and all", () => {
    const judged = judgeClaim(claim(share(ATLEAST)), stages(0.1, 0.2, 0.3, 0.4, 0.5, 0.6));
    expect(judged.stages).toEqual({ before: "1", after: "1-2" });
    expect(judged.figures[0]).toMatchObject({ today: 0.1, before: 0.2, after: 0.3, all: 0.6 });
  });
});

test("the promises are the roadmap's: four of each phase, in their order", () => {
  expect(CLAIMS.map(({ phase }) => phase)).toEqual([1, 2, 3, 4, 5].flatMap((phase) => Array(4).fill(phase)));
  expect(new Set(CLAIMS.map(({ improvement }) => improvement)).size).toBe(20);
  for (const { figures } of CLAIMS) expect(figures.length).toBeGreaterThan(0);
});
