/**
 * Owns what a live fleet came to, in the words of a report: its findings as the conformance report has them, its facts as
 * lines that a person reads.
 * Refuses to judge.
 */

import type { FleetVerdict } from "../conformance/verdicts.ts";
import type { Fact, Roster } from "../history/facts.ts";
import type { SmallFleetRun } from "../live/fleet-small.ts";
import type { ConformanceReport } from "../report/conformance-result.ts";

const LINE_CHARS_MAX = 400;

/** The fleet's findings, as verdicts take them. */
export function fleetVerdict({ findings, exercised, run, roster }: SmallFleetRun): FleetVerdict {
  return {
    exercised,
    findings: findings.map(({ violation, evidence }) => ({
      violation,
      value: undefined,
      runId: "fleet",
      exchanges: [],
      sockets: [],
      exchangesFirst: evidence.length,
      shrinks: 0,
      beside: true,
      told: evidence.map((fact) => factText(fact, roster, run.startMs)),
    })),
  };
}

/** What the report says of the fleet as a whole. */
export function fleetReport({ run, devices, why }: SmallFleetRun): NonNullable<ConformanceReport["fleet"]> {
  const { ended, requests, facts, ranMs, torn } = run;
  const unjudged = why?.message ?? torn?.why;
  return { devices, requests, facts, ranMs, ended, ...(unjudged === undefined ? {} : { unjudged }) };
}

/** One fact as a line: when, who, what, and the rest as it is. */
function factText(fact: Fact, roster: Roster, startMs: number): string {
  const { fact: what, at, ...rest } = fact as Fact & { readonly device?: number; readonly account?: number };
  const { device, account, ...members } = rest as { device?: number; account?: number };
  const name = device === undefined ? undefined : roster.devices[device]?.name;
  const who = name ?? (account === undefined ? "the run" : `account ${account}`);
  const text = `+${((at - startMs) / 1_000).toFixed(3)} s  ${who}  ${what}  ${JSON.stringify(members)}`;
  return text.length > LINE_CHARS_MAX ? `${text.slice(0, LINE_CHARS_MAX)}…` : text;
}
