/**
 * Judges QUE-6: a mutation fails after as many attempts as the setting says that reached out, no sooner, no later.
 * Refuses to count for the device: where it is open whether an attempt counts, either count is accepted.
 */

import type { Fact } from "../../history/facts.ts";
import type { Checker } from "../port.ts";
import { ByDevice, DeviceChecker, type FactOf, who } from "./findings.ts";
import { LEDGER_FACTS, Ledger, type Mutation, naming } from "./ledger.ts";
import { Flights, replyTo } from "./reply.ts";

/** [QUE-6] attempts that reach out, where no setting says otherwise. */
export const ATTEMPTS_MAX = 5;

/**
 * [QUE-6] Triggers: each mutation that has been tried as often as that, each that failed without a refusal, and each
 * that was tried as often without ever reaching out. A kill may take one attempt from the count.
 */
export function createAttemptsChecker(attemptsMax: number = ATTEMPTS_MAX): Checker {
  return new Attempts(attemptsMax);
}

interface Note {
  /** Attempts that surely count. */
  least: number;
  /** Attempts that may count. */
  most: number;
  /** Attempts that never left the phone. */
  unreached: number;
  /** The last answer left the outcome open. */
  open: boolean;
  ends: Fact[];
}

class Attempts extends DeviceChecker {
  private readonly attemptsMax: number;
  private readonly devices = new ByDevice(() => ({
    ledger: new Ledger<Note>(() => ({ least: 0, most: 0, unreached: 0, open: false, ends: [] })),
    flights: new Flights(),
  }));

  constructor(attemptsMax: number) {
    super("QUE-6", [...LEDGER_FACTS, "sent", "answered", "unanswered"]);
    this.attemptsMax = attemptsMax;
  }

  fold(fact: Fact): void {
    switch (fact.fact) {
      case "sent":
        this.sent(fact);
        return;
      case "answered":
      case "unanswered":
        this.ended(fact);
        return;
      case "killed":
        this.killed(fact);
        return;
      case "settled": {
        const mutation = this.devices.of(fact.device).ledger.fold(fact);
        if (mutation && fact.outcome === "failed") this.failed(mutation, fact);
        return;
      }
      case "retried":
      case "rekeyed": {
        const mutation = this.devices.of(fact.device).ledger.fold(fact);
        if (!mutation) return;
        mutation.note.least = 0;
        mutation.note.open = false;
        if (fact.fact === "retried") mutation.note.most = 0;
        return;
      }
      case "edited":
      case "saved":
      case "asked":
      case "chosen":
      case "discarded":
        this.devices.of(fact.device).ledger.fold(fact);
    }
  }

  private killed(fact: FactOf<"killed">): void {
    const { ledger, flights } = this.devices.of(fact.device);
    for (const request of flights.values()) {
      for (const item of request.mutations) {
        const mutation = ledger.byKey(item.key);
        if (mutation) mutation.note.most++;
      }
    }
    flights.killed();
    ledger.fold(fact);
    for (const { note } of ledger.all()) note.least = Math.max(0, note.least - 1);
  }

  private sent(fact: FactOf<"sent">): void {
    const { ledger, flights } = this.devices.of(fact.device);
    flights.sent(fact);
    for (const item of fact.mutations) {
      const mutation = ledger.byKey(item.key);
      if (!mutation || mutation.note.least < this.attemptsMax) continue;
      this.breach({
        at: fact.at,
        expected: `${naming(mutation)} counts as failed on ${who(fact)} after ${this.attemptsMax} attempts`,
        actual: `it was sent a further time`,
        because: `${mutation.note.least} attempts had reached out without success`,
        evidence: [mutation.edited, ...mutation.note.ends, fact],
      });
    }
  }

  private ended(fact: FactOf<"answered" | "unanswered">): void {
    const { ledger, flights } = this.devices.of(fact.device);
    const sent = flights.ended(fact.request);
    if (!sent) return;
    for (const [index, item] of sent.mutations.entries()) {
      const mutation = ledger.byKey(item.key);
      if (!mutation) continue;
      this.count(mutation.note, fact, fact.fact === "unanswered" ? "retry" : replyTo(fact, item, index));
    }
  }

  private count(note: Note, fact: FactOf<"answered" | "unanswered">, reply: string): void {
    note.open = reply === "retry" || reply === "in_flight" || reply === "unauthorized";
    note.ends = [...note.ends.slice(-this.attemptsMax), fact];
    if (fact.fact === "unanswered" && fact.why === "unreachable") {
      note.unreached++;
      if (note.unreached === this.attemptsMax) this.trigger();
      return;
    }
    if (!note.open) {
      note.least = 0;
      return;
    }
    note.most++;
    // A twin in flight, a missing sign-in and what is no answer of the protocol need not count.
    const surely = fact.fact === "unanswered" || (reply === "retry" && fact.status >= 400);
    if (!surely) return;
    note.least++;
    if (note.least === this.attemptsMax) this.trigger();
  }

  private failed(mutation: Mutation<Note>, fact: FactOf<"settled">): void {
    const { note } = mutation;
    if (!note.open) return;
    if (note.least < this.attemptsMax) this.trigger();
    if (note.most < this.attemptsMax) {
      this.breach({
        at: fact.at,
        expected: `${naming(mutation)} keeps waiting on ${who(fact)} until ${this.attemptsMax} attempts reached out`,
        actual: `it failed after ${note.most}`,
        because: `${note.unreached} attempts never left the phone, and no answer refused it`,
        evidence: [mutation.edited, ...note.ends, fact],
      });
    }
    note.least = 0;
    note.most = 0;
    note.unreached = 0;
  }
}
