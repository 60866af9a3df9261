import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  ascii,
  elapsed,
  mark,
  shortFields,
  shortId,
  shortKey,
  shortOffset,
  shortRecord,
  shortRevision,
  shortSpan,
} from "./trace-short.ts";

describe("ids", () => {
  test.each([
    ["task-0", "task-0"],
    ["task_1adz3uf0utqipe1l24pig_1", "task_1adz3u~1"],
    ["1adz3uf0utqipe1l24pig_1c", "1adz3u~1c"],
    ["3f2b8c1e-9d4a-4b7e-8a11-0c5d6e7f8a9b", "3f2b8~5d6e7f8a9b"],
    ["a b\n", "a b\\u000a"],
  ])("%s: %s", (id, short) => expect(shortId(id)).toBe(short));

  test("a mutation's id, which is its first key, has no need to say so; another key does", () => {
    expect(shortKey("mutation_1y9g0cl086tdbu0t6ecdw_2")).toBe("1y9g0c~2");
    expect(shortKey("key_1y9g0cl086tdbu0t6ecdw_2")).toBe("key_1y9g0c~2");
    expect(shortKey("mutation_2")).toBe("mutation_2");
  });

  test("a record has its entity unless its id says it", () => {
    expect(shortRecord("task", "task-0")).toBe("task-0");
    expect(shortRecord("task", "c1")).toBe("task/c1");
  });

  test.each([
    ["rev_1767597212_00000a", "7597212.a"],
    ["rev_1767597212_0010a0", "7597212.10a0"],
    ["rev_1767597212_000000", "7597212.0"],
    [undefined, "-"],
    ["0000000000000012345", "~0000012345"],
  ])("revision %s: %s", (revision, short) => expect(shortRevision(revision)).toBe(short));

  test("revisions of a hundred days differ when they are short, and keep their order within a second", () => {
    fc.assert(
      fc.property(fc.nat(8_640_000), fc.nat(8_640_000), (left, right) => {
        const name = (seconds: number) => `rev_${1_767_571_200 + seconds}_000001`;
        expect(shortRevision(name(left)) === shortRevision(name(right))).toBe(left === right);
      }),
    );
  });
});

describe("times", () => {
  test.each([
    [0, "0d 00:00:00.000"],
    [26_016_737, "0d 07:13:36.737"],
    [86_399_999, "0d 23:59:59.999"],
    [12 * 86_400_000, "12d 00:00:00.000"],
  ])("%i ms after the start: %s", (ms, text) => expect(elapsed(ms)).toBe(text));

  test.each([
    [0, "0ms"],
    [999, "999ms"],
    [59_999, "59.9s"],
    [60_000, "1m00s"],
    [3_599_999, "59m59s"],
    [11_040_000, "3h04m"],
    [245_000_000, "2d20h"],
    [365 * 86_400_000, "365d"],
  ])("%i ms: %s", (ms, text) => expect(shortSpan(ms)).toBe(text));

  test("an offset has its sign", () => {
    expect([shortOffset(-20_500), shortOffset(902_000)]).toEqual(["-20.5s", "+15m02s"]);
  });
});

describe("values", () => {
  test("texts keep their end, items of a list their ids, and nothing is left that steers a terminal", () => {
    expect(shortFields({ title: "line\nbreak", done: false, dueAt: null })).toBe(
      'title="line\\u000abreak" done=false dueAt=null',
    );
    expect(shortFields({ notes: `${"x".repeat(40)} a2-d1#3` })).toBe(
      `notes="${"x".repeat(9)}~${"x".repeat(10)} a2-d1#3"`,
    );
    expect(
      shortFields({
        items: [
          { id: "i1", text: "tea" },
          { id: "i2", text: "" },
        ],
      }),
    ).toBe("items=[i1,i2]");
    expect(shortFields({ title: "Büro שלום" })).toBe('title="B\\u00fcro~\\u05dc\\u05d5\\u05dd"');
    expect(ascii("\u202eabc\u001b[2J")).toBe("\\u202eabc\\u001b[2J");
  });

  test("the mark is of the fields alone: their order, id and revision do not count, their values do", () => {
    const record = {
      id: "t1",
      revisionId: "rev_1700000000_000001",
      updatedAt: "x",
      title: "tea",
      done: false,
    };
    expect(mark(record)).toBe(mark({ done: false, title: "tea" }));
    expect(mark(record)).not.toBe(mark({ done: true, title: "tea" }));
    expect(mark(record)).toMatch(/^=[0-9a-f]{4}$/);
  });
});
