/**
 * Owns the shape of a report on an implementation, `zeke-sync/conformance@1`: what report.json holds, and what every
 * other rendering is made of.
 * Refuses to know how it was found. No secret stands in it: whoever makes one has taken them out.
 */

import type { RuleFamily, RuleLevel, RulePhase, RuleSide } from "../protocol/rules/rule.ts";

export interface ConformanceReport {
  readonly schema: "zeke-sync/conformance@1";
  /** Of zeke-sync. */
  readonly suite: string;
  readonly runId: string;
  readonly seed: number;
  /** RFC 3339. */
  readonly startedAt: string;
  readonly durationMs: number;
  readonly target: { readonly url: string; readonly says: string; readonly roundTripMs: number };
  readonly verdict: "pass" | "fail" | "inconclusive";
  /** Why it ended before its end. */
  readonly ended?: string;
  readonly rules: readonly RuleReport[];
  readonly baseline: readonly { readonly rule: string; readonly message: string }[];
  readonly summary: Readonly<Record<RuleVerdictName, number>>;
  readonly requests: number;
  readonly probes: {
    readonly run: number;
    readonly all: number;
    readonly runs: number;
    readonly each: readonly ProbeReport[];
  };
  /** Live devices that acted when the probes were over; absent: there were none. */
  readonly fleet?: {
    readonly devices: number;
    readonly requests: number;
    readonly facts: number;
    readonly ranMs: number;
    readonly ended: "settled" | "unsettled" | "stopped";
    /** Why some of what it saw was not judged. */
    readonly unjudged?: string;
  };
  /** How long probes waited for something to come, all of them together. */
  readonly waitedMs: number;
  /** What could not be deleted. */
  readonly left: readonly { readonly what: string; readonly why: string }[];
  readonly deleted: number;
  /** The command that makes this run again. */
  readonly again: string;
}

interface ProbeReport {
  readonly probe: string;
  readonly runs: number;
  readonly requests: number;
  /** Why runs ended without a verdict, and how often. */
  readonly discarded: Readonly<Record<string, number>>;
}

export type RuleVerdictName = "satisfied" | "violated" | "not exercised" | "excluded";

export interface RuleReport {
  readonly id: string;
  readonly level: RuleLevel;
  readonly side: RuleSide;
  readonly phase: RulePhase;
  readonly family: RuleFamily;
  readonly text: string;
  readonly verdict: RuleVerdictName;
  /** Runs in which it was put to the test. */
  readonly exercised: number;
  /** Whether the verdict on the target rests on it. */
  readonly binds: boolean;
  readonly reason?: string;
  /** The baseline bears its violation. */
  readonly known?: { readonly reason: string; readonly owner: string; readonly until: string };
  readonly violations: readonly RuleViolation[];
}

export interface RuleViolation {
  /** All of it in one sentence. */
  readonly message: string;
  readonly probe: string;
  readonly expected: string;
  readonly actual: string;
  readonly because?: string;
  readonly evidence: ViolationEvidence;
  /** Its file in the report's folder. */
  readonly counterexample?: string;
  /** The command that shows it again. */
  readonly replay: string;
}

export interface ViolationEvidence {
  /** What was done, in the order of sending. */
  readonly steps: readonly string[];
  /** Steps of the run that showed it first. */
  readonly stepsFirst: number;
  /** The last request, for a shell. */
  readonly request: string;
  readonly exchanges: readonly ShownExchange[];
  /** What came over sockets. */
  readonly heard?: readonly HeardSocket[];
}

export interface ShownExchange {
  /** A command for a shell. */
  readonly request: string;
  readonly answer: string;
  /** The same in few words, for diagrams; times are those of the side that judges. */
  readonly told?: {
    readonly by: string;
    readonly does: string;
    /** Absent: no answer came. */
    readonly says?: string;
    readonly sentAtMs: number;
    readonly answeredAtMs?: number;
  };
}

export interface HeardSocket {
  readonly by: string;
  readonly path: string;
  /** In few words each: `created h1 …07h`. */
  readonly frames: readonly string[];
  readonly closeCode?: number;
}
