/**
 * Judges QUE-1 and the other half of QUE-7: what was saved, or on its way, survives a kill.
 * Refuses to know storage: only what the device says and does afterwards counts.
 */

import type { Fact } from "../../history/facts.ts";
import type { Checker, Judgement } from "../port.ts";
import { ByDevice, DeviceChecker, type FactOf, who } from "./findings.ts";
import { LEDGER_FACTS, Ledger, type Mutation, naming } from "./ledger.ts";

/**
 * [QUE-1] Triggers: each saved and unsettled mutation at each kill. Judged when the run is over: a mutation of which
 * nothing was heard after the restart, on a device that says that it holds fewer than were saved, has vanished.
 */
export function createDurableEditChecker(): Checker {
  return new DurableEdit();
}

interface Note {
  /** The kill after which nothing was heard of it. */
  killed: FactOf<"killed"> | undefined;
}

class DurableEdit extends DeviceChecker {
  private readonly devices = new ByDevice(() => ({
    ledger: new Ledger<Note>(() => ({ killed: undefined })),
    restarted: undefined as FactOf<"started"> | undefined,
    waiting: undefined as number | undefined,
  }));
  private settledAt: number | undefined;

  constructor() {
    super("QUE-1", [...LEDGER_FACTS, "started", "sent", "shown", "replica", "phase"]);
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
        const mutation = this.devices.of(fact.device).ledger.fold(fact);
        if (mutation) mutation.note.killed = undefined;
        return;
      }
      case "killed":
        this.killed(fact);
        return;
      case "started":
        this.devices.of(fact.device).restarted = fact;
        return;
      case "sent":
        for (const sent of fact.mutations) this.heard(fact.device, sent.key, true);
        return;
      case "shown":
        for (const name of fact.waiting) this.heard(fact.device, name, false);
        return;
      case "replica":
        this.devices.of(fact.device).waiting = fact.waiting;
        return;
      case "phase":
        if (fact.phase === "settled") this.settledAt = fact.at;
    }
  }

  override finish(): Judgement {
    this.devices.each(({ ledger, restarted, waiting }) => {
      // A device that says nothing of its queue is believed to be empty only when the run has settled [SYS-5].
      const holds = waiting ?? (this.settledAt === undefined ? undefined : 0);
      if (holds === undefined || !restarted) return;
      const live: Mutation<Note>[] = [];
      for (const mutation of ledger.all()) if (mutation.stage === "waiting") live.push(mutation);
      if (live.length <= holds) return;
      for (const mutation of live) this.vanished(mutation, restarted);
    });
    return super.finish();
  }

  private killed(fact: FactOf<"killed">): void {
    const { ledger } = this.devices.of(fact.device);
    ledger.fold(fact);
    for (const mutation of ledger.all()) {
      if (mutation.stage !== "waiting" || !mutation.saved) continue;
      this.trigger();
      mutation.note.killed ??= fact;
    }
  }

  private heard(device: number, name: string, byKey: boolean): void {
    const { ledger } = this.devices.of(device);
    const mutation = byKey ? ledger.byKey(name) : ledger.get(name);
    if (mutation) mutation.note.killed = undefined;
  }

  private vanished(mutation: Mutation<Note>, restarted: FactOf<"started">): void {
    const { killed } = mutation.note;
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
