/**
 * Judges QUE-15: a long queue goes out in batches, within what the proxy takes.
 * Refuses to know the proxy's limits: a 413 tells of them.
 */

import type { Fact, FactOf } from "../../history/facts.ts";
import { ByIndex } from "../define.ts";
import type { Checker } from "../port.ts";
import { attending, createWitness, type Witness } from "../witness.ts";
import { DeviceChecker, who } from "./findings.ts";

/** From this many records with edits that wait for their first attempt, a queue is long. */
export const LONG_QUEUE = 20;
/** A mutation of this size may fill a request by itself. */
const LARGE_BYTES = 65_536;
/** What was made while storage failed may leave only when it is durable: who had been chosen before that goes alone. */
const RECOVERY_MS = 1_000;

/**
 * [QUE-15] SHOULD. Triggers: each request with mutations that a device with a long queue sends, once it has read the
 * proxy's capabilities, and each batch that is refused as too large.
 */
export function createBatchingChecker(witness: Witness = createWitness()): Checker {
  return attending(witness, new Batching(witness));
}

interface DeviceState {
  /** Mutations that were first of their record when they were made, and have never been sent. */
  readonly heads: Set<string>;
  informed: boolean;
  /** Until when storage failed, or had only just taken again what waits; no end while nothing was saved since. */
  troubledUntil: number;
}

class Batching extends DeviceChecker {
  private readonly devices = new ByIndex<DeviceState>(() => ({
    heads: new Set(),
    informed: false,
    troubledUntil: Number.NEGATIVE_INFINITY,
  }));
  private readonly witness: Witness;

  constructor(witness: Witness) {
    super("QUE-15", [
      "edited",
      "saved",
      "settled",
      "asked",
      "discarded",
      "killed",
      "sent",
      "answered",
      "noticed",
    ]);
    this.witness = witness;
  }

  fold(fact: Fact): void {
    switch (fact.fact) {
      case "edited": {
        const { ledgers } = this.witness;
        const first = ledgers.of(fact.device).ofRecord(fact.entity, fact.id).length === 1;
        if (first) this.devices.of(fact.device).heads.add(fact.mutation);
        return;
      }
      case "settled":
      case "asked":
      case "discarded":
        this.devices.of(fact.device).heads.delete(fact.mutation);
        return;
      case "noticed":
        if (fact.notice === "storage_failed")
          this.devices.of(fact.device).troubledUntil = Number.POSITIVE_INFINITY;
        return;
      case "saved": {
        const state = this.devices.of(fact.device);
        if (state.troubledUntil === Number.POSITIVE_INFINITY) state.troubledUntil = fact.at + RECOVERY_MS;
        return;
      }
      case "killed":
        this.devices.of(fact.device).troubledUntil = Number.NEGATIVE_INFINITY;
        this.killed(fact);
        return;
      case "sent":
        this.sent(fact);
        return;
      case "answered":
        this.answered(fact);
        return;
    }
  }

  private killed(fact: FactOf<"killed">): void {
    const { ledgers } = this.witness;
    const { heads } = this.devices.of(fact.device);
    const ledger = ledgers.of(fact.device);
    for (const name of heads) if (ledger.get(name)?.stage !== "waiting") heads.delete(name);
  }

  private sent(fact: FactOf<"sent">): void {
    if (fact.mutations.length === 0) return;
    const ledger = this.witness.ledgers.of(fact.device);
    const { heads, informed, troubledUntil } = this.devices.of(fact.device);
    const waiting = heads.size;
    const long = informed && waiting >= LONG_QUEUE && fact.at > troubledUntil;
    if (long) this.trigger();
    let firsts = 0;
    for (const item of fact.mutations) {
      const name = ledger.byKey(item.key)?.edited.mutation;
      if (name !== undefined && heads.delete(name)) firsts++;
    }
    if (!long || firsts === 0 || fact.mutations.length > 1 || fact.bytes > LARGE_BYTES) return;
    this.breach({
      at: fact.at,
      expected: `${who(fact)} sends its long queue in batches`,
      actual: `request ${fact.request} carries one mutation`,
      because: `edits of ${waiting} records waited for their first attempt`,
      evidence: [fact],
    });
  }

  private answered(fact: FactOf<"answered">): void {
    const sent = this.witness.flights.landed;
    if (fact.call === "capabilities" && fact.status === 200) this.devices.of(fact.device).informed = true;
    if (fact.call !== "batch" || fact.status !== 413 || !sent || sent.mutations.length < 2) return;
    this.trigger();
    this.breach({
      at: fact.at,
      expected: `${who(fact)} keeps its batches within mutationsMax and bodyBytesMax`,
      actual: `a batch of ${sent.mutations.length} mutations and ${sent.bytes} bytes was refused`,
      because: `the answer was 413${fact.error ? ` ${fact.error}` : ""}`,
      evidence: [sent, fact],
    });
  }
}
