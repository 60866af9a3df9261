/**
 * Judges QUE-1 and the other half of QUE-7: what was saved, or on its way, survives a kill.
 * Refuses to know storage: only what the device says and does afterwards counts.
 */

import type { Fact, FactOf } from "../../history/facts.ts";
import { ByIndex } from "../define.ts";
import type { Checker, Judgement } from "../port.ts";
import { attending, createWitness, type Witness } from "../witness.ts";
import { DeviceChecker, who } from "./findings.ts";
import { LEDGER_FACTS, type Mutation, naming } from "./ledger.ts";
import type { Notes } from "./ledgers.ts";

/**
 * [QUE-1] Triggers: each saved and unsettled mutation at each kill. Judged when the run is over: a mutation of which
 * nothing was heard after the restart, on a device that says that it holds fewer than were saved, has vanished.
 */
export function createDurableEditChecker(witness: Witness = createWitness()): Checker {
  return attending(witness, new DurableEdit(witness));
}

interface Note {
  /** The kill after which nothing was heard of it. */
  killed: FactOf<"killed"> | undefined;
}

class DurableEdit extends DeviceChecker {
  private readonly devices = new ByIndex(() => ({
    restarted: undefined as FactOf<"started"> | undefined,
    waiting: undefined as number | undefined,
  }));
  private readonly witness: Witness;
  private readonly notes: Notes<Note>;
  private settledAt: number | undefined;

  constructor(witness: Witness) {
    super("QUE-1", [...LEDGER_FACTS, "started", "sent", "shown", "replica", "phase"]);
    this.witness = witness;
    this.notes = witness.ledgers.notes(() => ({ killed: undefined }));
  }

  fold(fact: Fact): void {
    switch (fact.fact) {
      case "edited":
      case "saved":
      case "rekeyed":
      case "settled":
      case "asked":
      case "chosen":
      case "retried":
      case "discarded": {
        this.heard(this.witness.ledgers.mutation);
        return;
      }
      case "killed":
        this.killed(fact);
        return;
      case "started":
        this.devices.of(fact.device).restarted = fact;
        return;
      case "sent":
        if (fact.mutations.length === 0) return;
        for (const { key } of fact.mutations) this.heard(this.witness.ledgers.of(fact.device).byKey(key));
        return;
      case "shown":
        if (fact.waiting.length === 0) return;
        for (const name of fact.waiting) this.heard(this.witness.ledgers.of(fact.device).get(name));
        return;
      case "replica":
        this.devices.of(fact.device).waiting = fact.waiting;
        return;
      case "phase":
        if (fact.phase === "settled") this.settledAt = fact.at;
    }
  }

  override finish(): Judgement {
    this.devices.each(({ restarted, waiting }, device) => {
      // A device that says nothing of its queue is believed to be empty only when the run has settled [SYS-5].
      const holds = waiting ?? (this.settledAt === undefined ? undefined : 0);
      if (holds === undefined || !restarted) return;
      const live: Mutation[] = [];
      for (const mutation of this.witness.ledgers.of(device).all())
        if (mutation.stage === "waiting") live.push(mutation);
      if (live.length <= holds) return;
      for (const mutation of live) this.vanished(mutation, restarted);
    });
    return super.finish();
  }

  private killed(fact: FactOf<"killed">): void {
    for (const mutation of this.witness.ledgers.of(fact.device).all()) {
      if (mutation.stage !== "waiting" || !mutation.saved) continue;
      this.trigger();
      this.notes.of(mutation).killed ??= fact;
    }
  }

  private heard(mutation: Mutation | undefined): void {
    const note = mutation && this.notes.find(mutation);
    if (note) note.killed = undefined;
  }

  private vanished(mutation: Mutation, restarted: FactOf<"started">): void {
    const killed = this.notes.find(mutation)?.killed;
    if (!killed || restarted.at < killed.at) return;
    this.breach({
      at: killed.at,
      expected: `${naming(mutation)} is sent or settled after the restart of ${who(killed)}`,
      actual: "nothing was heard of it until the end of the run, and it waits no more",
      because: "the app had told its user that it was saved before it was killed",
      evidence: [mutation.edited, killed, restarted],
    });
  }
}
