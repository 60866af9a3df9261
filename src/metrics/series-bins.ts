/**
 * Owns durations sorted into bins, eight to each doubling: enough for a curve, small enough for one in each bucket of time.
 * Refuses to use logarithms, whose last bits differ between engines: an integer's leading zeros tell its size.
 */

/** Durations up to 2^32 ms, 49 days, have a bin; longer ones have the last. */
export const BINS = 240;
const DURATION_MS_MAX = 4_294_967_295;

/** The bin of a duration in milliseconds. */
export function binOf(durationMs: number): number {
  const value = Math.max(0, Math.min(DURATION_MS_MAX, Math.round(durationMs)));
  if (value < 8) return value;
  const octave = 31 - Math.clz32(value);
  return (octave - 2) * 8 + ((value >>> (octave - 3)) & 7);
}

/** The least duration of a bin, in milliseconds; that of the next bin is where this one ends. */
export function binFromMs(bin: number): number {
  if (bin < 8) return bin;
  const doublings = Math.floor(bin / 8) - 1;
  return (8 + (bin % 8)) * powerOfTwo(doublings);
}

/** The duration below which `share` of `counts` lie, to within half a bin; null when there are none. */
export function binPercentile(counts: ArrayLike<number>, from: number, share: number): number | null {
  let total = 0;
  for (let bin = 0; bin < BINS; bin++) total += counts[from + bin] ?? 0;
  if (total === 0) return null;
  const wanted = share * total;
  let seen = 0;
  for (let bin = 0; bin < BINS; bin++) {
    seen += counts[from + bin] ?? 0;
    if (seen >= wanted && (counts[from + bin] ?? 0) > 0)
      return Math.round((binFromMs(bin) + binFromMs(bin + 1)) / 2);
  }
  return binFromMs(BINS);
}

function powerOfTwo(exponent: number): number {
  let power = 1;
  for (let count = 0; count < exponent; count++) power *= 2;
  return power;
}
