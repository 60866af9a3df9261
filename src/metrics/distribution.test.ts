import { expect, test } from "vitest";
import { DAY_MS } from "../base/time.ts";
import { Distribution, DURATION_MS_MAX } from "./distribution.ts";

const of = (...values: readonly number[]) => {
  const distribution = new Distribution();
  for (const value of values) distribution.record(value);
  return distribution;
};

test("nothing measured is null, not 0", () => {
  expect(new Distribution().durations()).toEqual({
    count: 0,
    min: null,
    mean: null,
    p50: null,
    p90: null,
    p99: null,
    max: null,
  });
});

test("small values are exact", () => {
  const hundred = of(...Array.from({ length: 100 }, (_, n) => n + 1));
  expect(hundred.durations()).toEqual({
    count: 100,
    min: 1,
    mean: 50.5,
    p50: 50,
    p90: 90,
    p99: 99,
    max: 100,
  });
});

test("large values keep three digits in percentiles, and all of them in mean and extremes", () => {
  const { min, mean, max, p50 } = of(123_456_789, 123_456_789, 3 * DAY_MS + 1).durations();
  expect([min, mean, max]).toEqual([123_456_789, (2 * 123_456_789 + 3 * DAY_MS + 1) / 3, 3 * DAY_MS + 1]);
  expect(Math.abs((p50 ?? 0) - 123_456_789)).toBeLessThan(123_456);
});

test("powers of two and their neighbours fall into their own buckets", () => {
  for (let power = 1; power <= 32; power++) {
    const value = 2 ** power;
    for (const near of [value - 1, value, value + 1]) {
      const { p50 } = of(near, DURATION_MS_MAX).durations();
      expect(p50).toBeGreaterThanOrEqual(near);
      expect(p50).toBeLessThanOrEqual(near * 1.001 + 1);
    }
  }
});

test("what is out of range counts as the end of it", () => {
  expect(of(-5, 2 * DURATION_MS_MAX).durations()).toMatchObject({ count: 2, min: 0, max: DURATION_MS_MAX });
});

test("two merged are as one", () => {
  const [left, right] = [of(1, 5, 90_000), of(7, 123_456)];
  left.merge(right);
  left.merge(new Distribution());
  expect(left.durations()).toEqual(of(1, 5, 90_000, 7, 123_456).durations());
  const empty = new Distribution();
  empty.merge(right);
  expect(empty.durations()).toEqual(right.durations());
});
