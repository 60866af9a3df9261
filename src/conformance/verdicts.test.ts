/**
 * Owns the proof of the verdicts: satisfied only what was exercised, why something was not, and what the baseline bears.
 */

import { constant } from "fast-check";
import { describe, expect, test } from "vitest";
import type { RuleId } from "../protocol/rules/registry.ts";
import { declaredOf } from "./declared.ts";
import type { Probe } from "./probe.ts";
import type { TargetFacts } from "./target.ts";
import type { Trial } from "./trial.ts";
import { type JudgeInput, judge, probesFor } from "./verdicts.ts";

const FACTS: TargetFacts = {
  declared: declaredOf({ phases: [1, 2] }),
  accounts: [
    { name: "a", token: "tok-a" },
    { name: "b", token: "tok-b" },
  ],
  revision: /^rev_/,
  ordered: true,
  pushSink: false,
  roundTripMs: 1,
  patienceMs: 1,
  waitMsMax: 1,
};

function probe(id: string, rules: readonly RuleId[], rest: Partial<Probe> = {}): Probe {
  return { id, rules, text: id, phases: [], runs: 1, values: () => constant(0), *script() {}, ...rest };
}

function trial(of: Probe, exercised: readonly RuleId[], broken?: RuleId): Trial {
  const violation = broken && { rule: broken, expected: "this", actual: "that" };
  return {
    probe: of,
    runs: 3,
    exercised: new Map(exercised.map((rule) => [rule, 3])),
    discarded: new Map(),
    finding: violation && {
      violation,
      value: 0,
      runId: "r",
      exchanges: [],
      sockets: [],
      exchangesFirst: 0,
      shrinks: 0,
    },
  };
}

const CON_4 = probe("conflict/delete", ["CON-4", "CON-3"]);
const MODE_OFF = probe("modes/off", ["FLG-2"], {
  needs: ({ declared }) => (declared.mode === "off" ? undefined : "needs conflicts.mode: off"),
});
const PUSH = probe("push/any", ["PSH-1"], {
  phases: [4],
  needs: ({ pushSink }) => (pushSink ? undefined : "needs the push sink"),
});
const WAITS = probe("events/checkpoint", ["EVT-17", "EVT-1"], {
  needs: ({ waitMsMax }) => (waitMsMax >= 60_000 ? undefined : "needs a minute"),
});
const ALL = [CON_4, MODE_OFF, PUSH, WAITS];

function verdicts(given: Partial<JudgeInput> = {}) {
  const judgement = judge({
    facts: FACTS,
    probes: ALL,
    trials: [],
    selection: { phases: undefined, matches: () => true, level: undefined },
    baseline: {},
    today: "2026-06-01",
    endedBecause: undefined,
    allowUnexercised: false,
    ...given,
  });
  const of = (id: RuleId) => judgement.rules.find(({ rule }) => rule.id === id);
  return { ...judgement, of };
}

const ASKED = {
  phases: undefined,
  level: undefined,
  matches: (rule: string) => /^CON-[34]$/.test(rule),
} as const;

describe("a rule", () => {
  test("is satisfied only if it was put to the test", () => {
    const { of } = verdicts({ trials: [trial(CON_4, ["CON-4"])] });
    expect(of("CON-4")).toMatchObject({ verdict: "satisfied", exercised: 3 });
    expect(of("CON-3")).toMatchObject({ verdict: "not exercised" });
  });

  test("is violated with what was found, whatever else passed", () => {
    const { of, verdict } = verdicts({ trials: [trial(CON_4, ["CON-4"], "CON-4")] });
    expect(of("CON-4")).toMatchObject({ verdict: "violated", known: undefined });
    expect(verdict).toBe("fail");
  });

  test("tells what would exercise it", () => {
    expect(verdicts().of("EVT-17")).toMatchObject({ verdict: "not exercised", reason: "needs a minute" });
    const { of } = verdicts({ endedBecause: "the budget is spent" });
    expect(of("CON-4")).toMatchObject({ reason: "the run ended before it was reached" });
  });

  test("of a phase, level or name that was not asked for is excluded; so is what no black box sees", () => {
    expect(verdicts().of("PSH-1")).toMatchObject({
      verdict: "excluded",
      reason: "the target does not declare phase 4",
    });
    const must = verdicts({ selection: { phases: [1], matches: () => true, level: "must" } });
    expect(must.of("CON-4")).toMatchObject({ verdict: "excluded", reason: "phase 2 was not asked for" });
    expect(must.of("EVT-17")).toMatchObject({ verdict: "excluded" });
    expect(must.of("REV-7")).toMatchObject({ verdict: "excluded" });
    expect(verdicts({ selection: ASKED }).of("CON-1")).toMatchObject({ reason: "not asked for by --rule" });
  });

  test("of a phase that was asked for and that the target does not declare is not exercised", () => {
    const { of } = verdicts({ selection: { phases: [4], matches: () => true, level: undefined } });
    expect(of("PSH-1")).toMatchObject({ verdict: "not exercised", reason: "needs phase 4" });
  });

  test("of another mode than the target declares is excluded, for no run could exercise it", () => {
    expect(verdicts().of("FLG-2")).toMatchObject({
      verdict: "excluded",
      reason: "needs conflicts.mode: off",
    });
  });

  test("whose probe ended at a violation that was not asked for is not called satisfied", () => {
    const { of, verdict } = verdicts({ selection: ASKED, trials: [trial(CON_4, ["CON-4"], "API-1")] });
    expect(of("CON-4")).toMatchObject({ verdict: "not exercised" });
    expect(of("API-1")).toMatchObject({ verdict: "excluded" });
    expect(verdict).toBe("inconclusive");
  });
});

test("what one violation kept from being exercised has one reason, whichever probes met it", () => {
  const other = probe("conflict/other", ["CON-3", "CON-5"]);
  const trials = [trial(CON_4, [], "REV-1"), trial(other, [], "REV-1")];
  const { of } = verdicts({ probes: [CON_4, other], trials });
  const reason = "what would exercise it met a violation of REV-1 first";
  for (const id of ["CON-3", "CON-4", "CON-5"] as const) expect(of(id)).toMatchObject({ reason });
});

describe("the whole", () => {
  const passed = { selection: ASKED, trials: [trial(CON_4, ["CON-4", "CON-3"])] };

  test("passes when all that was asked for is satisfied", () => {
    expect(verdicts(passed).verdict).toBe("pass");
  });

  test("is inconclusive when something was not exercised, unless that is allowed", () => {
    const given = { selection: ASKED, trials: [trial(CON_4, ["CON-4"])] };
    expect(verdicts(given).verdict).toBe("inconclusive");
    expect(verdicts({ ...given, allowUnexercised: true }).verdict).toBe("pass");
    expect(verdicts({ ...passed, endedBecause: "interrupted", allowUnexercised: true }).verdict).toBe(
      "inconclusive",
    );
  });

  test("does not fail by a SHOULD, unless that level is asked for", () => {
    const trials = [trial(WAITS, [], "EVT-17")];
    const matches = (rule: string) => rule === "EVT-17";
    expect(verdicts({ trials, selection: { phases: undefined, matches, level: undefined } }).verdict).toBe(
      "pass",
    );
    expect(verdicts({ trials, selection: { phases: undefined, matches, level: "should" } }).verdict).toBe(
      "fail",
    );
  });
});

describe("the baseline", () => {
  const known = { reason: "rewritten in March", owner: "sync team", until: "2026-12-31" };
  const broken = { selection: ASKED, trials: [trial(CON_4, ["CON-3", "CON-4"], "CON-4")] };

  test("bears a violation that it lists: told, and not failing", () => {
    const { verdict, of } = verdicts({ ...broken, baseline: { "CON-4": known } });
    expect(verdict).toBe("pass");
    expect(of("CON-4")).toMatchObject({ verdict: "violated", known });
  });

  test("fails when a rule that it lists is satisfied", () => {
    const trials = [trial(CON_4, ["CON-3", "CON-4"])];
    const { verdict, baselineFaults } = verdicts({ selection: ASKED, trials, baseline: { "CON-4": known } });
    expect(verdict).toBe("fail");
    expect(baselineFaults).toEqual([{ rule: "CON-4", message: "satisfied now: take it off the list" }]);
  });

  test("fails past its date, and not on the day itself", () => {
    const baseline = { "CON-4": known };
    expect(verdicts({ ...broken, baseline, today: "2026-12-31" }).verdict).toBe("pass");
    const late = verdicts({ ...broken, baseline, today: "2027-01-01" });
    expect(late.verdict).toBe("fail");
    expect(late.baselineFaults[0]?.message).toMatch(
      /borne until 2026-12-31, which is over: sync team owns it/,
    );
  });

  test("fails on an id that no rule has", () => {
    const { verdict, baselineFaults } = verdicts({
      ...broken,
      baseline: { "CON-4": known, "CON-99": known },
    });
    expect(verdict).toBe("fail");
    expect(baselineFaults.map(({ rule }) => rule)).toEqual(["CON-99"]);
  });

  test("says nothing of a rule that was not exercised", () => {
    const given = { selection: ASKED, trials: [trial(CON_4, ["CON-3"])], allowUnexercised: true };
    expect(verdicts({ ...given, baseline: { "CON-4": known } }).verdict).toBe("pass");
  });
});

describe("the probes that are run", () => {
  const of = (facts: TargetFacts, rule: RuleId, watched: readonly RuleId[] = []) =>
    probesFor(ALL, facts, { ...ASKED, matches: (one) => one === rule }, new Set(watched));

  test("are those of the rules asked for that this target can exercise", () => {
    expect(of(FACTS, "CON-4")).toEqual([CON_4]);
    expect(of({ ...FACTS, waitMsMax: 60_000 }, "EVT-1")).toEqual([WAITS]);
  });

  test("are all of them where any answer may break the rule", () => {
    const facts = { ...FACTS, waitMsMax: 60_000 };
    expect(of(facts, "SEC-4")).toEqual([CON_4, WAITS]);
    expect(of(facts, "EVT-1", ["EVT-1"])).toEqual([CON_4, WAITS]);
  });
});
