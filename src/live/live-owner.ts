/**
 * Owns the person behind one live phone: whether the app is before them, how they answer a conflict, what they do about
 * an edit that failed.
 * Refuses to know of networks; when they do what else is the acts' business.
 */

import { type Prng, stream } from "../base/prng.ts";
import type { Choice, Outcome } from "../device/port.ts";
import type { FleetStage } from "./fleet-stage.ts";
import type { LivePhone } from "./live-phone.ts";

/** How long somebody thinks about a conflict, and comes back to what failed, at speed 1. */
const THINKING_MS = 15_000;
const RECONSIDER_MS = 120_000;
/** However fast people live, a thumb takes that long. */
const THUMB_MS = 60;
/** A failed edit is taken up again this often before it is given up. */
const RETRIES_MAX = 1;

export class LiveOwner {
  inSession = false;
  private readonly stage: FleetStage;
  private readonly phone: LivePhone;
  private readonly random: Prng;
  /** Dialogs that are not answered; a person does not forget with their app. */
  private readonly open = new Set<string>();
  private readonly failed = new Set<string>();
  private readonly retries = new Map<string, number>();

  constructor(stage: FleetStage, phone: LivePhone) {
    this.stage = stage;
    this.phone = phone;
    this.random = stream(stage.seed, `${phone.index}/owner`);
  }

  /** Opens the app; it is started if it does not run. */
  opens(): void {
    if (this.inSession) return;
    this.phone.start();
    this.inSession = true;
    this.stage.record({ fact: "opened", ...this.phone.on() });
    this.phone.feed({ input: "opened" });
    for (const mutation of this.open) this.thinkAbout(mutation);
    for (const mutation of this.failed) this.comeBackTo(mutation);
  }

  closes(): void {
    if (!this.inSession) return;
    this.inSession = false;
    this.stage.record({ fact: "closed", ...this.phone.on() });
    this.phone.feed({ input: "closed" });
  }

  processGone(): void {
    this.inSession = false;
    this.open.clear();
  }

  /** True while something waits for this person. */
  get isBusy(): boolean {
    return this.open.size > 0 || this.failed.size > 0;
  }

  asked(mutation: string): void {
    if (this.open.has(mutation)) return;
    this.open.add(mutation);
    this.thinkAbout(mutation);
  }

  settled(mutation: string, outcome: Outcome): void {
    this.open.delete(mutation);
    if (outcome !== "failed" || !this.phone.settings.phases.has(3)) {
      this.failed.delete(mutation);
      this.retries.delete(mutation);
      return;
    }
    this.failed.add(mutation);
    this.comeBackTo(mutation);
  }

  private thinkAbout(mutation: string): void {
    this.after(THINKING_MS, () => {
      if (!this.inSession || !this.open.delete(mutation)) return;
      const choice = this.choice();
      this.stage.record({ fact: "chosen", ...this.phone.on(), mutation, choice });
      this.phone.feed({ input: "chosen", mutation, choice });
    });
  }

  private comeBackTo(mutation: string): void {
    this.after(RECONSIDER_MS, () => {
      if (!this.inSession || !this.failed.delete(mutation)) return;
      const tried = this.retries.get(mutation) ?? 0;
      const again = tried < RETRIES_MAX;
      if (again) this.retries.set(mutation, tried + 1);
      else this.retries.delete(mutation);
      this.stage.record({ fact: again ? "retried" : "discarded", ...this.phone.on(), mutation });
      this.phone.feed(again ? { input: "retry", mutation } : { input: "discard", mutation });
    });
  }

  private after(meanMs: number, what: () => void): void {
    const { agenda, speed } = this.stage;
    const waitMs = THUMB_MS + ((0.5 + this.random.unit()) * meanMs) / speed;
    agenda.put(agenda.nowMs + waitMs, what);
  }

  private choice(): Choice {
    const draw = this.random.unit();
    return draw < 0.4 ? "mine" : draw < 0.7 ? "server" : "merge";
  }
}
