/**
 * Judges QUE-3: mutations of one record go out in the order they were made, and none before its create is answered.
 * Refuses to judge the order of different records, and what becomes of dependents of a failed mutation: that is free.
 */

import type { Fact, FactOf, SentMutation } from "../../history/facts.ts";
import { ByIndex } from "../define.ts";
import type { Checker, Judgement } from "../port.ts";
import { attending, createWitness, type Witness } from "../witness.ts";
import { DeviceChecker, who } from "./findings.ts";
import { Doubts, Suspicions } from "./instant.ts";
import { LEDGER_FACTS, type Ledger, type Mutation, naming } from "./ledger.ts";
import type { Notes } from "./ledgers.ts";
import { replyTo } from "./reply.ts";

/**
 * [QUE-3] Triggers: the first sending of each mutation that was made while another of its record waited. Every one
 * made before it must have ended, been answered for good, or go ahead of it in the same request. An update or delete
 * that names its create by the temporary id may follow it unanswered.
 */
export function createRecordOrderChecker(witness: Witness = createWitness()): Checker {
  return attending(witness, new RecordOrder(witness));
}

interface Note {
  /** It was made behind others of its record. */
  behind: boolean;
  sent: boolean;
  /** Answered so that nothing more will be sent for it. */
  answered: boolean;
}

interface Overtaking {
  readonly earlier: Mutation;
  readonly later: Mutation;
  readonly fact: FactOf<"sent">;
}

class RecordOrder extends DeviceChecker {
  private readonly doubts = new Doubts();
  private readonly overtakings = new ByIndex(() => new Suspicions<Overtaking>(this.doubts));
  private readonly witness: Witness;
  private readonly notes: Notes<Note>;

  constructor(witness: Witness) {
    super("QUE-3", [...LEDGER_FACTS, "sent", "answered", "unanswered"]);
    this.witness = witness;
    this.notes = witness.ledgers.notes(() => ({ behind: false, sent: false, answered: false }));
  }

  fold(fact: Fact): void {
    switch (fact.fact) {
      case "sent":
        this.ripen(fact);
        if (fact.mutations.length > 0) this.sent(fact);
        return;
      case "answered":
        this.ripen(fact);
        this.answered(fact);
        return;
      case "unanswered":
        this.ripen(fact);
        return;
      case "edited":
        this.ripen(fact);
        this.edited(fact);
        return;
      case "settled":
      case "discarded":
        this.ripen(fact);
        if (this.doubts.held > 0) this.overtakings.of(fact.device).lift(fact.mutation);
        return;
      case "killed":
        this.ripen(fact);
        return;
      case "saved":
      case "rekeyed":
      case "asked":
      case "chosen":
      case "retried":
        this.ripen(fact);
    }
  }

  override finish(): Judgement {
    this.overtakings.each((overtakings) => this.judge(overtakings, Number.POSITIVE_INFINITY));
    return super.finish();
  }

  private ripen(fact: { readonly device: number; readonly at: number }): void {
    if (this.doubts.held > 0) this.judge(this.overtakings.of(fact.device), fact.at);
  }

  private edited(fact: FactOf<"edited">): void {
    const { ledgers } = this.witness;
    const { mutation } = ledgers;
    const behind = ledgers.of(fact.device).ofRecord(fact.entity, fact.id).length > 1;
    if (mutation && behind) this.notes.of(mutation).behind = true;
  }

  private answered(fact: FactOf<"answered">): void {
    const sent = this.witness.flights.landed;
    if (!sent) return;
    const ledger = this.witness.ledgers.of(fact.device);
    for (let index = 0; index < sent.mutations.length; index++) {
      const item = sent.mutations[index] as SentMutation;
      const mutation = ledger.byKey(item.key);
      if (!mutation) continue;
      const reply = replyTo(fact, item, index);
      this.notes.of(mutation).answered = reply === "done" || reply === "refused" || reply === "gone";
    }
  }

  private sent(fact: FactOf<"sent">): void {
    const ledger = this.witness.ledgers.of(fact.device);
    const ahead: Mutation[] = [];
    for (const item of fact.mutations) {
      const mutation = ledger.byKey(item.key);
      if (!mutation) continue;
      const note = this.notes.of(mutation);
      if (note.behind && !note.sent) this.trigger();
      // Whatever went ahead in this request is noted as sent.
      const create = ledger.byKey(item.id);
      const byTemporaryId = create !== undefined && this.notes.find(create)?.sent === true;
      if (!byTemporaryId) this.lookBack(ledger, mutation, ahead, fact);
      ahead.push(mutation);
      note.sent = true;
      note.answered = false;
    }
  }

  private lookBack(ledger: Ledger, later: Mutation, ahead: readonly Mutation[], fact: FactOf<"sent">): void {
    if (later.retried) return;
    const { entity, id } = later.edited;
    for (const earlier of ledger.ofRecord(entity, id)) {
      if (earlier === later) return;
      if (this.notes.find(earlier)?.answered || ahead.includes(earlier)) continue;
      this.overtakings.of(fact.device).add(earlier.edited.mutation, fact.at, { earlier, later, fact });
      return;
    }
  }

  private judge(overtakings: Suspicions<Overtaking>, at: number): void {
    for (const { earlier, later, fact } of overtakings.ripe(at)) {
      this.breach({
        at: fact.at,
        expected: `${who(fact)} sends ${naming(later)} after ${naming(earlier)} has ended`,
        actual: `it went out in request ${fact.request}, without the earlier one ahead of it`,
        because: `${earlier.edited.mutation} was made first, and ${this.notes.find(earlier)?.sent ? "has no final answer" : "was never sent"}`,
        evidence: [earlier.edited, later.edited, fact],
      });
    }
  }
}
