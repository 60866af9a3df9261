/**
 * Judges QUE-10: an edit made while an earlier one of its record is on its way is sent after it, on top of its result.
 * Refuses to judge what follows when the earlier one did not succeed.
 */

import type { Fact, SentMutation } from "../../history/facts.ts";
import { parseRevision } from "../../protocol/revision.ts";
import type { Checker } from "../port.ts";
import { ByDevice, DeviceChecker, type FactOf, who } from "./findings.ts";
import { LEDGER_FACTS, Ledger, type Mutation, naming } from "./ledger.ts";
import { Flights, replyTo, resultOf } from "./reply.ts";

/**
 * [QUE-10] Triggers: the first sending of each edit that was made while another of its record was on its way. It must
 * not go out while that one still is; and if it names a revision, not an older one than the other's result.
 */
export function createEditOnResultChecker(): Checker {
  return new EditOnResult();
}

interface Note {
  flying: boolean;
  /** The one that was on its way when this was made. */
  onto: Mutation<Note> | undefined;
  result: { readonly fact: FactOf<"answered">; readonly revision: string } | undefined;
}

class EditOnResult extends DeviceChecker {
  private readonly devices = new ByDevice(() => ({
    ledger: new Ledger<Note>(() => ({ flying: false, onto: undefined, result: undefined })),
    flights: new Flights(),
  }));

  constructor() {
    super("QUE-10", [...LEDGER_FACTS, "sent", "answered", "unanswered"]);
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
      case "saved":
      case "rekeyed":
      case "settled":
      case "asked":
      case "chosen":
      case "retried":
      case "discarded":
        this.devices.of(fact.device).ledger.fold(fact);
    }
  }

  private edited(fact: FactOf<"edited">): void {
    const { ledger } = this.devices.of(fact.device);
    const onto = ledger.ofRecord(fact.entity, fact.id).findLast((earlier) => earlier.note.flying);
    const mutation = ledger.fold(fact);
    if (mutation) mutation.note.onto = onto;
  }

  private killed(fact: FactOf<"killed">): void {
    const { ledger, flights } = this.devices.of(fact.device);
    ledger.fold(fact);
    for (const request of flights.values()) this.landed(ledger, request);
    flights.killed();
  }

  private landed(ledger: Ledger<Note>, request: FactOf<"sent">): void {
    for (const item of request.mutations) {
      const mutation = ledger.byKey(item.key);
      if (mutation) mutation.note.flying = false;
    }
  }

  private ended(fact: FactOf<"answered" | "unanswered">): void {
    const { ledger, flights } = this.devices.of(fact.device);
    const sent = flights.ended(fact.request);
    if (!sent) return;
    this.landed(ledger, sent);
    if (fact.fact === "unanswered") return;
    for (const [index, item] of sent.mutations.entries()) {
      const mutation = ledger.byKey(item.key);
      const revision = resultOf(fact, item, index)?.revision;
      if (!mutation || revision === undefined || replyTo(fact, item, index) !== "done") continue;
      mutation.note.result = { fact, revision };
    }
  }

  private sent(fact: FactOf<"sent">): void {
    if (fact.mutations.length === 0) return;
    const { ledger, flights } = this.devices.of(fact.device);
    for (const item of fact.mutations) {
      const mutation = ledger.byKey(item.key);
      const onto = mutation?.note.onto;
      if (!mutation || !onto) continue;
      mutation.note.onto = undefined;
      this.trigger();
      if (onto.note.flying) this.overtook(mutation, onto, fact);
      else this.onTop(mutation, onto, item, fact);
    }
    flights.sent(fact);
    for (const item of fact.mutations) {
      const mutation = ledger.byKey(item.key);
      if (mutation) mutation.note.flying = true;
    }
  }

  private overtook(mutation: Mutation<Note>, onto: Mutation<Note>, fact: FactOf<"sent">): void {
    this.breach({
      at: fact.at,
      expected: `${who(fact)} sends ${naming(mutation)} after ${onto.edited.mutation} was answered`,
      actual: "it went out while that one was on its way",
      because: `${onto.edited.mutation} of the same record had been sent before this edit was made`,
      evidence: [onto.edited, mutation.edited, fact],
    });
  }

  private onTop(
    mutation: Mutation<Note>,
    onto: Mutation<Note>,
    item: SentMutation,
    fact: FactOf<"sent">,
  ): void {
    const { result } = onto.note;
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
