/**
 * Owns what one sync takes, in time and in bytes; the first of a device, which brings all there is, is left out.
 * Refuses to know what a sync brought.
 */

import type { EpochMs } from "../base/time.ts";
import type { Fact } from "../history/facts.ts";
import { Distribution, type Durations } from "./distribution.ts";
import { type Measure, share } from "./measure.ts";

export interface Transfers {
  /** From the beginning of a sync to its end. Milliseconds. */
  readonly durations: Durations;
  /** Bytes that came down in one, a mean; null without syncs. */
  readonly bytesMean: number | null;
  /** Of them, those that brought everything anew. */
  readonly full: number;
}

interface Running {
  readonly at: EpochMs;
  readonly first: boolean;
  bytes: number;
}

/** A new measure of syncs as transfers. */
export function createTransfers(): TransfersMeasure {
  return new TransfersMeasure();
}

class TransfersMeasure implements Measure<Transfers> {
  readonly wants = ["sync_started", "sync_ended", "answered", "killed"] as const;
  private readonly running = new Map<number, Running>();
  private readonly durations = new Distribution();
  private count = 0;
  private bytes = 0;
  private full = 0;

  fold(fact: Fact): void {
    switch (fact.fact) {
      case "sync_started":
        this.running.set(fact.device, { at: fact.at, first: fact.reason === "first", bytes: 0 });
        return;
      case "answered": {
        const running = this.running.get(fact.device);
        if (running && (fact.call === "list" || fact.call === "changes")) running.bytes += fact.bytes;
        return;
      }
      case "killed":
        this.running.delete(fact.device);
        return;
      case "sync_ended": {
        const running = this.running.get(fact.device);
        this.running.delete(fact.device);
        if (!running || running.first || fact.revision === undefined) return;
        this.count++;
        this.bytes += running.bytes;
        this.durations.record(fact.at - running.at);
        if (fact.sync === "full") this.full++;
      }
    }
  }

  merge(other: TransfersMeasure): void {
    this.durations.merge(other.durations);
    this.count += other.count;
    this.bytes += other.bytes;
    this.full += other.full;
  }

  result(): Transfers {
    return {
      durations: this.durations.durations(),
      bytesMean: share(this.bytes, this.count),
      full: this.full,
    };
  }
}
