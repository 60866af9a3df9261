/**
 * Holds docs/scenarios.md to the shipped scenarios: every one, its size, its thresholds, and what breaks each.
 */

import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { Scenario } from "../simulation/scenario.ts";
import { readScenario } from "./scenario-file.ts";
import { scenarioKeys } from "./scenario-keys.ts";
import { scenarioNames } from "./scenario-names.ts";
import { SMALL } from "./scenario-worsenings.fixture.ts";

const GUIDE = readFileSync(new URL("../../docs/scenarios.md", import.meta.url), "utf8");
const SECTIONS = new Map(
  GUIDE.split(/^## /m)
    .slice(1)
    .map((section) => [section.slice(0, section.indexOf("\n")), section]),
);

/** Cells of the rows of a section's table whose first cell is code, or a link with code. */
function rows(section: string): readonly (readonly string[])[] {
  return section
    .split("\n")
    .filter((line) => /^\| \[?`/.test(line))
    .map((line) => line.split("|").map((cell) => cell.trim()))
    .map(([, ...cells]) => cells.slice(0, -1));
}

const code = (cell = "") => /`([^`]+)`/.exec(cell)?.[1] ?? "";
const codes = (cell = "") => [...cell.matchAll(/`([^`]+)`/g)].map((match) => match[1] ?? "");
const told = (name: string) => SECTIONS.get(name) ?? expect.fail(`docs/scenarios.md has no section ${name}`);

test("it has each scenario once, in the overview and as a section, in one order", () => {
  const overview = rows(GUIDE.slice(0, GUIDE.indexOf("\n## "))).map(([cell]) => code(cell));
  expect(overview.toSorted()).toEqual([...scenarioNames()].toSorted());
  expect([...SECTIONS.keys()].filter((title) => title !== "About thresholds")).toEqual(overview);
});

describe.each(scenarioNames())("%s", (name) => {
  const { data } = readScenario(name, "/");
  const { fleet, thresholds } = Scenario.parse(data);

  test("the overview says how much it simulates, and how long that takes", () => {
    const row = rows(GUIDE).find(([cell]) => cell === `[\`${name}\`](#${name})`);
    const accounts = fleet.accounts === 1 ? "1 account" : `${fleet.accounts} accounts`;
    const duration = typeof data.duration === "string" ? data.duration : "7d";
    expect(row?.[2]).toBe(`${fleet.accounts * fleet.devicesPerAccount} devices of ${accounts}, ${duration}`);
    expect(row?.[3]).toMatch(/^\d+ s$/);
  });

  test("its section has the file's thresholds, in the file's order, with what was reached", () => {
    const listed = rows(told(name));
    expect(listed.map(([cell]) => code(cell))).toEqual(thresholds);
    for (const [threshold, reached] of listed) expect(reached, threshold).toMatch(/\d/);
  });

  test("what it says breaks a threshold is what the test does", () => {
    for (const [threshold, , , brokenBy] of rows(told(name))) {
      const { worse } = SMALL[name] ?? expect.fail(name);
      const causes = worse
        .filter(({ misses }) => misses.includes(code(threshold)))
        .flatMap(({ fault, set = [] }) => [...(fault === undefined ? [] : [fault]), ...set.map(pathOf)]);
      expect(codes(brokenBy).length, threshold).toBeGreaterThan(0);
      for (const cause of codes(brokenBy)) expect(causes, `${name}: ${threshold}`).toContain(cause);
    }
  });
});

test("every rule, setting and scenario that it names is a real one", () => {
  const paths = scenarioKeys().map(({ path }) => path);
  for (const [, path = ""] of GUIDE.matchAll(/`(?:--set )?((?:[a-z]+\.)+[a-zA-Z]+)[`=]/g)) {
    expect(
      paths.some((known) => known === path || known.startsWith(`${path}.`)),
      path,
    ).toBe(true);
  }
});

/** The setting that a `path=value` changes. */
function pathOf(set: string): string {
  return set.slice(0, set.indexOf("="));
}
