/**
 * Judges EVT-16: a device's own echo never undoes a newer edit that still waits.
 * Refuses to demand that an echo confirms: an answer may have done so before.
 */

import type { Fact, FactOf } from "../../history/facts.ts";
import { ByIndex } from "../define.ts";
import type { Checker, Judgement } from "../port.ts";
import { RecordMap } from "../record-map.ts";
import { attending, createWitness, type Witness } from "../witness.ts";
import { DeviceChecker, who } from "./findings.ts";
import { Doubts } from "./instant.ts";
import { LEDGER_FACTS, type Ledger, type LedgerFact, type Mutation, naming } from "./ledger.ts";
import { type Drop, DropWatch, missingOnTop } from "./overlay.ts";

/** How long after an echo what is shown of its record is judged: storage may come first. */
const ECHO_WATCH_MS = 2_000;

/**
 * [EVT-16] Triggers: each event that carries the key of a mutation of the device itself while a newer one of the same
 * record waits. What is shown of the record afterwards has the newer edit on top, and marked as waiting.
 */
export function createEchoChecker(witness: Witness = createWitness()): Checker {
  return attending(witness, new Echo(witness));
}

interface Watch {
  readonly echo: FactOf<"frame">;
  readonly newer: readonly Mutation[];
}

interface DeviceState {
  readonly ledger: Ledger;
  readonly drops: DropWatch;
  readonly watches: RecordMap<Watch>;
}

class Echo extends DeviceChecker {
  private readonly witness: Witness;
  private readonly doubts = new Doubts();
  private readonly devices = new ByIndex<DeviceState>((device) => {
    const ledger = this.witness.ledgers.of(device);
    return { ledger, drops: new DropWatch(ledger, this.doubts, true), watches: new RecordMap() };
  });

  constructor(witness: Witness) {
    super("EVT-16", [...LEDGER_FACTS, "frame", "shown"]);
    this.witness = witness;
  }

  fold(fact: Fact): void {
    switch (fact.fact) {
      case "frame":
        this.ripen(fact);
        this.frame(fact);
        return;
      case "shown":
        this.ripen(fact);
        this.shown(fact);
        return;
      case "killed": {
        this.ripen(fact);
        const state = this.devices.of(fact.device);
        state.drops.killed();
        state.watches.clear();
        return;
      }
      case "edited":
      case "saved":
      case "rekeyed":
      case "settled":
      case "asked":
      case "chosen":
      case "retried":
      case "discarded":
        this.ripen(fact);
    }
  }

  override finish(): Judgement {
    this.devices.each((state) => this.judge(state, Number.POSITIVE_INFINITY));
    return super.finish();
  }

  private ripen(fact: LedgerFact | FactOf<"frame" | "shown">): void {
    if (this.doubts.held > 0) this.judge(this.devices.of(fact.device), fact.at, fact);
  }

  private frame(fact: FactOf<"frame">): void {
    const own = this.witness.ledgers.echoed;
    if (!own) return;
    const { ledger, watches } = this.devices.of(fact.device);
    const { entity, id } = own.edited;
    const queue = ledger.ofRecord(entity, id);
    const newer = queue.slice(queue.indexOf(own) + 1).filter(({ stage }) => stage === "waiting");
    if (newer.length === 0) return;
    this.trigger();
    watches.set(entity, id, { echo: fact, newer });
  }

  private shown(fact: FactOf<"shown">): void {
    const state = this.devices.of(fact.device);
    if (state.watches.size === 0 && fact.waiting.length === 0) return;
    const watch = state.watches.get(fact.entity, fact.id);
    const watched = watch !== undefined && fact.at - watch.echo.at <= ECHO_WATCH_MS;
    if (watch && !watched) state.watches.delete(fact.entity, fact.id);
    if (watched || fact.waiting.length > 0) state.drops.shown(fact, watched);
    if (!watch || !watched) return;
    // Edits made since the echo are on top of the newer ones.
    const newer = state.ledger
      .ofRecord(fact.entity, fact.id)
      .filter(({ stage, edited }) => stage === "asked" || fact.waiting.includes(edited.mutation));
    const missing = missingOnTop(fact.fields, newer);
    if (missing === undefined) return;
    this.breach({
      at: fact.at,
      expected: `${who(fact)} still shows its newer edit of ${fact.entity} ${fact.id}`,
      actual: `${missing}`,
      because: `the echo of an older edit had come in, and ${newer.map(({ edited }) => edited.mutation).join(", ")} waits`,
      evidence: [watch.echo, ...newer.map(({ edited }) => edited), fact],
    });
  }

  private judge(state: DeviceState, at: number, fact?: Fact): void {
    for (const drop of state.drops.drops(at, fact)) this.dropped(state, drop);
  }

  private dropped(state: DeviceState, { mutation, shown }: Drop): void {
    const watch = state.watches.get(shown.entity, shown.id);
    if (!watch?.newer.includes(mutation)) return;
    this.breach({
      at: shown.at,
      expected: `${who(shown)} keeps ${naming(mutation)} waiting`,
      actual: "it is no longer shown as waiting, and was not settled",
      because: "the echo of an older edit of the record had come in",
      evidence: [mutation.edited, watch.echo, shown],
    });
  }
}
