/**
 * Owns what befalls one thing at one instant: draws that depend on the seed, a name, the time, and nothing else.
 * Refuses to be a stream: taking one message out of a run does not change the fate of those after it, which is
 * what makes shrinking work.
 */

import { hashString } from "../base/prng.ts";
import type { Spread } from "./scenario.ts";

/** Draws for one named thing, such as the link of one device. */
export class Fate {
  private readonly first: number;
  private readonly second: number;
  private lastMs = -1;
  private nth = 0;

  constructor(seed: number, name: string) {
    this.first = hashString(name, (seed | 0) ^ 0x811c9dc5);
    this.second = hashString(
      name,
      Math.floor(seed / 0x1_0000_0000) ^ 0x9e3779b9 ^ Math.imul(seed | 0, 0x85ebca6b),
    );
  }

  /** A float in [0, 1): the next draw at this instant. */
  draw(atMs: number): number {
    if (atMs !== this.lastMs) {
      this.lastMs = atMs;
      this.nth = 0;
    }
    this.nth++;
    let hash = this.first ^ Math.imul(atMs | 0, 0x9e3779b1);
    hash = mix(hash ^ (Math.floor(atMs / 0x1_0000_0000) + Math.imul(this.nth, 0x85ebca77)));
    hash = mix(hash ^ this.second);
    return (hash >>> 0) / 0x1_0000_0000;
  }

  /** True with the given probability. */
  chance(atMs: number, probability: number): boolean {
    return probability > 0 && this.draw(atMs) < probability;
  }

  /** A whole number of ms out of a distribution. */
  spread(atMs: number, spread: Spread): number {
    return quantile(spread, this.draw(atMs));
  }
}

/**
 * The value below which a share `unit` of the distribution lies, in whole ms. Straight lines through a quarter of the
 * median, the median, a point at 90 %, the 99th percentile, and half as much again: plain arithmetic, equal on every engine.
 */
export function quantile(spread: Spread, unit: number): number {
  const { p50, p99 } = spread;
  const p90 = p50 + (p99 - p50) * 0.3;
  if (unit < 0.5) return Math.round(p50 * 0.25 + (p50 * 0.75 * unit) / 0.5);
  if (unit < 0.9) return Math.round(p50 + ((p90 - p50) * (unit - 0.5)) / 0.4);
  if (unit < 0.99) return Math.round(p90 + ((p99 - p90) * (unit - 0.9)) / 0.09);
  return Math.round(p99 + (p99 * 0.5 * (unit - 0.99)) / 0.01);
}

/** The finaliser of MurmurHash3: every bit of the input moves every bit of the output. */
function mix(value: number): number {
  let hash = value;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return hash ^ (hash >>> 16);
}
