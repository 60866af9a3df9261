/**
 * Judges QUE-3: mutations of one record go out in the order they were made, and none before its create is answered.
 * Refuses to judge the order of different records, and what becomes of dependents of a failed mutation: that is free.
 */

import type { Fact } from "../../history/facts.ts";
import type { Checker, Judgement } from "../port.ts";
import { ByDevice, DeviceChecker, type FactOf, who } from "./findings.ts";
import { Suspicions } from "./instant.ts";
import { LEDGER_FACTS, Ledger, type Mutation, naming } from "./ledger.ts";
import { Flights, replyTo } from "./reply.ts";

/**
 * [QUE-3] Triggers: the first sending of each mutation that was made while another of its record waited. Every one
 * made before it must have ended, been answered for good, or go ahead of it in the same request. An update or delete
 * that names its create by the temporary id may follow it unanswered.
 */
export function createRecordOrderChecker(): Checker {
  return new RecordOrder();
}

interface Note {
  /** It was made behind others of its record. */
  behind: boolean;
  sent: boolean;
  /** Answered so that nothing more will be sent for it. */
  answered: boolean;
}

interface Overtaking {
  readonly earlier: Mutation<Note>;
  readonly later: Mutation<Note>;
  readonly fact: FactOf<"sent">;
}

interface DeviceState {
  readonly ledger: Ledger<Note>;
  readonly flights: Flights;
  readonly overtakings: Suspicions<Overtaking>;
}

class RecordOrder extends DeviceChecker {
  private readonly devices = new ByDevice<DeviceState>(() => ({
    ledger: new Ledger<Note>(() => ({ behind: false, sent: false, answered: false })),
    flights: new Flights(),
    overtakings: new Suspicions(),
  }));

  constructor() {
    super("QUE-3", [...LEDGER_FACTS, "sent", "answered", "unanswered"]);
  }

  fold(fact: Fact): void {
    switch (fact.fact) {
      case "sent":
        this.sent(this.ripen(fact), fact);
        return;
      case "answered":
        this.answered(this.ripen(fact), fact);
        return;
      case "unanswered":
        this.ripen(fact).flights.ended(fact.request);
        return;
      case "edited": {
        const { ledger } = this.ripen(fact);
        const behind = ledger.ofRecord(fact.entity, fact.id).length > 0;
        const mutation = ledger.fold(fact);
        if (mutation) mutation.note.behind = behind;
        return;
      }
      case "settled":
      case "discarded": {
        const state = this.ripen(fact);
        state.ledger.fold(fact);
        state.overtakings.lift(fact.mutation);
        return;
      }
      case "killed": {
        const state = this.ripen(fact);
        state.ledger.fold(fact);
        state.flights.killed();
        return;
      }
      case "saved":
      case "rekeyed":
      case "asked":
      case "chosen":
      case "retried":
        this.ripen(fact).ledger.fold(fact);
    }
  }

  override finish(): Judgement {
    this.devices.each((state) => this.judge(state, Number.POSITIVE_INFINITY));
    return super.finish();
  }

  private ripen(fact: { readonly device: number; readonly at: number }): DeviceState {
    const state = this.devices.of(fact.device);
    this.judge(state, fact.at);
    return state;
  }

  private answered(state: DeviceState, fact: FactOf<"answered">): void {
    const sent = state.flights.ended(fact.request);
    if (!sent) return;
    for (const [index, item] of sent.mutations.entries()) {
      const mutation = state.ledger.byKey(item.key);
      if (!mutation) continue;
      const reply = replyTo(fact, item, index);
      mutation.note.answered = reply === "done" || reply === "refused" || reply === "gone";
    }
  }

  private sent(state: DeviceState, fact: FactOf<"sent">): void {
    if (fact.mutations.length === 0) return;
    const { ledger, flights } = state;
    flights.sent(fact);
    const ahead = new Set<Mutation<Note>>();
    for (const item of fact.mutations) {
      const mutation = ledger.byKey(item.key);
      if (!mutation) continue;
      if (mutation.note.behind && !mutation.note.sent) this.trigger();
      const create = ledger.byKey(item.id);
      const byTemporaryId = create !== undefined && (create.note.sent || ahead.has(create));
      if (!byTemporaryId) this.lookBack(state, mutation, ahead, fact);
      ahead.add(mutation);
      mutation.note.sent = true;
      mutation.note.answered = false;
    }
  }

  private lookBack(
    state: DeviceState,
    later: Mutation<Note>,
    ahead: ReadonlySet<Mutation<Note>>,
    fact: FactOf<"sent">,
  ): void {
    if (later.retried) return;
    const { entity, id } = later.edited;
    for (const earlier of state.ledger.ofRecord(entity, id)) {
      if (earlier === later) return;
      if (earlier.note.answered || earlier.retried || ahead.has(earlier)) continue;
      state.overtakings.add(earlier.edited.mutation, fact.at, { earlier, later, fact });
      return;
    }
  }

  private judge(state: DeviceState, at: number): void {
    for (const { earlier, later, fact } of state.overtakings.ripe(at)) {
      this.breach({
        at: fact.at,
        expected: `${who(fact)} sends ${naming(later)} after ${naming(earlier)} has ended`,
        actual: `it went out in request ${fact.request}, without the earlier one ahead of it`,
        because: `${earlier.edited.mutation} was made first, and ${earlier.note.sent ? "has no final answer" : "was never sent"}`,
        evidence: [earlier.edited, later.edited, fact],
      });
    }
  }
}
