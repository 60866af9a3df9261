/** Tests of the random streams: the same figures for ever, and no stream disturbs another. */

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { AssertionFault } from "./assert.ts";
import { hashString, naturalLog, type Prng, stream } from "./prng.ts";

const seeds = fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER });
const draws = (prng: Prng, count: number) => Array.from({ length: count }, () => prng.uint32());

describe("a stream", () => {
  test("gives the same figures for ever: a change here breaks every seed that was ever reported", () => {
    expect(draws(stream(1, "workload"), 4)).toEqual([3088482008, 879654354, 1129812185, 3430478999]);
    expect(draws(stream(2 ** 40 + 1, "device:3"), 4)).toEqual([
      3937359466, 622495297, 2440965353, 2379999039,
    ]);
    const prng = stream(7, "x");
    expect([
      prng.unit(),
      prng.below(1000),
      prng.chance(0.5),
      prng.pick(["a", "b", "c"]),
      prng.exponential(100),
    ]).toEqual([0.20494347414933145, 431, true, "a", 97.44818292082806]);
  });

  test("is the same again under the same seed and name", () => {
    fc.assert(
      fc.property(seeds, fc.string(), (seed, name) => {
        expect(draws(stream(seed, name), 8)).toEqual(draws(stream(seed, name), 8));
      }),
    );
  });

  test("does not move when another is drawn from", () => {
    fc.assert(
      fc.property(seeds, fc.array(fc.boolean(), { maxLength: 40 }), (seed, turns) => {
        const mixed = stream(seed, "link:1");
        const other = stream(seed, "link:2");
        const seen: number[] = [];
        for (const mine of turns) mine ? seen.push(mixed.uint32()) : other.uint32();
        expect(seen).toEqual(draws(stream(seed, "link:1"), seen.length));
      }),
    );
  });

  test("differs by name and by seed, in either half of the seed", () => {
    const first = new Set<number>();
    for (let i = 0; i < 500; i++)
      for (const name of [`device:${i}`, `link:${i}:up`, `link:${i}:down`])
        first.add(stream(1, name).uint32());
    for (let i = 2; i < 500; i++)
      first.add(stream(i, "device:0").uint32()).add(stream(i * 2 ** 32, "device:0").uint32());
    expect(first.size).toBe(1500 + 2 * 498);
  });

  test("is even: every bit is set in about half of the draws", () => {
    const prng = stream(42, "bits");
    const set = new Array<number>(32).fill(0);
    for (let i = 0; i < 20_000; i++) {
      const word = prng.uint32();
      for (let bit = 0; bit < 32; bit++) set[bit] = (set[bit] ?? 0) + ((word >>> bit) & 1);
    }
    for (const count of set) expect(Math.abs(count - 10_000)).toBeLessThan(400);
  });

  test("keeps to the bounds of what is asked", () => {
    fc.assert(
      fc.property(seeds, fc.integer({ min: 1, max: 1_000_000 }), (seed, bound) => {
        const prng = stream(seed, "bounds");
        const unit = prng.unit();
        expect(unit >= 0 && unit < 1).toBe(true);
        const below = prng.below(bound);
        expect(Number.isInteger(below) && below >= 0 && below < bound).toBe(true);
        const wait = prng.exponential(bound);
        expect(wait >= 0 && wait < bound * 23).toBe(true);
      }),
    );
  });

  test("chance 0 never happens, chance 1 always", () => {
    const prng = stream(3, "chance");
    for (let i = 0; i < 1_000; i++) expect([prng.chance(0), prng.chance(1)]).toEqual([false, true]);
  });

  test("picks every element of a list, and nothing of an empty one", () => {
    const prng = stream(5, "pick");
    expect(new Set(Array.from({ length: 200 }, () => prng.pick([1, 2, 3])))).toEqual(new Set([1, 2, 3]));
    expect(() => prng.pick([])).toThrow(AssertionFault);
  });

  test("waits the mean on average", () => {
    const prng = stream(11, "wait");
    let sum = 0;
    for (let i = 0; i < 50_000; i++) sum += prng.exponential(100);
    expect(Math.abs(sum / 50_000 - 100)).toBeLessThan(2);
  });

  test.each([-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53])("%s is no seed", (seed) => {
    expect(() => stream(seed, "x")).toThrow(AssertionFault);
  });
});

test("hashString is FNV-1a", () => {
  expect(hashString("", 0x811c9dc5)).toBe(0x811c9dc5);
  expect(hashString("a", 0x811c9dc5)).toBe(0xe40c292c);
  expect(hashString("foobar", 0x811c9dc5)).toBe(0xbf9cf968);
});

describe("naturalLog", () => {
  // Computed with 40 decimal digits, then rounded to a double.
  test.each([
    [1, 0],
    [2, Math.LN2],
    [10, Math.LN10],
    [0.5, -Math.LN2],
    [0.1, -Math.LN10],
    [3, 1.0986122886681098],
    [1.5, 0.4054651081081644],
    [0.75, -0.2876820724517809],
    [7, 1.9459101490553132],
    [1.0000001, 9.999999505838704e-8],
    [0.9999999, -1.0000000494736474e-7],
    [1e-300, -690.7755278982137],
    [1e300, 690.7755278982137],
    [Number.MIN_VALUE, -744.4400719213812],
    [1 - 2 ** -32, -2.328306436809747e-10],
    [2 ** -32, -22.18070977791825],
  ])("of %d is %d within 1e-12", (x, expected) => {
    expect(Math.abs(naturalLog(x) - expected)).toBeLessThanOrEqual(
      1e-12 * Math.max(Math.abs(expected), Number.MIN_VALUE),
    );
  });

  test("agrees with this engine's own within 1e-12 everywhere", () => {
    const positive = fc.double({ min: Number.MIN_VALUE, max: Number.MAX_VALUE, noNaN: true });
    fc.assert(
      fc.property(fc.oneof(positive, fc.double({ min: 0.5, max: 2, noNaN: true })), (x) => {
        expect(Math.abs(naturalLog(x) - Math.log(x))).toBeLessThanOrEqual(1e-12 * Math.abs(Math.log(x)));
      }),
      { numRuns: 1_000 },
    );
  });

  test.each([0, -1, Number.NaN, Number.POSITIVE_INFINITY])("%s has none", (x) => {
    expect(() => naturalLog(x)).toThrow(AssertionFault);
  });
});
