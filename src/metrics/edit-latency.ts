/**
 * Owns the latency from a user's edit to its commit on the server.
 * Refuses to know what the commit did with it. Memory is the edits that wait.
 */

import type { EpochMs } from "../base/time.ts";
import type { Fact, FactOf } from "../history/facts.ts";
import { Distribution, type Durations } from "./distribution.ts";
import type { Measure } from "./measure.ts";

interface Waiting {
  readonly at: EpochMs;
  readonly account: number;
  key: string;
  saved: boolean;
}

/** A new measure of the time from `edited` to the `committed` with the mutation's key, in milliseconds. */
export function createEditLatency(): EditLatencyMeasure {
  return new EditLatencyMeasure();
}

class EditLatencyMeasure implements Measure<Durations> {
  readonly wants = ["edited", "saved", "rekeyed", "settled", "discarded", "killed", "committed"] as const;
  private readonly devices = new Map<number, Map<string, Waiting>>();
  private readonly accounts = new Map<number, Map<string, Waiting>>();
  private readonly latency = new Distribution();

  fold(fact: Fact): void {
    switch (fact.fact) {
      case "edited":
        this.edited(fact);
        return;
      case "saved": {
        const waiting = this.devices.get(fact.device)?.get(fact.mutation);
        if (waiting) waiting.saved = true;
        return;
      }
      case "rekeyed": {
        const waiting = this.devices.get(fact.device)?.get(fact.mutation);
        if (!waiting) return;
        this.keys(waiting.account).delete(waiting.key);
        waiting.key = fact.key;
        this.keys(waiting.account).set(fact.key, waiting);
        return;
      }
      case "settled":
        // A failed one may be taken up again.
        if (fact.outcome !== "failed") this.forget(fact.device, fact.mutation);
        return;
      case "discarded":
        this.forget(fact.device, fact.mutation);
        return;
      case "killed":
        this.killed(fact);
        return;
      case "committed":
        this.committed(fact);
    }
  }

  merge(other: EditLatencyMeasure): void {
    this.latency.merge(other.latency);
  }

  result(): Durations {
    return this.latency.durations();
  }

  private keys(account: number): Map<string, Waiting> {
    const known = this.accounts.get(account);
    if (known) return known;
    const made = new Map<string, Waiting>();
    this.accounts.set(account, made);
    return made;
  }

  private edited(fact: FactOf<"edited">): void {
    const { at, account, device, mutation, key } = fact;
    const waiting = { at, account, key, saved: false };
    const queue = this.devices.get(device);
    if (queue) queue.set(mutation, waiting);
    else this.devices.set(device, new Map([[mutation, waiting]]));
    this.keys(account).set(key, waiting);
  }

  private committed(fact: FactOf<"committed">): void {
    const waiting = fact.key === undefined ? undefined : this.accounts.get(fact.account)?.get(fact.key);
    if (!waiting) return;
    this.latency.record(fact.at - waiting.at);
    this.keys(fact.account).delete(waiting.key);
  }

  private forget(device: number, mutation: string): void {
    const queue = this.devices.get(device);
    const waiting = queue?.get(mutation);
    if (!queue || !waiting) return;
    queue.delete(mutation);
    this.keys(waiting.account).delete(waiting.key);
  }

  /** What was not saved may be gone; if it lives on all the same, it is not measured. */
  private killed(fact: FactOf<"killed">): void {
    for (const [mutation, { saved }] of this.devices.get(fact.device) ?? []) {
      if (!saved) this.forget(fact.device, mutation);
    }
  }
}
