import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { Scenario } from "../simulation/scenario.ts";
import { UsageFault } from "./exit.ts";
import { Outside } from "./outside.fixture.ts";
import { parseScenario, readScenario } from "./scenario-file.ts";
import { scenarioKeys } from "./scenario-keys.ts";
import { scenarioNames } from "./scenario-names.ts";

/** The lines of the fault that a file's text is answered with. */
function faults(text: string): readonly string[] {
  return thrown(() => parseScenario(text, "my.yaml"));
}

function thrown(act: () => unknown): readonly string[] {
  try {
    act();
  } catch (error) {
    if (error instanceof UsageFault) return error.lines;
    throw error;
  }
  return expect.fail("nothing was refused");
}

describe("shipped scenarios", () => {
  test("are those that docs/cli.md promises, named as their files, described, and good", () => {
    expect(scenarioNames()).toEqual([
      "big-account",
      "commuter",
      "flaky-network",
      "legacy-mix",
      "long-absence",
      "offline-weekend",
      "proxy-failover",
      "push-only",
      "rollout",
      "shared-list",
      "skewed-clocks",
      "thundering-herd",
    ]);
    for (const name of scenarioNames()) {
      const scenario = Scenario.parse(readScenario(name, "/").data);
      expect(scenario.name).toBe(name);
      expect(scenario.description.length).toBeGreaterThan(40);
      const { entities, operations, conflicts } = scenario.workload;
      const { mine, server, merge } = conflicts;
      for (const parts of [Object.values(entities), Object.values(operations), [mine, server, merge]]) {
        expect(parts.reduce((sum, part) => sum + part, 0)).toBeCloseTo(1);
      }
    }
  });

  test("commuter writes out every key, each with its default", () => {
    const { data } = readScenario("commuter", "/");
    const at = (path: string) =>
      path
        .split(".")
        .reduce<unknown>((value, name) => (value as Record<string, unknown> | undefined)?.[name], data);
    for (const key of scenarioKeys()) {
      // What it is called, what it says of itself and what it must meet are its own.
      if (!["name", "description", "thresholds"].includes(key.path))
        expect(at(key.path), key.path).toEqual(key.default);
    }
  });

  test("long-absence is away for longer than the proxy remembers", () => {
    const { proxy, workload, duration } = Scenario.parse(readScenario("long-absence", "/").data);
    expect(workload.absence.length).toBeGreaterThan(proxy.retention);
    expect(duration).toBeGreaterThan(workload.absence.length);
  });
});

describe("faults in a scenario file", () => {
  test("every one is told, with line and column, in the file's order", () => {
    const text = readFileSync(new URL("./broken-scenario.fixture.yaml", import.meta.url), "utf8");
    expect(faults(text)).toEqual([
      `my.yaml:1:7: name: a scenario's name is lower-case words joined by dashes; found "Bad Name"`,
      `my.yaml:2:1: there is no key "duraton" in a scenario; did you mean duration?`,
      `my.yaml:4:3: there is no key "los" in network; did you mean loss?`,
      "my.yaml:5:9: network.loss: expected a share, written like 5% or 0.5%; found 0.05",
      `my.yaml:6:12: network.latency: p50 is at most p99; found {"p50":"2s","p99":"1s"}`,
      "my.yaml:7:3: network.offline: expected keys of its own (perDay, length, used); found nothing",
      "my.yaml:9:15: fleet.phases.1: expected one of 1, 2, 3, 4, 5; found 7",
      "my.yaml:10:13: fleet.accounts: expected a whole number; found 1.5",
      "my.yaml:11:18: habits.awake: at least 2 values; found [1]",
      `my.yaml:13:9: proxy.mode: expected one of off, advisory, enforce; found "advisry"; did you mean advisory?`,
      `my.yaml:14:14: proxy.retention: expected a time, written like 80ms, 90s, 15m, 4h, 7d or 2w; found 30`,
      "my.yaml:16:13: workload.entities.task is missing; it is a share, written like 5% or 0.5%",
      "my.yaml:16:13: workload.entities.list is missing; it is a share, written like 5% or 0.5%",
      "my.yaml:18:18: sync latency online needs one of mean, p50, p90, p99, max",
      `my.yaml:19:6: no metric is called "sync latncy online"; did you mean sync latency online?`,
      `my.yaml:20:22: full sync rate is a share, written like 5%; found "5"`,
    ]);
  });

  test.each([
    ["name: x\n\tduration: 5d\n", /^my\.yaml:2:1: Tabs are not allowed as indentation: use spaces/],
    ["name: [x\n", /^my\.yaml:2:1: /],
    ["name: x\nname: y\n", /^my\.yaml:2:1: Map keys must be unique/],
    ["name: *nowhere\n", /^my\.yaml:1:\d+: Unresolved alias/],
    ["", /^my\.yaml:1:1: the file is empty; a scenario has at least a name/],
    ["# only a comment\n", /^my\.yaml:1:1: the file is empty/],
    ["- a\n- b\n", /^my\.yaml:1:1: the file: expected keys of its own/],
    ["just text\n", /^my\.yaml:1:1: the file: expected keys of its own/],
    ["duration: 5d\n", /^my\.yaml:1:1: name is missing; it is text/],
    ["name: x\n__proto__: {a: 1}\n", /^my\.yaml:2:1: there is no key "__proto__" in a scenario/],
    ["name: x\nnetwork: {constructor: 1}\n", /^my\.yaml:2:11: there is no key "constructor" in network/],
    ["name: x\nduration: 90d\n", /^my\.yaml:2:11: duration: a run lasts from 1m to 60d/],
    ["name: x\nclocks: {driftPpm: .inf}\n", /^my\.yaml:2:20: clocks\.driftPpm/],
    ["name: x\nclocks: {driftPpm: -1}\n", /^my\.yaml:2:20: clocks\.driftPpm: at least 0; found -1/],
    ["name: x\nnetwork: {loss: 101%}\n", /^my\.yaml:2:17: network\.loss: a share is at most 100%/],
    [
      "name: x\nworkload:\n  operations: {create: 10%, update: 50%, delete: 10%}\n",
      /^my\.yaml:3:15: workload\.operations: create, update and delete make 100% together; found 70%/,
    ],
    ["name: x\nthresholds: [7]\n", /^my\.yaml:2:14: thresholds\.0: expected text; found 7/],
    [
      "name: x\nthresholds: ['foo < 2s']\n",
      /^my\.yaml:2:15: no metric is called "foo"; the metrics are: sync/,
    ],
  ])("%j", (text, line) => {
    expect(faults(text)[0]).toMatch(line);
  });

  test("a bomb of aliases is refused, not carried out", () => {
    const levels = Array.from(
      { length: 12 },
      (_, level) => `l${level + 1}: &l${level + 1} [${`*l${level},`.repeat(9)}]`,
    );
    expect(faults(`l0: &l0 [x]\n${levels.join("\n")}\n`)[0]).toMatch(/^my\.yaml:1:1: Excessive alias count/);
  });

  test("anchors and merge keys of honest size are fine", () => {
    expect(
      parseScenario("name: x\npush: {delay: &d {p50: 1s, p99: 2s}}\nproxy: {work: *d}\n", "my.yaml"),
    ).toMatchObject({
      proxy: { work: { p50: "1s", p99: "2s" } },
    });
  });
});

describe("finding a scenario", () => {
  const io = new Outside();
  afterEach(() => io.remove());

  test("by name from anywhere, by path from where the user is", () => {
    mkdirSync(join(io.cwd, "sub"), { recursive: true });
    writeFileSync(join(io.cwd, "sub", "own.yaml"), "name: own\n");
    expect(readScenario("shared-list", io.cwd).data).toMatchObject({ name: "shared-list" });
    expect(readScenario("sub/own.yaml", io.cwd)).toEqual({
      path: join("sub", "own.yaml"),
      data: { name: "own" },
    });
    expect(thrown(() => readScenario("sub/none.yaml", io.cwd))).toEqual([
      "scenario sub/none.yaml: there is no such file",
    ]);
    expect(thrown(() => readScenario("./sub", io.cwd))).toEqual(["scenario sub: it is a folder"]);
    expect(thrown(() => readScenario("comutter", io.cwd))[0]).toBe(
      `there is no scenario "comutter"; did you mean commuter?`,
    );
    expect(thrown(() => readScenario("nothing-like-it", io.cwd))[0]).toContain(
      "the scenarios are: big-account, commuter, flaky-network",
    );
  });
});
