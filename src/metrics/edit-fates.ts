/**
 * Owns what became of people's edits: which reached the server, which were lost to a tunnel or a kill, how soon their
 * author saw them, and how soon those made in a tunnel went out. Refuses to know what a conflict did to them.
 */

import type { EpochMs } from "../base/time.ts";
import type { Fact, FactOf } from "../history/facts.ts";
import { Distribution, type Durations } from "./distribution.ts";
import { type BookedEdit, EditBook } from "./edit-book.ts";
import type { Measure } from "./measure.ts";

/** What was made offline should be on the server so soon after the network came back. */
const RETURN_WITHIN_MS = 60_000;

/** Of so many edits, how many reached the server: committed, or ended there without a change of their own. */
interface Arrivals {
  readonly made: number;
  readonly arrived: number;
}

export interface EditFates {
  readonly all: Arrivals;
  /** Made while the phone had no network. */
  readonly offline: Arrivals;
  /** Of those, on the server within RETURN_WITHIN_MS of the network's return. */
  readonly promptly: number;
  /** Not settled yet when the app was killed; `promised` of them were told to be saved before. */
  readonly killed: Arrivals & { readonly promised: number; readonly promisedArrived: number };
  /** Told to have failed, and in the server's record all the same: done again by hand, they are there twice. */
  readonly falseFailures: number;
  /** Commits by which an edit took effect a second time. */
  readonly repeated: number;
  /** From the edit to its author's own screen, of those that ended well. Milliseconds. */
  readonly feedback: Durations;
  /** From the edit to its commit. Milliseconds. */
  readonly toServer: Durations;
}

interface Life {
  readonly edit: BookedEdit;
  readonly offline: boolean;
  killed: boolean;
  onScreen: boolean;
  /** When the network came back over it. */
  returnedAt: EpochMs | undefined;
  prompt: boolean;
}

const HERE: ReadonlySet<string> = new Set(["applied", "merged", "yielded", "cancelled"]);

/** A new measure of what becomes of edits. */
export function createEditFates(): EditFatesMeasure {
  return new EditFatesMeasure();
}

class EditFatesMeasure implements Measure<EditFates> {
  readonly wants = [
    "started",
    "online",
    "offline",
    "edited",
    "saved",
    "rekeyed",
    "sent",
    "settled",
    "shown",
    "killed",
    "committed",
  ] as const;
  private readonly book = new EditBook();
  private readonly lives = new Map<BookedEdit, Life>();
  /** By device, what is not settled yet, by mutation. */
  private readonly waiting = new Map<number, Map<string, Life>>();
  private readonly isOffline = new Set<number>();
  private readonly feedback = new Distribution();
  private readonly toServer = new Distribution();
  private repeated = 0;

  fold(fact: Fact): void {
    switch (fact.fact) {
      case "started":
        if (fact.online) this.isOffline.delete(fact.device);
        else this.isOffline.add(fact.device);
        return;
      case "offline":
        this.isOffline.add(fact.device);
        return;
      case "online":
        this.isOffline.delete(fact.device);
        for (const life of this.of(fact.device).values()) if (life.offline) life.returnedAt ??= fact.at;
        return;
      case "edited":
        return this.edited(fact);
      case "saved":
        return this.book.saved(fact);
      case "rekeyed":
        return this.book.rekeyed(fact);
      case "sent":
        return this.book.sent(fact);
      case "settled":
        return this.settled(fact);
      case "shown":
        return this.shown(fact);
      case "killed":
        return this.killed(fact);
      case "committed": {
        const found = this.book.ofCommit(fact);
        if (found?.again) this.repeated++;
        else if (found) {
          this.toServer.record(fact.at - found.edit.at);
          this.arrived(this.lives.get(found.edit), fact.at);
        }
      }
    }
  }

  merge(other: EditFatesMeasure): void {
    for (const [edit, life] of other.lives) this.lives.set(edit, life);
    this.feedback.merge(other.feedback);
    this.toServer.merge(other.toServer);
    this.repeated += other.repeated;
  }

  result(): EditFates {
    const all = [...this.lives.values()];
    const offline = all.filter((life) => life.offline);
    const killed = all.filter((life) => life.killed);
    const promised = killed.filter(({ edit }) => edit.saved);
    return {
      all: arrivals(all),
      offline: arrivals(offline),
      promptly: offline.filter((life) => life.prompt).length,
      killed: {
        ...arrivals(killed),
        promised: promised.length,
        promisedArrived: arrivals(promised).arrived,
      },
      falseFailures: all.filter(({ edit }) => edit.committed && edit.outcome === "failed").length,
      repeated: this.repeated,
      feedback: this.feedback.durations(),
      toServer: this.toServer.durations(),
    };
  }

  private of(device: number): Map<string, Life> {
    const known = this.waiting.get(device);
    if (known) return known;
    const made = new Map<string, Life>();
    this.waiting.set(device, made);
    return made;
  }

  private edited(fact: FactOf<"edited">): void {
    const edit = this.book.edited(fact);
    const state = { killed: false, onScreen: false, returnedAt: undefined, prompt: false };
    const life: Life = { edit, offline: this.isOffline.has(fact.device), ...state };
    this.lives.set(edit, life);
    this.of(fact.device).set(fact.mutation, life);
  }

  private killed(fact: FactOf<"killed">): void {
    for (const edit of this.book.killed(fact)) {
      const life = this.lives.get(edit);
      if (life) life.killed = true;
    }
    const waiting = this.of(fact.device);
    for (const [mutation, { edit }] of waiting) if (edit.forgotten) waiting.delete(mutation);
  }

  private settled(fact: FactOf<"settled">): void {
    const edit = this.book.settled(fact);
    const life = edit && this.lives.get(edit);
    this.of(fact.device).delete(fact.mutation);
    if (!life || !HERE.has(fact.outcome)) return;
    this.sees(life, fact.at);
    this.arrived(life, fact.at);
  }

  private shown({ device, at, waiting }: FactOf<"shown">): void {
    if (waiting.length === 0) return;
    const mine = this.of(device);
    for (const mutation of waiting) {
      const life = mine.get(mutation);
      if (life) this.sees(life, at);
    }
  }

  private sees(life: Life, at: EpochMs): void {
    if (life.onScreen) return;
    life.onScreen = true;
    this.feedback.record(at - life.edit.at);
  }

  private arrived(life: Life | undefined, at: EpochMs): void {
    if (life?.returnedAt !== undefined && at - life.returnedAt <= RETURN_WITHIN_MS) life.prompt = true;
  }
}

function arrivals(lives: readonly Life[]): Arrivals {
  const arrived = lives.filter(({ edit }) => edit.committed || (edit.outcome && HERE.has(edit.outcome)));
  return { made: lives.length, arrived: arrived.length };
}
