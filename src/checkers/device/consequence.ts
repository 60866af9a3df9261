/**
 * Judges QUE-8: what a device does with a mutation after each answer.
 * Refuses to judge what the table leaves open, and conflicts, which are conflict.ts.
 */

import type { Fact } from "../../history/facts.ts";
import type { Checker, Judgement } from "../port.ts";
import { ATTEMPTS_MAX } from "./attempts.ts";
import { ByDevice, DeviceChecker, type FactOf, who } from "./findings.ts";
import { INSTANT_MS } from "./instant.ts";
import { LEDGER_FACTS, Ledger, type Mutation, naming } from "./ledger.ts";
import { Flights, type Reply, replyTo } from "./reply.ts";

/** A device settles "at once" when it does so within this time: its storage may have to write first. */
export const AT_ONCE_MS = 10_000;

/**
 * [QUE-8] Triggers: each answer to a mutation that the table names, conflicts apart. A refused one must fail, a
 * deleted one that is not there is done, 401 neither fails a mutation nor lets another out in the same instant, and
 * what can be retried is not given up early, nor taken for done.
 */
export function createConsequenceChecker(attemptsMax: number = ATTEMPTS_MAX): Checker {
  return new Consequence(attemptsMax);
}

interface Note {
  /** The last answer, until it has its consequence. */
  reply: Reply | undefined;
  fact: FactOf<"answered"> | undefined;
  /** Attempts that may have reached out. */
  attempts: number;
  /** An echo may confirm what an answer left open [EVT-16], and so may a sync that ended since it was sent. */
  confirmed: boolean;
  pulls: number;
}

interface DeviceState {
  readonly ledger: Ledger<Note>;
  readonly flights: Flights;
  /** Refused, and not settled yet. */
  readonly refused: Set<Mutation<Note>>;
  unauthorized: FactOf<"answered"> | undefined;
  /** Counts the syncs that ended. */
  pulls: number;
}

class Consequence extends DeviceChecker {
  private readonly attemptsMax: number;
  private readonly devices = new ByDevice<DeviceState>(() => ({
    ledger: new Ledger<Note>(() => ({
      reply: undefined,
      fact: undefined,
      attempts: 0,
      confirmed: false,
      pulls: 0,
    })),
    flights: new Flights(),
    refused: new Set(),
    unauthorized: undefined,
    pulls: 0,
  }));
  private lastAt = 0;

  constructor(attemptsMax: number) {
    super("QUE-8", [...LEDGER_FACTS, "sent", "answered", "unanswered", "frame", "sync_ended", "phase"]);
    this.attemptsMax = attemptsMax;
  }

  fold(fact: Fact): void {
    this.lastAt = fact.at;
    switch (fact.fact) {
      case "sent":
        this.sent(fact);
        return;
      case "answered":
        this.answered(fact);
        return;
      case "unanswered":
        this.unanswered(fact);
        return;
      case "settled":
        this.settled(fact);
        return;
      case "killed":
        this.killed(fact);
        return;
      case "frame":
        if (fact.frame.type === "sync_event") this.confirmed(fact.device, fact.frame.origin?.mutationId);
        return;
      case "sync_ended":
        this.devices.of(fact.device).pulls++;
        return;
      case "edited":
      case "saved":
      case "asked":
        this.devices.of(fact.device).ledger.fold(fact);
        return;
      case "rekeyed":
      case "chosen":
      case "retried":
      case "discarded": {
        const state = this.devices.of(fact.device);
        const mutation = state.ledger.fold(fact);
        if (mutation) this.forget(state, mutation);
        if (mutation && fact.fact !== "rekeyed") mutation.note.attempts = 0;
      }
    }
  }

  override finish(): Judgement {
    this.devices.each((state) => {
      for (const { edited, note } of state.refused) {
        if (!note.fact || this.lastAt - note.fact.at <= AT_ONCE_MS) continue;
        this.breach({
          at: note.fact.at,
          expected: `${edited.mutation} counts as failed at once on ${who(edited)}`,
          actual: "it was not settled until the end of the run",
          because: `it was answered ${note.fact.status}`,
          evidence: [edited, note.fact],
        });
      }
    });
    return super.finish();
  }

  private forget(state: DeviceState, mutation: Mutation<Note>): void {
    mutation.note.reply = undefined;
    mutation.note.confirmed = false;
    mutation.note.pulls = state.pulls;
    state.refused.delete(mutation);
  }

  private confirmed(device: number, key: string | undefined): void {
    const mutation = key === undefined ? undefined : this.devices.of(device).ledger.byKey(key);
    if (mutation) mutation.note.confirmed = true;
  }

  private killed(fact: FactOf<"killed">): void {
    const state = this.devices.of(fact.device);
    state.ledger.fold(fact);
    for (const sent of state.flights.values()) {
      for (const item of sent.mutations) {
        const mutation = state.ledger.byKey(item.key);
        if (mutation) mutation.note.attempts++;
      }
    }
    state.flights.killed();
    state.refused.clear();
    state.unauthorized = undefined;
    // The answer may not have been stored: the mutation may go out again.
    for (const { note } of state.ledger.all()) note.reply = undefined;
  }

  private sent(fact: FactOf<"sent">): void {
    if (fact.mutations.length === 0) return;
    const state = this.devices.of(fact.device);
    state.flights.sent(fact);
    this.paused(state, fact);
    for (const item of fact.mutations) {
      const mutation = state.ledger.byKey(item.key);
      if (!mutation) continue;
      const { reply, fact: answer } = mutation.note;
      if ((reply === "refused" || reply === "gone") && answer) {
        this.breach({
          at: fact.at,
          expected: `${naming(mutation)} is ${reply === "gone" ? "done" : "failed at once"} on ${who(fact)}`,
          actual: "it was sent again",
          because: `it was answered ${answer.status}${answer.error ? ` ${answer.error}` : ""}`,
          evidence: [mutation.edited, answer, fact],
        });
      }
      this.forget(state, mutation);
    }
  }

  /** [QUE-8] 401: the whole queue pauses. Nobody can have signed in within the same instant. */
  private paused(state: DeviceState, fact: FactOf<"sent">): void {
    const { unauthorized } = state;
    if (!unauthorized || fact.at > unauthorized.at + INSTANT_MS) return;
    this.breach({
      at: fact.at,
      expected: `the whole queue of ${who(fact)} pauses`,
      actual: `request ${fact.request} with mutations went out at once`,
      because: `request ${unauthorized.request} had been answered 401`,
      evidence: [unauthorized, fact],
    });
  }

  private unanswered(fact: FactOf<"unanswered">): void {
    const state = this.devices.of(fact.device);
    const sent = state.flights.ended(fact.request);
    if (!sent || fact.why === "unreachable") return;
    for (const item of sent.mutations) {
      const mutation = state.ledger.byKey(item.key);
      if (mutation) mutation.note.attempts++;
    }
  }

  private answered(fact: FactOf<"answered">): void {
    const state = this.devices.of(fact.device);
    const sent = state.flights.ended(fact.request);
    if (!sent) return;
    for (const [index, item] of sent.mutations.entries()) {
      const mutation = state.ledger.byKey(item.key);
      if (!mutation) continue;
      const reply = replyTo(fact, item, index);
      mutation.note.attempts++;
      if (reply === "done" || reply === "conflict" || reply === "exists" || reply === "free") continue;
      this.trigger();
      if (reply === "unauthorized") state.unauthorized = fact;
      if (mutation.stage !== "waiting") continue;
      mutation.note.reply = reply;
      mutation.note.fact = fact;
      if (reply === "refused") state.refused.add(mutation);
    }
  }

  private settled(fact: FactOf<"settled">): void {
    const state = this.devices.of(fact.device);
    const mutation = state.ledger.fold(fact);
    if (!mutation) return;
    const { reply, fact: answer } = mutation.note;
    if (mutation.note.pulls !== state.pulls) mutation.note.confirmed = true;
    const wrong = reply && this.wrongEnd(reply, fact.outcome, mutation.note);
    this.forget(state, mutation);
    if (!wrong || !answer) return;
    this.breach({
      at: fact.at,
      expected: `${naming(mutation)} ${wrong} on ${who(fact)}`,
      actual: `it ended ${fact.outcome}`,
      because: `it was answered ${answer.status}${answer.error ? ` ${answer.error}` : ""}`,
      evidence: [mutation.edited, answer, fact],
    });
  }

  /** What should have become of it; undefined when this end is all right. */
  private wrongEnd(reply: Reply, outcome: FactOf<"settled">["outcome"], note: Note): string | undefined {
    if (outcome === "discarded" || outcome === "cancelled") return undefined;
    switch (reply) {
      case "refused":
        return outcome === "failed" || note.confirmed ? undefined : "fails at once";
      case "gone":
        return outcome === "failed" ? "is done" : undefined;
      case "unauthorized":
        return outcome === "failed" ? "waits for the sign-in" : undefined;
      case "retry":
      case "in_flight":
        if (outcome === "failed") return note.attempts < this.attemptsMax ? "is tried again" : undefined;
        return note.confirmed || note.attempts > 1 ? undefined : "is tried again";
      default:
        return undefined;
    }
  }
}
