/**
 * Judges QUE-13: two creates in the same millisecond are two records.
 * Refuses to judge ids at different times.
 */

import type { EpochMs } from "../../base/time.ts";
import type { Fact, FactOf } from "../../history/facts.ts";
import { ByIndex } from "../define.ts";
import type { Checker } from "../port.ts";
import { DeviceChecker, who } from "./findings.ts";

/** [QUE-13] Triggers: each create in the millisecond of another on the same device. */
export function createTwinCreatesChecker(): Checker {
  return new TwinCreates();
}

class TwinCreates extends DeviceChecker {
  private readonly devices = new ByIndex(() => ({
    at: Number.NEGATIVE_INFINITY as EpochMs,
    creates: [] as FactOf<"edited">[],
  }));

  constructor() {
    super("QUE-13", ["edited"]);
  }

  fold(fact: Fact): void {
    if (fact.fact !== "edited" || fact.operation !== "create") return;
    const state = this.devices.of(fact.device);
    if (fact.at !== state.at) {
      state.at = fact.at;
      state.creates = [fact];
      return;
    }
    this.trigger();
    const twin = state.creates.find(
      (other) => other.key === fact.key || (other.entity === fact.entity && other.id === fact.id),
    );
    state.creates.push(fact);
    if (!twin) return;
    const same = twin.key === fact.key ? `the key ${fact.key}` : `the id ${fact.id}`;
    this.breach({
      at: fact.at,
      expected: `two creates on ${who(fact)} have two ids and two keys`,
      actual: `${twin.mutation} and ${fact.mutation} share ${same}`,
      because: "both were made in the same millisecond",
      evidence: [twin, fact],
    });
  }
}
