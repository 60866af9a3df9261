import { describe, expect, test } from "vitest";
import { HARDSHIPS } from "./hardship.fixture.ts";
import { Scenario, type ScenarioText } from "./scenario.ts";
import { STRIKES } from "./strikes.ts";
import { drawSwarm, notation, type SwarmDraw } from "./swarm.ts";
import { SWARM_FAULTS } from "./swarm-faults.ts";
import { SWARM_SETTINGS } from "./swarm-settings.ts";

const BASE: ScenarioText = {
  name: "base",
  network: { loss: "3%", latency: { p50: "10ms", p99: "20ms" } },
  thresholds: ["sync latency online p99 < 2s"],
};
const SEEDS = Array.from({ length: 200 }, (_, index) => index + 1);
const DRAWS = SEEDS.map((seed) => drawSwarm(BASE, seed));

/** What stands at a dotted path. */
function at(text: unknown, path: string): unknown {
  return path
    .split(".")
    .reduce((group, name) => (group as Record<string, unknown> | undefined)?.[name], text);
}

/** Dotted paths of all values of a text that are no groups. */
function leaves(text: object, above = ""): readonly string[] {
  return Object.entries(text).flatMap(([name, value]: [string, unknown]) =>
    typeof value === "object" && value !== null && !Array.isArray(value)
      ? leaves(value, `${above}${name}.`)
      : [`${above}${name}`],
  );
}

function isOn(draw: SwarmDraw, name: string): boolean {
  return draw.faults.some(({ fault, on }) => fault.name === name && on);
}

describe("what can be drawn", () => {
  test("is every fault that strikes", () => {
    expect(new Set(SWARM_FAULTS.flatMap(({ strikes }) => strikes))).toEqual(new Set(STRIKES));
  });

  test("is every setting that hardships turn on", () => {
    const drawable = [...SWARM_FAULTS.flatMap(({ knobs }) => knobs), ...SWARM_SETTINGS].map(
      ({ path }) => path,
    );
    const missing = HARDSHIPS.flatMap(({ text }) => leaves(text)).filter(
      (leaf) => !drawable.some((path) => leaf === path || leaf.startsWith(`${path}.`)),
    );
    expect(missing).toEqual([]);
  });

  test("is each choice valid, and no two faults turn one knob", () => {
    const paths = SWARM_FAULTS.flatMap(({ knobs }) => knobs.map(({ path }) => path));
    expect(new Set(paths).size).toBe(paths.length);
    expect(new Set(SWARM_FAULTS.map(({ name }) => name)).size).toBe(SWARM_FAULTS.length);
    for (const { text } of DRAWS) expect(() => Scenario.parse(text)).not.toThrow();
  });

  test("is on in at least 15% of runs, each of it", () => {
    const rare = SWARM_FAULTS.map(({ name }) => ({
      name,
      runs: DRAWS.filter((draw) => isOn(draw, name)).length,
    })).filter(({ runs }) => runs < 0.15 * DRAWS.length);
    expect(rare).toEqual([]);
  });
});

describe("the draw", () => {
  test("is the same for the same seed, and another for another", () => {
    expect(drawSwarm(BASE, 7)).toEqual(drawSwarm(BASE, 7));
    expect(drawSwarm(BASE, 8).text).not.toEqual(drawSwarm(BASE, 7).text);
  });

  test("is what the scenario says: what is on as strong as told, what is off off, all else as the base", () => {
    for (const { text, faults, settings } of DRAWS) {
      for (const { path, value } of settings) expect(at(text, path), path).toEqual(value);
      for (const { fault, on, strength } of faults) {
        for (const { path, value } of strength) expect(at(text, path), path).toEqual(value);
        if (!on)
          for (const { path, off } of fault.knobs) if (off !== undefined) expect(at(text, path)).toEqual(off);
      }
      expect(text).toMatchObject({ name: "base-swarm", network: { latency: { p50: "10ms", p99: "20ms" } } });
      expect(text.thresholds).toEqual([]);
    }
  });

  test("is written as --set takes it", () => {
    expect(notation({ path: "network.loss", value: "5%" })).toBe("network.loss=5%");
    expect(notation({ path: "proxy.fanOut", value: { p50: "5ms", p99: "1s" } })).toBe(
      "proxy.fanOut={p50: 5ms, p99: 1s}",
    );
    expect(notation({ path: "proxy.rollout", value: [{ after: "6h", mode: "off" }] })).toBe(
      "proxy.rollout=[{after: 6h, mode: off}]",
    );
  });

  test("[CON-7] headers are stripped only where the proxy insists on If-Match, all through the run", () => {
    const stripped = DRAWS.filter((draw) => isOn(draw, "stripped-headers")).map(({ text }) =>
      Scenario.parse(text),
    );
    expect(stripped.length).toBeGreaterThan(0);
    for (const { proxy } of stripped)
      expect(proxy).toMatchObject({ mode: "enforce", ifMatch: "required", rollout: [] });
  });
});
