/**
 * Owns the files of counterexamples that a run of `conformance` leaves in its folder, and the command that plays one again.
 * Refuses to find anything: report and trials are handed in.
 */

import {
  COUNTEREXAMPLE_SCHEMA,
  type ConformanceCounterexample,
  plainOf,
  savedFacts,
} from "../conformance/counterexample.ts";
import { redactAll } from "../conformance/redact.ts";
import type { TargetFacts } from "../conformance/target.ts";
import type { LiveTrial } from "../live/live-trial.ts";
import type { ConformanceReport, RuleViolation } from "../report/conformance-result.ts";
import { quoted } from "./again.ts";
import type { ConformanceOptions, Wanted } from "./conformance-options.ts";

/** One file to be written. */
export interface SavedCounterexample {
  readonly file: string;
  readonly text: string;
}

/** A counterexample for each violation of the report, without any secret. */
export function counterexamplesOf(
  report: ConformanceReport,
  trials: readonly LiveTrial[],
  facts: TargetFacts,
  wanted: Pick<Wanted, "redact" | "seed">,
): readonly SavedCounterexample[] {
  return report.rules.flatMap(({ id, violations }) =>
    violations.flatMap((violation) => {
      const trial = trials.find(({ probe }) => probe.id === violation.probe);
      const { counterexample: file } = violation;
      if (trial?.finding === undefined || trial.path === undefined || file === undefined) return [];
      const example: ConformanceCounterexample = {
        schema: COUNTEREXAMPLE_SCHEMA,
        suite: report.suite,
        rule: id,
        probe: violation.probe,
        seed: wanted.seed,
        path: trial.path,
        value: redactAll(plainOf(trial.finding.value), wanted.redact),
        target: report.target.url,
        facts: redactedFacts(facts, wanted),
        ...seenOf(violation),
      };
      return [{ file, text: `${JSON.stringify(example, undefined, 2)}\n` }];
    }),
  );
}

function redactedFacts(facts: TargetFacts, { redact }: Pick<Wanted, "redact">) {
  const saved = savedFacts(facts);
  const { expiredRevision } = saved;
  return expiredRevision === undefined ? saved : { ...saved, expiredRevision: redact(expiredRevision) };
}

function seenOf({ expected, actual, because, evidence }: RuleViolation) {
  return {
    shrunk: { from: evidence.stepsFirst, to: evidence.steps.length },
    violation: { expected, actual, ...(because === undefined ? {} : { because }) },
    exchanges: evidence.exchanges.map(({ request, answer }) => ({ request, answer })),
  };
}

/** For instance `zeke-sync replay reports/latest/CON-4.json --target http://localhost:8080`. */
export function replayCommand(
  path: string,
  { url }: Pick<Wanted, "url">,
  { profile, pushSink }: Pick<ConformanceOptions, "profile" | "pushSink">,
): string {
  const words = ["zeke-sync", "replay", path, "--target", url];
  if (profile !== undefined) words.push("--profile", profile);
  if (pushSink !== undefined) words.push("--push-sink", String(pushSink));
  return words.map(quoted).join(" ");
}
