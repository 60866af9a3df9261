/**
 * Judges FUL-2 and, after a long absence, FUL-4: a full sync leaves nothing that the server had deleted, and pending
 * work stays.
 * Refuses to say how a full sync is done, and whether a read saw half of it: reads do not tell what they showed.
 */

import type { Fact, FactOf } from "../../history/facts.ts";
import { ByIndex } from "../define.ts";
import type { Checker, Judgement } from "../port.ts";
import { attending, createWitness, type Witness } from "../witness.ts";
import { DeviceChecker, who } from "./findings.ts";
import { Doubts, Suspicions } from "./instant.ts";
import { LEDGER_FACTS, naming } from "./ledger.ts";
import { type Drop, DropWatch } from "./overlay.ts";

/**
 * [FUL-2] Triggers: each full sync that ends on a device which showed a record that the server had deleted, or which
 * had pending work, when it began. Deletions are known only to a driver that sees the server.
 */
export function createFullSyncChecker(witness: Witness = createWitness()): Checker {
  return attending(witness, new FullSync("FUL-2", witness));
}

/**
 * [FUL-4] Triggers: each full sync that ends after the device was told that its revision is too old, if it then showed
 * a record that the server had deleted. What was deleted must be gone, and the device must create nothing that its
 * user did not make.
 */
export function createLongAbsenceChecker(witness: Witness = createWitness()): Checker {
  return attending(witness, new FullSync("FUL-4", witness));
}

interface Running {
  readonly started: FactOf<"sync_started">;
  readonly exercised: boolean;
}

interface DeviceState {
  readonly drops: DropWatch;
  /** The answer or frame that said that the revision is too old, until a full sync has ended. */
  expired: Fact | undefined;
  running: Running | undefined;
  /** A restarted app shows everything anew; what it showed before does not count. */
  startedAt: number;
  readonly ended: Suspicions<{ readonly running: Running; readonly fact: FactOf<"sync_ended"> }>;
}

class FullSync extends DeviceChecker {
  private readonly absent: boolean;
  private readonly witness: Witness;
  private readonly doubts = new Doubts();
  private readonly devices = new ByIndex<DeviceState>((device) => ({
    drops: new DropWatch(this.witness.ledgers.of(device), this.doubts, false),
    ended: new Suspicions(this.doubts),
    expired: undefined,
    running: undefined,
    startedAt: Number.NEGATIVE_INFINITY,
  }));

  constructor(rule: "FUL-2" | "FUL-4", witness: Witness) {
    super(rule, [
      ...LEDGER_FACTS,
      "sync_started",
      "sync_ended",
      "shown",
      "committed",
      "answered",
      "frame",
      "sent",
      "started",
    ]);
    this.absent = rule === "FUL-4";
    this.witness = witness;
  }

  fold(fact: Fact): void {
    switch (fact.fact) {
      case "shown":
        if (this.doubts.held > 0) this.ripen(fact);
        this.shown(fact);
        return;
      case "sync_started":
        if (fact.sync === "full") this.began(this.ripen(fact), fact);
        return;
      case "sync_ended":
        if (fact.sync === "full") this.ended(this.ripen(fact), fact);
        return;
      case "answered":
        if (fact.call === "changes" && fact.status === 410) this.ripen(fact).expired = fact;
        return;
      case "frame":
        if (fact.frame.type === "resync_required" && fact.frame.reason === "revision_expired") {
          this.ripen(fact).expired = fact;
        }
        return;
      case "sent":
        if (!this.absent || fact.mutations.length === 0) return;
        this.ripen(fact);
        this.sent(fact);
        return;
      case "started":
        this.ripen(fact).startedAt = fact.at;
        return;
      case "killed": {
        const state = this.ripen(fact);
        state.drops.killed();
        state.running = undefined;
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
        if (this.doubts.held > 0) this.ripen(fact);
    }
  }

  override finish(): Judgement {
    this.devices.each((state, device) => this.judge(state, device, Number.POSITIVE_INFINITY));
    return super.finish();
  }

  private ripen(fact: Fact & { readonly device: number }): DeviceState {
    const state = this.devices.of(fact.device);
    if (this.doubts.held > 0) this.judge(state, fact.device, fact.at, fact);
    return state;
  }

  private shown(fact: FactOf<"shown">): void {
    if (this.absent) return;
    const state = this.devices.of(fact.device);
    if (state.running || fact.waiting.length > 0) state.drops.shown(fact, state.running !== undefined);
  }

  private began(state: DeviceState, fact: FactOf<"sync_started">): void {
    let pending = false;
    if (!this.absent) {
      const ledger = this.witness.ledgers.of(fact.device);
      for (const { stage } of ledger.all()) pending ||= stage === "waiting";
    }
    const { account, device, at } = fact;
    const ghosts = this.witness.ghosts.before(fact, account, device, state.startedAt, at);
    state.running = { started: fact, exercised: ghosts.length > 0 || pending };
  }

  private ended(state: DeviceState, fact: FactOf<"sync_ended">): void {
    const { running } = state;
    if (!running || fact.revision === undefined) {
      state.running = undefined;
      return;
    }
    const judged = !this.absent || state.expired !== undefined;
    if (judged && running.exercised) this.trigger();
    if (judged) state.ended.add("full", fact.at, { running, fact });
    else state.running = undefined;
    state.expired = undefined;
  }

  private judge(state: DeviceState, device: number, at: number, now?: Fact): void {
    for (const drop of state.drops.drops(at, now)) this.dropped(drop);
    for (const { running, fact } of state.ended.ripe(at)) {
      if (state.running === running) state.running = undefined;
      const { account } = fact;
      const ghosts = this.witness.ghosts.before(now, account, device, state.startedAt, running.started.at);
      for (const { shown, deleted } of ghosts) {
        this.breach({
          at: fact.at,
          expected: `${shown.entity} ${shown.id} is gone from ${who(fact)} after its full sync`,
          actual: `it is still shown, at ${shown.revision ?? "no revision"}`,
          because: `the server had deleted it with ${deleted.revision} before the sync began`,
          evidence: [deleted, running.started, shown, fact],
        });
      }
    }
  }

  /** [FUL-4] nothing is created that no user made. */
  private sent(fact: FactOf<"sent">): void {
    for (const item of fact.mutations) {
      if (item.operation !== "create") continue;
      const own = this.witness.ledgers.of(fact.device).byKey(item.key);
      if (!own || own.edited.operation === "create") continue;
      // Taking up an edit of a deleted record as a new record is what a person may have chosen to do.
      if (own.formerKeys.length > 0 || own.retried) continue;
      const { edited } = own;
      this.breach({
        at: fact.at,
        expected: `${who(fact)} does not bring ${item.entity} ${item.id} back`,
        actual: "it sent a create of it",
        because: `its user made no such record: ${edited.mutation} was ${edited.operation === "update" ? "an update" : "a delete"}`,
        evidence: [edited, fact],
      });
    }
  }

  private dropped({ mutation, shown }: Drop): void {
    this.breach({
      at: shown.at,
      expected: `${who(shown)} keeps ${naming(mutation)} through its full sync`,
      actual: "it is no longer shown as waiting, and was not settled",
      because: "a full sync keeps pending work",
      evidence: [mutation.edited, shown],
    });
  }
}
