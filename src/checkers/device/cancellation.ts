/**
 * Judges QUE-11: a create and its delete cancel each other only if the create was never sent.
 * Refuses to demand that they cancel.
 */

import type { Fact, FactOf } from "../../history/facts.ts";
import { ByIndex } from "../define.ts";
import type { Checker } from "../port.ts";
import { RecordMap } from "../record-map.ts";
import { attendingMutations, createWitness, type Witness } from "../witness.ts";
import { DeviceChecker, who } from "./findings.ts";
import { type Mutation, naming } from "./ledger.ts";
import type { Notes } from "./ledgers.ts";

/**
 * [QUE-11] Triggers: each delete of a record whose create still waits. An attempt that never left the phone is not a
 * sending; one without an answer, or cut off by a kill, is.
 */
export function createCancellationChecker(witness: Witness = createWitness()): Checker {
  return attendingMutations(witness, new Cancellation(witness));
}

interface Note {
  sent: FactOf<"sent"> | undefined;
}

class Cancellation extends DeviceChecker {
  /** The create of each record whose create and delete both wait. */
  private readonly creates = new ByIndex(() => new RecordMap<Mutation>());
  private readonly witness: Witness;
  private readonly notes: Notes<Note>;

  constructor(witness: Witness) {
    super("QUE-11", ["edited", "settled", "sent", "unanswered"]);
    this.witness = witness;
    this.notes = witness.ledgers.notes(() => ({ sent: undefined }));
  }

  fold(fact: Fact): void {
    switch (fact.fact) {
      case "edited":
        this.edited(fact);
        return;
      case "settled":
        this.settled(fact);
        return;
      case "sent":
        this.sent(fact);
        return;
      case "unanswered":
        this.unanswered(fact);
        return;
    }
  }

  private edited(fact: FactOf<"edited">): void {
    const { ledgers } = this.witness;
    if (fact.operation !== "delete") return;
    const queue = ledgers.of(fact.device).ofRecord(fact.entity, fact.id);
    const create = queue.find((earlier) => earlier.edited.operation === "create");
    if (!create) return;
    this.trigger();
    this.creates.of(fact.device).set(fact.entity, fact.id, create);
  }

  private sent(fact: FactOf<"sent">): void {
    if (fact.mutations.length === 0) return;
    const ledger = this.witness.ledgers.of(fact.device);
    for (const item of fact.mutations) {
      const mutation = ledger.byKey(item.key);
      if (mutation) this.notes.of(mutation).sent ??= fact;
    }
  }

  private unanswered(fact: FactOf<"unanswered">): void {
    const sent = this.witness.flights.landed;
    if (!sent || fact.why !== "unreachable") return;
    const ledger = this.witness.ledgers.of(fact.device);
    for (const item of sent.mutations) {
      const mutation = ledger.byKey(item.key);
      const note = mutation && this.notes.find(mutation);
      if (note?.sent === sent) note.sent = undefined;
    }
  }

  private settled(fact: FactOf<"settled">): void {
    const { mutation } = this.witness.ledgers;
    const creates = this.creates.of(fact.device);
    if (!mutation || creates.size === 0) return;
    const { entity, id, operation } = mutation.edited;
    const create = creates.get(entity, id);
    if (!create) return;
    if (operation === "delete") creates.delete(entity, id);
    if (fact.outcome !== "cancelled" || (operation !== "delete" && mutation !== create)) return;
    const sent = this.notes.find(create)?.sent;
    if (!sent) return;
    // One pair is one breach, though both of its halves are settled.
    creates.delete(entity, id);
    this.breach({
      at: fact.at,
      expected: `${who(fact)} sends the delete of ${entity} ${id}`,
      actual: `${naming(mutation)} was cancelled`,
      because: `the create (${create.edited.mutation}) had been sent in request ${sent.request}, so the server may have it`,
      evidence: [create.edited, sent, mutation.edited, fact],
    });
  }
}
