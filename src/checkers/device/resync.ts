/**
 * Judges EVT-15: on `resync_required` a device syncs, by delta or in full, and loses no pending work.
 * Refuses to say which of the two.
 */

import type { Fact, FactOf } from "../../history/facts.ts";
import { ByIndex } from "../define.ts";
import type { Checker, Judgement } from "../port.ts";
import { attending, createWitness, type Witness } from "../witness.ts";
import { DeviceChecker, who } from "./findings.ts";
import { Doubts } from "./instant.ts";
import { LEDGER_FACTS, naming } from "./ledger.ts";
import { Debt, LIFE_FACTS, Life, type LifeFact, SYNC_DUE_MS } from "./life.ts";
import { type Drop, DropWatch } from "./overlay.ts";

/**
 * [EVT-15] Triggers: each `resync_required`. A sync must begin, or be running, within SYNC_DUE_MS of being open and
 * online; a kill ends the demand, as the next opening syncs [FUL-1]. Until that sync has ended, no edit may drop off
 * the screen without having been settled.
 */
export function createResyncChecker(witness: Witness = createWitness()): Checker {
  return attending(witness, new Resync(witness));
}

interface DeviceState {
  readonly life: Life;
  readonly debt: Debt<FactOf<"frame">>;
  readonly drops: DropWatch;
  syncing: boolean;
  /** Set from the frame to the end of the sync that answers it. */
  resyncing: FactOf<"frame"> | undefined;
}

class Resync extends DeviceChecker {
  private readonly witness: Witness;
  private readonly doubts = new Doubts();
  private readonly devices = new ByIndex<DeviceState>((device) => ({
    life: new Life(),
    debt: new Debt<FactOf<"frame">>(),
    drops: new DropWatch(this.witness.ledgers.of(device), this.doubts, false),
    syncing: false,
    resyncing: undefined,
  }));
  private lastAt = 0;

  constructor(witness: Witness) {
    super("EVT-15", [
      ...LEDGER_FACTS,
      ...LIFE_FACTS,
      "frame",
      "sync_started",
      "sync_ended",
      "sent",
      "shown",
      "noticed",
      "phase",
    ]);
    this.witness = witness;
  }

  fold(fact: Fact): void {
    this.lastAt = fact.at;
    switch (fact.fact) {
      case "frame":
        this.frame(this.due(fact), fact);
        return;
      case "sync_started": {
        const state = this.due(fact);
        state.syncing = true;
        state.life.muted = false;
        state.debt.pay();
        return;
      }
      case "sync_ended":
        this.ended(this.due(fact), fact);
        return;
      case "sent":
        if (fact.call === "changes" || fact.call === "list") this.due(fact).debt.pay();
        // [FLG-4] a device may first ask whom it speaks to, and again if that fails.
        if (fact.call === "capabilities") this.due(fact).debt.postpone(fact.at);
        return;
      case "shown": {
        const state = this.due(fact);
        if (state.resyncing || fact.waiting.length > 0)
          state.drops.shown(fact, state.resyncing !== undefined);
        return;
      }
      case "noticed": {
        const state = this.due(fact);
        // What cannot be stored can be asked for all the same.
        if (fact.notice === "storage_failed") return;
        state.debt.pay();
        state.life.muted = true;
        return;
      }
      case "killed":
      case "started":
      case "opened":
      case "closed":
      case "online":
      case "offline":
        this.lived(this.due(fact), fact);
        return;
      case "edited":
      case "saved":
      case "rekeyed":
      case "settled":
      case "asked":
      case "chosen":
      case "retried":
      case "discarded":
        this.due(fact);
    }
  }

  override finish(): Judgement {
    this.devices.each((state) => {
      for (const drop of state.drops.drops(Number.POSITIVE_INFINITY)) this.dropped(drop);
      this.overdue(state, this.lastAt);
    });
    return super.finish();
  }

  private due(fact: Fact & { readonly device: number }): DeviceState {
    const state = this.devices.of(fact.device);
    if (this.doubts.held > 0) {
      for (const drop of state.drops.drops(fact.at, fact)) this.dropped(drop);
    }
    this.overdue(state, fact.at);
    return state;
  }

  private able({ life }: DeviceState): boolean {
    return life.alive && life.open && life.online;
  }

  private lived(state: DeviceState, fact: LifeFact): void {
    state.life.fold(fact);
    if (fact.fact === "killed") {
      state.drops.killed();
      state.debt.pay();
      state.syncing = false;
      state.resyncing = undefined;
      return;
    }
    state.debt.able(this.able(state), fact.at);
  }

  private frame(state: DeviceState, fact: FactOf<"frame">): void {
    if (fact.frame.type !== "resync_required") return;
    this.trigger();
    state.resyncing = fact;
    if (!state.syncing && !state.life.muted) state.debt.owe(fact, fact.at, this.able(state));
  }

  private ended(state: DeviceState, fact: FactOf<"sync_ended">): void {
    state.syncing = false;
    if (fact.revision !== undefined) state.resyncing = undefined;
  }

  private overdue(state: DeviceState, at: number): void {
    const frame = state.debt.overdue(at, SYNC_DUE_MS);
    if (!frame) return;
    this.breach({
      at: frame.at,
      expected: `${who(frame)} syncs after resync_required`,
      actual: "it began no sync",
      because: `it was open and online for ${SYNC_DUE_MS / 1_000} s`,
      evidence: [frame],
    });
  }

  private dropped({ mutation, shown }: Drop): void {
    this.breach({
      at: shown.at,
      expected: `${who(shown)} keeps ${naming(mutation)} through the sync`,
      actual: "it is no longer shown as waiting, and was not settled",
      because: "resync_required is no reason to lose pending work",
      evidence: [mutation.edited, shown],
    });
  }
}
