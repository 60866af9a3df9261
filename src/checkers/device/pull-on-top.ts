/**
 * Judges QUE-12: what comes from the server while edits wait is shown below them.
 * Refuses to merge lists and objects; only single values that an edit sets are looked at.
 */

import type { Fact } from "../../history/facts.ts";
import type { Revision } from "../../protocol/revision.ts";
import type { Checker, Judgement } from "../port.ts";
import { ByDevice, DeviceChecker, type FactOf, RecordMap, who } from "./findings.ts";
import { LEDGER_FACTS, type Ledger, naming } from "./ledger.ts";
import { confirmedBy, type Drop, DropWatch, missingOnTop, type OnTop, overlayLedger } from "./overlay.ts";

/**
 * [QUE-12] Triggers: each time that a record with waiting edits is shown at another server revision than before.
 * Records about which a person is being asked, or whose edits a strategy has rewritten, are not judged.
 */
export function createPullOnTopChecker(): Checker {
  return new PullOnTop();
}

interface DeviceState {
  readonly ledger: Ledger<OnTop>;
  readonly drops: DropWatch;
  /** The revision below the waiting edits, of records that have some. */
  readonly below: RecordMap<Revision | undefined>;
}

class PullOnTop extends DeviceChecker {
  private readonly devices = new ByDevice<DeviceState>(() => {
    const ledger = overlayLedger();
    return { ledger, drops: new DropWatch(ledger), below: new RecordMap() };
  });

  constructor() {
    super("QUE-12", [...LEDGER_FACTS, "shown", "frame"]);
  }

  fold(fact: Fact): void {
    switch (fact.fact) {
      case "frame":
        confirmedBy(this.ripen(fact).ledger, fact.frame);
        return;
      case "shown":
        this.shown(this.ripen(fact), fact);
        return;
      case "killed": {
        const state = this.ripen(fact);
        state.ledger.fold(fact);
        state.drops.killed();
        state.below.clear();
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
        this.ripen(fact).ledger.fold(fact);
    }
  }

  override finish(): Judgement {
    this.devices.each((state) => {
      for (const drop of state.drops.drops(Number.POSITIVE_INFINITY)) this.dropped(drop);
    });
    return super.finish();
  }

  private ripen(fact: { readonly device: number; readonly at: number }): DeviceState {
    const state = this.devices.of(fact.device);
    for (const drop of state.drops.drops(fact.at)) this.dropped(drop);
    return state;
  }

  private shown(state: DeviceState, fact: FactOf<"shown">): void {
    const queue = state.ledger.ofRecord(fact.entity, fact.id);
    if (queue.length === 0) {
      if (fact.waiting.length > 0) state.drops.shown(fact, false);
      state.below.delete(fact.entity, fact.id);
      return;
    }
    const before = state.below.get(fact.entity, fact.id);
    state.below.set(fact.entity, fact.id, fact.revision);
    const pulled = before !== undefined && fact.revision !== undefined && fact.revision > before;
    if (pulled) this.trigger();
    state.drops.shown(fact, pulled);
    if (!pulled) return;
    const marked = queue.filter(
      ({ stage, edited }) => stage === "asked" || fact.waiting.includes(edited.mutation),
    );
    const missing = missingOnTop(fact.fields, marked);
    if (missing === undefined) return;
    this.breach({
      at: fact.at,
      expected: `${who(fact)} shows ${fact.entity} ${fact.id} with the waiting edits on top`,
      actual: `${missing}`,
      because: `the server's ${fact.revision} came in while ${marked.map((mutation) => mutation.edited.mutation).join(", ")} waited`,
      evidence: [...marked.map((mutation) => mutation.edited), fact],
    });
  }

  private dropped({ mutation, shown }: Drop): void {
    this.breach({
      at: shown.at,
      expected: `${who(shown)} keeps ${naming(mutation)} on top of ${shown.revision}`,
      actual: "the edit is no longer shown as waiting",
      because: "it was not settled; only the server's data had changed",
      evidence: [mutation.edited, shown],
    });
  }
}
