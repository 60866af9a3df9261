/**
 * Judges QUE-5: the waits between attempts of a mutation.
 * Refuses to guess when anything else could have moved an attempt: then only the lower bounds hold.
 */

import type { EpochMs } from "../../base/time.ts";
import type { Fact, FactOf, SentMutation } from "../../history/facts.ts";
import { ByIndex } from "../define.ts";
import type { Checker } from "../port.ts";
import { attending, createWitness, type Witness } from "../witness.ts";
import { longestMs, nominalWaitMs, shortestMs } from "./backoff.ts";
import { DeviceChecker, who } from "./findings.ts";
import { type Mutation, naming } from "./ledger.ts";
import type { Notes } from "./ledgers.ts";
import { LIFE_FACTS, Life } from "./life.ts";
import { replyTo } from "./reply.ts";

/**
 * [QUE-5] Triggers: each attempt that follows a failed one in the same process. The network's return, the app's
 * opening and a person may end a wait early, but not one that `Retry-After` sets. The upper bound (START_SLACK_MS
 * included) is judged when the device was open and online and did nothing else meanwhile.
 */
export function createRetryWaitChecker(witness: Witness = createWitness()): Checker {
  return attending(witness, new RetryWait(witness));
}

/** What ends the waits of a mutation, or begins them anew. */
const CHANGES = ["settled", "rekeyed", "chosen", "retried", "discarded", "asked"] as const;

type End = FactOf<"answered" | "unanswered">;

interface Note {
  /** Failures in a row since the wait may have begun anew: what the device surely counts. */
  failures: number;
  /** All attempts that failed: what it may count. */
  attempts: number;
  end: End | undefined;
  /** When the answer allows the next attempt. */
  notBefore: EpochMs;
  wakes: number;
  stirs: number;
}

interface DeviceState {
  readonly life: Life;
  /** Counts what may end a wait early. */
  wakes: number;
  /** Counts all that may delay or replace an attempt. */
  stirs: number;
  /** Requests with mutations that failed in a row: a queue may back off as a whole. */
  failures: number;
  /** It told its user that it cannot go on; until it talks again, nobody knows since when it can. */
  muted: boolean;
}

class RetryWait extends DeviceChecker {
  private readonly devices = new ByIndex<DeviceState>(() => ({
    life: new Life(),
    wakes: 0,
    stirs: 0,
    failures: 0,
    muted: false,
  }));

  private readonly witness: Witness;
  private readonly notes: Notes<Note>;

  constructor(witness: Witness) {
    super("QUE-5", [...LIFE_FACTS, ...CHANGES, "sent", "answered", "unanswered", "noticed"]);
    this.witness = witness;
    this.notes = witness.ledgers.notes(() => ({
      failures: 0,
      attempts: 0,
      end: undefined,
      notBefore: 0,
      wakes: 0,
      stirs: 0,
    }));
  }

  fold(fact: Fact): void {
    switch (fact.fact) {
      case "sent":
        this.sent(fact);
        return;
      case "answered":
      case "unanswered":
        this.ended(fact);
        return;
      case "started":
      case "opened":
      case "closed":
      case "online":
      case "offline":
        this.lived(fact);
        return;
      case "killed":
        this.killed(fact);
        return;
      case "noticed": {
        const state = this.devices.of(fact.device);
        state.stirs++;
        state.muted = true;
        return;
      }
      case "rekeyed":
      case "chosen":
      case "retried":
      case "discarded":
      case "asked":
      case "settled":
        this.changed(fact);
        return;
    }
  }

  private lived(fact: FactOf<"started" | "opened" | "closed" | "online" | "offline">): void {
    const state = this.devices.of(fact.device);
    state.life.fold(fact);
    state.stirs++;
    if (fact.fact === "started") state.muted = false;
    if (fact.fact !== "closed" && fact.fact !== "offline") state.wakes++;
  }

  private killed(fact: FactOf<"killed">): void {
    const { ledgers } = this.witness;
    const state = this.devices.of(fact.device);
    state.life.fold(fact);
    state.wakes++;
    state.stirs++;
    // A restarted app may try at once, and what it had counted may not have been stored.
    for (const mutation of ledgers.of(fact.device).all()) this.anew(mutation);
  }

  private changed(fact: FactOf<(typeof CHANGES)[number]>): void {
    const { mutation } = this.witness.ledgers;
    if (!mutation) return;
    this.anew(mutation);
    this.devices.of(fact.device).stirs++;
  }

  private anew(mutation: Mutation): void {
    const note = this.notes.find(mutation);
    if (!note) return;
    note.end = undefined;
    note.failures = 0;
    note.notBefore = 0;
  }

  private ended(fact: End): void {
    const state = this.devices.of(fact.device);
    const sent = this.witness.flights.landed;
    state.stirs++;
    if (!sent) return;
    const ledger = this.witness.ledgers.of(fact.device);
    let failed = false;
    for (let index = 0; index < sent.mutations.length; index++) {
      const item = sent.mutations[index] as SentMutation;
      const mutation = ledger.byKey(item.key);
      if (!mutation) continue;
      const reply = fact.fact === "unanswered" ? "retry" : replyTo(fact, item, index);
      if (reply === "retry" || reply === "in_flight") {
        failed = true;
        this.failed(state, this.notes.of(mutation), fact, reply === "retry");
        continue;
      }
      const note = this.notes.find(mutation);
      if (note) note.end = undefined;
    }
    state.failures = failed ? state.failures + 1 : 0;
  }

  private failed(state: DeviceState, note: Note, fact: End, counts: boolean): void {
    if (note.wakes !== state.wakes) note.failures = 0;
    // What never left the phone, and a twin in flight, need not count.
    const reached = fact.fact === "answered" || fact.why !== "unreachable";
    if (reached && counts) note.failures++;
    note.attempts++;
    note.end = fact;
    note.notBefore = fact.fact === "answered" ? fact.at + (fact.retryAfterMs ?? 0) : 0;
    note.wakes = state.wakes;
    note.stirs = state.stirs;
  }

  private sent(fact: FactOf<"sent">): void {
    const state = this.devices.of(fact.device);
    if (fact.mutations.length > 0) {
      const ledger = this.witness.ledgers.of(fact.device);
      for (const item of fact.mutations) {
        const mutation = ledger.byKey(item.key);
        const note = mutation && this.notes.find(mutation);
        if (!mutation || !note?.end) continue;
        this.attempt(state, mutation, note, note.end, fact);
        note.end = undefined;
      }
    }
    state.stirs++;
    state.muted = false;
  }

  private attempt(state: DeviceState, mutation: Mutation, note: Note, end: End, fact: FactOf<"sent">): void {
    const waitedMs = fact.at - end.at;
    const woken = note.wakes !== state.wakes;
    const orderedMs = Math.max(0, note.notBefore - end.at);
    if (woken && orderedMs === 0) return;
    this.trigger();
    const leastMs = Math.max(woken ? 0 : nominalWaitMs(note.failures), orderedMs);
    if (waitedMs < shortestMs(leastMs)) {
      this.breach({
        at: fact.at,
        expected: `${who(fact)} waits at least ${leastMs} ms before it sends ${naming(mutation)} again`,
        actual: `it waited ${waitedMs} ms`,
        because:
          orderedMs >= leastMs
            ? `the answer asked for ${orderedMs} ms by Retry-After`
            : `${Math.max(1, note.failures)} attempts had failed in a row`,
        evidence: [end, fact],
      });
    }
    if (woken || state.muted || note.stirs !== state.stirs || !state.life.open || !state.life.online) return;
    const counted = Math.max(note.attempts, state.failures);
    const mostMs = longestMs(Math.max(nominalWaitMs(counted), orderedMs));
    if (waitedMs <= mostMs) return;
    this.breach({
      at: fact.at,
      expected: `${who(fact)} sends ${naming(mutation)} again within ${Math.floor(mostMs)} ms`,
      actual: `it waited ${waitedMs} ms`,
      because: `${counted} attempts had failed, and it was open, online and idle meanwhile`,
      evidence: [end, fact],
    });
  }
}
