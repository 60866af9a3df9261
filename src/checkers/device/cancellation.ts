/**
 * Judges QUE-11: a create and its delete cancel each other only if the create was never sent.
 * Refuses to demand that they cancel.
 */

import type { Fact } from "../../history/facts.ts";
import type { Checker } from "../port.ts";
import { ByDevice, DeviceChecker, type FactOf, RecordMap, who } from "./findings.ts";
import { LEDGER_FACTS, Ledger, type Mutation, naming } from "./ledger.ts";
import { Flights } from "./reply.ts";

/**
 * [QUE-11] Triggers: each delete of a record whose create still waits. An attempt that never left the phone is not a
 * sending; one without an answer, or cut off by a kill, is.
 */
export function createCancellationChecker(): Checker {
  return new Cancellation();
}

interface Note {
  sent: FactOf<"sent"> | undefined;
}

interface DeviceState {
  readonly ledger: Ledger<Note>;
  readonly flights: Flights;
  /** The create of each record whose create and delete both wait. */
  readonly creates: RecordMap<Mutation<Note>>;
}

class Cancellation extends DeviceChecker {
  private readonly devices = new ByDevice<DeviceState>(() => ({
    ledger: new Ledger<Note>(() => ({ sent: undefined })),
    flights: new Flights(),
    creates: new RecordMap(),
  }));

  constructor() {
    super("QUE-11", [...LEDGER_FACTS, "sent", "answered", "unanswered"]);
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
      case "answered":
        this.devices.of(fact.device).flights.ended(fact.request);
        return;
      case "unanswered":
        this.unanswered(fact);
        return;
      case "killed": {
        const { ledger, flights } = this.devices.of(fact.device);
        ledger.fold(fact);
        flights.killed();
        return;
      }
      case "saved":
      case "rekeyed":
      case "asked":
      case "chosen":
      case "retried":
      case "discarded":
        this.devices.of(fact.device).ledger.fold(fact);
    }
  }

  private edited(fact: FactOf<"edited">): void {
    const { ledger, creates } = this.devices.of(fact.device);
    if (fact.operation === "delete") {
      const queue = ledger.ofRecord(fact.entity, fact.id);
      const create = queue.find((earlier) => earlier.edited.operation === "create");
      if (create) {
        this.trigger();
        creates.set(fact.entity, fact.id, create);
      }
    }
    ledger.fold(fact);
  }

  private sent(fact: FactOf<"sent">): void {
    const { ledger, flights } = this.devices.of(fact.device);
    flights.sent(fact);
    for (const item of fact.mutations) {
      const mutation = ledger.byKey(item.key);
      if (mutation) mutation.note.sent ??= fact;
    }
  }

  private unanswered(fact: FactOf<"unanswered">): void {
    const { ledger, flights } = this.devices.of(fact.device);
    const sent = flights.ended(fact.request);
    if (!sent || fact.why !== "unreachable") return;
    for (const item of sent.mutations) {
      const mutation = ledger.byKey(item.key);
      if (mutation?.note.sent === sent) mutation.note.sent = undefined;
    }
  }

  private settled(fact: FactOf<"settled">): void {
    const { ledger, creates } = this.devices.of(fact.device);
    const mutation = ledger.fold(fact);
    if (!mutation) return;
    const { entity, id, operation } = mutation.edited;
    const create = creates.get(entity, id);
    if (!create) return;
    if (operation === "delete") creates.delete(entity, id);
    if (fact.outcome !== "cancelled" || (operation !== "delete" && mutation !== create)) return;
    const { sent } = create.note;
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
