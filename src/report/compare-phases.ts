/**
 * Owns the result of holding the roadmap's stages against each other: what was run, and its twenty promises, judged.
 * Refuses to run anything; what depends on the wall clock stands in `timing`.
 */

import { canonicalJson, type Json } from "../base/canonical-json.ts";
import { CLAIM_VERDICTS, type ClaimVerdict, type JudgedClaim, judgeClaim } from "./compare-claim.ts";
import { CLAIMS } from "./compare-claims.ts";
import { type Stage, type StageFigure, type StageName, stageFigures } from "./compare-stage.ts";

const COMPARE_PHASES_SCHEMA = "zeke-sync/compare-phases@1";

/** What was run. */
export interface ComparedWorkload {
  readonly version: string;
  readonly again: string;
  readonly seed: number;
  readonly scenario: { readonly name: string; readonly settings: unknown };
  readonly accounts: number;
  readonly devices: number;
  readonly durationMs: number;
  /** What people and networks do, written down before the first run. */
  readonly actions: number;
  /** Edits made at each stage; and those made at every one: by the same person, at the same instant, of the same record. */
  readonly edits: readonly { readonly stage: StageName; readonly made: number }[];
  readonly editsInAll: number;
  /** Accounts of the runs that show how cost grows. */
  readonly sizes: { readonly accounts: number; readonly devices: number; readonly durationMs: number };
  readonly digests: Readonly<Record<string, string>>;
  readonly timing: { readonly startedAt: string; readonly wallMs: number; readonly node: string };
}

export interface PhasesReport {
  readonly schema: typeof COMPARE_PHASES_SCHEMA;
  readonly suite: { readonly name: "zeke-sync"; readonly version: string };
  readonly again: string;
  readonly seed: number;
  readonly scenario: { readonly name: string; readonly settings: Json };
  readonly workload: Pick<
    ComparedWorkload,
    "accounts" | "devices" | "durationMs" | "actions" | "edits" | "editsInAll" | "sizes"
  >;
  readonly verdicts: Readonly<Record<ClaimVerdict, number>>;
  readonly claims: readonly JudgedClaim[];
  /** Beside the promises. */
  readonly figures: readonly StageFigure[];
  /** All that was measured of each stage. */
  readonly stages: readonly Json[];
  readonly timing: ComparedWorkload["timing"];
}

/** The report of six stages, in their order. */
export function buildPhasesReport(run: ComparedWorkload, stages: readonly Stage[]): PhasesReport {
  const claims = CLAIMS.map((claim) => judgeClaim(claim, stages));
  const { accounts, devices, durationMs, actions, edits, editsInAll, sizes } = run;
  return {
    schema: COMPARE_PHASES_SCHEMA,
    suite: { name: "zeke-sync", version: run.version },
    again: run.again,
    seed: run.seed,
    scenario: { name: run.scenario.name, settings: plain(run.scenario.settings) },
    workload: { accounts, devices, durationMs, actions, edits, editsInAll, sizes },
    verdicts: Object.fromEntries(
      CLAIM_VERDICTS.map((verdict) => [verdict, claims.filter((claim) => claim.verdict === verdict).length]),
    ) as Record<ClaimVerdict, number>,
    claims,
    figures: stageFigures(stages),
    stages: stages.map((stage) => plain({ ...stage, digest: run.digests[stage.name] })),
    timing: run.timing,
  };
}

function plain(value: unknown): Json {
  return JSON.parse(canonicalJson(value)) as Json;
}

/** The report as JSON, two spaces deep, with a newline at its end. */
export function renderPhasesJson(report: PhasesReport): string {
  return `${JSON.stringify(report, undefined, 2)}\n`;
}
