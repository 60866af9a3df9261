/**
 * Judges QUE-8: what a device does with a mutation after each answer.
 * Refuses to judge what the table leaves open, and conflicts, which are conflict.ts.
 */

import type { Fact, FactOf, SentMutation } from "../../history/facts.ts";
import { ByIndex } from "../define.ts";
import type { Checker, Judgement } from "../port.ts";
import { attending, createWitness, type Witness } from "../witness.ts";
import { ATTEMPTS_MAX } from "./attempts.ts";
import { DeviceChecker, who } from "./findings.ts";
import { INSTANT_MS } from "./instant.ts";
import { LEDGER_FACTS, type Mutation, naming } from "./ledger.ts";
import type { Notes } from "./ledgers.ts";
import { type Reply, replyTo } from "./reply.ts";

/** A device settles "at once" when it does so within this time: its storage may have to write first. */
export const AT_ONCE_MS = 10_000;
/** Within this time no person signs in and no token ends again: what is answered 401 twice had no sign-in between. */
export const TOKEN_LASTS_MS = 60_000;

/**
 * [QUE-8] Triggers: each answer to a mutation that the table names, conflicts apart. A refused one must fail, a
 * deleted one that is not there is done, 401 neither fails a mutation nor lets another out in the same instant, or before a sign-in, and
 * what can be retried is not given up early, nor taken for done.
 */
export function createConsequenceChecker(witness: Witness = createWitness()): Checker {
  return attending(witness, new Consequence(witness));
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
  /** Refused, and not settled yet. */
  readonly refused: Set<Mutation>;
  unauthorized: FactOf<"answered"> | undefined;
  /** A request with mutations that went out since; its answer tells whether somebody had signed in. */
  unpaused: FactOf<"sent"> | undefined;
  /** Counts the syncs that ended. */
  pulls: number;
}

class Consequence extends DeviceChecker {
  private readonly devices = new ByIndex<DeviceState>(() => ({
    refused: new Set(),
    unauthorized: undefined,
    unpaused: undefined,
    pulls: 0,
  }));
  private readonly witness: Witness;
  private readonly notes: Notes<Note>;
  private lastAt = 0;

  constructor(witness: Witness) {
    super("QUE-8", [...LEDGER_FACTS, "sent", "answered", "unanswered", "frame", "sync_ended", "phase"]);
    this.witness = witness;
    this.notes = witness.ledgers.notes(() => ({
      reply: undefined,
      fact: undefined,
      attempts: 0,
      confirmed: false,
      pulls: 0,
    }));
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
        // One that was given up has shown nothing.
        if (fact.revision !== undefined) this.devices.of(fact.device).pulls++;
        return;
      case "rekeyed":
      case "chosen":
      case "retried":
      case "discarded": {
        const { mutation } = this.witness.ledgers;
        if (!mutation) return;
        const note = this.forget(this.devices.of(fact.device), mutation);
        // [QUE-6] taken up again it is a new mutation; a choice in between is not.
        if (fact.fact === "retried" || fact.fact === "discarded") note.attempts = 0;
      }
    }
  }

  override finish(): Judgement {
    this.devices.each((state) => {
      for (const mutation of state.refused) {
        const { edited } = mutation;
        const note = this.notes.of(mutation);
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

  private forget(state: DeviceState, mutation: Mutation): Note {
    const note = this.notes.of(mutation);
    note.reply = undefined;
    note.confirmed = false;
    note.pulls = state.pulls;
    if (state.refused.size > 0) state.refused.delete(mutation);
    return note;
  }

  private confirmed(device: number, key: string | undefined): void {
    const mutation = key === undefined ? undefined : this.witness.ledgers.of(device).byKey(key);
    if (mutation) this.notes.of(mutation).confirmed = true;
  }

  private killed(fact: FactOf<"killed">): void {
    const { ledgers, flights } = this.witness;
    const ledger = ledgers.of(fact.device);
    for (const sent of flights.cut) {
      for (const item of sent.mutations) {
        const mutation = ledger.byKey(item.key);
        if (mutation) this.notes.of(mutation).attempts++;
      }
    }
    const state = this.devices.of(fact.device);
    state.refused.clear();
    state.unauthorized = undefined;
    state.unpaused = undefined;
    // The answer may not have been stored: the mutation may go out again.
    for (const mutation of ledger.all()) {
      const note = this.notes.find(mutation);
      if (note) note.reply = undefined;
    }
  }

  private sent(fact: FactOf<"sent">): void {
    if (fact.mutations.length === 0) return;
    const ledger = this.witness.ledgers.of(fact.device);
    const state = this.devices.of(fact.device);
    this.paused(state, fact);
    for (const item of fact.mutations) {
      const mutation = ledger.byKey(item.key);
      if (!mutation) continue;
      const { reply, fact: answer } = this.notes.of(mutation);
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
    if (!unauthorized) return;
    if (fact.at <= unauthorized.at + INSTANT_MS) this.goesOn(unauthorized, fact, "at once");
    else if (fact.at <= unauthorized.at + TOKEN_LASTS_MS) state.unpaused = fact;
  }

  /** [QUE-8] until the sign-in: an answer that is no 401 shows one, and another 401 that there was none. */
  private signedIn(state: DeviceState, fact: FactOf<"answered">): void {
    const { unauthorized, unpaused } = state;
    if (!unauthorized || fact.foreign) return;
    if (fact.status !== 401) {
      state.unauthorized = undefined;
      state.unpaused = undefined;
      return;
    }
    if (unpaused?.request !== fact.request) return;
    state.unpaused = undefined;
    if (fact.at <= unauthorized.at + TOKEN_LASTS_MS) this.goesOn(unauthorized, unpaused, "before a sign-in");
  }

  private goesOn(unauthorized: FactOf<"answered">, fact: FactOf<"sent">, when: string): void {
    this.breach({
      at: fact.at,
      expected: `the whole queue of ${who(fact)} pauses`,
      actual: `request ${fact.request} with mutations went out ${when}`,
      because: `request ${unauthorized.request} had been answered 401`,
      evidence: [unauthorized, fact],
    });
  }

  private unanswered(fact: FactOf<"unanswered">): void {
    const sent = this.witness.flights.landed;
    if (!sent || fact.why === "unreachable") return;
    const ledger = this.witness.ledgers.of(fact.device);
    for (const item of sent.mutations) {
      const mutation = ledger.byKey(item.key);
      if (mutation) this.notes.of(mutation).attempts++;
    }
  }

  private answered(fact: FactOf<"answered">): void {
    const state = this.devices.of(fact.device);
    this.signedIn(state, fact);
    const sent = this.witness.flights.landed;
    if (!sent) return;
    const ledger = this.witness.ledgers.of(fact.device);
    for (let index = 0; index < sent.mutations.length; index++) {
      const item = sent.mutations[index] as SentMutation;
      const mutation = ledger.byKey(item.key);
      if (!mutation) continue;
      const note = this.notes.of(mutation);
      const reply = replyTo(fact, item, index);
      note.attempts++;
      if (reply === "done" || reply === "conflict" || reply === "exists" || reply === "free") continue;
      this.trigger();
      if (reply === "unauthorized") state.unauthorized = fact;
      if (mutation.stage !== "waiting") continue;
      note.reply = reply;
      note.fact = fact;
      if (reply === "refused") state.refused.add(mutation);
    }
  }

  private settled(fact: FactOf<"settled">): void {
    const { mutation } = this.witness.ledgers;
    if (!mutation) return;
    const state = this.devices.of(fact.device);
    const note = this.notes.of(mutation);
    const { reply, fact: answer } = note;
    if (note.pulls !== state.pulls) note.confirmed = true;
    const wrong = reply && this.wrongEnd(reply, fact.outcome, note);
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
        if (outcome === "failed") return note.attempts < ATTEMPTS_MAX ? "is tried again" : undefined;
        return note.confirmed ? undefined : "is tried again";
      default:
        return undefined;
    }
  }
}
