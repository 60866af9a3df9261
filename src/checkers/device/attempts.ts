/**
 * Judges QUE-6: a mutation fails after as many attempts as the setting says that reached out, no sooner, no later.
 * Refuses to count for the device: where it is open whether an attempt counts, either count is accepted.
 */

import type { Fact, FactOf, SentMutation } from "../../history/facts.ts";
import type { Checker } from "../port.ts";
import { attendingMutations, createWitness, type Witness } from "../witness.ts";
import { DeviceChecker, who } from "./findings.ts";
import { type Mutation, naming } from "./ledger.ts";
import type { Notes } from "./ledgers.ts";
import { replyTo } from "./reply.ts";

/** [QUE-6] attempts that reach out, where no setting says otherwise. */
export const ATTEMPTS_MAX = 5;

/**
 * [QUE-6] Triggers: each mutation that has been tried as often as that, each that failed without a refusal, and each
 * that was tried as often without ever reaching out. A kill may take one attempt from the count.
 */
export function createAttemptsChecker(
  witness: Witness = createWitness(),
  attemptsMax: number = ATTEMPTS_MAX,
): Checker {
  return attendingMutations(witness, new Attempts(attemptsMax, witness));
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
  ends: readonly Fact[];
}

const FACTS = [
  "started",
  "noticed",
  "sent",
  "answered",
  "unanswered",
  "killed",
  "settled",
  "retried",
  "rekeyed",
] as const;

class Attempts extends DeviceChecker {
  private readonly attemptsMax: number;
  private readonly witness: Witness;
  private readonly notes: Notes<Note>;
  private readonly startedAt: (number | undefined)[] = [];
  /** By device: storage has failed in the life of this process, and may not have the counts. */
  private readonly unstored: (boolean | undefined)[] = [];

  constructor(attemptsMax: number, witness: Witness) {
    super("QUE-6", [...FACTS]);
    this.attemptsMax = attemptsMax;
    this.witness = witness;
    this.notes = witness.ledgers.notes(() => ({ least: 0, most: 0, unreached: 0, open: false, ends: [] }));
  }

  fold(fact: Fact): void {
    switch (fact.fact) {
      case "started":
        this.startedAt[fact.device] = fact.at;
        this.unstored[fact.device] = false;
        return;
      case "noticed":
        if (fact.notice === "storage_failed") this.unstored[fact.device] = true;
        return;
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
        const { mutation } = this.witness.ledgers;
        // What failed before the restart stays visible, and is told again.
        if (mutation && fact.outcome === "failed" && this.startedAt[fact.device] !== fact.at)
          this.failed(mutation, fact);
        return;
      }
      case "retried":
      case "rekeyed": {
        const { mutation } = this.witness.ledgers;
        const note = mutation && this.notes.find(mutation);
        if (!note) return;
        note.least = 0;
        note.open = false;
        if (fact.fact === "retried") {
          note.most = 0;
          note.ends = [];
        }
        return;
      }
    }
  }

  private killed(fact: FactOf<"killed">): void {
    const { ledgers, flights } = this.witness;
    const ledger = ledgers.of(fact.device);
    for (const request of flights.cut) {
      for (const item of request.mutations) {
        const mutation = ledger.byKey(item.key);
        if (mutation) this.notes.of(mutation).most++;
      }
    }
    for (const mutation of ledger.all()) {
      const note = this.notes.find(mutation);
      if (note && note.least > 0) note.least = this.unstored[fact.device] ? 0 : note.least - 1;
    }
  }

  private sent(fact: FactOf<"sent">): void {
    if (fact.mutations.length === 0) return;
    const ledger = this.witness.ledgers.of(fact.device);
    for (const item of fact.mutations) {
      const mutation = ledger.byKey(item.key);
      const note = mutation && this.notes.find(mutation);
      if (!mutation || !note || note.least < this.attemptsMax) continue;
      this.breach({
        at: fact.at,
        expected: `${naming(mutation)} counts as failed on ${who(fact)} after ${this.attemptsMax} attempts`,
        actual: `it was sent a further time`,
        because: `${note.least} attempts had reached out without success`,
        evidence: [mutation.edited, ...note.ends, fact],
      });
    }
  }

  private ended(fact: FactOf<"answered" | "unanswered">): void {
    const sent = this.witness.flights.landed;
    if (!sent) return;
    const ledger = this.witness.ledgers.of(fact.device);
    for (let index = 0; index < sent.mutations.length; index++) {
      const item = sent.mutations[index] as SentMutation;
      const mutation = ledger.byKey(item.key);
      if (!mutation) continue;
      const reply = fact.fact === "unanswered" ? "retry" : replyTo(fact, item, index);
      this.count(this.notes.of(mutation), fact, reply);
    }
  }

  private count(note: Note, fact: FactOf<"answered" | "unanswered">, reply: string): void {
    note.open = reply === "retry" || reply === "in_flight" || reply === "unauthorized";
    note.ends = note.ends.length === 0 ? [fact] : [...note.ends.slice(-this.attemptsMax), fact];
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

  private failed(mutation: Mutation, fact: FactOf<"settled">): void {
    const note = this.notes.find(mutation);
    if (!note || note.ends.length === 0) {
      if (isOwed(mutation, fact)) this.unanswered(mutation, note, fact);
      return;
    }
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

  /** It failed, and nothing that it sent ever came to an end. */
  private unanswered(mutation: Mutation, note: Note | undefined, fact: FactOf<"settled">): void {
    const most = note?.most ?? 0;
    if (most >= this.attemptsMax) return;
    this.trigger();
    this.breach({
      at: fact.at,
      expected: `${naming(mutation)} keeps waiting on ${who(fact)} until ${this.attemptsMax} attempts reached out`,
      actual: `it failed after ${most}`,
      because: "it was saved, and no answer refused it",
      evidence: [mutation.edited, fact],
    });
  }
}

/** Errors by which a device itself may refuse an edit that was never sent: it can have no effect, or no place. */
const OWN_REFUSALS: ReadonlySet<string> = new Set(["dependency_failed", "not_found", "queue_full"]);

/** [QUE-1, QUE-6] what its user was told is done waits its turn; without the durable queue nothing is saved. */
function isOwed({ saved }: Mutation, { error }: FactOf<"settled">): boolean {
  return saved && (error === undefined || !OWN_REFUSALS.has(error));
}
