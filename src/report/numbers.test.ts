import { describe, expect, test } from "vitest";
import { formatBytes, formatCount, formatQuantity, formatShare } from "./numbers.ts";

describe("quantities for people", () => {
  test.each([
    [0, "0"],
    [0.004, "< 0.01"],
    [0.006, "0.01"],
    [0.424, "0.42"],
    [9.13, "9.1"],
    [61.04, "61"],
    [61.4, "61.4"],
    [999, "999"],
    [1_234, "1 234"],
    [123_456.7, "123 457"],
    [1_234_567, "1.2 M"],
    [999_999_999, "1000 M"],
    [3_400_000_000, "3.4 G"],
  ])("count %d is %s", (value, text) => expect(formatCount(value)).toBe(text));

  test.each([
    [0, "0 %"],
    [0.0312, "3.1 %"],
    [0.5, "50 %"],
    [1, "100 %"],
    [0.0001, "< 0.1 %"],
    [0.99999, "> 99.9 %"],
  ])("share %d is %s: the ends are kept for all and nothing", (value, text) =>
    expect(formatShare(value)).toBe(text),
  );

  test.each([
    [84, "84 B"],
    [18_230, "18.2 kB"],
    [4_500_000, "4.5 MB"],
    [7_100_000_000, "7.1 GB"],
  ])("%d bytes are %s", (value, text) => expect(formatBytes(value)).toBe(text));

  test.each([
    [2.345, "2.3 ms"],
    [12, "12 ms"],
    [999.7, "1 s"],
    [1_840, "1.8 s"],
    [754_000, "12.6 min"],
    [7_140_000, "119 min"],
    [41_000_000, "11.4 h"],
    [536_000_000, "6.2 d"],
  ])("%d ms are %s", (value, text) => expect(formatQuantity(value, "ms")).toBe(text));
});
