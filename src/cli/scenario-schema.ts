/**
 * Owns the JSON Schema of scenario files, for editors: translated from the zod schema that judges at run time, with
 * the texts of docs/writing-scenarios.md.
 * Refuses to say what no JSON Schema can: that shares of a whole make 100 %, and that p50 is at most p99.
 */

import { z } from "zod";
import type { JsonObject } from "../base/canonical-json.ts";
import { FIGURES } from "../report/figure.ts";
import type { Unit } from "../report/numbers.ts";
import { Scenario } from "../simulation/scenario.ts";
import { scenarioKeys } from "./scenario-keys.ts";

const TIME = "\\d+(\\.\\d+)?(ms|s|m|h|d|w)";
/** At most 100 %, which the schema of the program says in a refinement. */
const SHARE = "0*(100(\\.0+)?|\\d{1,2}(\\.\\d+)?)%";

const VALUE: Readonly<Record<Unit, string>> = {
  ms: TIME,
  share: "\\d+(\\.\\d+)?%",
  count: "\\d+(\\.\\d+)?",
  bytes: "\\d+(\\.\\d+)?(B|kB|MB)",
};

/** The JSON Schema (2020-12) of a scenario file. `guide` is the text of docs/writing-scenarios.md. */
export function scenarioSchema(guide: string): JsonObject {
  const schema = z.toJSONSchema(Scenario, {
    io: "input",
    override: ({ zodSchema, jsonSchema }) => {
      if (zodSchema instanceof z.ZodString) Object.assign(jsonSchema, formOfText(zodSchema));
    },
  }) as unknown as JsonObject;
  const described = describe(schema, meanings(guide));
  const { properties } = described as { readonly properties: JsonObject };
  const thresholds = { ...(properties.thresholds as JsonObject), items: thresholdSchema() };
  return {
    ...described,
    title: "Scenario of zeke-sync",
    properties: { ...properties, thresholds },
  };
}

/** What the program checks by functions: the form of shares and times. */
function formOfText(schema: z.ZodString): JsonObject {
  if (schema.safeParse("").success) return {};
  if (schema.safeParse("1%").success) return { pattern: `^${SHARE}$` };
  return schema.safeParse("1d").success ? { pattern: `^\\s*${TIME}\\s*$` } : {};
}

/** One threshold: each metric with its own statistics and its own kind of value. */
function thresholdSchema(): JsonObject {
  const forms = FIGURES.map(({ name, statistics, unit }) => {
    const told = statistics.filter((statistic) => statistic !== "value");
    const statistic = told.length === 0 ? "" : `\\s+(${told.join("|")})`;
    return `${name.replaceAll(" ", "\\s+")}${statistic}\\s*(<|<=|>|>=)\\s*${VALUE[unit]}`;
  });
  const metrics = FIGURES.map(({ name, meaning }) => `${name}: ${meaning}`).join("\n");
  return {
    type: "string",
    pattern: `^\\s*(${forms.join("|")})\\s*$`,
    description: `<metric> [<statistic>] <comparison> <value>\n${metrics}`,
    examples: ["sync latency online p99 < 2s", "full sync rate < 5%"],
  };
}

/** The guide's text on each key, by its path; and on each part of the file, by the heading above its keys. */
function meanings(guide: string): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const [, parts = "", text = ""] of guide.matchAll(/^### ([a-z]+(?: and [a-z]+)?): (.+)$/gm)) {
    for (const part of parts.split(" and ")) found.set(part, text);
  }
  for (const { path } of scenarioKeys()) {
    const row = guide.split("\n").find((line) => line.startsWith(`| \`${path}\` |`));
    const meaning = row
      ?.split(/(?<!\\)\|/)
      .at(-2)
      ?.trim();
    if (meaning !== undefined) found.set(path, meaning.replaceAll("`", ""));
  }
  return found;
}

/** The schema with a description wherever the guide has one. */
function describe(schema: JsonObject, texts: ReadonlyMap<string, string>, path = ""): JsonObject {
  const description = texts.get(path);
  const told = description === undefined ? schema : { description, ...schema };
  if (schema.properties === undefined) return told;
  const members = Object.entries(schema.properties as JsonObject).map(([name, member]) => [
    name,
    describe(member as JsonObject, texts, path === "" ? name : `${path}.${name}`),
  ]);
  return { ...told, properties: Object.fromEntries(members) as JsonObject };
}
