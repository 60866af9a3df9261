/**
 * Judges QUE-14: what was queued before a restart is sent byte for byte after it.
 * Refuses to judge mutations whose bytes a strategy was free to change: those have a new key [MRG-10].
 */

import type { Fact, SentMutation } from "../../history/facts.ts";
import { RESERVED_MEMBERS } from "../../protocol/entity.ts";
import type { Checker } from "../port.ts";
import { ByDevice, DeviceChecker, type FactOf, RecordMap, who } from "./findings.ts";
import { LEDGER_FACTS, Ledger, type Mutation, naming } from "./ledger.ts";

/**
 * [QUE-14] Triggers: each attempt after a restart of a mutation that was queued before it and still has its key. It
 * is held against what was sent under that key before, or else against the edit; members that the proxy ignores may
 * be added. A record with a cancelled edit may have folded several into one.
 */
export function createStoredBytesChecker(): Checker {
  return new StoredBytes();
}

interface Note {
  sent: SentMutation | undefined;
  restarted: boolean;
}

class StoredBytes extends DeviceChecker {
  private readonly devices = new ByDevice(() => ({
    ledger: new Ledger<Note>(() => ({ sent: undefined, restarted: false })),
    folded: new RecordMap<true>(),
  }));

  constructor() {
    super("QUE-14", [...LEDGER_FACTS, "started", "sent"]);
  }

  fold(fact: Fact): void {
    switch (fact.fact) {
      case "started":
        for (const { note, stage } of this.devices.of(fact.device).ledger.all()) {
          note.restarted ||= stage !== "settled";
        }
        return;
      case "sent":
        this.sent(fact);
        return;
      case "settled": {
        const { ledger, folded } = this.devices.of(fact.device);
        const mutation = ledger.fold(fact);
        if (!mutation) return;
        const { entity, id } = mutation.edited;
        if (ledger.ofRecord(entity, id).length === 0) folded.delete(entity, id);
        else if (fact.outcome === "cancelled") folded.set(entity, id, true);
        return;
      }
      case "edited":
      case "saved":
      case "rekeyed":
      case "asked":
      case "chosen":
      case "retried":
      case "discarded":
      case "killed":
        this.devices.of(fact.device).ledger.fold(fact);
    }
  }

  private sent(fact: FactOf<"sent">): void {
    const { ledger, folded } = this.devices.of(fact.device);
    for (const item of fact.mutations) {
      const mutation = ledger.byKey(item.key);
      if (!mutation) continue;
      const { entity, id } = mutation.edited;
      this.attempt(mutation, item, fact, folded.get(entity, id) === true);
    }
  }

  private attempt(mutation: Mutation<Note>, item: SentMutation, fact: FactOf<"sent">, folded: boolean): void {
    const { note, edited } = mutation;
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
