/**
 * Owns the way from the metrics of a run to the figures that reports show and thresholds name.
 * Refuses to measure: a quantity without a base has no value here, rather than a zero.
 */

import type { Metrics } from "../metrics/all.ts";
import type { Durations } from "../metrics/distribution.ts";
import { type Figure, type FigureName, figureSpec, STATISTICS, type Statistic } from "./figure.ts";

/** Every figure, in the order of FIGURES. */
export function figuresOf(metrics: Metrics): readonly Figure[] {
  const { syncLatency, editLatency, conflicts, queue, cache, syncs, sockets } = metrics;
  const { server, device, person } = conflicts.resolvedBy;
  return [
    duration("sync latency online", syncLatency.online),
    duration("sync latency came back", syncLatency.cameBack),
    duration("commit latency", editLatency),
    figure("offline queue size", metrics.counts.devices, {
      mean: queue.mean,
      max: queue.mean === null ? null : queue.max,
    }),
    figure("conflict rate", conflicts.writes, { value: conflicts.rate }),
    figure("resolved alone", conflicts.stale, { value: conflicts.withoutPerson }, { server, device, person }),
    figure("cache hit rate", cache.reads, { value: cache.hitRate }),
    figure("full sync rate", syncs.all, { value: syncs.fullRate }, syncs.byReason),
    // Of the fleet, as its share is: of 208 sockets, a tenth would be other sockets.
    figure("socket peak", sockets.opened === 0 ? 0 : metrics.counts.devices, { value: sockets.peakShare }),
    ...costs(metrics),
  ];
}

function costs({ cost }: Metrics): readonly Figure[] {
  const days = Math.round(cost.deviceDays);
  const spent = cost.perDeviceDay;
  return [
    figure("requests", days, { value: spent?.requests }),
    figure("bytes up", days, { value: spent?.bytesUp }),
    figure("bytes down", days, { value: spent?.bytesDown }),
    figure("socket opens", days, { value: spent?.socketOpens }),
    figure("radio wake-ups", days, { value: spent?.radioWakeUps }),
  ];
}

function duration(name: FigureName, durations: Durations): Figure {
  const { count, mean, p50, p90, p99, max } = durations;
  return figure(name, count, { mean, p50, p90, p99, max });
}

function figure(
  name: FigureName,
  samples: number,
  values: { readonly [statistic in Statistic]?: number | null | undefined },
  breakdown?: Readonly<Record<string, number>>,
): Figure {
  const known: Partial<Record<Statistic, number>> = {};
  for (const statistic of STATISTICS) {
    const value = values[statistic];
    if (value !== null && value !== undefined) known[statistic] = value;
  }
  const unit = figureSpec(name)?.unit ?? "count";
  return {
    name,
    unit,
    samples,
    values: known,
    ...(breakdown === undefined ? {} : { breakdown: { ...breakdown } }),
  };
}
