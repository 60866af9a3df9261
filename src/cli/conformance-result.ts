/**
 * Owns the making of a report on an implementation from verdicts and a run: in plain data, redacted throughout.
 * Refuses to judge and to print.
 */

import { assertNever } from "../base/assert.ts";
import { formatInstant } from "../base/time.ts";
import type { Exchange } from "../conformance/desk.ts";
import type { Probe } from "../conformance/probe.ts";
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
import { heardOf, staleText, stepOf, toldOf } from "./conformance-words.ts";
import { fleetReport } from "./fleet-words.ts";
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
  /** The command that plays a counterexample in this file of the report's folder again. */
  replay(file: string): string;
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
    ...(run.fleet === undefined ? {} : { fleet: fleetReport(run.fleet) }),
    waitedMs: Math.round(seen.waitedMs),
    left: run.left.map(({ trace, why }) => ({ what: traceText(trace), why })),
    deleted: run.deleted,
    again: seen.again,
  };
  return redactAll(report, seen.redact);
}

/** `phases 1, 2 · conflicts enforce, If-Match optional, resolved by server`. */
function declaredText({ phases, mode, ifMatch, resolvedBy }: Declared): string {
  const those = phases.length === 0 ? "no phases" : `phases ${phases.join(", ")}`;
  return `${those} · conflicts ${mode}, If-Match ${ifMatch}, resolved by ${resolvedBy}`;
}

export function traceText(trace: Trace): string {
  const account = trace.account === undefined ? "" : ` of account ${accountText(trace.account)}`;
  switch (trace.trace) {
    case "record":
      return `${trace.entity} ${trace.id}${account}`;
    case "registration":
      return `push registration of ${trace.deviceId}${account}`;
    case "create":
      return `a ${trace.entity} whose ${trace.field} is ${JSON.stringify(trace.text)}${account}`;
    default:
      return assertNever(trace);
  }
}

/** The profile's two are a and b; those of a tokens file are counted. */
function accountText(account: number): string {
  return account === 0 ? "a" : account === 1 ? "b" : String(account + 1);
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
    violations: findings.map((finding, nth) =>
      violationOf(finding, nth === 0 ? `${id}.json` : `${id}-${nth + 1}.json`, seen),
    ),
  };
}

type ProbeFinding = Finding & { readonly probe: Pick<Probe, "id"> };

/** What the requests of a run are shown with. */
export type Shown = Pick<SeenRun, "url" | "headers" | "paths" | "redact" | "replay"> & {
  readonly again?: string;
};

/** A finding in plain data; texts of the target in it are not redacted yet. */
export function violationOf(finding: ProbeFinding, file: string, seen: Shown): RuleViolation {
  const { violation, exchanges, sockets, runId, exchangesFirst, probe, told } = finding;
  // A probe that shows a member which is not there has no text for it, whatever its type says.
  const short = (text: string | undefined): string => (text ?? "nothing").replaceAll(`${runId}-`, "");
  const { because } = violation;
  const expected = short(violation.expected);
  const actual = short(violation.actual);
  const last = exchanges.at(-1);
  const curl = ({ ask }: Exchange): string => curlAsSent(ask.http, seen);
  return {
    message: `expected ${expected}; actual ${actual}`,
    probe: probe.id,
    expected,
    actual,
    ...becauseMember(short(withStale(because, exchanges))),
    evidence: {
      steps: told?.map(short) ?? exchanges.map((exchange) => short(stepOf(exchange))),
      stepsFirst: exchangesFirst,
      request: last === undefined ? "none" : curl(last),
      exchanges: exchanges.map((exchange) => ({
        request: curl(exchange),
        answer: answerOf(exchange),
        told: toldOf(exchange, short),
      })),
      ...(sockets.length === 0 ? {} : { heard: sockets.map((socket) => heardOf(socket, runId, short)) }),
    },
    // What a fleet met has no smallest value: the whole run shows it again.
    ...(told === undefined
      ? { counterexample: file, replay: seen.replay(file) }
      : { replay: seen.again ?? "" }),
  };
}

function becauseMember(because: string) {
  return because === "" ? {} : { because };
}

/** What led to it in the probe's words; a condition that another write had made stale is told, where they do not. */
function withStale(because: string | undefined, exchanges: readonly Exchange[]): string {
  const stale = because?.includes("If-Match") ? undefined : staleText(exchanges);
  if (stale === undefined) return because ?? "";
  return because === undefined || stale.includes(because) ? stale : `${because}; ${stale}`;
}

function curlAsSent(request: HttpRequest, { url, headers, paths, redact }: Shown): string {
  const sent = {
    ...request,
    path: renamed(request.path, paths),
    headers: { ...headers, ...request.headers },
  };
  return curlOf(sent, url, redact, new Set(Object.keys(headers).map((name) => name.toLowerCase())));
}

const ANSWER_CHARS_MAX = 4_000;

function answerOf({ outcome }: Exchange): string {
  if (outcome.outcome === "indefinite") return `no answer: ${outcome.reason}`;
  const { status, text } = outcome.answer;
  return `${status} ${text.slice(0, ANSWER_CHARS_MAX)}`.trimEnd();
}
