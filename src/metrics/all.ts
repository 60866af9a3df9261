/**
 * Owns the metrics of a run (section 12), gathered from the measures of this folder.
 * Refuses to judge them: thresholds are the scenario's.
 */

import { assert } from "../base/assert.ts";
import type { Fact, FactName } from "../history/facts.ts";
import { type Conflicts, createConflicts } from "./conflicts.ts";
import { type Cost, createCost } from "./cost.ts";
import { type Counts, createCounts } from "./counts.ts";
import type { Durations } from "./distribution.ts";
import { createEditLatency } from "./edit-latency.ts";
import type { Measure } from "./measure.ts";
import { createQueueSize, type QueueSize } from "./queue-size.ts";
import { type Cache, createCache, createSyncs, type Syncs } from "./reads-and-syncs.ts";
import type { SeriesMeasure } from "./series.ts";
import { createSocketPeak, type SocketPeak } from "./socket-peak.ts";
import { createSyncLatency, type SyncLatency } from "./sync-latency.ts";

/** All metrics of a run; plain JSON with these names. Durations are in milliseconds, rates from 0 to 1, null without a base. */
export interface Metrics {
  /** From the commit of a change to its being visible on another device of the account. */
  readonly syncLatency: SyncLatency;
  /** From the user's edit to its commit. */
  readonly editLatency: Durations;
  readonly conflicts: Conflicts;
  readonly queue: QueueSize;
  readonly cache: Cache;
  readonly syncs: Syncs;
  readonly sockets: SocketPeak;
  readonly cost: Cost;
  readonly counts: Counts;
}

/** A fold over facts that measures everything. */
export interface MetricsFold {
  /** The facts that it wants; it is called for no others. */
  readonly wants: readonly FactName[];
  fold(fact: Fact): void;
  /** What was measured so far; may be asked for at any time. */
  result(): Metrics;
  /** Takes in what another fold saw of other accounts; the other must not be folded on. Device numbers may be the same. */
  merge(other: MetricsFold): void;
}

/** A new fold for one run, or one shard of it; `series` is folded with it, and told what the measures work out. */
export function createMetrics(series?: SeriesMeasure): MetricsFold {
  return new AllMetrics(series);
}

class AllMetrics implements MetricsFold {
  readonly wants: readonly FactName[];
  private readonly series: SeriesMeasure | undefined;
  private readonly syncLatency;
  private readonly editLatency = createEditLatency();
  private readonly conflicts;
  private readonly queue;
  private readonly cache = createCache();
  private readonly syncs = createSyncs();
  private readonly sockets = createSocketPeak();
  private readonly cost = createCost();
  private readonly counts = createCounts();
  private readonly byFact = new Map<FactName, Measure<unknown>[]>();

  constructor(series: SeriesMeasure | undefined) {
    this.series = series;
    this.syncLatency = createSyncLatency(series);
    this.conflicts = createConflicts(series);
    this.queue = createQueueSize(series);
    const measures: readonly Measure<unknown>[] = [
      this.syncLatency,
      this.editLatency,
      this.conflicts,
      this.queue,
      this.cache,
      this.syncs,
      this.sockets,
      this.cost,
      this.counts,
      ...(series ? [series] : []),
    ];
    for (const measure of measures) {
      for (const name of measure.wants) {
        const folds = this.byFact.get(name);
        if (folds) folds.push(measure);
        else this.byFact.set(name, [measure]);
      }
    }
    this.wants = [...this.byFact.keys()];
  }

  fold(fact: Fact): void {
    const folds = this.byFact.get(fact.fact);
    if (folds) for (const measure of folds) measure.fold(fact);
  }

  merge(other: MetricsFold): void {
    assert(other instanceof AllMetrics, "metrics merge with metrics made by createMetrics");
    this.syncLatency.merge(other.syncLatency);
    this.editLatency.merge(other.editLatency);
    this.conflicts.merge(other.conflicts);
    this.queue.merge(other.queue);
    this.cache.merge(other.cache);
    this.syncs.merge(other.syncs);
    this.sockets.merge(other.sockets);
    this.cost.merge(other.cost);
    this.counts.merge(other.counts);
    if (other.series) this.series?.merge(other.series);
  }

  result(): Metrics {
    return {
      syncLatency: this.syncLatency.result(),
      editLatency: this.editLatency.result(),
      conflicts: this.conflicts.result(),
      queue: this.queue.result(),
      cache: this.cache.result(),
      syncs: this.syncs.result(),
      sockets: this.sockets.result(),
      cost: this.cost.result(),
      counts: this.counts.result(),
    };
  }
}
