/**
 * Judges QUE-4 and, over a restart, QUE-7: every attempt of a mutation carries the key that it was given.
 * Refuses to know bytes: whether they may have changed is key-and-bytes.ts.
 */

import { jsonEqual } from "../../base/canonical-json.ts";
import type { Fact, FactOf, SentMutation } from "../../history/facts.ts";
import type { Checker } from "../port.ts";
import { attendingMutations, createWitness, type Witness } from "../witness.ts";
import { DeviceChecker, who } from "./findings.ts";
import { type Ledger, type Mutation, naming } from "./ledger.ts";
import type { Notes } from "./ledgers.ts";

/**
 * [QUE-4] Triggers: each attempt of a mutation after its first. The key changes only with `rekeyed`. A kill may take
 * back a `rekeyed` whose key was never sent; once sent, it must have been durable.
 */
export function createStableKeyChecker(witness: Witness = createWitness()): Checker {
  return attendingMutations(witness, new StableKey("QUE-4", witness));
}

/** [QUE-7] Triggers: the first attempt after a restart of a mutation that was on its way when the app was killed. */
export function createRestartedKeyChecker(witness: Witness = createWitness()): Checker {
  return attendingMutations(witness, new StableKey("QUE-7", witness));
}

interface Note {
  last: FactOf<"sent"> | undefined;
  lastKey: string;
  /** It was on its way when the app was killed, and has not been sent since. */
  cutOff: boolean;
  /** A rekeying that was not sent before the kill, and so may be lost. */
  unsureKey: boolean;
  /** A rekeying that was lost with a kill, as what was sent since has shown. */
  lostKey: string | undefined;
}

class StableKey extends DeviceChecker {
  private readonly witness: Witness;
  private readonly notes: Notes<Note>;

  constructor(rule: "QUE-4" | "QUE-7", witness: Witness) {
    super(rule, ["sent", "killed"]);
    this.witness = witness;
    this.notes = witness.ledgers.notes(() => ({
      last: undefined,
      lastKey: "",
      cutOff: false,
      unsureKey: false,
      lostKey: undefined,
    }));
  }

  fold(fact: Fact): void {
    switch (fact.fact) {
      case "sent":
        this.sent(fact);
        return;
      case "killed":
        this.killed(fact);
        return;
    }
  }

  private killed(fact: FactOf<"killed">): void {
    const { ledgers, flights } = this.witness;
    const ledger = ledgers.of(fact.device);
    for (const request of flights.cut) {
      for (const sent of request.mutations) {
        const mutation = ledger.byKey(sent.key);
        if (mutation) this.notes.of(mutation).cutOff = true;
      }
    }
    for (const mutation of ledger.all()) {
      const note = this.notes.of(mutation);
      note.unsureKey = note.lastKey !== mutation.key;
    }
  }

  private sent(fact: FactOf<"sent">): void {
    if (fact.mutations.length === 0) return;
    const ledger = this.witness.ledgers.of(fact.device);
    for (const sent of fact.mutations) {
      const mutation = ledger.byKey(sent.key) ?? this.underForeignKey(ledger, sent);
      if (mutation) this.attempt(mutation, sent, fact);
    }
  }

  /** A mutation that this can only be an attempt of: sent before, still waiting, and the same in all but its key. */
  private underForeignKey(ledger: Ledger, sent: SentMutation): Mutation | undefined {
    return ledger.ofRecord(sent.entity, sent.id).find((mutation) => {
      const note = this.notes.find(mutation);
      return (
        note?.last !== undefined &&
        mutation.edited.operation === sent.operation &&
        note.last.mutations.some(
          (earlier) =>
            earlier.key === note.lastKey && jsonEqual(earlier.payload ?? null, sent.payload ?? null),
        )
      );
    });
  }

  private attempt(mutation: Mutation, sent: SentMutation, fact: FactOf<"sent">): void {
    const note = this.notes.of(mutation);
    const { last, cutOff, unsureKey, lastKey } = note;
    note.last = fact;
    note.lastKey = sent.key;
    note.cutOff = false;
    note.unsureKey = false;
    const judged = this.rule === "QUE-7" ? cutOff : last !== undefined || sent.key !== mutation.key;
    if (!judged) return;
    this.trigger();
    if (sent.key === mutation.key) return;
    if (sent.key === (lastKey || mutation.edited.key) && (unsureKey || note.lostKey === mutation.key)) {
      note.lostKey = mutation.key;
      return;
    }
    this.breach({
      at: fact.at,
      expected: `${who(fact)} sends ${naming(mutation)} under its key ${mutation.key}`,
      actual: `it went out under ${sent.key}`,
      because: cutOff
        ? "it was on its way when the app was killed, and nothing gave it another key since"
        : "nothing gave it another key since",
      evidence: last ? [mutation.edited, last, fact] : [mutation.edited, fact],
    });
  }
}
