/**
 * Judges QUE-9: a device has at most one request with mutations on its way.
 * Refuses to know why it sends: wake-ups are the device's.
 */

import type { Fact, FactOf } from "../../history/facts.ts";
import { ByIndex } from "../define.ts";
import type { Checker } from "../port.ts";
import { DeviceChecker, who } from "./findings.ts";

/** [QUE-9] Triggers: each request that carries mutations. On its way is from `sent` to its end or a kill. */
export function createOneDrainChecker(): Checker {
  return new OneDrain();
}

class OneDrain extends DeviceChecker {
  /** Requests with mutations on their way; none or one, as it should be. */
  private readonly devices = new ByIndex(() => new Map<number, FactOf<"sent">>());

  constructor() {
    super("QUE-9", ["sent", "answered", "unanswered", "killed"]);
  }

  fold(fact: Fact): void {
    switch (fact.fact) {
      case "sent":
        if (fact.mutations.length > 0) this.sent(fact);
        return;
      case "answered":
      case "unanswered": {
        const flights = this.devices.of(fact.device);
        if (flights.size > 0) flights.delete(fact.request);
        return;
      }
      case "killed":
        this.devices.of(fact.device).clear();
    }
  }

  private sent(fact: FactOf<"sent">): void {
    const flights = this.devices.of(fact.device);
    this.trigger();
    if (flights.size > 0) {
      const [other] = flights.values();
      this.breach({
        at: fact.at,
        expected: `${who(fact)} sends mutations one request at a time`,
        actual: `request ${fact.request} went out while request ${other?.request} was on its way`,
        because: "no answer, no time-out and no kill ended the first",
        evidence: other ? [other, fact] : [fact],
      });
    }
    flights.set(fact.request, fact);
  }
}
