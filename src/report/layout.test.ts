import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { RULE_FAMILIES } from "../protocol/rules/rule.ts";
import { FAMILIES } from "./families.ts";
import { columns, cut, labelled, wrap } from "./layout.ts";

describe("laying text out", () => {
  test("lines break at spaces, not inside words or numbers", () => {
    expect(wrap("one two three", 7)).toEqual(["one two", "three"]);
    expect(wrap("about 1 234 567 edits", 10)).toEqual(["about", "1 234 567", "edits"]);
    expect(wrap("took 8 1234 apart", 6)).toEqual(["took 8", "1234", "apart"]);
    expect(wrap("incomprehensibility is long", 5)).toEqual(["incomprehensibility", "is", "long"]);
    expect(wrap("", 5)).toEqual([""]);
  });

  test("foreign text cannot steer the terminal", () => {
    expect(wrap("\u001b[2Jgone\u0007\nnext", 80)).toEqual(["␦[2Jgone␦", "next"]);
  });

  test("a label stands once, its text hangs beside it", () => {
    expect(labelled("  now", "a b c d e f g h i j k l m n", 8, 28)).toEqual([
      "  now   a b c d e f g h i j",
      "        k l m n",
    ]);
  });

  test("columns are as wide as they must be", () => {
    expect(
      columns(
        [
          ["a", "1"],
          ["bbb", "22"],
        ],
        ["left", "right"],
      ),
    ).toEqual(["a     1", "bbb  22"]);
  });

  test("what is cut shows it", () => {
    expect(cut("abcdef", 4)).toBe("abc…");
    expect(cut("abcd", 4)).toBe("abcd");
  });
});

describe("families", () => {
  test("each stands in the section of docs/protocol.md that it names", () => {
    const document = readFileSync(new URL("../../docs/protocol.md", import.meta.url), "utf8");
    const sections = new Map(
      document
        .split(/^## /m)
        .slice(1)
        .map((part) => [Number.parseInt(part, 10), part]),
    );
    for (const family of RULE_FAMILIES) {
      expect(sections.get(FAMILIES[family].section), family).toMatch(new RegExp(`^\\| ${family}-1 \\|`, "m"));
    }
  });
});
