/**
 * Judges EVT-19: reconnects back off like the queue, with jitter.
 * Refuses to judge reconnects that the network, the user or the device itself gave a reason for.
 */

import type { Fact, FactOf } from "../../history/facts.ts";
import { CLOSE } from "../../protocol/request.ts";
import { ByIndex } from "../define.ts";
import type { Checker, Judgement } from "../port.ts";
import { longestMs, nominalWaitMs, shortestMs } from "./backoff.ts";
import { DeviceChecker, who } from "./findings.ts";
import { LIFE_FACTS, Life } from "./life.ts";

/** A connection that lived as long as this was a good one, whatever the device counts. */
const GOOD_CONNECTION_MS = 60_000;
/** Jitter is judged over this many waits, of this many devices, that may be a wait and its jitter, and no more. */
const JITTER_WAITS_MIN = 12;
const JITTER_DEVICES_MIN = 3;
/** Waits that differ by no more than one in so many parts of the wait without jitter are alike. */
const PARTS = 1_000;
/** More parts than jitter may add, with a clock that runs slow. */
const PARTS_MAX = 250;
/** Something else may have held some waits up; without jitter more than this share of all are alike. */
const ALIKE_MAX = 0.5;

/**
 * [EVT-19] Triggers: each reconnect after a lost connection or a failed attempt, with nothing between the two that may
 * have caused it. Jitter is judged at the end, over all devices together: most waits alike is none. A live driver's own
 * unevenness hides a lack of it.
 */
export function createReconnectChecker(): Checker {
  return new Reconnect();
}

interface DeviceState {
  readonly life: Life;
  socket: number | undefined;
  connectedAt: number | undefined;
  lost: FactOf<"disconnected"> | undefined;
  /** Attempts in a row that never connected: what the device surely counts. */
  failures: number;
  /** The same, where short-lived connections count too: what it may count. */
  unsettled: number;
  /** Sockets in a row that were closed for the token; after the first, a person may have signed in. */
  expelled: number;
  /** A sync is on its way: what it brings, the socket goes on from. */
  syncing: boolean;
}

class Reconnect extends DeviceChecker {
  private readonly devices = new ByIndex<DeviceState>(() => ({
    life: new Life(),
    socket: undefined,
    connectedAt: undefined,
    lost: undefined,
    failures: 0,
    unsettled: 0,
    expelled: 0,
    syncing: false,
  }));
  private readonly judgedDevices = new Set<number>();
  private waits = 0;
  /** Waits by the parts that they are longer than without jitter. */
  private readonly alike = new Map<number, { count: number; readonly first: Fact; last: Fact }>();

  constructor() {
    super("EVT-19", [
      ...LIFE_FACTS,
      "connecting",
      "connected",
      "disconnected",
      "sync_started",
      "sync_ended",
      "noticed",
    ]);
  }

  fold(fact: Fact): void {
    switch (fact.fact) {
      case "connecting":
        this.connecting(this.devices.of(fact.device), fact);
        return;
      case "connected":
        this.connected(this.devices.of(fact.device), fact);
        return;
      case "disconnected":
        this.disconnected(this.devices.of(fact.device), fact);
        return;
      case "sync_ended":
        this.devices.of(fact.device).syncing = false;
        return;
      case "sync_started":
      case "noticed":
        if (fact.fact === "sync_started") this.devices.of(fact.device).syncing = true;
        // A sync may come before the socket, and a missing sign-in holds it back: the upper bound is off.
        this.devices.of(fact.device).unsettled = Number.POSITIVE_INFINITY;
        return;
      case "started":
      case "killed":
      case "opened":
      case "closed":
      case "online":
      case "offline": {
        const state = this.devices.of(fact.device);
        state.life.fold(fact);
        if (fact.fact === "killed") state.syncing = false;
        state.lost = undefined;
        state.failures = 0;
        state.expelled = 0;
      }
    }
  }

  override finish(): Judgement {
    const enough = this.waits >= JITTER_WAITS_MIN && this.judgedDevices.size >= JITTER_DEVICES_MIN;
    if (enough) this.judgeJitter();
    return super.finish();
  }

  private judgeJitter(): void {
    for (const [parts, { count, first, last }] of this.alike) {
      // What is rounded may lie in the next part.
      const together = count + (this.alike.get(parts + 1)?.count ?? 0);
      if (together <= this.waits * ALIKE_MAX) continue;
      this.breach({
        at: last.at,
        expected: "waits before reconnects vary by up to 20 %",
        actual: `${together} of ${this.waits} waits of ${this.judgedDevices.size} devices are ${(1 + parts / PARTS).toFixed(3)} times the wait without jitter`,
        because: "without jitter a restart of the proxy brings all devices back at the same moment",
        evidence: [first, last],
      });
      return;
    }
  }

  private connected(state: DeviceState, fact: FactOf<"connected">): void {
    if (fact.socket !== state.socket) return;
    state.connectedAt = fact.at;
    state.failures = 0;
  }

  private disconnected(state: DeviceState, fact: FactOf<"disconnected">): void {
    // The late closing of an older socket is no reason to reconnect.
    if (fact.socket !== state.socket) return;
    const livedMs = state.connectedAt === undefined ? 0 : fact.at - state.connectedAt;
    if (livedMs >= GOOD_CONNECTION_MS) state.unsettled = 0;
    // Hanging up is no failure, and neither is a token that is not good any more; one that never was is.
    const isExpelled = fact.code === CLOSE.unauthorized;
    const own =
      fact.code === CLOSE.normal || (isExpelled && (state.expelled === 0 || livedMs >= GOOD_CONNECTION_MS));
    state.expelled = isExpelled ? state.expelled + 1 : 0;
    if (!own) state.failures++;
    state.unsettled = state.syncing || isExpelled ? Number.POSITIVE_INFINITY : state.unsettled + 1;
    state.connectedAt = undefined;
    state.lost = own || !state.life.online ? undefined : fact;
  }

  private connecting(state: DeviceState, fact: FactOf<"connecting">): void {
    state.socket = fact.socket;
    state.connectedAt = undefined;
    const { lost } = state;
    state.lost = undefined;
    if (!lost) return;
    this.trigger();
    const waitedMs = fact.at - lost.at;
    const nominalMs = nominalWaitMs(state.failures);
    if (waitedMs < shortestMs(nominalMs)) {
      this.breach({
        at: fact.at,
        expected: `${who(fact)} waits at least ${nominalMs} ms before it connects again`,
        actual: `it waited ${waitedMs} ms`,
        because: `${state.failures} connections or attempts in a row had ended, the last with ${lost.code}`,
        evidence: [lost, fact],
      });
    }
    const mostMs = longestMs(nominalWaitMs(Math.min(state.unsettled, 64)));
    const bounded = Number.isFinite(state.unsettled) && state.life.open;
    if (bounded && waitedMs > mostMs) {
      this.breach({
        at: fact.at,
        expected: `${who(fact)} connects again within ${Math.floor(mostMs)} ms`,
        actual: `it waited ${waitedMs} ms`,
        because: `${state.unsettled} connections or attempts in a row had ended, and it was open and online`,
        evidence: [lost, fact],
      });
    }
    if (state.expelled === 0) this.jitter(waitedMs, nominalMs, fact);
  }

  private jitter(waitedMs: number, nominalMs: number, fact: FactOf<"connecting">): void {
    const parts = Math.round((waitedMs / nominalMs - 1) * PARTS);
    if (parts < 0 || parts > PARTS_MAX) return;
    this.waits++;
    this.judgedDevices.add(fact.device);
    const alike = this.alike.get(parts);
    if (!alike) {
      this.alike.set(parts, { count: 1, first: fact, last: fact });
      return;
    }
    alike.count++;
    alike.last = fact;
  }
}
