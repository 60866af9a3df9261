/**
 * Owns the making of a report on an implementation from verdicts and a run: in plain data, redacted throughout.
 * Refuses to judge and to print.
 */

import { formatInstant } from "../base/time.ts";
import type { Exchange } from "../conformance/desk.ts";
import { curlOf, type Redact, redactAll } from "../conformance/redact.ts";
import type { Declared, HttpRequest } from "../conformance/target.ts";
import type { Trace } from "../conformance/traces.ts";
import type { Finding } from "../conformance/trial.ts";
import type { JudgedRule, Judgement } from "../conformance/verdicts.ts";
import type { SuiteRun } from "../live/live-suite.ts";
import { renamed } from "../live/live-target.ts";
import type {
  ConformanceReport,
  RuleReport,
  RuleVerdictName,
  RuleViolation,
} from "../report/conformance-result.ts";
import { ownVersion } from "./version.ts";

/** What is told beside the verdicts. */
export interface SeenRun {
  readonly runId: string;
  readonly seed: number;
  readonly startedMs: number;
  readonly durationMs: number;
  readonly url: string;
  /** What the profile puts into every request, and renames. */
  readonly headers: { readonly [name: string]: string };
  readonly paths: ReadonlyMap<string, string>;
  readonly declared: Declared;
  readonly roundTripMs: number;
  readonly judgement: Judgement;
  readonly run: SuiteRun;
  readonly ended: string | undefined;
  readonly probesAll: number;
  readonly requests: number;
  readonly waitedMs: number;
  readonly again: string;
  /** The command that shows a rule's violation again. */
  replay(rule: string): string;
  readonly redact: Redact;
}

/** The report, with every secret taken out. */
export function conformanceReport(seen: SeenRun): ConformanceReport {
  const { judgement, run, ended } = seen;
  const report: ConformanceReport = {
    schema: "zeke-sync/conformance@1",
    suite: ownVersion(),
    runId: seen.runId,
    seed: seen.seed,
    startedAt: formatInstant(seen.startedMs),
    durationMs: Math.round(seen.durationMs),
    target: {
      url: seen.url,
      says: declaredText(seen.declared),
      roundTripMs: Math.round(seen.roundTripMs * 10) / 10,
    },
    verdict: judgement.verdict,
    ...(ended === undefined ? {} : { ended }),
    rules: judgement.rules.map((rule) => ruleReport(rule, seen)),
    baseline: judgement.baselineFaults,
    summary: summaryOf(judgement),
    requests: seen.requests,
    probes: {
      run: run.trials.length,
      all: seen.probesAll,
      runs: run.trials.reduce((sum, { runs }) => sum + runs, 0),
      each: run.trials.map(({ probe, runs, requests, discarded }) => ({
        probe: probe.id,
        runs,
        requests,
        discarded: Object.fromEntries(discarded),
      })),
    },
    waitedMs: Math.round(seen.waitedMs),
    left: run.left.map(({ trace, why }) => ({ what: traceText(trace), why })),
    deleted: run.deleted,
    again: seen.again,
  };
  return redactAll(report, seen.redact);
}

/** `phases 1, 2 · conflicts enforce, If-Match optional, resolved by server`. */
export function declaredText({ phases, mode, ifMatch, resolvedBy }: Declared): string {
  const those = phases.length === 0 ? "no phases" : `phases ${phases.join(", ")}`;
  return `${those} · conflicts ${mode}, If-Match ${ifMatch}, resolved by ${resolvedBy}`;
}

export function traceText(trace: Trace): string {
  const account = trace.account === undefined ? "" : ` of account ${trace.account === 0 ? "a" : "b"}`;
  return trace.trace === "record"
    ? `${trace.entity} ${trace.id}${account}`
    : `push registration of ${trace.deviceId}${account}`;
}

function summaryOf({ rules }: Judgement): Record<RuleVerdictName, number> {
  const count = (verdict: RuleVerdictName) => rules.filter((rule) => rule.verdict === verdict).length;
  return {
    satisfied: count("satisfied"),
    violated: count("violated"),
    "not exercised": count("not exercised"),
    excluded: count("excluded"),
  };
}

function ruleReport(judged: JudgedRule, seen: SeenRun): RuleReport {
  const { rule, verdict, exercised, findings, binds } = judged;
  const { id, level, side, phase, family, text } = rule;
  return {
    id,
    level,
    side,
    phase,
    family,
    text,
    verdict,
    exercised,
    binds,
    ...("reason" in judged ? { reason: judged.reason } : {}),
    ...("known" in judged && judged.known !== undefined ? { known: judged.known } : {}),
    violations: findings.map((finding) => violationOf(finding, finding.probe.id, seen)),
  };
}

function violationOf(finding: Finding, probe: string, seen: SeenRun): RuleViolation {
  const { violation, exchanges, runId, exchangesFirst } = finding;
  // A probe that shows a member which is not there has no text for it, whatever its type says.
  const short = (text: string | undefined): string => (text ?? "nothing").replaceAll(`${runId}-`, "");
  const { rule, because } = violation;
  const expected = short(violation.expected);
  const actual = short(violation.actual);
  const last = exchanges.at(-1);
  const curl = ({ ask }: Exchange): string => curlAsSent(ask.http, seen);
  return {
    message: `expected ${expected}; actual ${actual}`,
    probe,
    expected,
    actual,
    ...(because === undefined ? {} : { because: short(because) }),
    evidence: {
      steps: exchanges.map((exchange) => short(stepOf(exchange))),
      stepsFirst: exchangesFirst,
      request: last === undefined ? "none" : curl(last),
      exchanges: exchanges.map((exchange) => ({
        request: curl(exchange),
        answer: answerOf(exchange),
      })),
    },
    replay: seen.replay(rule),
  };
}

function curlAsSent(request: HttpRequest, { url, headers, paths, redact }: SeenRun): string {
  const sent = {
    ...request,
    path: renamed(request.path, paths),
    headers: { ...headers, ...request.headers },
  };
  return curlOf(sent, url, redact, new Set(Object.keys(headers).map((name) => name.toLowerCase())));
}

function stepOf({ ask, outcome }: Exchange): string {
  const status = outcome.outcome === "answered" ? String(outcome.answer.status) : outcome.reason;
  return `${ask.actor.name} ${ask.label.trim()} (${status})`;
}

const ANSWER_CHARS_MAX = 4_000;

function answerOf({ outcome }: Exchange): string {
  if (outcome.outcome === "indefinite") return `no answer: ${outcome.reason}`;
  const { status, text } = outcome.answer;
  return `${status} ${text.slice(0, ANSWER_CHARS_MAX)}`.trimEnd();
}
