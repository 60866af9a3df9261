/**
 * Holds scenarios/scenario.schema.json to the schema that judges at run time, and to the files that editors open with it.
 */

import { readFileSync } from "node:fs";
import { Ajv2020 } from "ajv/dist/2020.js";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { Scenario } from "../simulation/scenario.ts";
import { readScenario, thresholdFault } from "./scenario-file.ts";
import { scenarioKeys } from "./scenario-keys.ts";
import { scenarioNames } from "./scenario-names.ts";
import { scenarioSchema } from "./scenario-schema.ts";

const ROOT = new URL("../../", import.meta.url);
const read = (path: string) => readFileSync(new URL(path, ROOT), "utf8");
const COMMITTED: unknown = JSON.parse(read("scenarios/scenario.schema.json"));
const isValid = new Ajv2020({ strict: true, allErrors: true }).compile(
  scenarioSchema(read("docs/writing-scenarios.md")),
);

test("the committed one is what the generator makes; else run `npm run contract`", () => {
  const made = scenarioSchema(read("docs/writing-scenarios.md"));
  // As texts: the order of members counts too.
  expect(JSON.stringify(COMMITTED, null, 1)).toBe(JSON.stringify(made, null, 1));
});

describe.each(scenarioNames())("%s", (name) => {
  test("is valid by it, and tells editors where it is", () => {
    expect(isValid(readScenario(name, "/").data), JSON.stringify(isValid.errors)).toBe(true);
    expect(read(`scenarios/${name}.yaml`)).toMatch(
      /^# yaml-language-server: \$schema=\.\/scenario\.schema\.json\n/,
    );
  });
});

test("it says of every key what the guide says", () => {
  for (const { path } of scenarioKeys()) {
    const found = path
      .split(".")
      .reduce<unknown>((schema, name) => at(at(schema, "properties"), name), COMMITTED);
    expect(at(found, "description"), path).toBeTypeOf("string");
  }
});

test.each([
  ["a share without its sign", "name: x\nnetwork: {loss: 5}"],
  ["a share as a fraction", "name: x\nnetwork: {loss: 0.05}"],
  ["a share of more than all", "name: x\nnetwork: {loss: 101%}"],
  ["a key that there is not", "name: x\nduraton: 5d"],
  ["a key that there is not, further in", "name: x\nnetwork: {los: 5%}"],
  ["a time without its unit", "name: x\nduration: 30"],
  ["a time in another unit", "name: x\nnetwork: {latency: {p50: 1min, p99: 2min}}"],
  ["half a distribution", "name: x\nnetwork: {latency: {p50: 1s}}"],
  ["a choice that there is not", "name: x\nproxy: {mode: enforced}"],
  ["a number out of bounds", "name: x\nfleet: {accounts: 0}"],
  ["half a device", "name: x\nfleet: {devicesPerAccount: 1.5}"],
  ["a phase that there is not", "name: x\nfleet: {phases: [6]}"],
  ["no name", "duration: 5d"],
  ["a name with spaces", "name: My Own"],
  ["a metric that there is not", "name: x\nthresholds: [sync latncy online p99 < 2s]"],
  ["a metric without its statistic", "name: x\nthresholds: [sync latency online < 2s]"],
  ["a threshold in a wrong unit", "name: x\nthresholds: [full sync rate < 5]"],
])("%s is wrong by it, as it is to the program", (_fault, text) => {
  const data: unknown = parse(text);
  expect(isValid(data)).toBe(false);
  const outcome = Scenario.safeParse(data);
  expect(outcome.success && outcome.data.thresholds.every((one) => !thresholdFault(one))).toBe(false);
});

test("it and the program agree on what a share and a time look like", () => {
  const digits = fc.stringMatching(/^0{0,2}\d{1,3}(\.\d{0,2})?$/);
  const texts = fc
    .tuple(digits, fc.constantFrom("%", " %", "ms", "s", "m", "h", "d", "w", "", "S"))
    .map((parts) => parts.join(""));
  fc.assert(
    fc.property(texts, (text) => {
      for (const data of [
        { name: "x", network: { loss: text } },
        { name: "x", network: { requestTimeout: text } },
      ])
        expect(isValid(data), JSON.stringify(data)).toBe(Scenario.safeParse(data).success);
    }),
    { numRuns: 500 },
  );
});

function at(value: unknown, name: string): unknown {
  return (value as Record<string, unknown> | undefined)?.[name];
}
