/**
 * Judges FUL-1: on open a device asks for changes since its revision; it syncs in full only for cause, and says why.
 * Refuses to know what the device holds, beyond the revisions that it told were durable.
 */

import type { Fact, FactOf } from "../../history/facts.ts";
import { ENTITIES, type Entity } from "../../protocol/entity.ts";
import { ByIndex } from "../define.ts";
import type { Checker, Judgement } from "../port.ts";
import { DeviceChecker, who } from "./findings.ts";
import { Debt, LIFE_FACTS, Life, type LifeFact, SYNC_DUE_MS } from "./life.ts";

/** A sync this shortly before the opening counts as the one on open: the app may start and open in two steps. */
const JUST_SYNCED_MS = 10_000;
/** A revision is stored well within this time, unless the app is killed. */
const STORED_WITHIN_MS = 5_000;
/** Statuses of `changes` after which only a full sync is left: 410, and those of a proxy that has no delta. */
const NO_DELTA: ReadonlySet<number> = new Set([404, 405, 410, 501]);

/** True for an answer of the proxy after which only a full sync is left [FUL-1]; a captive portal's says nothing. */
export function refusesDelta({ call, status, foreign }: FactOf<"answered">): boolean {
  return call === "changes" && !foreign && NO_DELTA.has(status);
}

/**
 * [FUL-1] Triggers: each opening of a device that has stored a revision, and each full sync. A resumed event stream
 * counts as asking; a full sync that a person asks for (`requested`) is always allowed.
 */
export function createOpeningSyncChecker(): Checker {
  return new OpeningSync();
}

interface DeviceState {
  readonly life: Life;
  readonly debt: Debt<FactOf<"opened">>;
  readonly stored: Set<Entity>;
  /** Why the revision is of no use any more; stands until a full sync has ended. */
  cause: Fact | undefined;
  /** A full sync was begun for cause and has not ended. */
  unfinished: boolean;
  firsts: number;
  firstAt: number;
  askedAt: number;
  /** Storage failed in this process, and no revision was stored since. */
  failing: boolean;
  syncing: FactOf<"sync_started"> | undefined;
  readonly live: Set<number>;
}

class OpeningSync extends DeviceChecker {
  private readonly devices = new ByIndex<DeviceState>(() => ({
    life: new Life(),
    debt: new Debt(),
    stored: new Set(),
    cause: undefined,
    unfinished: false,
    firsts: 0,
    firstAt: Number.NEGATIVE_INFINITY,
    askedAt: Number.NEGATIVE_INFINITY,
    failing: false,
    syncing: undefined,
    live: new Set(),
  }));
  private lastAt = 0;

  constructor() {
    super("FUL-1", [
      ...LIFE_FACTS,
      "sync_started",
      "sync_ended",
      "sent",
      "answered",
      "connecting",
      "connected",
      "disconnected",
      "frame",
      "advanced",
      "noticed",
      "phase",
    ]);
  }

  fold(fact: Fact): void {
    this.lastAt = fact.at;
    switch (fact.fact) {
      case "sync_started":
        this.began(this.due(fact), fact);
        return;
      case "sync_ended":
        this.ended(this.due(fact), fact);
        return;
      case "sent":
        if (fact.call === "changes") this.asks(this.due(fact), fact.at);
        // [FLG-4] a device may first ask whom it speaks to, and again if that fails.
        if (fact.call === "capabilities") this.due(fact).debt.postpone(fact.at);
        return;
      case "connecting":
        if (fact.since !== undefined) this.asks(this.due(fact), fact.at);
        return;
      case "answered":
        if (refusesDelta(fact)) this.devices.of(fact.device).cause = fact;
        return;
      case "frame":
        if (fact.frame.type === "resync_required") this.devices.of(fact.device).cause = fact;
        return;
      case "connected":
        this.devices.of(fact.device).live.add(fact.socket);
        return;
      case "disconnected":
        this.devices.of(fact.device).live.delete(fact.socket);
        return;
      case "advanced":
        this.devices.of(fact.device).stored.add(fact.entity);
        this.devices.of(fact.device).failing = false;
        return;
      case "noticed": {
        const state = this.due(fact);
        // What cannot be stored can be asked for all the same.
        if (fact.notice === "storage_failed") {
          state.failing = true;
          return;
        }
        state.debt.pay();
        state.life.muted = true;
        return;
      }
      case "started":
      case "killed":
      case "opened":
      case "closed":
      case "online":
      case "offline":
        this.lived(this.due(fact), fact);
        return;
    }
  }

  override finish(): Judgement {
    this.devices.each((state) => this.judge(state, this.lastAt));
    return super.finish();
  }

  private due(fact: { readonly device: number; readonly at: number }): DeviceState {
    const state = this.devices.of(fact.device);
    this.judge(state, fact.at);
    return state;
  }

  private judge(state: DeviceState, at: number): void {
    const opened = state.debt.overdue(at, SYNC_DUE_MS);
    if (!opened) return;
    this.breach({
      at: opened.at,
      expected: `${who(opened)} asks for changes since its revision when it is opened`,
      actual: "it asked for nothing",
      because: `it was open and online for ${SYNC_DUE_MS / 1_000} s, and had stored a revision`,
      evidence: [opened],
    });
  }

  private lived(state: DeviceState, fact: LifeFact): void {
    state.life.fold(fact);
    switch (fact.fact) {
      case "opened":
        this.opened(state, fact);
        return;
      case "closed":
        state.debt.pay();
        return;
      case "killed":
        state.debt.pay();
        // Its revision may not have been stored: it was the first in vain.
        if (state.firstAt >= 0 && (state.failing || fact.at - state.firstAt < STORED_WITHIN_MS))
          state.firsts--;
        state.firstAt = Number.NEGATIVE_INFINITY;
        state.failing = false;
        state.syncing = undefined;
        state.live.clear();
        return;
      case "started":
        if (!fact.cold) state.stored.clear();
        return;
      default:
        state.debt.able(state.life.open && state.life.online, fact.at);
    }
  }

  private opened(state: DeviceState, fact: FactOf<"opened">): void {
    if (state.stored.size === 0) return;
    this.trigger();
    // A live event stream has told it everything; a sync that runs, or just ran, was for this opening.
    if (state.life.muted || state.live.size > 0 || state.syncing || fact.at - state.askedAt <= JUST_SYNCED_MS)
      return;
    state.debt.owe(fact, fact.at, state.life.online);
  }

  private asks(state: DeviceState, at: number): void {
    state.askedAt = at;
    state.debt.pay();
  }

  private ended(state: DeviceState, fact: FactOf<"sync_ended">): void {
    const { syncing } = state;
    state.syncing = undefined;
    if (fact.revision === undefined) return;
    if (fact.sync === "delta") {
      // A delta that began after the cause, and ended well, has shown that the revision is of use.
      if (syncing && state.cause && state.cause.at < syncing.at) state.cause = undefined;
      return;
    }
    state.cause = undefined;
    state.unfinished = false;
    if (fact.reason !== "first") return;
    state.firsts++;
    state.firstAt = fact.at;
  }

  private began(state: DeviceState, fact: FactOf<"sync_started">): void {
    this.asks(state, fact.at);
    state.syncing = fact;
    state.life.muted = false;
    if (fact.sync !== "full") return;
    this.trigger();
    if (fact.reason === undefined || fact.reason === "") {
      this.breach({
        at: fact.at,
        expected: `${who(fact)} notes why it syncs in full`,
        actual: "it gave no reason",
        because: "a full sync needs one",
        evidence: [fact],
      });
      return;
    }
    if (fact.reason === "requested") return;
    const first = state.stored.size < ENTITIES.length && state.firsts < ENTITIES.length;
    const nothingStored = state.stored.size === 0 || (fact.reason === "first" && first);
    if (nothingStored || state.cause || state.unfinished) {
      state.unfinished = true;
      return;
    }
    this.breach({
      at: fact.at,
      expected: `${who(fact)} asks for changes since its revision`,
      actual: `it syncs in full, with the reason "${fact.reason}"`,
      because: "it had stored a revision, and no answer or frame had said that it is of no use",
      evidence: [fact],
    });
  }
}
