/**
 * Owns one person's answers to the conflict dialog [MRG-9]: which they give, when, and which they never do.
 * Refuses to know what a conflict is about; and it decides once a dialog, whatever becomes of the app meanwhile.
 */

import { assertNever } from "../base/assert.ts";
import type { Prng } from "../base/prng.ts";
import type { Choice } from "../device/port.ts";
import type { Entity } from "../protocol/entity.ts";
import { EVENT } from "./agenda.ts";
import { Fate, quantile } from "./fate.ts";
import type { Stage } from "./stage.ts";

/** What somebody means to do about a dialog. `later`: closed for now, and opened again from `fromMs` on. */
type Intention =
  | { readonly intention: "now" }
  | { readonly intention: "later"; readonly fromMs: number }
  | { readonly intention: "never" };

interface Dialog {
  readonly entity: Entity;
  readonly intention: Intention;
}

const NOW: Intention = { intention: "now" };
const NEVER: Intention = { intention: "never" };

/** The dialogs of one person with one phone. */
export class Dialogs {
  private readonly stage: Stage;
  private readonly phone: number;
  private readonly random: Prng;
  private readonly mood: Fate;
  /** Those that the running process has open; after a restart the app asks again. */
  private readonly open = new Set<string>();
  /** All that are not answered; a person does not forget with their app. */
  private readonly unanswered = new Map<string, Dialog>();

  /** `random` is the person's own; `name` tells their moods from those of others. */
  constructor(stage: Stage, phone: number, random: Prng, name: string) {
    this.stage = stage;
    this.phone = phone;
    this.random = random;
    this.mood = new Fate(stage.seed, `${name}/dialogs`);
  }

  /** True when some are open, and nobody will ever answer them: they stay as they are, failed and shown [SYS-4]. */
  get areIgnored(): boolean {
    for (const mutation of this.open)
      if (this.unanswered.get(mutation)?.intention.intention !== "never") return false;
    return this.open.size > 0;
  }

  /** The app asks, or asks again after a restart. */
  asked(mutation: string, entity: Entity): void {
    if (this.open.has(mutation)) return;
    this.open.add(mutation);
    if (!this.unanswered.has(mutation)) this.unanswered.set(mutation, { entity, intention: this.decide() });
    this.think(mutation);
  }

  /** The person looks at the app again, and at every dialog that it has open. */
  seenAgain(): void {
    for (const mutation of this.open) this.think(mutation);
  }

  /** What was put off is done now, without the app having been closed. */
  takeUp(): void {
    for (const mutation of this.open)
      if (this.unanswered.get(mutation)?.intention.intention === "later") this.think(mutation);
  }

  /** The answer to a dialog; undefined when it is not open any more. */
  answer(mutation: string): Choice | undefined {
    const dialog = this.unanswered.get(mutation);
    // Whoever thought about it before may meet another one about the same edit.
    if (!dialog || !this.open.has(mutation) || !this.isDue(dialog.intention)) return undefined;
    this.settled(mutation);
    // Drawn although a habit may take its place: nobody's next draw depends on what this one was about.
    const drawn = this.choice();
    const always = this.stage.scenario.workload.conflicts.always[dialog.entity];
    return always === "drawn" ? drawn : always;
  }

  /** What a dialog was about is settled, by whomever. */
  settled(mutation: string): void {
    this.open.delete(mutation);
    this.unanswered.delete(mutation);
  }

  /** The process is gone, and its dialogs with it. */
  processGone(): void {
    this.open.clear();
  }

  private decide(): Intention {
    const { agenda, scenario, strikes } = this.stage;
    const { ignored, later, laterBy } = scenario.workload.conflicts;
    if (this.mood.chance(agenda.nowMs, ignored)) {
      strikes.add("dialog-ignored");
      return NEVER;
    }
    if (!this.mood.chance(agenda.nowMs, later)) return NOW;
    strikes.add("dialog-put-off");
    return { intention: "later", fromMs: agenda.nowMs + this.mood.spread(agenda.nowMs, laterBy) };
  }

  private think(mutation: string): void {
    const { agenda, scenario } = this.stage;
    if (!this.isDue(this.unanswered.get(mutation)?.intention ?? NOW)) return;
    const thinkingMs = quantile(scenario.workload.conflicts.thinking, this.random.unit());
    agenda.put(agenda.nowMs + thinkingMs, EVENT.chooses, this.phone, 0, mutation);
  }

  private isDue(meant: Intention): boolean {
    switch (meant.intention) {
      case "now":
        return true;
      case "later":
        // Once faults have stopped, everyone puts their things in order.
        return this.stage.healed || this.stage.agenda.nowMs >= meant.fromMs;
      case "never":
        return false;
      default:
        return assertNever(meant);
    }
  }

  private choice(): Choice {
    const { mine, server } = this.stage.scenario.workload.conflicts;
    const draw = this.random.unit();
    return draw < mine ? "mine" : draw < mine + server ? "server" : "merge";
  }
}
