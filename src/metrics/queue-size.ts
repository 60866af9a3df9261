/**
 * Owns the size of the offline queues over time.
 * Refuses to know why mutations wait.
 */

import type { EpochMs } from "../base/time.ts";
import type { Fact } from "../history/facts.ts";
import { type Measure, PerDevice, share } from "./measure.ts";
import type { SeriesSink } from "./series.ts";

/** Mutations that wait or are on their way (section 12). */
export interface QueueSize {
  /** Time-weighted mean over all devices; null when no time passed. */
  readonly mean: number | null;
  /** The largest time-weighted mean of one device; null when no time passed. */
  readonly worstDeviceMean: number | null;
  /** The largest number at any time on one device. */
  readonly max: number;
}

/** A number that holds between changes. */
class Gauge {
  readonly fromMs: EpochMs;
  private sinceMs: EpochMs;
  private value = 0;
  private area = 0;
  max = 0;

  constructor(at: EpochMs) {
    this.fromMs = at;
    this.sinceMs = at;
  }

  set(value: number, at: EpochMs): void {
    this.area += this.value * (at - this.sinceMs);
    this.sinceMs = at;
    this.value = value;
    this.max = Math.max(this.max, value);
  }

  /** Value times milliseconds from the beginning to `at`. */
  areaUntil(at: EpochMs): number {
    return this.area + this.value * (at - this.sinceMs);
  }
}

interface Queue {
  readonly gauge: Gauge;
  readonly saved: Map<string, boolean>;
}

/** A new measure of queue sizes. A device's time begins with its first fact and ends with the run's last. */
export function createQueueSize(sink?: SeriesSink): QueueSizeMeasure {
  return new QueueSizeMeasure(sink);
}

class QueueSizeMeasure implements Measure<QueueSize> {
  readonly wants = [
    "started",
    "edited",
    "saved",
    "settled",
    "retried",
    "discarded",
    "killed",
    "phase",
  ] as const;
  private readonly devices = new PerDevice<Queue>((at) => ({ gauge: new Gauge(at), saved: new Map() }));
  private endMs: EpochMs = 0;
  private readonly sink: SeriesSink | undefined;

  constructor(sink?: SeriesSink) {
    this.sink = sink;
  }

  fold(fact: Fact): void {
    this.endMs = Math.max(this.endMs, fact.at);
    switch (fact.fact) {
      case "started":
        this.devices.of(fact.device, fact.at);
        return;
      case "edited":
      case "retried":
      case "saved": {
        const { gauge, saved } = this.devices.of(fact.device, fact.at);
        if (fact.fact !== "saved") saved.set(fact.mutation, fact.fact === "retried");
        else if (saved.has(fact.mutation)) saved.set(fact.mutation, true);
        gauge.set(saved.size, fact.at);
        this.sink?.queued(fact.device, fact.account, fact.at, saved.size);
        return;
      }
      case "settled":
      case "discarded": {
        const { gauge, saved } = this.devices.of(fact.device, fact.at);
        if (!saved.delete(fact.mutation)) return;
        gauge.set(saved.size, fact.at);
        this.sink?.queued(fact.device, fact.account, fact.at, saved.size);
        return;
      }
      case "killed": {
        const { gauge, saved } = this.devices.of(fact.device, fact.at);
        for (const [mutation, durable] of saved) if (!durable) saved.delete(mutation);
        gauge.set(saved.size, fact.at);
        this.sink?.queued(fact.device, fact.account, fact.at, saved.size);
      }
    }
  }

  merge(other: QueueSizeMeasure): void {
    this.devices.merge(other.devices);
    this.endMs = Math.max(this.endMs, other.endMs);
  }

  result(): QueueSize {
    let area = 0;
    let timeMs = 0;
    let max = 0;
    let worstDeviceMean: number | null = null;
    for (const { gauge } of this.devices.all()) {
      const own = gauge.areaUntil(this.endMs);
      const ownMs = this.endMs - gauge.fromMs;
      area += own;
      timeMs += ownMs;
      max = Math.max(max, gauge.max);
      const mean = share(own, ownMs);
      if (mean !== null) worstDeviceMean = Math.max(worstDeviceMean ?? 0, mean);
    }
    return { mean: share(area, timeMs), worstDeviceMean, max };
  }
}
