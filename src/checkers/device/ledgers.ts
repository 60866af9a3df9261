/**
 * Owns the ledgers of all devices, what of their mutations is shown, and room for what checkers note on them.
 * Refuses to judge, and to know what is noted.
 */

import type { FactOf } from "../../history/facts.ts";
import { ByIndex } from "../define.ts";
import { Ledger, type LedgerFact, type Mutation } from "./ledger.ts";

/** The ledgers of all devices. */
export class Ledgers {
  /** The mutation that the newest ledger fact is about; undefined when it is not known, and after a kill. */
  mutation: Mutation | undefined;
  /** [EVT-16] the mutation of the device itself that the newest frame is the echo of. */
  echoed: Mutation | undefined;
  private readonly byDevice = new ByIndex(() => new Ledger());
  private slots = 0;

  of(device: number): Ledger {
    return this.byDevice.of(device);
  }

  take(fact: LedgerFact): void {
    this.mutation = this.byDevice.of(fact.device).fold(fact);
  }

  /** Takes in what is shown: which mutations are marked as waiting. */
  show(fact: FactOf<"shown">): void {
    if (fact.waiting.length === 0) return;
    const ledger = this.byDevice.of(fact.device);
    for (const name of fact.waiting) {
      const mutation = ledger.get(name);
      if (mutation) mutation.shown = true;
    }
  }

  /** Takes in a frame: it may be an echo. */
  echo(fact: FactOf<"frame">): void {
    const { frame } = fact;
    const key = frame.type === "sync_event" ? frame.origin?.mutationId : undefined;
    this.echoed = key === undefined ? undefined : this.byDevice.of(fact.device).byKey(key);
    if (this.echoed) this.echoed.confirmed = true;
  }

  /** Room on each mutation for the notes of one checker; made when they are first asked for. */
  notes<Note>(make: () => Note): Notes<Note> {
    return new Notes(this.slots++, make);
  }
}

/** The notes of one checker on mutations. */
export class Notes<Note> {
  private readonly slot: number;
  private readonly make: () => Note;

  constructor(slot: number, make: () => Note) {
    this.slot = slot;
    this.make = make;
  }

  of(mutation: Mutation): Note {
    const there = mutation.notes[this.slot];
    // Nobody else has this slot.
    if (there !== undefined) return there as Note;
    const made = this.make();
    mutation.notes[this.slot] = made;
    return made;
  }

  /** undefined when nothing was noted yet. */
  find(mutation: Mutation): Note | undefined {
    return mutation.notes[this.slot] as Note | undefined;
  }
}
