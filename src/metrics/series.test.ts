import { describe, expect, test } from "vitest";
import { DAY_MS, HOUR_MS, MINUTE_MS } from "../base/time.ts";
import {
  clockSet,
  edited,
  killed,
  offline,
  online,
  phase,
  read,
  saved,
  started,
} from "../history/facts.fixture.ts";
import type { Fact } from "../history/facts.ts";
import { Scenario } from "../simulation/scenario.ts";
import { createSimulation } from "../simulation/world.ts";
import { createMetrics, type MetricsFold } from "./all.ts";
import { createSeries, type Series } from "./series.ts";
import { BINS, binFromMs, binOf, binPercentile } from "./series-bins.ts";
import { BUCKETS_MAX } from "./series-buckets.ts";
import type { DeviceSeries } from "./series-device.ts";

const total = (row: readonly number[]) => row.reduce((sum, count) => sum + count, 0);

function seriesOf(facts: readonly Fact[]): Series {
  const series = createSeries();
  const metrics = createMetrics(series);
  fold(metrics, facts);
  const result = series.result();
  if (result === undefined) throw new Error("nothing happened");
  return result;
}

function fold(metrics: MetricsFold, facts: readonly Fact[]): void {
  for (const fact of facts) if (metrics.wants.includes(fact.fact)) metrics.fold(fact);
}

describe("bins", () => {
  test("each duration lies in its bin, from 1 ms to 49 days, and bins follow each other", () => {
    for (const ms of [0, 1, 7, 8, 9, 15, 16, 99, 1_000, 65_535, 65_536, HOUR_MS, DAY_MS, 49 * DAY_MS]) {
      const bin = binOf(ms);
      expect(binFromMs(bin)).toBeLessThanOrEqual(ms);
      expect(binFromMs(bin + 1)).toBeGreaterThan(ms);
    }
    for (let bin = 1; bin < BINS; bin++) expect(binFromMs(bin)).toBeGreaterThan(binFromMs(bin - 1));
    expect(binOf(1_000 * DAY_MS)).toBe(BINS - 1);
    expect(binOf(-5)).toBe(0);
  });

  test("a percentile is right to within 6 %, and nothing has none", () => {
    const counts = new Uint32Array(BINS);
    expect(binPercentile(counts, 0, 0.5)).toBeNull();
    for (let ms = 1; ms <= 1_000; ms++) counts[binOf(ms)] = (counts[binOf(ms)] ?? 0) + 1;
    for (const share of [0.1, 0.5, 0.9, 0.99]) {
      const ms = binPercentile(counts, 0, share) ?? 0;
      expect(Math.abs(ms - share * 1_000) / (share * 1_000)).toBeLessThan(0.06);
    }
  });
});

describe("a series", () => {
  test("of nothing is none", () => expect(createSeries().result()).toBeUndefined());

  test("puts what happened into the bucket in which it happened", () => {
    const { reads, freshReads, bucketMs } = seriesOf([
      phase("agitate"),
      started(),
      read({ at: 30_000, fresh: true }),
      read({ at: 2 * MINUTE_MS, fresh: false }),
      read({ at: 2 * MINUTE_MS + 1, fresh: true }),
    ]);
    expect(bucketMs).toBe(MINUTE_MS);
    expect(reads).toEqual([1, 0, 2]);
    expect(freshReads).toEqual([1, 0, 1]);
  });

  test("never has more buckets than its bound: they become wider, and nothing is lost", () => {
    const facts = Array.from({ length: 900 }, (_, hour) =>
      read({ at: hour * HOUR_MS, fresh: hour % 3 === 0 }),
    );
    const { reads, freshReads, bucketMs, untilMs } = seriesOf([phase("agitate"), ...facts]);
    expect(reads.length).toBeLessThanOrEqual(BUCKETS_MAX);
    expect(reads.length).toBe(Math.floor(untilMs / bucketMs) + 1);
    expect(total(reads)).toBe(900);
    expect(total(freshReads)).toBe(300);
    expect(new Set(reads.slice(0, -1))).toEqual(new Set([bucketMs / HOUR_MS]));
  });

  test("spreads offline time and waiting mutations over the buckets that they last", () => {
    const { offlineMs, queuedMs, queueMax, worstByConflicts, devices } = seriesOf([
      phase("agitate"),
      started({ online: true }),
      offline({ at: 30_000 }),
      edited({ at: 60_000 }),
      saved({ at: 60_000 }),
      online({ at: 2 * MINUTE_MS + 15_000 }),
      phase("settled", 3 * MINUTE_MS),
    ]);
    expect(offlineMs).toEqual([30_000, 60_000, 15_000, 0]);
    expect(queuedMs).toEqual([0, 60_000, 60_000, 0]);
    expect(queueMax).toEqual([0, 1, 0, 0]);
    expect(worstByConflicts).toEqual([]);
    expect(devices).toBe(1);
  });

  test("counts a span that goes on at the end, however often it is asked", () => {
    const series = createSeries();
    fold(createMetrics(series), [
      phase("agitate"),
      started(),
      offline({ at: 10_000 }),
      killed({ at: 50_000 }),
    ]);
    expect(series.result()?.offlineMs).toEqual([40_000]);
    expect(series.result()?.offlineMs).toEqual([40_000]);
    series.fold(online({ at: 55_000 }));
    expect(series.result()?.offlineMs).toEqual([45_000]);
  });
});

/** A run of two accounts, and its facts. */
function smallRun() {
  const scenario = Scenario.parse({
    name: "small",
    duration: "1d",
    fleet: { accounts: 3 },
    habits: { sessionsPerDay: 20, together: "60%" },
    workload: { editsPerDay: 40, hot: "80%" },
  });
  const world = createSimulation(scenario, 3, { folds: [], keepFacts: true });
  while (world.advance(50_000));
  return world.journal.kept;
}

describe("the series of a run", () => {
  const facts = smallRun();
  const series = createSeries();
  const metrics = createMetrics(series);
  fold(metrics, facts);
  const result = series.result() as Series;
  const measured = metrics.result();

  test("adds up to what the measures say", () => {
    expect(total(result.online.count)).toBe(measured.syncLatency.online.count);
    expect(total(result.cameBack.count)).toBe(measured.syncLatency.cameBack.count);
    expect(total(result.online.bins)).toBe(measured.syncLatency.online.count);
    expect(measured.conflicts.stale).toBeGreaterThan(0);
    expect([total(result.writes), total(result.stale)]).toEqual([
      measured.conflicts.writes,
      measured.conflicts.stale,
    ]);
    expect([total(result.reads), total(result.freshReads)]).toEqual([
      measured.cache.reads,
      measured.cache.fresh,
    ]);
    expect(total(result.fullSyncs)).toBe(measured.syncs.full);
    expect(total(result.deltaSyncs) + total(result.fullSyncs)).toBe(measured.syncs.all);
    expect(total(result.requests)).toBe(measured.cost.total.requests);
    expect(total(result.bytesUp)).toBe(measured.cost.total.bytesUp);
    expect(total(result.bytesDown)).toBe(measured.cost.total.bytesDown);
    expect(Math.max(...result.queueMax)).toBe(measured.queue.max);
    // The measure's time begins when an app is first started, a series' with the run.
    const deviceMs = result.devices * (result.untilMs - result.fromMs);
    expect(total(result.queuedMs) / deviceMs).toBeCloseTo(measured.queue.mean ?? 0, 1);
  });

  test("tells the worst devices, the worst first", () => {
    const { worstByLatency, worstByConflicts } = result;
    expect(worstByLatency.length).toBeGreaterThan(0);
    const p90s = worstByLatency.map(({ online: seen }) => seen.p90 ?? 0);
    expect(p90s).toEqual([...p90s].sort((one, other) => other - one));
    const conflicts = worstByConflicts.map((device) => device.conflicts);
    expect(conflicts).toEqual([...conflicts].sort((one, other) => other - one));
    for (const device of worstByConflicts) expect(total(device.rows.conflicts)).toBe(device.conflicts);
    expect(total(conflicts)).toBe(measured.conflicts.stale);
  });

  test("is the same whether folded at once, or by account and merged", () => {
    const shards = [0, 1, 2].map((account) => {
      const own = createSeries();
      const measures = createMetrics(own);
      fold(
        measures,
        facts.filter((fact) => !("account" in fact) || fact.account === account),
      );
      return { own, measures };
    });
    const [first, ...others] = shards;
    for (const other of others) first?.measures.merge(other.measures);
    const merged = first?.own.result() as Series;
    const named = ({ device: _, ...rest }: DeviceSeries) => rest;
    const { worstByLatency, worstByConflicts, ...sums } = merged;
    const { worstByLatency: slow, worstByConflicts: clashing, ...whole } = result;
    expect(sums).toEqual(whole);
    expect(worstByLatency.map(named)).toEqual(slow.map(named));
    expect(worstByConflicts.map(named)).toEqual(clashing.map(named));
  });

  test("remembers how wrong a clock was at worst", () => {
    const slow = createSeries();
    const some = createMetrics(slow);
    fold(some, [
      phase("agitate"),
      started(),
      clockSet({ at: 1, offsetMs: -90_000 }),
      clockSet({ at: 2, offsetMs: 500 }),
    ]);
    slow.seen(0, 0, 3, 100, true);
    expect(slow.result()?.worstByLatency[0]?.clockOffsetMs).toBe(-90_000);
  });
});
