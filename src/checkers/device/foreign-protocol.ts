/**
 * Judges FLG-4: a device that meets another protocol works on offline and keeps its queue.
 * Refuses to know what the capabilities said: the device's own notice is the only sign of it in a history.
 */

import type { Fact } from "../../history/facts.ts";
import type { Checker } from "../port.ts";
import { ByDevice, DeviceChecker, type FactOf, who } from "./findings.ts";
import { LEDGER_FACTS, Ledger, naming } from "./ledger.ts";
import { Flights } from "./reply.ts";

/**
 * [FLG-4] Triggers: each notice `protocol_mismatch`. From then on, until a restart or capabilities without a new
 * notice, no mutation goes out, and none fails but by an answer to a request that was on its way.
 */
export function createForeignProtocolChecker(): Checker {
  return new ForeignProtocol();
}

interface DeviceState {
  readonly ledger: Ledger<{ answered: boolean }>;
  readonly flights: Flights;
  notice: FactOf<"noticed"> | undefined;
}

class ForeignProtocol extends DeviceChecker {
  private readonly devices = new ByDevice<DeviceState>(() => ({
    ledger: new Ledger(() => ({ answered: false })),
    flights: new Flights(),
    notice: undefined,
  }));

  constructor() {
    super("FLG-4", [...LEDGER_FACTS, "noticed", "started", "sent", "answered", "unanswered"]);
  }

  fold(fact: Fact): void {
    switch (fact.fact) {
      case "noticed":
        if (fact.notice === "protocol_mismatch") this.noticed(this.devices.of(fact.device), fact);
        return;
      case "sent":
        this.sent(this.devices.of(fact.device), fact);
        return;
      case "answered":
        this.answered(this.devices.of(fact.device), fact);
        return;
      case "unanswered":
        this.devices.of(fact.device).flights.ended(fact.request);
        return;
      case "settled":
        this.settled(this.devices.of(fact.device), fact);
        return;
      case "started":
        this.devices.of(fact.device).notice = undefined;
        return;
      case "killed": {
        const { ledger, flights } = this.devices.of(fact.device);
        ledger.fold(fact);
        flights.killed();
        return;
      }
      case "edited":
      case "saved":
      case "rekeyed":
      case "asked":
      case "chosen":
      case "retried":
      case "discarded":
        this.devices.of(fact.device).ledger.fold(fact);
    }
  }

  private noticed(state: DeviceState, fact: FactOf<"noticed">): void {
    this.trigger();
    state.notice = fact;
    for (const { note } of state.ledger.all()) note.answered = false;
  }

  private answered(state: DeviceState, fact: FactOf<"answered">): void {
    // If these are of the other protocol still, a new notice follows.
    if (fact.call === "capabilities" && fact.status === 200) state.notice = undefined;
    const sent = state.flights.ended(fact.request);
    if (!sent) return;
    for (const item of sent.mutations) {
      const mutation = state.ledger.byKey(item.key);
      if (mutation) mutation.note.answered = true;
    }
  }

  private sent(state: DeviceState, fact: FactOf<"sent">): void {
    state.flights.sent(fact);
    if (fact.mutations.length === 0) return;
    const { notice } = state;
    if (!notice) return;
    this.breach({
      at: fact.at,
      expected: `${who(fact)} works on offline and keeps its queue`,
      actual: `request ${fact.request} with mutations went out`,
      because: "it had met a protocol other than its own, and said so",
      evidence: [notice, fact],
    });
  }

  private settled(state: DeviceState, fact: FactOf<"settled">): void {
    const mutation = state.ledger.fold(fact);
    const { notice } = state;
    if (!notice || !mutation || fact.outcome !== "failed" || mutation.note.answered) return;
    this.breach({
      at: fact.at,
      expected: `${who(fact)} keeps ${naming(mutation)} in its queue`,
      actual: "it failed without an answer",
      because: "it had met a protocol other than its own",
      evidence: [mutation.edited, notice, fact],
    });
  }
}
