/**
 * Judges QUE-12: what comes from the server while edits wait is shown below them.
 * Refuses to merge lists and objects; only single values that an edit sets are looked at.
 */

import type { Fact, FactOf } from "../../history/facts.ts";
import type { Revision } from "../../protocol/revision.ts";
import { ByIndex } from "../define.ts";
import type { Checker, Judgement } from "../port.ts";
import { RecordMap } from "../record-map.ts";
import { attending, createWitness, type Witness } from "../witness.ts";
import { DeviceChecker, who } from "./findings.ts";
import { Doubts } from "./instant.ts";
import { LEDGER_FACTS, type Ledger, type LedgerFact, type Mutation, naming } from "./ledger.ts";
import { type Drop, DropWatch, missingOnTop } from "./overlay.ts";

/**
 * [QUE-12] Triggers: each time that a record with waiting edits is shown at another server revision than before.
 * Records about which a person is being asked, or whose edits a strategy has rewritten, are not judged.
 */
export function createPullOnTopChecker(witness: Witness = createWitness()): Checker {
  return attending(witness, new PullOnTop(witness));
}

interface DeviceState {
  readonly ledger: Ledger;
  readonly drops: DropWatch;
  /** The revision below the waiting edits, of records that have some. */
  readonly below: RecordMap<Revision | undefined>;
}

class PullOnTop extends DeviceChecker {
  private readonly witness: Witness;
  private readonly doubts = new Doubts();
  private readonly devices = new ByIndex<DeviceState>((device) => {
    const ledger = this.witness.ledgers.of(device);
    return { ledger, drops: new DropWatch(ledger, this.doubts, true), below: new RecordMap() };
  });

  constructor(witness: Witness) {
    super("QUE-12", [...LEDGER_FACTS, "shown", "frame"]);
    this.witness = witness;
  }

  fold(fact: Fact): void {
    switch (fact.fact) {
      case "frame":
        this.ripen(fact);
        return;
      case "shown":
        this.ripen(fact);
        this.shown(fact);
        return;
      case "killed": {
        this.ripen(fact);
        const state = this.devices.of(fact.device);
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
        this.ripen(fact);
    }
  }

  override finish(): Judgement {
    this.devices.each((state) => {
      for (const drop of state.drops.drops(Number.POSITIVE_INFINITY)) this.dropped(drop);
    });
    return super.finish();
  }

  private ripen(fact: LedgerFact | FactOf<"frame" | "shown">): void {
    if (this.doubts.held === 0) return;
    for (const drop of this.devices.of(fact.device).drops.drops(fact.at, fact)) this.dropped(drop);
  }

  private shown(fact: FactOf<"shown">): void {
    const state = this.devices.of(fact.device);
    if (state.ledger.recordCount === 0 && state.below.size === 0 && fact.waiting.length === 0) return;
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
    if (pulled) this.judge(queue, fact);
  }

  private judge(queue: readonly Mutation[], fact: FactOf<"shown">): void {
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
