/**
 * Owns what is said about each fault that the scenario schema finds: what is wrong, and what would be right.
 * Refuses to know where the value stood; scenario-file.ts has line and column, override.ts the option.
 */

import type { z } from "zod";
import type { Scenario } from "../simulation/scenario.ts";
import { listed, suggestion, withSuggestion } from "./nearest.ts";
import { formAt, formText, keysAt } from "./scenario-keys.ts";
import { dotted } from "./yaml-file.ts";

/** Thirds written as 33.3% are meant well. */
const SUM_TOLERANCE = 0.0021;

type Issue = z.core.$ZodIssue;

/** One fault: where in the data, and what is wrong with it. `atKey`: the fault is the key, not its value. */
export interface ScenarioFault {
  readonly path: readonly PropertyKey[];
  readonly atKey: boolean;
  readonly message: string;
}

/** The faults behind a schema's issues, one for each unknown key. */
export function faultsOf(issues: readonly Issue[], data: unknown): readonly ScenarioFault[] {
  return issues.flatMap((issue): readonly ScenarioFault[] => {
    if (issue.code === "unrecognized_keys") {
      return issue.keys.map((key) => ({
        path: [...issue.path, key],
        atKey: true,
        message: unknownKey(key, issue.path),
      }));
    }
    const found = valueAt(data, issue.path);
    if (found === undefined && issue.path.length > 0) return [missing(issue.path)];
    return [
      { path: issue.path, atKey: false, message: `${dotted(issue.path)}: ${wrongValue(issue, found)}` },
    ];
  });
}

/** Shares that divide a whole and do not add up to it: the schema sees one at a time. */
export function sumFaults(scenario: Scenario): readonly ScenarioFault[] {
  const { entities, operations, conflicts } = scenario.workload;
  const { mine, server, merge } = conflicts;
  return [
    ...sumFault(["workload", "entities"], entities),
    ...sumFault(["workload", "operations"], operations),
    ...sumFault(["workload", "conflicts"], { mine, server, merge }),
  ];
}

function sumFault(
  path: readonly string[],
  parts: Readonly<Record<string, number>>,
): readonly ScenarioFault[] {
  const sum = Object.values(parts).reduce((total, part) => total + part, 0);
  if (Math.abs(sum - 1) < SUM_TOLERANCE) return [];
  const percent = Number((sum * 100).toFixed(2));
  const message = `${dotted(path)}: ${listed(Object.keys(parts), "and")} make 100% together; found ${percent}%`;
  return [{ path, atKey: false, message }];
}

/** `there is no key "los" in network; did you mean loss?` */
function unknownKey(key: string, parent: readonly PropertyKey[]): string {
  const place = parent.length === 0 ? "a scenario" : dotted(parent);
  return withSuggestion(
    `there is no key "${key}" in ${place}`,
    suggestion(key, keysAt(parent), "its keys are"),
  );
}

function missing(path: readonly PropertyKey[]): ScenarioFault {
  const form = formAt(path);
  const what = form === undefined ? "" : `; it is ${formText(form)}`;
  return { path, atKey: false, message: `${dotted(path)} is missing${what}` };
}

function wrongValue(issue: Issue, found: unknown): string {
  switch (issue.code) {
    case "invalid_type":
      return wrongForm(issue.path, found);
    case "invalid_value":
    case "invalid_union":
      return wrongChoice(issue.path, found);
    case "too_small":
      return `at least ${issue.minimum}${ofOrigin(issue.origin)}; found ${shown(found)}`;
    case "too_big":
      return `at most ${issue.maximum}${ofOrigin(issue.origin)}; found ${shown(found)}`;
    default:
      return `${issue.message}; found ${shown(found)}`;
  }
}

function wrongForm(path: readonly PropertyKey[], found: unknown): string {
  const form = formAt(path);
  if (form !== undefined) return `expected ${formText(form)}; found ${shown(found)}`;
  const keys = keysAt(path);
  const those = keys.length > 0 ? ` (${keys.join(", ")})` : "";
  return `expected keys of its own${those}; found ${shown(found)}`;
}

function wrongChoice(path: readonly PropertyKey[], found: unknown): string {
  const choices = formAt(path)?.choices ?? [];
  return withSuggestion(`expected one of ${choices.join(", ")}; found ${shown(found)}`, near(found, choices));
}

function near(found: unknown, choices: readonly string[]): string {
  const offered = typeof found === "string" ? suggestion(found, choices) : "";
  return offered.startsWith("did you mean") ? offered : "";
}

function ofOrigin(origin: string): string {
  return origin === "array" ? " values" : "";
}

function shown(value: unknown): string {
  if (value === undefined || value === null) return "nothing";
  if (typeof value === "number" || typeof value === "bigint") return String(value);
  const text = JSON.stringify(value) ?? String(value);
  return text.length <= 60 ? text : `${text.slice(0, 59)}…`;
}

function valueAt(data: unknown, path: readonly PropertyKey[]): unknown {
  let value = data;
  for (const name of path) {
    if (value === null || typeof value !== "object" || !Object.hasOwn(value, name)) return undefined;
    value = (value as Record<PropertyKey, unknown>)[name];
  }
  return value;
}
