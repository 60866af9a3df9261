/**
 * Judges FLG-4: a device that meets another protocol works on offline and keeps its queue.
 * Refuses to know what the capabilities said: the device's own notice is the only sign of it in a history.
 */

import type { Fact, FactOf, SentMutation } from "../../history/facts.ts";
import { ByIndex } from "../define.ts";
import type { Checker } from "../port.ts";
import { attending, createWitness, type Witness } from "../witness.ts";
import { AT_ONCE_MS } from "./consequence.ts";
import { DeviceChecker, who } from "./findings.ts";
import { naming } from "./ledger.ts";
import type { Notes } from "./ledgers.ts";
import { replyTo } from "./reply.ts";

/** How a mutation's last request ended. */
interface Note {
  /** Undefined while it is on its way, and when there was none. */
  endedAt: number | undefined;
  /** It left open whether the mutation took effect: an end, if it was the last attempt, must follow at once. */
  open: boolean;
}

/**
 * [FLG-4] Triggers: each notice `protocol_mismatch`. From then on, until a restart or capabilities without a new
 * notice, no mutation goes out, and none fails but by the end of a request that was on its way; one that can be tried
 * again is no reason for more than AT_ONCE_MS.
 */
export function createForeignProtocolChecker(witness: Witness = createWitness()): Checker {
  return attending(witness, new ForeignProtocol(witness));
}

interface DeviceState {
  notice: FactOf<"noticed"> | undefined;
}

class ForeignProtocol extends DeviceChecker {
  private readonly devices = new ByIndex<DeviceState>(() => ({ notice: undefined }));
  private readonly witness: Witness;
  private readonly notes: Notes<Note>;

  constructor(witness: Witness) {
    super("FLG-4", ["noticed", "started", "sent", "answered", "unanswered", "settled"]);
    this.witness = witness;
    this.notes = witness.ledgers.notes(() => ({ endedAt: undefined, open: false }));
  }

  fold(fact: Fact): void {
    switch (fact.fact) {
      case "noticed":
        if (fact.notice === "protocol_mismatch") this.noticed(this.devices.of(fact.device), fact);
        return;
      case "sent":
        this.sent(fact);
        return;
      case "answered":
        this.answered(fact);
        return;
      case "unanswered":
        this.landed(fact);
        return;
      case "settled":
        this.settled(fact);
        return;
      case "started":
        this.devices.of(fact.device).notice = undefined;
        return;
    }
  }

  private noticed(state: DeviceState, fact: FactOf<"noticed">): void {
    this.trigger();
    state.notice = fact;
  }

  private answered(fact: FactOf<"answered">): void {
    // If these are of the other protocol still, a new notice follows.
    if (fact.call === "capabilities" && fact.status === 200) this.devices.of(fact.device).notice = undefined;
    this.landed(fact);
  }

  /** What was on its way may end by that, also later: an end is told when storage has it. */
  private landed(fact: FactOf<"answered" | "unanswered">): void {
    const sent = this.witness.flights.landed;
    if (!sent) return;
    const ledger = this.witness.ledgers.of(fact.device);
    for (let index = 0; index < sent.mutations.length; index++) {
      const item = sent.mutations[index] as SentMutation;
      const mutation = ledger.byKey(item.key);
      if (!mutation) continue;
      const reply = fact.fact === "unanswered" ? "retry" : replyTo(fact, item, index);
      const note = this.notes.of(mutation);
      note.endedAt = fact.at;
      note.open = reply === "retry" || reply === "in_flight" || reply === "unauthorized";
    }
  }

  private sent(fact: FactOf<"sent">): void {
    if (fact.mutations.length === 0) return;
    const ledger = this.witness.ledgers.of(fact.device);
    for (const { key } of fact.mutations) {
      const mutation = ledger.byKey(key);
      if (mutation) this.notes.of(mutation).endedAt = undefined;
    }
    const { notice } = this.devices.of(fact.device);
    if (!notice) return;
    this.breach({
      at: fact.at,
      expected: `${who(fact)} works on offline and keeps its queue`,
      actual: `request ${fact.request} with mutations went out`,
      because: "it had met a protocol other than its own, and said so",
      evidence: [notice, fact],
    });
  }

  private settled(fact: FactOf<"settled">): void {
    const { mutation } = this.witness.ledgers;
    // What was made on top of one that an answer refused goes with it.
    if (!mutation || fact.outcome !== "failed" || fact.error === "dependency_failed") return;
    const { notice } = this.devices.of(fact.device);
    if (!notice || isEnded(this.notes.find(mutation), fact.at)) return;
    // Without the durable queue nothing is saved, and an edit that cannot go at once was never in one.
    if (!mutation.saved) return;
    this.breach({
      at: fact.at,
      expected: `${who(fact)} keeps ${naming(mutation)} in its queue`,
      actual: "it failed without an answer",
      because: "it had met a protocol other than its own",
      evidence: [mutation.edited, notice, fact],
    });
  }
}

/** True when the last request of a mutation is reason for an end at `at`. */
function isEnded(note: Note | undefined, at: number): boolean {
  if (note?.endedAt === undefined) return false;
  return !note.open || at - note.endedAt <= AT_ONCE_MS;
}
