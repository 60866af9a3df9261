/**
 * Owns the list of keys that a scenario file may have, read off the schema: path, form and default of each.
 * Refuses to know what the keys mean; docs/writing-scenarios.md says that, and a test holds the two together.
 */

import { z } from "zod";
import { assert } from "../base/assert.ts";
import { Scenario } from "../simulation/scenario.ts";

/** What a value must look like. */
type Form = "share" | "time" | "spread" | "number" | "whole number" | "text" | "choice" | "list";

/** One key that holds a value, not other keys. */
export interface ScenarioKey {
  /** Joined by dots: `network.offline.perDay`. */
  readonly path: string;
  readonly form: Form;
  /** As a scenario file would write it; undefined for a key that must be given. */
  readonly default: unknown;
  /** For a choice, what there is to choose from. */
  readonly choices: readonly string[];
}

const FORM_TEXT: Readonly<Record<Form, string>> = {
  share: "a share, written like 5% or 0.5%",
  time: "a time, written like 80ms, 90s, 15m, 4h, 7d or 2w",
  spread: "a distribution of times, written like {p50: 80ms, p99: 900ms}",
  number: "a number",
  "whole number": "a whole number",
  text: "text",
  choice: "one of a few words",
  list: "a list, written like [1, 2]",
};

/** What a value of this form looks like, for people. */
export function formText(key: Pick<ScenarioKey, "form" | "choices">): string {
  return key.form === "choice" ? `one of ${key.choices.join(", ")}` : FORM_TEXT[key.form];
}

/** Every key that holds a value, in the schema's order. */
export function scenarioKeys(): readonly ScenarioKey[] {
  return keysUnder(Scenario, "", undefined);
}

/** The keys that may stand directly under a path (empty for the file itself); none when it holds a value. */
export function keysAt(path: readonly PropertyKey[]): readonly string[] {
  const schema = schemaAt(path);
  return schema instanceof z.ZodObject ? Object.keys(schema.shape) : [];
}

/** The default of what stands at a path, as a file would write it; undefined when there is none. */
export function defaultAt(path: readonly string[]): unknown {
  let found: unknown;
  let schema: z.core.$ZodType = Scenario;
  for (const name of path) {
    const inner: z.core.$ZodType = unwrap(schema);
    if (!(inner instanceof z.ZodObject)) return undefined;
    const next: unknown = (inner.shape as Record<string, unknown>)[name];
    if (!(next instanceof z.ZodType)) return undefined;
    found = prefaultOf(next) ?? memberOf(found, name);
    schema = next;
  }
  return found;
}

/** What the schema wants at a path: its form, when it is a value; undefined for a path that no file may have. */
export function formAt(path: readonly PropertyKey[]): Pick<ScenarioKey, "form" | "choices"> | undefined {
  const schema = schemaAt(path);
  return schema === undefined || (schema instanceof z.ZodObject && !isSpread(schema))
    ? undefined
    : formOf(schema);
}

function keysUnder(schema: z.core.$ZodType, path: string, inherited: unknown): readonly ScenarioKey[] {
  const inner = unwrap(schema);
  const fallback = prefaultOf(schema) ?? inherited;
  if (!(inner instanceof z.ZodObject) || isSpread(inner)) {
    return [{ path, ...formOf(inner), default: fallback }];
  }
  return Object.entries(inner.shape as Record<string, z.core.$ZodType>).flatMap(([name, member]) =>
    keysUnder(member, path === "" ? name : `${path}.${name}`, memberOf(fallback, name)),
  );
}

function schemaAt(path: readonly PropertyKey[]): z.core.$ZodType | undefined {
  let schema: z.core.$ZodType = Scenario;
  for (const name of path) {
    const next: z.core.$ZodType | undefined = memberSchema(schema, name);
    if (next === undefined) return undefined;
    schema = next;
  }
  return schema;
}

function memberSchema(schema: z.core.$ZodType, name: PropertyKey): z.core.$ZodType | undefined {
  if (schema instanceof z.ZodObject) {
    const member: unknown = Object.hasOwn(schema.shape, name) ? schema.shape[String(name)] : undefined;
    return member instanceof z.ZodType ? unwrap(member) : undefined;
  }
  if (schema instanceof z.ZodArray) return unwrap(schema.element);
  if (schema instanceof z.ZodTuple) {
    const item: unknown = schema.def.items[Number(name)];
    return item instanceof z.ZodType ? unwrap(item) : undefined;
  }
  return undefined;
}

function unwrap(schema: z.core.$ZodType): z.core.$ZodType {
  if (schema instanceof z.ZodPrefault) return unwrap(schema.def.innerType);
  if (schema instanceof z.ZodPipe) return unwrap(schema.def.in);
  return schema;
}

function prefaultOf(schema: z.core.$ZodType): unknown {
  return schema instanceof z.ZodPrefault ? schema.def.defaultValue : undefined;
}

function memberOf(value: unknown, name: string): unknown {
  return value !== null && typeof value === "object" && Object.hasOwn(value, name)
    ? (value as Record<string, unknown>)[name]
    : undefined;
}

function isSpread(schema: z.ZodObject): boolean {
  return Object.keys(schema.shape).join() === "p50,p99";
}

/** Shares and times are both text to the schema; which of them one is shows by what it takes. */
function formOf(schema: z.core.$ZodType): Pick<ScenarioKey, "form" | "choices"> {
  if (schema instanceof z.ZodEnum) return { form: "choice", choices: schema.options.map(String) };
  if (schema instanceof z.ZodUnion) return { form: "choice", choices: schema.options.flatMap(literalValues) };
  if (schema instanceof z.ZodObject) return { form: "spread", choices: [] };
  if (schema instanceof z.ZodArray || schema instanceof z.ZodTuple) return { form: "list", choices: [] };
  if (schema instanceof z.ZodNumber) return { form: schema.isInt ? "whole number" : "number", choices: [] };
  assert(schema instanceof z.ZodString, "a scenario holds only texts, numbers, lists and keys");
  if (schema.safeParse("a-scenario").success && schema.safeParse("").success)
    return { form: "text", choices: [] };
  return {
    form: schema.safeParse("1%").success ? "share" : schema.safeParse("1d").success ? "time" : "text",
    choices: [],
  };
}

function literalValues(option: z.core.$ZodType): readonly string[] {
  return option instanceof z.ZodLiteral ? [...option.values].map(String) : [];
}
