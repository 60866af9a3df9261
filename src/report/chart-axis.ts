/**
 * Owns the axes of charts: time since the beginning of the run, durations on a scale that doubles, and plain quantities.
 * Refuses to know what stands along them.
 */

import { DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS } from "../base/time.ts";
import { CHART_WIDTH, TONE } from "./chart.ts";
import { formatQuantity, type Unit } from "./numbers.ts";

const TEXT = { color: TONE.dim, fontSize: 12 } as const;
const RULE = { lineStyle: { color: TONE.line } } as const;

/** Where the plot stands in its chart. */
export const PLOT = { left: 58, right: 14, top: 12, bottom: 26 } as const;
export const PLOT_RIGHT = CHART_WIDTH - PLOT.right;
/** Room for a second axis. */
export const PLOT_RIGHT_WIDE = 52;

const TIME_STEPS_MS = [
  ...[5 * MINUTE_MS, 15 * MINUTE_MS, 30 * MINUTE_MS, HOUR_MS, 2 * HOUR_MS, 3 * HOUR_MS, 6 * HOUR_MS],
  ...[12 * HOUR_MS, DAY_MS, 2 * DAY_MS, 5 * DAY_MS, 10 * DAY_MS, 30 * DAY_MS, 100 * DAY_MS],
] as const;
const TIME_TICKS_MAX = 8;

/** Time since the beginning, from nothing to `lengthMs`. */
export function timeAxis(lengthMs: number) {
  const ticks = timeTicks(lengthMs);
  return {
    type: "value",
    min: 0,
    max: Math.max(1, lengthMs),
    axisLine: RULE,
    axisTick: { ...RULE, customValues: ticks },
    axisLabel: { ...TEXT, customValues: ticks, formatter: timeTick, hideOverlap: true },
    splitLine: { show: false },
  };
}

/** Round moments from the beginning of the run to its end, at most nine. */
export function timeTicks(lengthMs: number): readonly number[] {
  const step =
    TIME_STEPS_MS.find((candidate) => lengthMs / candidate <= TIME_TICKS_MAX) ?? Math.max(1, lengthMs);
  return Array.from({ length: Math.floor(lengthMs / step) + 1 }, (_, tick) => tick * step);
}

/** `0`, `6 h`, `1 d`, `1 d 6 h`: how far into the run. */
export function timeTick(ms: number): string {
  if (ms === 0) return "0";
  const days = Math.floor(ms / DAY_MS);
  const hours = Math.floor((ms % DAY_MS) / HOUR_MS);
  const minutes = Math.floor((ms % HOUR_MS) / MINUTE_MS);
  const parts = [
    ...(days > 0 ? [`${days} d`] : []),
    ...(hours > 0 ? [`${hours} h`] : []),
    ...(minutes > 0 ? [`${minutes} min`] : []),
  ];
  return parts.join(" ");
}

/** Quantities from nothing up; between whole things that are counted there is no tick. */
export function quantityAxis(unit: Unit, max: number | undefined, values: readonly (number | null)[]) {
  const isWhole = unit === "count" && values.every((value) => value === null || Number.isInteger(value));
  return {
    type: "value",
    min: 0,
    ...(isWhole ? { minInterval: 1 } : {}),
    ...(max === undefined ? {} : { max, interval: max / 4 }),
    splitNumber: 4,
    axisLine: { show: false },
    axisTick: { show: false },
    axisLabel: { ...TEXT, formatter: (value: number) => formatQuantity(value, unit) },
    splitLine: RULE,
  };
}

/** Names, the first at the top. */
export function nameAxis(names: readonly string[]) {
  return {
    type: "category",
    data: [...names],
    inverse: true,
    axisLine: RULE,
    axisTick: { show: false },
    axisLabel: { ...TEXT, color: TONE.ink, interval: 0 },
  };
}

/** Where a duration stands on a scale on which each doubling takes 8: straight between powers of two, without logarithms. */
export function durationPlace(ms: number): number {
  if (ms < 8) return Math.max(0, ms);
  const octave = 31 - Math.clz32(Math.min(4_294_967_295, Math.floor(ms)));
  let unit = 1;
  for (let count = 3; count < octave; count++) unit *= 2;
  return (octave - 2) * 8 + ms / unit - 8;
}

const DURATION_TICKS_MS = [
  ...[0, 10, 100, SECOND_MS, 10 * SECOND_MS, MINUTE_MS],
  ...[10 * MINUTE_MS, HOUR_MS, 10 * HOUR_MS, 2 * DAY_MS, 20 * DAY_MS],
] as const;
const TICK_TEXTS = new Map<number, string>(
  DURATION_TICKS_MS.map((ms) => [durationPlace(ms), ms === 0 ? "0" : tickText(ms)]),
);

function tickText(ms: number): string {
  if (ms < SECOND_MS) return `${ms} ms`;
  if (ms < MINUTE_MS) return `${ms / SECOND_MS} s`;
  if (ms < HOUR_MS) return `${ms / MINUTE_MS} min`;
  return ms < DAY_MS ? `${ms / HOUR_MS} h` : `${ms / DAY_MS} d`;
}

/** Durations between two, on the doubling scale. */
export function durationAxis(leastMs: number, mostMs: number, grid: boolean) {
  const below = DURATION_TICKS_MS.findLast((ms) => ms <= leastMs) ?? 0;
  const above = DURATION_TICKS_MS.find((ms) => ms >= mostMs) ?? mostMs;
  const ticks = DURATION_TICKS_MS.filter((ms) => ms >= below && ms <= above).map(durationPlace);
  return {
    type: "value",
    min: durationPlace(below),
    max: Math.max(durationPlace(above), durationPlace(below) + 1),
    axisLine: grid ? { show: false } : RULE,
    axisTick: grid ? { show: false } : { ...RULE, customValues: ticks },
    axisLabel: { ...TEXT, customValues: ticks, formatter: (place: number) => TICK_TEXTS.get(place) ?? "" },
    splitLine: { show: false },
  };
}

/** Rules across the plot at the ticks of a duration axis, which has none of its own. */
export function durationRules(leastMs: number, mostMs: number): readonly number[] {
  const below = DURATION_TICKS_MS.findLast((ms) => ms <= leastMs) ?? 0;
  return DURATION_TICKS_MS.filter((ms) => ms >= below && ms <= mostMs).map(durationPlace);
}
