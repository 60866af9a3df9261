/**
 * Judges PSH-8: a push makes the device sync, and many at once make one sync.
 * Refuses to demand a sync for what the device has seen by another way before it was due.
 */

import type { Fact, FactOf } from "../../history/facts.ts";
import type { Revision } from "../../protocol/revision.ts";
import { ByIndex } from "../define.ts";
import type { Checker, Judgement } from "../port.ts";
import { DeviceChecker, who } from "./findings.ts";
import { Doubts, Suspicions } from "./instant.ts";
import { Debt, LIFE_FACTS, Life, type LifeFact, SYNC_DUE_MS } from "./life.ts";

/**
 * [PSH-8] Triggers: each push that reaches a running app. It must begin a sync within SYNC_DUE_MS of being online, or
 * have seen the push's revision by then; and a push must not begin a delta sync while one is running.
 */
export function createPushSyncChecker(): Checker {
  return new PushSync();
}

interface DeviceState {
  readonly life: Life;
  readonly debt: Debt<FactOf<"pushed">>;
  /** The newest revision that pushes named and no sync has covered. */
  wanted: Revision | undefined;
  seen: Revision | undefined;
  running: FactOf<"sync_started"> | undefined;
  pushedMeanwhile: FactOf<"pushed"> | undefined;
  readonly doubles: Suspicions<readonly Fact[]>;
}

class PushSync extends DeviceChecker {
  private readonly doubts = new Doubts();
  private readonly devices = new ByIndex<DeviceState>(() => ({
    life: new Life(),
    debt: new Debt(),
    wanted: undefined,
    seen: undefined,
    running: undefined,
    pushedMeanwhile: undefined,
    doubles: new Suspicions(this.doubts),
  }));
  private lastAt = 0;

  constructor() {
    super("PSH-8", [
      ...LIFE_FACTS,
      "pushed",
      "sync_started",
      "sync_ended",
      "sent",
      "frame",
      "advanced",
      "noticed",
      "phase",
    ]);
  }

  fold(fact: Fact): void {
    this.lastAt = fact.at;
    switch (fact.fact) {
      case "started":
      case "killed":
      case "opened":
      case "closed":
      case "online":
      case "offline":
        this.lived(this.due(fact), fact);
        return;
      case "pushed":
        this.pushed(this.due(fact), fact);
        return;
      case "sync_started":
        this.began(this.due(fact), fact);
        return;
      case "sync_ended":
        this.ended(this.due(fact), fact);
        return;
      case "sent":
        // [FLG-4] a device may first ask whom it speaks to, and again if that fails.
        if (fact.call === "capabilities") this.due(fact).debt.postpone(fact.at);
        return;
      case "frame":
        if ("revisionId" in fact.frame) this.sees(this.due(fact), fact.frame.revisionId);
        return;
      case "advanced":
        this.sees(this.due(fact), fact.revision);
        return;
      case "noticed": {
        const state = this.due(fact);
        // What cannot be stored can be asked for all the same.
        if (fact.notice === "storage_failed") return;
        state.debt.pay();
        state.life.muted = true;
      }
    }
  }

  override finish(): Judgement {
    this.devices.each((state) => this.judge(state, this.lastAt, Number.POSITIVE_INFINITY));
    return super.finish();
  }

  private due(fact: { readonly device: number; readonly at: number }): DeviceState {
    const state = this.devices.of(fact.device);
    this.judge(state, fact.at, fact.at);
    return state;
  }

  private judge(state: DeviceState, at: number, instant: number): void {
    if (this.doubts.held > 0) {
      for (const evidence of state.doubles.ripe(instant)) this.double(evidence);
    }
    const push = state.debt.overdue(at, SYNC_DUE_MS);
    if (!push) return;
    this.breach({
      at: push.at,
      expected: `${who(push)} syncs after the push that names ${push.revision}`,
      actual: `it began no sync, and had not seen ${push.revision} in another way`,
      because: `it was running and online for ${SYNC_DUE_MS / 1_000} s`,
      evidence: [push],
    });
  }

  private double(evidence: readonly Fact[]): void {
    const [first, , second] = evidence;
    if (first?.fact !== "sync_started" || second?.fact !== "sync_started") return;
    this.breach({
      at: second.at,
      expected: `pushes to ${who(second)} join the sync that runs, or begin one after it`,
      actual: "a second delta sync began beside it",
      because: "many pushes at once make one sync",
      evidence,
    });
  }

  private lived(state: DeviceState, fact: LifeFact): void {
    state.life.fold(fact);
    if (fact.fact === "killed") {
      state.debt.pay();
      state.doubles.clear();
      state.running = undefined;
      return;
    }
    state.debt.able(this.able(state), fact.at);
  }

  private able(state: DeviceState): boolean {
    return state.life.alive && state.life.online && state.running === undefined;
  }

  private pushed(state: DeviceState, fact: FactOf<"pushed">): void {
    if (!state.life.alive) return;
    this.trigger();
    if (state.running) state.pushedMeanwhile ??= fact;
    if (state.life.muted || (state.seen !== undefined && state.seen >= fact.revision)) return;
    if (state.debt.owed === undefined || state.wanted === undefined || fact.revision > state.wanted) {
      state.wanted = fact.revision;
    }
    state.debt.owe(fact, fact.at, this.able(state));
  }

  private began(state: DeviceState, fact: FactOf<"sync_started">): void {
    state.debt.pay();
    state.life.muted = false;
    const { running, pushedMeanwhile } = state;
    if (running?.sync === "delta" && fact.sync === "delta" && pushedMeanwhile) {
      state.doubles.add("double", fact.at, [running, pushedMeanwhile, fact]);
    }
    state.running = fact;
    state.pushedMeanwhile = undefined;
  }

  private ended(state: DeviceState, fact: FactOf<"sync_ended">): void {
    // The one that ended may be told of only after the one that took its place.
    if (state.running && state.running.at < fact.at) state.running = undefined;
    else if (state.running?.sync === fact.sync) state.running = undefined;
    state.doubles.clear();
    if (fact.revision !== undefined) this.sees(state, fact.revision);
    state.debt.able(this.able(state), fact.at);
  }

  private sees(state: DeviceState, revision: Revision): void {
    if (state.seen === undefined || revision > state.seen) state.seen = revision;
    if (state.debt.owed && state.wanted !== undefined && revision >= state.wanted) state.debt.pay();
  }
}
