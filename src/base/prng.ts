/**
 * Owns randomness: one seed, any number of named streams that do not disturb each other.
 * Refuses Math.random, and Math.log and its kin, whose last bits differ between engines.
 */

import { assert } from "./assert.ts";

/** Draws from one named stream. All figures are the same on every JavaScript engine. */
export interface Prng {
  /** An unsigned 32-bit integer. */
  uint32(): number;
  /** A float in [0, 1) with 32 random bits. */
  unit(): number;
  /** An integer in [0, bound). */
  below(bound: number): number;
  /** True with the given probability. */
  chance(probability: number): boolean;
  /** One element; the list must not be empty. */
  pick<T>(list: readonly T[]): T;
  /** A wait with the given mean, exponentially distributed, in the unit of the mean. */
  exponential(mean: number): number;
}

/**
 * The stream of this name under this seed (sfc32, PractRand-tested, period about 2^128).
 * Taking draws from one stream never moves another: that is what lets a plan shrink.
 */
export function stream(seed: number, name: string): Prng {
  return new Sfc32(seed, hashString(name, 0x811c9dc5));
}

/** FNV-1a over UTF-16 code units, from a given basis; an unsigned 32-bit integer. */
export function hashString(text: string, basis: number): number {
  let hash = basis | 0;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return hash >>> 0;
}

class Sfc32 implements Prng {
  private a: number;
  private b: number;
  private c: number;
  private d = 1;

  constructor(seed: number, name: number) {
    assert(Number.isSafeInteger(seed) && seed >= 0, "a seed is a whole number from 0 to 2^53-1");
    this.a = seed | 0;
    this.b = Math.floor(seed / 0x1_0000_0000) | 0;
    this.c = name | 0;
    // sfc32 needs a dozen rounds before near seeds part ways.
    for (let i = 0; i < 12; i++) this.uint32();
  }

  uint32(): number {
    const t = (((this.a + this.b) | 0) + this.d) | 0;
    this.d = (this.d + 1) | 0;
    this.a = this.b ^ (this.b >>> 9);
    this.b = (this.c + (this.c << 3)) | 0;
    this.c = (this.c << 21) | (this.c >>> 11);
    this.c = (this.c + t) | 0;
    return t >>> 0;
  }

  unit(): number {
    return this.uint32() / 0x1_0000_0000;
  }

  below(bound: number): number {
    return Math.floor(this.unit() * bound);
  }

  chance(probability: number): boolean {
    return probability > 0 && this.unit() < probability;
  }

  pick<T>(list: readonly T[]): T {
    assert(list.length > 0, "pick needs a list with something in it");
    return list[this.below(list.length)] as T;
  }

  exponential(mean: number): number {
    return -naturalLog(1 - this.unit()) * mean;
  }
}

/**
 * Natural logarithm of x > 0 by halving and an artanh series: only + - * /, which IEEE 754 fixes to the
 * last bit, so that one seed gives one run on every engine. Relative error below 1e-12.
 */
export function naturalLog(x: number): number {
  assert(x > 0 && x < Number.POSITIVE_INFINITY, "a logarithm needs a finite number above 0");
  let mantissa = x;
  let exponent = 0;
  while (mantissa > 1.5) {
    mantissa /= 2;
    exponent++;
  }
  while (mantissa < 0.75) {
    mantissa *= 2;
    exponent--;
  }
  const t = (mantissa - 1) / (mantissa + 1);
  const square = t * t;
  let term = t;
  let sum = 0;
  for (let k = 1; k < 31; k += 2) {
    sum += term / k;
    term *= square;
  }
  return 2 * sum + exponent * Math.LN2;
}
