/** Tests of instants and durations. Here, and only here, the Date object is the judge. */

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  DAY_MS,
  formatDuration,
  formatInstant,
  HOUR_MS,
  MINUTE_MS,
  parseDuration,
  SECOND_MS,
} from "./time.ts";

describe("formatInstant", () => {
  test.each([
    [0, "1970-01-01T00:00:00.000Z"],
    [1_704_067_200_000, "2024-01-01T00:00:00.000Z"],
    [951_782_400_000, "2000-02-29T00:00:00.000Z"],
    [1_709_164_800_000, "2024-02-29T00:00:00.000Z"],
    [1_709_251_199_999, "2024-02-29T23:59:59.999Z"],
    [1_709_251_200_000, "2024-03-01T00:00:00.000Z"],
    [1_677_628_799_999, "2023-02-28T23:59:59.999Z"],
    [1_677_628_800_000, "2023-03-01T00:00:00.000Z"],
    [4_107_542_400_000, "2100-03-01T00:00:00.000Z"],
    [4_107_542_399_001, "2100-02-28T23:59:59.001Z"],
    [1_735_689_599_050, "2024-12-31T23:59:59.050Z"],
    [253_402_300_799_999, "9999-12-31T23:59:59.999Z"],
  ])("%d is %s", (atMs, text) => expect(formatInstant(atMs)).toBe(text));

  test("says what Date says, from 1970 to 9999", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 253_402_300_799_999 }), (atMs) => {
        expect(formatInstant(atMs)).toBe(new Date(atMs).toISOString());
      }),
      { numRuns: 2_000 },
    );
  });
});

describe("parseDuration", () => {
  test.each([
    ["80ms", 80],
    ["90s", 90 * SECOND_MS],
    ["15m", 15 * MINUTE_MS],
    ["4h", 4 * HOUR_MS],
    ["1.5d", 36 * HOUR_MS],
    ["2w", 14 * DAY_MS],
    ["0s", 0],
    ["0.1s", 100],
    ["1.5ms", 2],
    [" 4h ", 4 * HOUR_MS],
  ])("%j is %d ms", (text, durationMs) => expect(parseDuration(text)).toBe(durationMs));

  test.each([
    "",
    "4",
    "h",
    "4 h",
    "-4h",
    "4H",
    "4hours",
    "1e3s",
    ".5s",
    "5.s",
    "1,5h",
    "4h30m",
    "Infinitys",
    "0x4s",
    `${"9".repeat(400)}s`,
  ])("%j is none", (text) => expect(parseDuration(text)).toBeUndefined());
});

describe("formatDuration", () => {
  test.each([
    [0, "0 ms"],
    [12.4, "12 ms"],
    [999, "999 ms"],
    [SECOND_MS, "1 s"],
    [1_250, "1.3 s"],
    [90 * SECOND_MS, "90 s"],
    [2 * MINUTE_MS, "2 min"],
    [2 * MINUTE_MS + 5 * SECOND_MS, "2 min 5 s"],
    [2 * HOUR_MS, "2 h"],
    [4 * HOUR_MS + 59 * MINUTE_MS + 59 * SECOND_MS, "5 h"],
    [2 * DAY_MS + 4 * HOUR_MS, "2 d 4 h"],
    [3 * DAY_MS - 1, "3 d"],
    [7 * DAY_MS, "7 d"],
  ])("%d ms is %s", (durationMs, text) => expect(formatDuration(durationMs)).toBe(text));

  test("never says 60 s, 60 min or 24 h beside a bigger unit", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 100 * DAY_MS }), (durationMs) => {
        expect(formatDuration(durationMs)).not.toMatch(/min 60 s|h 60 min|d 24 h/);
      }),
      { numRuns: 2_000 },
    );
  });
});
