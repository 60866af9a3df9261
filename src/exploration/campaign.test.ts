import { describe, expect, test } from "vitest";
import { canonicalJson } from "../base/canonical-json.ts";
import { type Breach, Campaign, type JobResult, type Round, shapeOf } from "./campaign.ts";
import { groundOf } from "./ground.ts";

const NOTHING = { behaviours: [], broken: [], exercised: [], events: 1 } as const;

/** Runs a hunt to its end with made-up results; the indices and plans that were run. */
function whole(
  campaign: Campaign,
  resultOf: (index: number) => Omit<JobResult, "index"> = () => NOTHING,
): readonly Round[number][] {
  const jobs: Round[number][] = [];
  for (;;) {
    const round = campaign.nextRound();
    if (round.length === 0) return jobs;
    jobs.push(...round);
    campaign.take(
      round,
      round.map(({ index }) => ({ index, ...resultOf(index) })),
    );
  }
}

const breach = (rule: string, actual: string): Breach => ({
  rule,
  expected: "409 conflict",
  actual,
  because: "",
});

describe("shards", () => {
  test("1/3 to 3/3 run what is drawn of the whole, and none twice", () => {
    const options = { seed: 7, runsMax: 200 };
    const all = whole(new Campaign(options));
    const parts = [0, 1, 2].map((index) => whole(new Campaign({ ...options, shard: { index, of: 3 } })));
    const indices = parts.flat().map(({ index }) => index);
    expect([...indices].sort((a, b) => a - b)).toEqual(all.map(({ index }) => index));
    for (const part of parts) expect(part.length).toBeGreaterThan(40);
    const plans = new Map(all.map(({ index, plan }) => [index, canonicalJson(plan)]));
    for (const { index, plan } of parts.flat()) expect(canonicalJson(plan)).toBe(plans.get(index));
  });
});

describe("a hunt", () => {
  /** Every run but the first of each eight shows something new. */
  const curious = (index: number): Omit<JobResult, "index"> => ({
    ...NOTHING,
    behaviours: index % 8 === 0 ? [] : [`b${index}`],
  });

  test("is the same for the same seed, another for another", () => {
    const text = (seed: number): string =>
      canonicalJson(whole(new Campaign({ seed, runsMax: 100 }), curious));
    expect(text(3)).toBe(text(3));
    expect(text(3)).not.toBe(text(4));
  });

  test("goes on from what was new: a quarter of the runs are neighbours of such plans", () => {
    const jobs = whole(new Campaign({ seed: 1, runsMax: 400 }), curious);
    const neighbours = jobs.filter(({ drawnFrom }) => drawnFrom === undefined);
    expect(neighbours.length).toBeGreaterThan(80);
    expect(
      whole(new Campaign({ seed: 1, runsMax: 400 })).every(({ drawnFrom }) => drawnFrom !== undefined),
    ).toBe(true);
  });

  test("plays in the worlds that it is given", () => {
    const ground = groundOf({
      name: "x",
      duration: "7d",
      fleet: { accounts: 50, phases: [1, 2] },
      habits: { sessionsPerDay: 9 },
      workload: { editsPerDay: 9, conflicts: { mine: "100%", server: "0%", merge: "0%" } },
      network: { loss: "7%" },
    });
    expect(ground).toEqual({
      fleet: { phases: [1, 2] },
      workload: { conflicts: { mine: "100%", server: "0%", merge: "0%" } },
      network: { loss: "7%" },
    });
    for (const { plan } of whole(new Campaign({ seed: 1, runsMax: 20, grounds: [ground] }))) {
      expect(plan.scenario).toMatchObject({
        ...ground,
        fleet: { phases: [1, 2], devicesPerAccount: expect.any(Number) },
        network: { loss: "7%", latency: expect.anything() },
      });
    }
  });
});

describe("findings", () => {
  test("a hundred hits of one cause are one finding, those of two causes two", () => {
    const campaign = new Campaign({ seed: 1, runsMax: 200 });
    whole(campaign, (index) => ({
      ...NOTHING,
      broken: [
        index % 2 === 0
          ? breach(
              "CON-2",
              `200 to an update of contact contact_k${index}x_${index} with If-Match rev_1_00${index}`,
            )
          : breach("CON-2", "nothing"),
      ],
    }));
    expect(campaign.findings.map(({ rule, count, first }) => [rule, count, first.index])).toEqual([
      ["CON-2", 100, 0],
      ["CON-2", 100, 1],
    ]);
  });

  test.each([
    ["update of contact c1 at rev_1700000000_000003", "delete of list w44 at rev_1800000000_000001"],
    ["sent under mutation_ab3c_9", "sent under key_zz_12"],
    ['device 3 shows title is "a", not "b"', "device 12 shows phone is null, not " + '"d1v3"'],
    ['has {"name":"x"}', 'has {"done":true}'],
  ])("%s and %s have one shape", (one, other) => {
    expect(shapeOf({ expected: "", actual: one })).toBe(shapeOf({ expected: "", actual: other }));
  });

  test("words that differ are two shapes", () => {
    expect(shapeOf({ expected: "", actual: "400 precondition_required" })).not.toBe(
      shapeOf({ expected: "", actual: "410 revision_expired" }),
    );
  });
});
