/**
 * Owns plain counts of what happened, for the report.
 * Refuses to relate them to each other.
 */

import { byCodeUnit } from "../base/canonical-json.ts";
import type { Fact, FactOf } from "../history/facts.ts";
import type { Measure } from "./measure.ts";

type Outcome = FactOf<"settled">["outcome"];

/** Counts of one run. */
export interface Counts {
  /** Devices that started at least once. */
  readonly devices: number;
  readonly edits: number;
  /** Edits by how they ended; one that failed and was taken up again is counted at each end. */
  readonly settled: Readonly<Record<Outcome, number>>;
  /** Times that a person was asked about a conflict. */
  readonly asked: number;
  /** Changes that the driver saw the server commit. */
  readonly commits: number;
  /** Requests by call, those included that never left the phone; calls that never happened are absent. */
  readonly requests: Readonly<Record<string, number>>;
  readonly failures: {
    /** No answer came; the outcome is open. */
    readonly timeout: number;
    /** The request did not leave the phone. */
    readonly unreachable: number;
    /** Answered 5xx. */
    readonly server: number;
    /** Answered 4xx. */
    readonly refused: number;
  };
  /** Pushes handed over to the push service; seen by drivers of the server only. */
  readonly pushesSent: number;
  readonly pushesReceived: number;
  readonly kills: number;
  /** Times that a device lost its network. */
  readonly offlineSpans: number;
  /** Connections that ended, and attempts that failed. */
  readonly disconnects: number;
}

/** A new measure of counts. */
export function createCounts(): CountsMeasure {
  return new CountsMeasure();
}

const OUTCOMES: readonly Outcome[] = ["applied", "merged", "yielded", "failed", "discarded", "cancelled"];

class CountsMeasure implements Measure<Counts> {
  readonly wants = [
    "started",
    "edited",
    "settled",
    "retried",
    "asked",
    "committed",
    "sent",
    "answered",
    "unanswered",
    "push_handed_over",
    "pushed",
    "killed",
    "offline",
    "disconnected",
  ] as const;
  private readonly known = new Set<number>();
  /** Failed edits that nobody took up again, by device and name. */
  private readonly failed = new Set<string>();
  private readonly plain = {
    devices: 0,
    edits: 0,
    asked: 0,
    commits: 0,
    pushesSent: 0,
    pushesReceived: 0,
    kills: 0,
    offlineSpans: 0,
    disconnects: 0,
  };
  private readonly failures = { timeout: 0, unreachable: 0, server: 0, refused: 0 };
  private readonly settled: Record<Outcome, number> = {
    applied: 0,
    merged: 0,
    yielded: 0,
    failed: 0,
    discarded: 0,
    cancelled: 0,
  };
  private readonly requests = new Map<string, number>();

  fold(fact: Fact): void {
    const { plain, failures } = this;
    switch (fact.fact) {
      case "started":
        if (this.known.has(fact.device)) return;
        this.known.add(fact.device);
        plain.devices++;
        return;
      case "settled":
        this.ended(fact);
        return;
      case "retried":
        this.failed.delete(`${fact.device} ${fact.mutation}`);
        return;
      case "sent":
        this.requests.set(fact.call, (this.requests.get(fact.call) ?? 0) + 1);
        return;
      case "answered":
        if (fact.status >= 500) failures.server++;
        else if (fact.status >= 400) failures.refused++;
        return;
      case "unanswered":
        failures[fact.why]++;
        return;
      default: {
        const name = COUNTED[fact.fact as keyof typeof COUNTED];
        if (name !== undefined) plain[name]++;
      }
    }
  }

  /** A failure that is told again after a restart is one failure. */
  private ended({ device, mutation, outcome }: FactOf<"settled">): void {
    const name = `${device} ${mutation}`;
    if (outcome === "failed" && this.failed.has(name)) return;
    if (outcome === "failed") this.failed.add(name);
    else if (this.failed.size > 0) this.failed.delete(name);
    this.settled[outcome]++;
  }

  merge(other: CountsMeasure): void {
    for (const name of Object.keys(this.plain) as (keyof typeof this.plain)[])
      this.plain[name] += other.plain[name];
    for (const name of Object.keys(this.failures) as (keyof typeof this.failures)[]) {
      this.failures[name] += other.failures[name];
    }
    for (const outcome of OUTCOMES) this.settled[outcome] += other.settled[outcome];
    for (const [call, count] of other.requests)
      this.requests.set(call, (this.requests.get(call) ?? 0) + count);
  }

  result(): Counts {
    const requests = Object.fromEntries(
      [...this.requests].sort(([left], [right]) => byCodeUnit(left, right)),
    );
    const { devices, edits, asked, commits, ...rest } = this.plain;
    return {
      devices,
      edits,
      settled: { ...this.settled },
      asked,
      commits,
      requests,
      failures: { ...this.failures },
      ...rest,
    };
  }
}

const COUNTED = {
  edited: "edits",
  asked: "asked",
  committed: "commits",
  push_handed_over: "pushesSent",
  pushed: "pushesReceived",
  killed: "kills",
  offline: "offlineSpans",
  disconnected: "disconnects",
} as const;
