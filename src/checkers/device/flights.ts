/**
 * Owns which requests with mutations the devices have on their way.
 * Refuses to read answers.
 */
import type { FactOf } from "../../history/facts.ts";

type Sent = FactOf<"sent">;

/** Requests with mutations on their way, of all devices. */
export class Flights {
  /** What the newest `answered` or `unanswered` ended; undefined when that carried no mutation. */
  landed: Sent | undefined;
  /** What the newest `killed` cut off: it stays undecided. */
  cut: readonly Sent[] = NONE;
  private readonly byDevice: (Sent[] | undefined)[] = [];

  take(fact: FactOf<"sent" | "answered" | "unanswered" | "killed">): void {
    switch (fact.fact) {
      case "sent":
        if (fact.mutations.length > 0) this.sent(fact);
        return;
      case "killed":
        this.cut = this.byDevice[fact.device] ?? NONE;
        this.byDevice[fact.device] = undefined;
        return;
      default:
        this.landed = this.ended(fact.device, fact.request);
    }
  }

  private sent(fact: Sent): void {
    const flying = this.byDevice[fact.device];
    if (flying === undefined) {
      this.byDevice[fact.device] = [fact];
      return;
    }
    const place = flying.findIndex(({ request }) => request === fact.request);
    if (place < 0) flying.push(fact);
    else flying[place] = fact;
  }

  private ended(device: number, request: number): Sent | undefined {
    const flying = this.byDevice[device];
    if (flying === undefined) return undefined;
    for (let place = 0; place < flying.length; place++) {
      const sent = flying[place];
      if (sent?.request !== request) continue;
      flying.splice(place, 1);
      return sent;
    }
    return undefined;
  }
}

const NONE: readonly never[] = [];
