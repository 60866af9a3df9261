/**
 * Judges QUE-14: what was queued before a restart is sent byte for byte after it.
 * Refuses to judge mutations whose bytes a strategy was free to change: those have a new key [MRG-10].
 */

import type { Fact, FactOf, SentMutation } from "../../history/facts.ts";
import { RESERVED_MEMBERS } from "../../protocol/entity.ts";
import { ByIndex } from "../define.ts";
import type { Checker } from "../port.ts";
import { RecordMap } from "../record-map.ts";
import { attendingMutations, createWitness, type Witness } from "../witness.ts";
import { DeviceChecker, who } from "./findings.ts";
import { type Mutation, naming } from "./ledger.ts";
import type { Notes } from "./ledgers.ts";

/**
 * [QUE-14] Triggers: each attempt after a restart of a mutation that was queued before it and still has its key. It
 * is held against what was sent under that key before, or else against the edit; members that the proxy ignores may
 * be added. A record with a cancelled edit may have folded several into one.
 */
export function createStoredBytesChecker(witness: Witness = createWitness()): Checker {
  return attendingMutations(witness, new StoredBytes(witness));
}

interface Note {
  sent: SentMutation | undefined;
  restarted: boolean;
}

class StoredBytes extends DeviceChecker {
  /** Records of which an edit was cancelled while others wait. */
  private readonly folded = new ByIndex(() => new RecordMap<true>());
  private readonly witness: Witness;
  private readonly notes: Notes<Note>;

  constructor(witness: Witness) {
    super("QUE-14", ["started", "sent", "settled"]);
    this.witness = witness;
    this.notes = witness.ledgers.notes(() => ({ sent: undefined, restarted: false }));
  }

  fold(fact: Fact): void {
    switch (fact.fact) {
      case "started":
        for (const mutation of this.witness.ledgers.of(fact.device).all()) {
          if (mutation.stage !== "settled") this.notes.of(mutation).restarted = true;
        }
        return;
      case "sent":
        this.sent(fact);
        return;
      case "settled":
        this.settled(fact);
        return;
    }
  }

  private settled(fact: FactOf<"settled">): void {
    const { ledgers } = this.witness;
    const { mutation } = ledgers;
    const folded = this.folded.of(fact.device);
    if (!mutation || (folded.size === 0 && fact.outcome !== "cancelled")) return;
    const { entity, id } = mutation.edited;
    if (ledgers.of(fact.device).ofRecord(entity, id).length === 0) folded.delete(entity, id);
    else if (fact.outcome === "cancelled") folded.set(entity, id, true);
  }

  private sent(fact: FactOf<"sent">): void {
    if (fact.mutations.length === 0) return;
    const ledger = this.witness.ledgers.of(fact.device);
    const folded = this.folded.of(fact.device);
    for (const item of fact.mutations) {
      const mutation = ledger.byKey(item.key);
      if (!mutation) continue;
      const { entity, id } = mutation.edited;
      this.attempt(mutation, item, fact, folded.get(entity, id) === true);
    }
  }

  private attempt(mutation: Mutation, item: SentMutation, fact: FactOf<"sent">, folded: boolean): void {
    const { edited } = mutation;
    const note = this.notes.of(mutation);
    const before = note.sent?.key === item.key ? note.sent.payload : undefined;
    const known = before !== undefined || (mutation.formerKeys.length === 0 && !folded && !mutation.retried);
    const expected = before ?? edited.payload;
    note.sent = item;
    if (!note.restarted || !known) return;
    this.trigger();
    note.restarted = false;
    // Before its first sending, a list's edit may be put on top of newer items of the server.
    const leaveOut = before === undefined && edited.entity === "list" ? LIST_IGNORED : RESERVED_MEMBERS;
    if (sameBytes(expected ?? EMPTY, item.payload ?? EMPTY, leaveOut)) return;
    this.breach({
      at: fact.at,
      expected: `${who(fact)} sends ${naming(mutation)} with the payload ${JSON.stringify(expected ?? null)}`,
      actual: `it sent ${JSON.stringify(item.payload ?? null)}`,
      because: "it was queued before the app was restarted, and nothing gave it another key",
      evidence: [edited, fact],
    });
  }
}

const EMPTY: object = {};
const NONE: ReadonlySet<string> = new Set();
const LIST_IGNORED: ReadonlySet<string> = new Set([...RESERVED_MEMBERS, "items"]);

/** Equal with the order of members, as texts are, but for the members to leave out at the top. */
function sameBytes(left: unknown, right: unknown, leaveOut: ReadonlySet<string>): boolean {
  if (left === right) return true;
  if (left === null || right === null || typeof left !== "object" || typeof right !== "object") return false;
  if (Array.isArray(left) !== Array.isArray(right)) return false;
  const leftNames = membersOf(left, leaveOut);
  const rightNames = membersOf(right, leaveOut);
  const source = left as Record<string, unknown>;
  const target = right as Record<string, unknown>;
  return (
    leftNames.length === rightNames.length &&
    leftNames.every(
      (name, index) => name === rightNames[index] && sameBytes(source[name], target[name], NONE),
    )
  );
}

function membersOf(value: object, leaveOut: ReadonlySet<string>): readonly string[] {
  const source = value as Record<string, unknown>;
  return Object.keys(source).filter((name) => source[name] !== undefined && !leaveOut.has(name));
}
