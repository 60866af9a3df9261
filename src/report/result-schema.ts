/**
 * Owns the form of report.json, version 1: what a reader of another version of this program may rely on.
 * Refuses to know how a report comes to be. All that depends on the wall clock stands in `timing`, so that two
 * runs of one seed are the same bytes apart from it.
 */

import { z } from "zod";
import type { Json } from "../base/canonical-json.ts";
import { ENTITIES } from "../protocol/entity.ts";
import { FIGURES, STATISTICS } from "./figure.ts";
import { DiagramEntry, SeriesEntry } from "./series-schema.ts";

export const SIMULATION_SCHEMA = "zeke-sync/simulation@1";

const Count = z.number().int().min(0);
const Unit = z.enum(["ms", "share", "count", "bytes"]);
const JsonValue: z.ZodType<Json> = z.json();
/** A fact, member for member, or what is left of one that was too long. */
const EvidenceFact = z.record(z.string(), JsonValue);

const ViolationEntry = z.strictObject({
  /** Simulated time, RFC 3339, and how long after the start of the run. */
  at: z.string(),
  afterMs: z.number(),
  expected: z.string(),
  actual: z.string(),
  because: z.string(),
  evidence: z.array(EvidenceFact),
  /** What led to it, of the first breaches of a rule. */
  diagram: DiagramEntry.exactOptional(),
});
export type ViolationEntry = z.output<typeof ViolationEntry>;

const RuleEntry = z.strictObject({
  id: z.string(),
  level: z.enum(["MUST", "SHOULD"]),
  side: z.enum(["P", "D", "S", "R"]),
  phase: z.number().int(),
  text: z.string(),
  verdict: z.enum(["satisfied", "violated", "not exercised", "excluded"]),
  exercised: Count,
  /** Why it was not exercised, or is excluded. */
  reason: z.string().optional(),
  /** How many breaches were found; `violations` holds the first few. */
  violated: Count,
  violations: z.array(ViolationEntry),
});
export type RuleEntry = z.output<typeof RuleEntry>;

const FamilyEntry = z.strictObject({
  family: z.string(),
  title: z.string(),
  rules: Count,
  satisfied: Count,
  violated: Count,
  notExercised: Count,
  excluded: Count,
  exercised: Count,
});
export type FamilyEntry = z.output<typeof FamilyEntry>;

const FigureEntry = z.strictObject({
  name: z.enum(FIGURES.map((spec) => spec.name)),
  unit: Unit,
  samples: Count,
  values: z.partialRecord(z.enum(STATISTICS), z.number()),
  breakdown: z.record(z.string(), z.number()).optional(),
});

const ThresholdEntry = z.strictObject({
  threshold: z.string(),
  verdict: z.enum(["met", "missed", "no data"]),
  actual: z.number().optional(),
  unit: Unit,
});

const ConflictEntry = z.strictObject({
  entity: z.enum(ENTITIES),
  /** Writes that carried If-Match, and of them those whose base was not current any more. */
  writes: Count,
  stale: Count,
  /** Who resolved the stale ones, or how else they ended; together they are all of them. */
  endedBy: z.strictObject({
    server: Count,
    device: Count,
    /** Answers to the conflict dialog. */
    mine: Count,
    theirs: Count,
    merged: Count,
    /** A person took the failed edit up again, or gave it up. */
    byHand: Count,
    refused: Count,
    /** Waits for its user, or waited when the run ended. */
    open: Count,
    /** Applied plainly over what was there: modes `advisory` and `off`. */
    overwritten: Count,
  }),
});
export type ConflictEntry = z.output<typeof ConflictEntry>;

const DrawEntry = z.strictObject({
  /** As `--set` takes them. */
  settings: z.array(z.string()),
  faults: z.array(
    z.strictObject({
      name: z.string(),
      on: z.boolean(),
      strength: z.array(z.string()),
      /** How often it struck. */
      struck: Count,
    }),
  ),
});
export type DrawEntry = z.output<typeof DrawEntry>;

const LatencyEntry = z.strictObject({
  count: Count,
  p50: z.number(),
  p90: z.number(),
  p99: z.number(),
  max: z.number(),
});

/** A live target, and how it was to be asked. */
const TargetEntry = z.strictObject({
  url: z.string(),
  /** How much faster than they would people lived; the protocol's own waits are not shortened. */
  speed: z.number(),
  requests: Count,
  failures: Count,
  requestsPerSecond: z.number(),
  /** `meant` counts from when each request was meant to leave, `onTheWay` from when it left. */
  latencyMs: z.strictObject({ meant: LatencyEntry.exactOptional(), onTheWay: LatencyEntry.exactOptional() }),
  sockets: z.strictObject({ most: Count, refused: Count }),
  /** The longest that anything was done later than it was due by this process's own fault. */
  lateMsMax: z.number(),
  /** How late, by the same fault, each thing was. */
  lateMs: LatencyEntry.exactOptional(),
  /** True: the latencies are for the most part this process's own delay, and say little of the target. */
  isOwnDelay: z.boolean(),
  memoryBytes: Count,
  /** CPU time that this process spent on the run. */
  cpuSeconds: z.number(),
  /** The target's own, where it tells them at /metrics. */
  theirs: z.strictObject({ memoryBytes: Count, cpuSeconds: z.number() }).exactOptional(),
  /** Things that could not be deleted. */
  left: Count,
  /** Why rules that rest on commits were not judged, from some point on. */
  unjudged: z.string().exactOptional(),
});

const Timing = z.strictObject({
  runId: z.string(),
  startedAt: z.string(),
  wallMs: z.number().min(0),
  /** Simulated ms per ms of wall time. */
  timesRealTime: z.number().min(0),
  eventsPerSecond: z.number().min(0),
  node: z.string(),
});

/** report.json of a simulation. */
export const SimulationReport = z.strictObject({
  schema: z.literal(SIMULATION_SCHEMA),
  suite: z.strictObject({ name: z.literal("zeke-sync"), version: z.string() }),
  /** `fail`: a rule is violated, a threshold is missed, or the run did not settle. */
  verdict: z.enum(["pass", "fail", "interrupted"]),
  /** The command that runs the same again. */
  again: z.string(),
  seed: Count,
  scenario: z.strictObject({
    name: z.string(),
    description: z.string(),
    settings: z.record(z.string(), JsonValue),
  }),
  /** What the seed drew, in a swarm. */
  draw: DrawEntry.optional(),
  fleet: z.strictObject({ accounts: Count, devices: Count, phases: z.array(z.number().int()) }),
  run: z.strictObject({
    ended: z.enum(["settled", "unsettled", "interrupted"]),
    simulatedMs: z.number().min(0),
    /** Of it, the time in which faults were on. */
    agitatedMs: z.number().min(0),
    events: Count,
    deviceEvents: Count,
    facts: Count,
    edits: Count,
    requests: Count,
    commits: Count,
    kills: Count,
    digest: z.string(),
  }),
  /** What the screen shows and thresholds name. */
  figures: z.array(FigureEntry),
  /** By entity; not in reports of older versions. */
  conflicts: z.array(ConflictEntry).prefault([]),
  /** How often each fault struck, by its name; 0 for those that did not. Not in reports of older versions. */
  faults: z.record(z.string(), Count).prefault({}),
  /** All that was measured; null where there was nothing to measure. */
  metrics: z.record(z.string(), JsonValue),
  /** How it went over time; not in reports of older versions. */
  series: SeriesEntry.exactOptional(),
  /** In reports of live runs (`simulate --target`). */
  target: TargetEntry.exactOptional(),
  thresholds: z.array(ThresholdEntry),
  families: z.array(FamilyEntry),
  rules: z.array(RuleEntry),
  timing: Timing,
});
export type SimulationReport = z.output<typeof SimulationReport>;
