/**
 * Judges MRG-10: a mutation's bytes and its key change together, or not at all.
 * Refuses to know why they change; timestamps are not part of the bytes (section 6).
 */

import { jsonEqual } from "../../base/canonical-json.ts";
import type { Fact, FactOf, SentMutation } from "../../history/facts.ts";
import type { Checker } from "../port.ts";
import { attendingMutations, createWitness, type Witness } from "../witness.ts";
import { DeviceChecker, who } from "./findings.ts";
import { type Ledger, type Mutation, naming } from "./ledger.ts";
import type { Notes } from "./ledgers.ts";

/** [MRG-10] Triggers: each attempt of a mutation that was sent before. A person's retry is a new mutation [QUE-6]. */
export function createKeyAndBytesChecker(witness: Witness = createWitness()): Checker {
  return attendingMutations(witness, new KeyAndBytes(witness));
}

interface Note {
  /** The last attempt: the request, and the mutation in it. */
  fact: FactOf<"sent"> | undefined;
  sent: SentMutation | undefined;
  retried: boolean;
}

class KeyAndBytes extends DeviceChecker {
  private readonly witness: Witness;
  private readonly notes: Notes<Note>;

  constructor(witness: Witness) {
    super("MRG-10", ["sent", "retried"]);
    this.witness = witness;
    this.notes = witness.ledgers.notes(() => ({ fact: undefined, sent: undefined, retried: false }));
  }

  fold(fact: Fact): void {
    switch (fact.fact) {
      case "sent": {
        if (fact.mutations.length === 0) return;
        const ledger = this.witness.ledgers.of(fact.device);
        for (const sent of fact.mutations) {
          const mutation = ledger.byKey(sent.key);
          if (mutation) this.attempt(ledger, mutation, sent, fact);
        }
        return;
      }
      case "retried": {
        const { mutation } = this.witness.ledgers;
        if (mutation) this.notes.of(mutation).retried = true;
      }
    }
  }

  private attempt(ledger: Ledger, mutation: Mutation, sent: SentMutation, fact: FactOf<"sent">): void {
    const note = this.notes.of(mutation);
    const { fact: lastFact, sent: last, retried } = note;
    note.fact = fact;
    note.sent = sent;
    note.retried = false;
    if (!last || !lastFact) return;
    this.trigger();
    const different = difference(ledger, last, sent);
    const sameKey = last.key === sent.key;
    if (sameKey && different !== undefined) {
      this.breach({
        at: fact.at,
        expected: `${who(fact)} sends ${naming(mutation)} as before, or under a new key`,
        actual: `its ${different} changed, its key ${sent.key} did not`,
        because: "a key stands for the same bytes at every attempt",
        evidence: [lastFact, fact],
      });
    }
    if (!sameKey && different === undefined && !retried) {
      this.breach({
        at: fact.at,
        expected: `${who(fact)} sends ${naming(mutation)} again under ${last.key}`,
        actual: `the same bytes went out under ${sent.key}`,
        because: "a new key for the same bytes may take effect twice",
        evidence: [lastFact, fact],
      });
    }
  }
}

/** The first member that differs; undefined when both are the same mutation to the proxy. */
function difference(ledger: Ledger, before: SentMutation, now: SentMutation): string | undefined {
  if (before.entity !== now.entity) return "entity";
  if (before.operation !== now.operation) return "operation";
  // A temporary id, which is the key of its create, may have become the real one meanwhile (section 6).
  if (before.id !== now.id && !ledger.byKey(before.id) && !ledger.byKey(now.id)) return "record id";
  if (before.ifMatch !== now.ifMatch) return "If-Match";
  if (before.ifMatchMutation !== now.ifMatchMutation) return "ifMatchMutation";
  return jsonEqual(before.payload ?? null, now.payload ?? null) ? undefined : "payload";
}
