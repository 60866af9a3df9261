/**
 * Judges MRG-9: after a 409 a device applies the entity's strategy by itself, or keeps both versions and asks.
 * Refuses to know which of the two it could do; only for contacts the strategy has no way of its own to go on.
 */

import type { Fact } from "../../history/facts.ts";
import { STRATEGY_OF } from "../../protocol/entity.ts";
import type { Checker } from "../port.ts";
import { ByDevice, DeviceChecker, type FactOf, who } from "./findings.ts";
import { LEDGER_FACTS, Ledger, type Mutation, naming } from "./ledger.ts";
import { Flights, replyTo } from "./reply.ts";

/**
 * [MRG-9] Triggers: each `409 conflict` to a mutation. It must not simply fail, nor go out again as it was, nor, where
 * the server is the authority, go out under a new key without a person's word; and what a person was asked about
 * waits for the choice. A kill forgets what was not stored.
 */
export function createConflictChecker(): Checker {
  return new Conflict();
}

interface Note {
  conflict: FactOf<"answered"> | undefined;
  /** A person was asked, or decided, since the conflict. */
  person: boolean;
}

class Conflict extends DeviceChecker {
  private readonly devices = new ByDevice(() => ({
    ledger: new Ledger<Note>(() => ({ conflict: undefined, person: false })),
    flights: new Flights(),
  }));

  constructor() {
    super("MRG-9", [...LEDGER_FACTS, "sent", "answered", "unanswered"]);
  }

  fold(fact: Fact): void {
    switch (fact.fact) {
      case "sent":
        this.sent(fact);
        return;
      case "answered":
        this.answered(fact);
        return;
      case "unanswered":
        this.devices.of(fact.device).flights.ended(fact.request);
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
        const mutation = this.devices.of(fact.device).ledger.fold(fact);
        if (mutation) mutation.note.person = true;
        return;
      }
      case "edited":
      case "saved":
        this.devices.of(fact.device).ledger.fold(fact);
    }
  }

  private killed(fact: FactOf<"killed">): void {
    const { ledger, flights } = this.devices.of(fact.device);
    ledger.fold(fact);
    flights.killed();
    for (const mutation of ledger.all()) {
      mutation.note.conflict = undefined;
      if (mutation.stage === "asked") mutation.stage = "waiting";
    }
  }

  private answered(fact: FactOf<"answered">): void {
    const { ledger, flights } = this.devices.of(fact.device);
    const sent = flights.ended(fact.request);
    if (!sent) return;
    for (const [index, item] of sent.mutations.entries()) {
      if (replyTo(fact, item, index) !== "conflict") continue;
      const mutation = ledger.byKey(item.key);
      if (!mutation || mutation.stage === "settled") continue;
      this.trigger();
      mutation.note.conflict = fact;
      mutation.note.person = false;
    }
  }

  private rekeyed(fact: FactOf<"rekeyed">): void {
    const mutation = this.devices.of(fact.device).ledger.fold(fact);
    const conflict = mutation?.note.conflict;
    if (!mutation || !conflict) return;
    mutation.note.conflict = undefined;
    const authority = STRATEGY_OF[mutation.edited.entity] === "server_authoritative";
    if (!authority || mutation.note.person) return;
    this.breach({
      at: fact.at,
      expected: `${who(fact)} lets the server's version stand, or asks, about ${naming(mutation)}`,
      actual: "it goes on under a new key without having asked",
      because: `it was answered 409, and for a ${mutation.edited.entity} the server is the authority`,
      evidence: [mutation.edited, conflict, fact],
    });
  }

  private settled(fact: FactOf<"settled">): void {
    const mutation = this.devices.of(fact.device).ledger.fold(fact);
    const conflict = mutation?.note.conflict;
    if (!mutation || !conflict) return;
    mutation.note.conflict = undefined;
    if (fact.outcome !== "failed" || mutation.note.person) return;
    this.breach({
      at: fact.at,
      expected: `${who(fact)} resolves ${naming(mutation)} by the strategy, or asks`,
      actual: "it failed",
      because: "it was answered 409 conflict, which is not a refusal",
      evidence: [mutation.edited, conflict, fact],
    });
  }

  private sent(fact: FactOf<"sent">): void {
    const { ledger, flights } = this.devices.of(fact.device);
    flights.sent(fact);
    for (const item of fact.mutations) {
      const mutation = ledger.byKey(item.key);
      if (mutation) this.attempt(mutation, fact);
    }
  }

  private attempt(mutation: Mutation<Note>, fact: FactOf<"sent">): void {
    const { conflict } = mutation.note;
    const asked = mutation.stage === "asked";
    if (!conflict && !asked) return;
    mutation.note.conflict = undefined;
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
