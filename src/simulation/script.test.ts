/**
 * Holds the scripted workload to what it is for: the same edits, whatever the app can do.
 */

import { expect, test } from "vitest";
import { createEditsMade, madeInAll } from "../metrics/edits-made.ts";
import type { Action } from "./plan.ts";
import { Scenario } from "./scenario.ts";
import { scriptOf, withoutWorkload } from "./script.ts";
import { createSimulation } from "./world.ts";

const SCENARIO = Scenario.parse({
  name: "scripted",
  duration: "20h",
  fleet: { accounts: 3 },
  habits: { together: "50%" },
  workload: { editsPerDay: 16 },
});

function played(phases: readonly (1 | 2 | 3 | 4 | 5)[], actions: readonly Action[]): ReadonlySet<string> {
  const edits = createEditsMade();
  const scenario = { ...SCENARIO, fleet: { ...SCENARIO.fleet, phases: [...phases] } };
  const simulation = createSimulation(withoutWorkload(scenario), 5, { folds: [edits], actions });
  while (simulation.advance(20_000));
  return edits.result();
}

test("one seed, one script; another seed, another", () => {
  expect(scriptOf(SCENARIO, 5)).toEqual(scriptOf(SCENARIO, 5));
  expect(scriptOf(SCENARIO, 6)).not.toEqual(scriptOf(SCENARIO, 5));
});

test("phases change nothing of it", () => {
  const bare: Scenario = { ...SCENARIO, fleet: { ...SCENARIO.fleet, phases: [] } };
  expect(scriptOf(bare, 5)).toEqual(scriptOf(SCENARIO, 5));
});

test("it has what the scenario has, in order of time, and within the run", () => {
  const actions = scriptOf(SCENARIO, 5);
  const times = actions.map(({ at }) => ("ms" in at ? at.ms : -1));
  expect([...times].sort((left, right) => left - right)).toEqual(times);
  expect(times[0]).toBeGreaterThanOrEqual(0);
  const kinds = new Set(actions.map(({ deed }) => deed.do));
  for (const kind of ["open", "close", "edit", "read", "offline", "kill"] as const)
    expect(kinds, kind).toContain(kind);
});

test("edits are the same at every stage, but for those of records that a screen does not have", () => {
  const actions = scriptOf(SCENARIO, 5);
  const today = played([], actions);
  const all = played([1, 2, 3, 4, 5], actions);
  expect(today.size).toBeGreaterThan(200);
  expect(madeInAll([today, all])).toBeGreaterThan(0.98 * Math.max(today.size, all.size));
});

test("people who never open the app by themselves do not stop the script", () => {
  const idle: Scenario = { ...SCENARIO, habits: { ...SCENARIO.habits, sessionsPerDay: 0 } };
  expect(scriptOf(idle, 5).length).toBeGreaterThan(0);
});
