/**
 * Owns the form of a hunt's report: what `--json` writes, and what the screen and report.md are made of.
 * Refuses to render. All that differs between two hunts of one seed and as many runs stands in `timing`.
 */

import { z } from "zod";

export const EXPLORE_SCHEMA = "zeke-sync/explore@1";

const Count = z.number().int().min(0);
const Told = { expected: z.string(), actual: z.string(), because: z.string() };

/** One finding, shrunk. */
export const FindingReport = z.strictObject({
  rule: z.string(),
  ...Told,
  /** What all its hits have in common. */
  shape: z.string(),
  /** Runs that showed it, and the number of the first, from 0. */
  runs: Count,
  first: Count,
  /** Other findings that the shrunk plan shows too: one cause. */
  along: z.array(z.strictObject({ rule: z.string(), shape: z.string(), runs: Count })),
  /** Actions of the plan that showed it first, and of the shrunk one. */
  actions: z.strictObject({ from: Count, to: Count }),
  tries: Count,
  /** Nothing smaller is known; false: shrinking was stopped, or not begun. */
  complete: z.boolean(),
  steps: z.array(z.string()),
  /** File in the folder of the report. */
  counterexample: z.string(),
});
export type FindingReport = z.infer<typeof FindingReport>;

/** How a counterexample that was known before fared. */
export const KnownReport = z.strictObject({
  file: z.string(),
  rule: z.string(),
  fault: z.string().optional(),
  verdict: z.enum(["FIXED", "STILL VIOLATED", "CHANGED"]),
  /** Without a planted fault it must be FIXED, with one STILL VIOLATED. */
  ok: z.boolean(),
});
export type KnownReport = z.infer<typeof KnownReport>;

export const ExploreReport = z.strictObject({
  schema: z.literal(EXPLORE_SCHEMA),
  version: z.string(),
  /** Hunts the same again. */
  again: z.string(),
  verdict: z.enum(["pass", "fail", "interrupted"]),
  ended: z.enum(["runs", "time", "interrupted"]),
  seed: Count,
  scenarios: z.array(z.string()),
  fault: z.string().optional(),
  shard: z.string().optional(),
  runs: Count,
  events: Count,
  /** Different behaviours that were seen. */
  behaviours: Count,
  /** Rules whose trigger happened, and in how many runs. */
  rules: z.array(z.strictObject({ rule: z.string(), runs: Count })),
  /** What plans did, and in how many runs. Reports of older versions have none. */
  deeds: z.array(z.strictObject({ deed: z.string(), runs: Count })).exactOptional(),
  known: z.array(KnownReport),
  findings: z.array(FindingReport),
  timing: z.strictObject({
    runId: z.string(),
    startedAt: z.string(),
    wallMs: Count,
    workers: Count,
    node: z.string(),
  }),
});
export type ExploreReport = z.infer<typeof ExploreReport>;
