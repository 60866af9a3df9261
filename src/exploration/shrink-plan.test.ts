import { describe, expect, test } from "vitest";
import { canonicalJson } from "../base/canonical-json.ts";
import type { Plan } from "../simulation/plan.ts";
import { Campaign, type Job } from "./campaign.ts";
import { brokenRules, judgePlan } from "./judge-plan.ts";
import { planOfSeed } from "./plan-arbitrary.ts";
import { partsOf, runJob, runShrink } from "./run-job.ts";
import { shrinkPlan } from "./shrink-plan.ts";

const TRIES_MAX = 600;
const never = (): boolean => false;

/** The first run of a hunt that breaks this rule under a fault. */
function firstHit(fault: string, rule: string): Job {
  const campaign = new Campaign({ seed: 1, runsMax: 400 });
  for (let round = campaign.nextRound(); round.length > 0; round = campaign.nextRound()) {
    for (const job of round) if (runJob(job, fault).broken.some((breach) => breach.rule === rule)) return job;
    campaign.take(round, []);
  }
  return expect.fail(`${fault} was not found under ${rule}`);
}

describe("shrinking", () => {
  test.each([
    ["contacts-unguarded", "CON-2", 5],
    ["lists-replaced", "MRG-5", 5],
    ["lost-tombstone", "SYS-1", 5],
    ["replay-skips-first", "EVT-2", 4],
    ["key-per-attempt", "QUE-4", 4],
    ["two-drains", "QUE-9", 3],
    ["pull-over-waiting", "SYS-6", 5],
    // It remembers what it met: each try needs a fresh one.
    ["waits-for-push", "FUL-1", 4],
  ])(
    "%s, found under %s, comes down to %d actions or fewer, all of which are needed",
    (fault, rule, most) => {
      const shrunk = runShrink({ rule, job: firstHit(fault, rule), fault, triesMax: TRIES_MAX }, never);
      expect(shrunk.done).toBe(true);
      expect(shrunk.plan.actions.length).toBeLessThanOrEqual(most);
      expect(shrunk.plan.actions.length).toBeGreaterThanOrEqual(2);
      expect(shrunk.broken.map((breach) => breach.rule)).toContain(rule);
      const parts = partsOf(fault);
      expect(brokenRules(judgePlan(shrunk.plan, { parts })).has(rule)).toBe(true);
      for (const gone of shrunk.plan.actions) {
        const less = { ...shrunk.plan, actions: shrunk.plan.actions.filter((action) => action !== gone) };
        expect(brokenRules(judgePlan(less, { parts })).has(rule)).toBe(false);
      }
    },
  );

  test("gives the same plan for the same finding", () => {
    const job = firstHit("two-drains", "QUE-9");
    const once = () => runShrink({ rule: "QUE-9", job, fault: "two-drains", triesMax: TRIES_MAX }, never);
    expect(canonicalJson(once())).toBe(canonicalJson(once()));
  });
});

describe("bounds", () => {
  const plan = planOfSeed(3);
  const hasKill = ({ actions }: Plan): boolean => actions.length >= 2;

  test("it asks no more often than it may, and gives the best so far", () => {
    let asked = 0;
    const breaks = (candidate: Plan): boolean => {
      asked++;
      return hasKill(candidate);
    };
    const shrunk = shrinkPlan(plan, { breaks, triesMax: 3 });
    expect(asked).toBe(3);
    expect(shrunk).toMatchObject({ tries: 3, done: false });
    expect(shrunk.plan.actions.length).toBeLessThan(plan.actions.length);
    expect(hasKill(shrunk.plan)).toBe(true);
  });

  test("stopped by time it gives the best so far; stopped at once, the plan itself", () => {
    let left = 2;
    const shrunk = shrinkPlan(plan, { breaks: hasKill, triesMax: 1_000, enough: () => left-- <= 0 });
    expect(shrunk).toMatchObject({ tries: 2, done: false });
    expect(shrunk.plan.actions.length).toBeLessThan(plan.actions.length);
    const job: Job = { index: 0, plan, drawnFrom: 3, ground: undefined };
    const stopped = runShrink({ rule: "CON-2", job, fault: undefined, triesMax: 100 }, () => true);
    expect(stopped).toMatchObject({ tries: 0, done: false });
    expect(canonicalJson(stopped.plan)).toBe(canonicalJson(plan));
  });

  test("nothing is asked twice, whatever breaks", () => {
    const asked = new Set<string>();
    const shrunk = shrinkPlan(plan, {
      breaks(candidate) {
        const text = canonicalJson(candidate);
        expect(asked.has(text)).toBe(false);
        asked.add(text);
        return true;
      },
      triesMax: 10_000,
    });
    expect(shrunk.done).toBe(true);
    expect(shrunk.plan.actions).toEqual([]);
  });
});
