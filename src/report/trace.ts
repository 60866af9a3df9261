/**
 * Owns the life of one device, or of a few, as text: one line a step, fixed columns, made to be diffed.
 * Refuses to know who wrote the facts, how they are laid out (trace-page.ts), and where the text goes. What it shows
 * follows from facts and violations alone, so that it serves a simulation, a live run and a counterexample alike.
 */

import type { Fact, FactName } from "../history/facts.ts";
import type { FactFold } from "../history/journal.ts";
import { Page, type TraceEnd, type TraceSubject } from "./trace-page.ts";

/** Facts that a trace keeps at most; later ones are counted. */
const TRACE_FACTS_MAX = 500_000;

/** Facts of some devices, and the text that they make. */
export interface Trace extends FactFold {
  /** The whole trace, with a newline at its end. The same facts and violations give the same text. */
  render(end: TraceEnd): string;
}

/** A trace of these devices, in the order given; at least one. */
export function createTrace(subjects: readonly TraceSubject[]): Trace {
  return new KeptTrace(subjects);
}

/** Every fact there is, and whether it can be about a device. */
const IS_OF_A_DEVICE: Readonly<Record<FactName, boolean>> = {
  started: true,
  killed: true,
  opened: true,
  closed: true,
  online: true,
  offline: true,
  clock_set: true,
  edited: true,
  saved: true,
  rekeyed: true,
  settled: true,
  asked: true,
  chosen: true,
  retried: true,
  discarded: true,
  sent: true,
  answered: true,
  unanswered: true,
  connecting: true,
  connected: true,
  disconnected: true,
  severed: true,
  frame: true,
  pushed: true,
  shown: true,
  read: true,
  invalidated: true,
  sync_started: true,
  sync_ended: true,
  advanced: true,
  noticed: true,
  committed: true,
  push_handed_over: true,
  // Of the run: a rule across the trace.
  phase: true,
  cut_off: true,
  replica: true,
  fresh_replica: false,
};

class KeptTrace implements Trace {
  readonly wants = (Object.keys(IS_OF_A_DEVICE) as FactName[]).filter((name) => IS_OF_A_DEVICE[name]);
  private readonly subjects: readonly TraceSubject[];
  private readonly devices: ReadonlySet<number>;
  private readonly facts: Fact[] = [];
  private left = 0;

  constructor(subjects: readonly TraceSubject[]) {
    this.subjects = subjects;
    this.devices = new Set(subjects.map(({ device }) => device));
  }

  fold(fact: Fact): void {
    if ("device" in fact && !this.devices.has(fact.device ?? -1)) return;
    if (this.facts.length < TRACE_FACTS_MAX) this.facts.push(fact);
    else this.left++;
  }

  render(end: TraceEnd): string {
    return new Page(this.subjects, this.facts, end).render(this.left);
  }
}
