/**
 * Judges MRG-9: after a 409 a device applies the entity's strategy by itself, or keeps both versions and asks.
 * Refuses to know which of the two it could do; only for contacts the strategy has no way of its own to go on.
 */

import type { Fact, FactOf, SentMutation } from "../../history/facts.ts";
import { STRATEGY_OF } from "../../protocol/entity.ts";
import type { Checker } from "../port.ts";
import { attendingMutations, createWitness, type Witness } from "../witness.ts";
import { DeviceChecker, who } from "./findings.ts";
import { type Mutation, naming } from "./ledger.ts";
import type { Notes } from "./ledgers.ts";
import { replyTo, resultOf } from "./reply.ts";

/**
 * [MRG-9] Triggers: each `409 conflict` to a mutation. It must not simply fail, nor go out again as it was, nor, where
 * the server is the authority, go out under a new key without a person's word; and what a person was asked about
 * waits for the choice. A kill forgets what was not stored.
 */
export function createConflictChecker(witness: Witness = createWitness()): Checker {
  return attendingMutations(witness, new Conflict(witness));
}

interface Note {
  conflict: FactOf<"answered"> | undefined;
  /** A person was asked, or decided, since the conflict. */
  person: boolean;
  /** It was asked about, and a kill came before the choice: it may wait again. */
  unasked: boolean;
}

class Conflict extends DeviceChecker {
  private readonly witness: Witness;
  private readonly notes: Notes<Note>;

  constructor(witness: Witness) {
    super("MRG-9", [
      "sent",
      "answered",
      "killed",
      "rekeyed",
      "settled",
      "asked",
      "chosen",
      "retried",
      "discarded",
    ]);
    this.witness = witness;
    this.notes = witness.ledgers.notes(() => ({ conflict: undefined, person: false, unasked: false }));
  }

  fold(fact: Fact): void {
    switch (fact.fact) {
      case "sent":
        this.sent(fact);
        return;
      case "answered":
        this.answered(fact);
        return;
      case "killed":
        this.killed(fact);
        return;
      case "rekeyed":
        this.rekeyed(fact);
        return;
      case "settled":
        this.settled(fact);
        return;
      case "asked":
      case "chosen":
      case "retried":
      case "discarded": {
        const { mutation } = this.witness.ledgers;
        if (!mutation) return;
        const note = this.notes.of(mutation);
        note.person = true;
        if (fact.fact === "asked") note.unasked = false;
        return;
      }
    }
  }

  private killed(fact: FactOf<"killed">): void {
    const { ledgers } = this.witness;
    for (const mutation of ledgers.of(fact.device).all()) {
      const note = this.notes.find(mutation);
      if (note) note.conflict = undefined;
      if (mutation.stage === "asked") this.notes.of(mutation).unasked = true;
    }
  }

  private answered(fact: FactOf<"answered">): void {
    const sent = this.witness.flights.landed;
    if (!sent) return;
    const ledger = this.witness.ledgers.of(fact.device);
    for (let index = 0; index < sent.mutations.length; index++) {
      const item = sent.mutations[index] as SentMutation;
      if (replyTo(fact, item, index) !== "conflict") continue;
      // [CON-1] a 409 that names the very revision that the write named is no conflict: its precondition was spoiled on
      // the way, and neither a strategy nor a person can mend that. What becomes of it is free.
      if (item.ifMatch !== undefined && resultOf(fact, item, index)?.revision === item.ifMatch) continue;
      const mutation = ledger.byKey(item.key);
      if (!mutation || mutation.stage === "settled") continue;
      this.trigger();
      const note = this.notes.of(mutation);
      note.conflict = fact;
      note.person = false;
    }
  }

  private rekeyed(fact: FactOf<"rekeyed">): void {
    const { mutation } = this.witness.ledgers;
    const note = mutation && this.notes.find(mutation);
    if (!mutation || !note?.conflict) return;
    const { conflict, person } = note;
    note.conflict = undefined;
    const authority = STRATEGY_OF[mutation.edited.entity] === "server_authoritative";
    if (!authority || person) return;
    this.breach({
      at: fact.at,
      expected: `${who(fact)} lets the server's version stand, or asks, about ${naming(mutation)}`,
      actual: "it goes on under a new key without having asked",
      because: `it was answered 409, and for a ${mutation.edited.entity} the server is the authority`,
      evidence: [mutation.edited, conflict, fact],
    });
  }

  private settled(fact: FactOf<"settled">): void {
    const { mutation } = this.witness.ledgers;
    const note = mutation && this.notes.find(mutation);
    if (!mutation || !note?.conflict) return;
    const { conflict, person } = note;
    note.conflict = undefined;
    if (fact.outcome !== "failed" || person) return;
    this.breach({
      at: fact.at,
      expected: `${who(fact)} resolves ${naming(mutation)} by the strategy, or asks`,
      actual: "it failed",
      because: "it was answered 409 conflict, which is not a refusal",
      evidence: [mutation.edited, conflict, fact],
    });
  }

  private sent(fact: FactOf<"sent">): void {
    if (fact.mutations.length === 0) return;
    const ledger = this.witness.ledgers.of(fact.device);
    for (const item of fact.mutations) {
      const mutation = ledger.byKey(item.key);
      if (mutation) this.attempt(mutation, fact);
    }
  }

  private attempt(mutation: Mutation, fact: FactOf<"sent">): void {
    const note = this.notes.find(mutation);
    const conflict = note?.conflict;
    const asked = mutation.stage === "asked" && !note?.unasked;
    if (!conflict && !asked) return;
    if (note) note.conflict = undefined;
    this.breach({
      at: fact.at,
      expected: asked
        ? `${who(fact)} keeps ${naming(mutation)} until its user has chosen`
        : `${who(fact)} resolves ${naming(mutation)} before it sends it again`,
      actual: "it was sent again as it was",
      because: asked ? "the user was asked and has not chosen" : "it was answered 409 conflict",
      evidence: conflict ? [mutation.edited, conflict, fact] : [mutation.edited, fact],
    });
  }
}
