import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Fate, quantile } from "./fate.ts";

describe("fate", () => {
  it("depends on seed, name, time and the draw's number within its instant, and on nothing drawn before", () => {
    const alone = new Fate(7, "a0-d0/link");
    const later = alone.draw(5_000);
    const busy = new Fate(7, "a0-d0/link");
    for (let at = 0; at < 5_000; at += 13) busy.draw(at);
    expect(busy.draw(5_000)).toBe(later);
    expect(busy.draw(5_000)).not.toBe(later);
    expect(new Fate(8, "a0-d0/link").draw(5_000)).not.toBe(later);
    expect(new Fate(7, "a0-d1/link").draw(5_000)).not.toBe(later);
    expect(new Fate(7 + 2 ** 32, "a0-d0/link").draw(5_000)).not.toBe(later);
  });

  it("spreads draws evenly", () => {
    const fate = new Fate(1, "x");
    const bins = new Array<number>(10).fill(0);
    for (let at = 0; at < 50_000; at++) {
      const bin = Math.floor(fate.draw(at * 37) * 10);
      bins[bin] = (bins[bin] ?? 0) + 1;
    }
    for (const count of bins) expect(Math.abs(count - 5_000)).toBeLessThan(300);
  });

  it("draws from a distribution with the median and the 99th percentile that were asked for", () => {
    const spread = { p50: 80, p99: 900 };
    expect(quantile(spread, 0.5)).toBe(80);
    expect(quantile(spread, 0.99)).toBe(900);
    fc.assert(
      fc.property(
        fc.double({ min: 0, max: 0.999, noNaN: true }),
        fc.double({ min: 0, max: 0.999, noNaN: true }),
        (a, b) => {
          const [low, high] = a < b ? [a, b] : [b, a];
          expect(quantile(spread, low)).toBeLessThanOrEqual(quantile(spread, high));
          expect(Number.isInteger(quantile(spread, a))).toBe(true);
          expect(quantile(spread, a)).toBeGreaterThanOrEqual(20);
          expect(quantile(spread, a)).toBeLessThanOrEqual(1_350);
        },
      ),
    );
  });
});
