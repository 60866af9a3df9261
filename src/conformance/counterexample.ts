/**
 * Owns counterexamples of probes: what a file has to say so that the value which broke a rule can be drawn again, and
 * what was seen of it.
 * Refuses to run anything and to touch files. No secret stands in one: whoever makes one has taken them out.
 */

import { constant, sample } from "fast-check";
import { z } from "zod";
import { ENTITIES } from "../protocol/entity.ts";
import { ruleById } from "../protocol/rules/registry.ts";
import { isPattern } from "./pattern.ts";
import type { Probe } from "./probe.ts";
import type { Declared, TargetFacts } from "./target.ts";

const SCHEMA_NAME = "zeke-sync/conformance-counterexample@";
export const COUNTEREXAMPLE_SCHEMA = `${SCHEMA_NAME}1`;

const Count = z.number().nonnegative();

/** What the values that a probe draws, and its needs, rest on. Tokens are no part of it. */
const SavedFacts = z.object({
  declared: z.object({
    phases: z.array(z.number()),
    mode: z.enum(["off", "advisory", "enforce"]),
    ifMatch: z.enum(["optional", "required"]),
    resolvedBy: z.enum(["server", "client"]),
    deltaLimitMax: Count,
    retentionSeconds: Count,
    mutationsMax: Count,
    ttlSeconds: Count,
    bodyBytesMax: Count,
    pushEntities: z.array(z.string()),
    receiptDelaySeconds: Count,
    webhooks: z.boolean(),
    replayMax: Count.optional(),
    strategies: z.record(z.string(), z.string()),
  }),
  /** Source of a regular expression. */
  revision: z.string().refine(isPattern, "it is no regular expression"),
  ordered: z.boolean(),
  pushSink: z.boolean(),
  webhooks: z.boolean(),
  expiredRevision: z.string().optional(),
  roundTripMs: Count,
  patienceMs: Count,
  waitMsMax: Count,
});
type SavedFacts = z.infer<typeof SavedFacts>;

/** One file. */
export const ConformanceCounterexample = z.object({
  schema: z.literal(COUNTEREXAMPLE_SCHEMA),
  /** Version of zeke-sync. */
  suite: z.string(),
  rule: z.string().refine((id) => ruleById(id) !== undefined, "there is no such rule"),
  probe: z.string(),
  /** Of fast-check: under `seed` the probe's values are at `path` the one that broke the rule. */
  seed: z.number().int(),
  path: z.string().regex(/^\d+(?::\d+)*$/, "a path is numbers with colons between them"),
  /** That value, for people, and to see that the same is drawn again: as `plainOf` writes it. */
  value: z.unknown(),
  target: z.string(),
  facts: SavedFacts,
  /** Requests of the run that showed it first, and of this one. */
  shrunk: z.object({ from: Count, to: Count }),
  violation: z.object({ expected: z.string(), actual: z.string(), because: z.string().optional() }),
  exchanges: z.array(z.object({ request: z.string(), answer: z.string() })),
});
export type ConformanceCounterexample = z.infer<typeof ConformanceCounterexample>;

/** True for what names itself a counterexample of a probe, in whatever version. */
export function isConformanceCounterexample(value: unknown): boolean {
  const { schema } = Object(value) as { readonly schema?: unknown };
  return typeof schema === "string" && schema.startsWith(SCHEMA_NAME);
}

/** The counterexample, or in one sentence where it is none. */
export function readConformanceCounterexample(
  value: unknown,
): ConformanceCounterexample | { readonly fault: string } {
  const { schema } = Object(value) as { readonly schema?: unknown };
  if (schema !== COUNTEREXAMPLE_SCHEMA)
    return {
      fault: `its schema is ${JSON.stringify(schema)}, and this version reads ${COUNTEREXAMPLE_SCHEMA}`,
    };
  const parsed = ConformanceCounterexample.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  return { fault: `${issue?.path.join(".") || "it"}: ${issue?.message ?? "another form"}` };
}

/** The facts of a target as they are saved: without its tokens. */
export function savedFacts(facts: TargetFacts): SavedFacts {
  const { declared, revision, ordered, pushSink, expiredRevision, webhookAccounts } = facts;
  const { phases, pushEntities, strategies, ...rest } = declared;
  return {
    declared: {
      ...rest,
      phases: [...phases],
      pushEntities: [...pushEntities],
      strategies: { ...strategies },
    },
    revision: revision.source,
    ordered,
    pushSink,
    webhooks: webhookAccounts !== undefined,
    ...(expiredRevision === undefined ? {} : { expiredRevision }),
    roundTripMs: facts.roundTripMs,
    patienceMs: facts.patienceMs,
    // Time without end is no number in JSON.
    waitMsMax: Math.min(facts.waitMsMax, Number.MAX_SAFE_INTEGER),
  };
}

/** The facts under which its value is drawn; the accounts have no tokens. */
function factsSaved({ facts }: Pick<ConformanceCounterexample, "facts">): TargetFacts {
  const { declared, expiredRevision, webhooks, ...rest } = facts;
  const { replayMax, ...others } = declared;
  const all: Declared = { ...others, ...(replayMax === undefined ? {} : { replayMax }) };
  return {
    ...rest,
    declared: all,
    revision: new RegExp(facts.revision),
    accounts: [
      { name: "a", token: "" },
      { name: "b", token: "" },
    ],
    ...(webhooks ? { webhookAccounts: ["a", "b"] as const } : {}),
    ...(expiredRevision === undefined ? {} : { expiredRevision }),
  };
}

/** The value that broke the rule, drawn again; or in one sentence why it cannot be. */
export function valueAgain(
  example: ConformanceCounterexample,
  probe: Probe,
): { readonly value: unknown } | { readonly fault: string } {
  const { seed, path, suite } = example;
  const other = { fault: `zeke-sync ${suite} wrote it, and ${probe.id} draws other values now` };
  let value: unknown;
  try {
    [value] = sample(probe.values(factsSaved(example)), { seed, path, numRuns: 1 });
  } catch {
    return other;
  }
  return isSame(example.value, JSON.parse(JSON.stringify(plainOf(value)))) ? { value } : other;
}

/** The probe with this value and no other. */
export function pinned(probe: Probe, value: unknown, runs: number): Probe {
  return { ...probe, runs, values: () => constant(value) };
}

const HIDDEN = "***";

/** Whether two are the same JSON; a text in which something is hidden is taken for any other. */
function isSame(saved: unknown, drawn: unknown): boolean {
  if (typeof saved === "string" && saved.includes(HIDDEN)) return typeof drawn === "string";
  if (typeof saved !== "object" || saved === null || typeof drawn !== "object" || drawn === null)
    return saved === drawn;
  if (Array.isArray(saved) !== Array.isArray(drawn)) return false;
  const left = Object.entries(saved);
  const right = new Map(Object.entries(drawn));
  return (
    left.length === right.size &&
    left.every(([name, one]) => name.includes(HIDDEN) || (right.has(name) && isSame(one, right.get(name))))
  );
}

/** A drawn value as JSON can hold it: what JSON has no words for stands under a name that begins with `$`. */
export function plainOf(value: unknown): unknown {
  switch (typeof value) {
    case "undefined":
      return { $undefined: true };
    case "bigint":
      return { $bigint: String(value) };
    case "number":
      return Number.isFinite(value) && !Object.is(value, -0) ? value : { $number: numberText(value) };
    case "symbol":
      return { $symbol: String(value.description) };
    case "function":
      return plainFunction(value as (entity: unknown) => unknown);
    case "object":
      return value === null ? null : plainObject(value);
    default:
      return value;
  }
}

function numberText(value: number): string {
  return Object.is(value, -0) ? "-0" : String(value);
}

function plainObject(value: object): unknown {
  if (Array.isArray(value)) return value.map(plainOf);
  if (value instanceof Map) return { $map: [...value].map(([name, one]) => [plainOf(name), plainOf(one)]) };
  if (value instanceof Set) return { $set: [...value].map(plainOf) };
  if (value instanceof RegExp) return { $pattern: String(value) };
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, plainOf(one)]));
}

/** Many probes draw fields for whichever entity they come to: such a function is told by what it gives for each. */
function plainFunction(value: (entity: unknown) => unknown): unknown {
  const name = { $function: value.name };
  if (value.length !== 1 || isGenerator(value)) return name;
  try {
    const fields = ENTITIES.map((entity) => [entity, value(entity)] as const);
    if (!fields.every(([, one]) => isFields(one))) return name;
    return { $for: Object.fromEntries(fields.map(([entity, one]) => [entity, plainOf(one)])) };
  } catch {
    return name;
  }
}

function isGenerator(value: object): boolean {
  return Object.prototype.toString.call(value) === "[object GeneratorFunction]";
}

function isFields(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}
