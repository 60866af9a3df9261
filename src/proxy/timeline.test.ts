/**
 * Owns the proof that timers go on at their pace whatever the wall clock does.
 */

import { expect, test } from "vitest";
import { isDeeperThan, isLargerThan } from "./text-size.ts";
import { Timeline } from "./timeline.ts";

test("what is due comes in its order, and not before", () => {
  const line = new Timeline<string>();
  expect(line.nextAtMs()).toBeUndefined();
  line.at(1_000);
  line.put(1_030, "late");
  line.put(1_010, "soon");
  expect(line.nextAtMs()).toBe(1_010);
  expect(line.take(line.at(1_009))).toBeUndefined();
  expect(line.take(line.at(1_010))).toBe("soon");
  expect(line.take(line.at(1_010))).toBeUndefined();
  expect(line.take(line.at(2_000))).toBe("late");
});

test("a clock that steps back moves what is due back with it", () => {
  const line = new Timeline<string>();
  line.put(line.at(10_000) + 30, "due");
  line.at(10_010);
  line.at(4_000);
  expect(line.nextAtMs()).toBe(4_020);
  expect(line.take(line.at(4_019))).toBeUndefined();
  expect(line.take(line.at(4_020))).toBe("due");
  expect(line.lastMs).toBe(10_030);
});

test("[API-3] sizes are those of UTF-8", () => {
  const texts = ["", "abc", "é", "€", "😀", "\ud800", "\udc00a", "a\ud83d", "😀é€a", "\ud83d\ud83d\ude00"];
  for (const text of texts) {
    const bytes = new TextEncoder().encode(text).length;
    expect(isLargerThan(text, bytes)).toBe(false);
    expect(isLargerThan(text, bytes - 1)).toBe(true);
    expect(isLargerThan(text, 1_000)).toBe(false);
  }
});

test("[API-2] depth counts brackets outside strings only", () => {
  expect(isDeeperThan("[[[]]]", 3)).toBe(false);
  expect(isDeeperThan("[[[[]]]]", 3)).toBe(true);
  expect(isDeeperThan('{"[[[[":"{{{{"}', 1)).toBe(false);
  expect(isDeeperThan('["\\"[[[", "\\\\", []]', 2)).toBe(false);
  expect(isDeeperThan('["\\\\", [[]]]', 2)).toBe(true);
  expect(isDeeperThan("[][][]", 1)).toBe(false);
});
