/**
 * Judges QUE-10: an edit made while an earlier one of its record is on its way is sent after it, on top of its result.
 * Refuses to judge what follows when the earlier one did not succeed.
 */

import type { Fact, FactOf, SentMutation } from "../../history/facts.ts";
import { parseRevision } from "../../protocol/revision.ts";
import type { Checker } from "../port.ts";
import { attendingMutations, createWitness, type Witness } from "../witness.ts";
import { DeviceChecker, who } from "./findings.ts";
import { type Ledger, type Mutation, naming } from "./ledger.ts";
import type { Notes } from "./ledgers.ts";
import { replyTo, resultOf } from "./reply.ts";

/**
 * [QUE-10] Triggers: the first sending of each edit that was made while another of its record was on its way. It must
 * not go out while that one still is; and if it names a revision, not an older one than the other's result.
 */
export function createEditOnResultChecker(witness: Witness = createWitness()): Checker {
  return attendingMutations(witness, new EditOnResult(witness));
}

interface Note {
  flying: boolean;
  /** The one that was on its way when this was made. */
  onto: Mutation | undefined;
  result: { readonly fact: FactOf<"answered">; readonly revision: string } | undefined;
}

class EditOnResult extends DeviceChecker {
  private readonly witness: Witness;
  private readonly notes: Notes<Note>;

  constructor(witness: Witness) {
    super("QUE-10", ["edited", "sent", "answered", "unanswered", "killed"]);
    this.witness = witness;
    this.notes = witness.ledgers.notes(() => ({ flying: false, onto: undefined, result: undefined }));
  }

  fold(fact: Fact): void {
    switch (fact.fact) {
      case "edited":
        this.edited(fact);
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
    }
  }

  private edited(fact: FactOf<"edited">): void {
    const { ledgers } = this.witness;
    const { mutation } = ledgers;
    const queue = ledgers.of(fact.device).ofRecord(fact.entity, fact.id);
    if (!mutation || queue.length < 2) return;
    const onto = queue.findLast((earlier) => this.notes.find(earlier)?.flying);
    if (onto) this.notes.of(mutation).onto = onto;
  }

  private killed(fact: FactOf<"killed">): void {
    const { ledgers, flights } = this.witness;
    const ledger = ledgers.of(fact.device);
    for (const request of flights.cut) this.landed(ledger, request);
    // What an answer said may not have been stored.
    for (const mutation of ledger.all()) {
      const note = mutation.stage === "settled" ? undefined : this.notes.find(mutation);
      if (note) note.result = undefined;
    }
  }

  private landed(ledger: Ledger, request: FactOf<"sent">): void {
    for (const item of request.mutations) {
      const mutation = ledger.byKey(item.key);
      const note = mutation && this.notes.find(mutation);
      if (note) note.flying = false;
    }
  }

  private ended(fact: FactOf<"answered" | "unanswered">): void {
    const sent = this.witness.flights.landed;
    if (!sent) return;
    const ledger = this.witness.ledgers.of(fact.device);
    this.landed(ledger, sent);
    if (fact.fact === "unanswered") return;
    for (let index = 0; index < sent.mutations.length; index++) {
      const item = sent.mutations[index] as SentMutation;
      const mutation = ledger.byKey(item.key);
      const revision = resultOf(fact, item, index)?.revision;
      if (!mutation || revision === undefined || replyTo(fact, item, index) !== "done") continue;
      this.notes.of(mutation).result = { fact, revision };
    }
  }

  private sent(fact: FactOf<"sent">): void {
    if (fact.mutations.length === 0) return;
    const ledger = this.witness.ledgers.of(fact.device);
    for (const item of fact.mutations) {
      const mutation = ledger.byKey(item.key);
      const note = mutation && this.notes.find(mutation);
      if (!mutation || !note?.onto) continue;
      const { onto } = note;
      note.onto = undefined;
      this.trigger();
      if (this.notes.find(onto)?.flying) this.overtook(mutation, onto, fact);
      else this.onTop(mutation, onto, item, fact);
    }
    for (const item of fact.mutations) {
      const mutation = ledger.byKey(item.key);
      if (mutation) this.notes.of(mutation).flying = true;
    }
  }

  private overtook(mutation: Mutation, onto: Mutation, fact: FactOf<"sent">): void {
    this.breach({
      at: fact.at,
      expected: `${who(fact)} sends ${naming(mutation)} after ${onto.edited.mutation} was answered`,
      actual: "it went out while that one was on its way",
      because: `${onto.edited.mutation} of the same record had been sent before this edit was made`,
      evidence: [onto.edited, mutation.edited, fact],
    });
  }

  private onTop(mutation: Mutation, onto: Mutation, item: SentMutation, fact: FactOf<"sent">): void {
    const result = this.notes.find(onto)?.result;
    const { ifMatch } = item;
    if (!result || ifMatch === undefined || parseRevision(ifMatch) === undefined) return;
    if (ifMatch >= result.revision) return;
    this.breach({
      at: fact.at,
      expected: `${who(fact)} bases ${naming(mutation)} on ${result.revision} or newer`,
      actual: `its If-Match is ${ifMatch}`,
      because: `${onto.edited.mutation} was on its way when the edit was made, and ended at ${result.revision}`,
      evidence: [onto.edited, mutation.edited, result.fact, fact],
    });
  }
}
