/**
 * Judges QUE-2: an edit shows at once, marked as waiting, and a refusal rolls it back.
 * Refuses to look at the content of what is shown: that is pull-on-top.ts.
 */

import type { Fact, FactOf } from "../../history/facts.ts";
import { isGoneAt, isOf } from "../commits.ts";
import { ByIndex } from "../define.ts";
import type { Checker, Judgement } from "../port.ts";
import { RecordMap } from "../record-map.ts";
import { attending, createWitness, type Witness } from "../witness.ts";
import { DeviceChecker, who } from "./findings.ts";
import { Doubts, Suspicions } from "./instant.ts";

/**
 * [QUE-2] Triggers: each edit, and each refusal (failed, yielded, discarded) of one that was shown as waiting. Both
 * must be on the screen before the next instant of the device; within one instant, order is free.
 */
export function createShownAtOnceChecker(witness: Witness = createWitness()): Checker {
  return attending(witness, new ShownAtOnce(witness));
}

type Edited = FactOf<"edited">;
type Settled = FactOf<"settled">;

interface DeviceState {
  /** Edits that are not on the screen yet. */
  readonly unseen: Suspicions<Edited>;
  /** Refusals that are still shown as waiting. */
  readonly unhidden: Suspicions<{ readonly settled: Settled; readonly shown: FactOf<"shown"> }>;
  /** What is marked as waiting on the screen, by record and by mutation. */
  readonly screen: RecordMap<FactOf<"shown">>;
  readonly places: Map<string, FactOf<"shown">>;
  /** Deletes that wait or were just refused, with what was last shown of their records. */
  readonly deletes: Map<string, Deletion>;
  readonly refusedDeletes: Suspicions<Deletion>;
}

interface Deletion {
  readonly edited: Edited;
  shown: FactOf<"shown"> | undefined;
}

class ShownAtOnce extends DeviceChecker {
  private readonly witness: Witness;
  private readonly doubts = new Doubts();
  private readonly devices = new ByIndex<DeviceState>(() => ({
    unseen: new Suspicions(this.doubts),
    unhidden: new Suspicions(this.doubts),
    screen: new RecordMap(),
    places: new Map(),
    deletes: new Map(),
    refusedDeletes: new Suspicions(this.doubts),
  }));

  constructor(witness: Witness) {
    super("QUE-2", ["edited", "saved", "shown", "settled", "sent", "answered", "frame", "read", "killed"]);
    this.witness = witness;
  }

  fold(fact: Fact): void {
    switch (fact.fact) {
      case "edited": {
        const state = this.ripen(fact);
        this.trigger();
        if (!state.places.has(fact.mutation)) state.unseen.add(fact.mutation, fact.at, fact);
        if (fact.operation === "delete") state.deletes.set(fact.mutation, { edited: fact, shown: undefined });
        return;
      }
      case "shown":
        this.shown(this.ripen(fact), fact);
        return;
      case "settled":
        this.settled(this.ripen(fact), fact);
        return;
      case "saved":
      case "sent":
      case "answered":
      case "frame":
      case "read":
        if (this.doubts.held > 0) this.ripen(fact);
        return;
      case "killed":
        this.ripen(fact);
        this.killed(fact.device);
        return;
    }
  }

  override finish(): Judgement {
    this.devices.each((state) => this.judge(state, Number.POSITIVE_INFINITY));
    return super.finish();
  }

  private ripen(fact: { readonly device: number; readonly at: number }): DeviceState {
    const state = this.devices.of(fact.device);
    if (this.doubts.held > 0) this.judge(state, fact.at);
    return state;
  }

  private killed(device: number): void {
    const { unseen, unhidden, screen, places, deletes, refusedDeletes } = this.devices.of(device);
    unseen.clear();
    unhidden.clear();
    refusedDeletes.clear();
    screen.clear();
    places.clear();
    deletes.clear();
  }

  private shown(state: DeviceState, fact: FactOf<"shown">): void {
    const { length } = fact.waiting;
    if (length === 0 && state.screen.size === 0 && state.deletes.size === 0) return;
    const before = state.screen.get(fact.entity, fact.id);
    if (before) {
      for (const name of before.waiting) {
        if (state.places.get(name) === before && !fact.waiting.includes(name)) {
          state.places.delete(name);
          state.unhidden.lift(name);
        }
      }
    }
    for (const name of fact.waiting) {
      state.places.set(name, fact);
      state.unseen.lift(name);
    }
    if (length > 0) state.screen.set(fact.entity, fact.id, fact);
    else if (before) state.screen.delete(fact.entity, fact.id);
    if (state.deletes.size === 0) return;
    for (const deletion of state.deletes.values()) {
      const { entity, id } = deletion.edited;
      if (entity === fact.entity && id === fact.id) deletion.shown = fact;
    }
  }

  private settled(state: DeviceState, fact: Settled): void {
    state.unseen.lift(fact.mutation);
    const deletion = state.deletes.get(fact.mutation);
    const refused = fact.outcome === "failed" || fact.outcome === "yielded" || fact.outcome === "discarded";
    if (!refused) {
      state.deletes.delete(fact.mutation);
      return;
    }
    const shown = state.places.get(fact.mutation);
    if (shown || deletion) this.trigger();
    if (shown) state.unhidden.add(fact.mutation, fact.at, { settled: fact, shown });
    if (deletion) state.refusedDeletes.add(fact.mutation, fact.at, deletion);
  }

  private judge(state: DeviceState, at: number): void {
    for (const edited of state.unseen.ripe(at)) {
      this.breach({
        at: edited.at,
        expected: `${who(edited)} shows its ${edited.operation} of ${edited.entity} ${edited.id} at once, as waiting`,
        actual: "it was not shown before the next thing happened",
        because: `the user had just made the edit (${edited.mutation})`,
        evidence: [edited],
      });
    }
    for (const { settled, shown } of state.unhidden.ripe(at)) {
      this.breach({
        at: settled.at,
        expected: `${who(settled)} rolls ${shown.entity} ${shown.id} back`,
        actual: `it still shows ${settled.mutation} as waiting`,
        because: `${settled.mutation} ended ${settled.outcome}`,
        evidence: [shown, settled],
      });
    }
    for (const deletion of state.refusedDeletes.ripe(at)) this.judgeDelete(state, deletion);
  }

  /** [QUE-2] a rejected delete included: at the revision that the user saw, the record is not the server's deletion. */
  private judgeDelete(state: DeviceState, { edited, shown }: Deletion): void {
    state.deletes.delete(edited.mutation);
    if (!shown || shown.fields !== undefined || shown.waiting.length > 0) return;
    if (edited.base === undefined || shown.revision !== edited.base) return;
    // What its user deleted may have been gone from the server, and shown only for an edit that waited.
    const { commits } = this.witness;
    const { account, entity, id } = edited;
    const commit = commits.of(account).find(edited.base);
    if (isOf(commit, entity, id) && commit?.action === "deleted") return;
    // A full sync dates what is gone by the head of the log.
    if (isGoneAt(commits.record(account, entity, id), edited.base)) return;
    this.breach({
      at: shown.at,
      expected: `${who(edited)} shows ${entity} ${id} again`,
      actual: "it stays gone",
      because: `its delete (${edited.mutation}) was refused, and the server's version is still ${edited.base}`,
      evidence: [edited, shown],
    });
  }
}
