/**
 * Judges MRG-10: a mutation's bytes and its key change together, or not at all.
 * Refuses to know why they change; timestamps are not part of the bytes (section 6).
 */

import { jsonEqual } from "../../base/canonical-json.ts";
import type { Fact, SentMutation } from "../../history/facts.ts";
import type { Checker } from "../port.ts";
import { ByDevice, DeviceChecker, type FactOf, who } from "./findings.ts";
import { LEDGER_FACTS, Ledger, type Mutation, naming } from "./ledger.ts";

/** [MRG-10] Triggers: each attempt of a mutation that was sent before. A person's retry is a new mutation [QUE-6]. */
export function createKeyAndBytesChecker(): Checker {
  return new KeyAndBytes();
}

interface Note {
  last: { readonly fact: FactOf<"sent">; readonly mutation: SentMutation } | undefined;
  retried: boolean;
}

class KeyAndBytes extends DeviceChecker {
  private readonly devices = new ByDevice(
    () => new Ledger<Note>(() => ({ last: undefined, retried: false })),
  );

  constructor() {
    super("MRG-10", [...LEDGER_FACTS, "sent"]);
  }

  fold(fact: Fact): void {
    switch (fact.fact) {
      case "sent": {
        const ledger = this.devices.of(fact.device);
        for (const sent of fact.mutations) {
          const mutation = ledger.byKey(sent.key);
          if (mutation) this.attempt(ledger, mutation, sent, fact);
        }
        return;
      }
      case "edited":
      case "saved":
      case "rekeyed":
      case "settled":
      case "asked":
      case "chosen":
      case "discarded":
      case "killed":
        this.devices.of(fact.device).fold(fact);
        return;
      case "retried": {
        const mutation = this.devices.of(fact.device).fold(fact);
        if (mutation) mutation.note.retried = true;
      }
    }
  }

  private attempt(
    ledger: Ledger<Note>,
    mutation: Mutation<Note>,
    sent: SentMutation,
    fact: FactOf<"sent">,
  ): void {
    const { last, retried } = mutation.note;
    mutation.note.last = { fact, mutation: sent };
    mutation.note.retried = false;
    if (!last) return;
    this.trigger();
    const different = difference(ledger, last.mutation, sent);
    const sameKey = last.mutation.key === sent.key;
    if (sameKey && different !== undefined) {
      this.breach({
        at: fact.at,
        expected: `${who(fact)} sends ${naming(mutation)} as before, or under a new key`,
        actual: `its ${different} changed, its key ${sent.key} did not`,
        because: "a key stands for the same bytes at every attempt",
        evidence: [last.fact, fact],
      });
    }
    if (!sameKey && different === undefined && !retried) {
      this.breach({
        at: fact.at,
        expected: `${who(fact)} sends ${naming(mutation)} again under ${last.mutation.key}`,
        actual: `the same bytes went out under ${sent.key}`,
        because: "a new key for the same bytes may take effect twice",
        evidence: [last.fact, fact],
      });
    }
  }
}

/** The first member that differs; undefined when both are the same mutation to the proxy. */
function difference(ledger: Ledger<Note>, before: SentMutation, now: SentMutation): string | undefined {
  if (before.entity !== now.entity) return "entity";
  if (before.operation !== now.operation) return "operation";
  // A temporary id, which is the key of its create, may have become the real one meanwhile (section 6).
  if (before.id !== now.id && !ledger.byKey(before.id) && !ledger.byKey(now.id)) return "record id";
  if (before.ifMatch !== now.ifMatch) return "If-Match";
  if (before.ifMatchMutation !== now.ifMatchMutation) return "ifMatchMutation";
  return jsonEqual(before.payload ?? null, now.payload ?? null) ? undefined : "payload";
}
