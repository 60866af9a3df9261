/**
 * What documents show of a command is what it prints: where no time is told, to the byte; in README, by its rows.
 */

import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { type Screen, screensOf, takeScreen, withScreens } from "../../bench/screens.ts";

const ROOT = new URL("../../", import.meta.url);
const pages = readdirSync(new URL("docs/", ROOT)).filter((name) => name.endsWith(".md"));
const shown = pages.flatMap((page) =>
  screensOf(readFileSync(new URL(`docs/${page}`, ROOT), "utf8")).map((screen) => ({
    page,
    command: screen.args.join(" "),
    screen,
  })),
);

test("exploring.md and cli.md show one at least", () => {
  expect(shown.map(({ page }) => page)).toEqual(expect.arrayContaining(["cli.md", "exploring.md"]));
});

test.each(shown)("$page: zeke-sync $command", ({ screen }) => {
  expect(undated(takeScreen(screen))).toBe(undated(screen.shown));
});

describe("README.md", () => {
  test("has the rows of a run as they are now, in their order", () => {
    const [screen] = screensOf(readFileSync(new URL("README.md", ROOT), "utf8"));
    expect(screen?.args).toEqual(["simulate"]);
    const small = { args: ["simulate", "--devices", "30", "--duration", "1d"], part: undefined, shown: "" };
    const rows = rowsOf(takeScreen(small));
    expect(rows.length).toBeGreaterThan(30);
    expect(rowsOf(screen?.shown ?? "").filter((row) => rows.includes(row))).toEqual(rows);
  });
});

describe("a screen", () => {
  const page = [
    "x",
    '<!-- screen: zeke-sync rules QUE-4 | from "a" to "b" -->',
    "```",
    "old",
    "```",
    "<!-- /screen -->",
    "y",
  ].join("\n");

  test("is found with its command, its part and its text", () => {
    const found: Screen = { args: ["rules", "QUE-4"], part: { from: "a", to: "b" }, shown: "old" };
    expect(screensOf(page)).toEqual([found]);
  });

  test("is taken anew, and nothing else of its page", () => {
    expect(withScreens(page, () => "new $1")).toBe(page.replace("old", () => "new $1"));
  });

  test("of a part that is not there is refused", () => {
    const gone = { args: ["--version"], part: { from: "no such line", to: "b" }, shown: "" };
    expect(() => takeScreen(gone)).toThrow("zeke-sync --version prints nothing from no such line to b");
  });
});

/** The day of the run stands in the names of its reports. */
function undated(text: string): string {
  return text.replace(/reports\/\d{4}-\d\d-\d\d-/g, "reports/<day>-");
}

/** What each line begins with, up to its first figure. */
function rowsOf(text: string): readonly string[] {
  return text
    .split("\n")
    .map((line) => /^[ ✓✗·]*[A-Za-z][A-Za-z:', -]*/.exec(line)?.[0].trimEnd() ?? "")
    .filter((row) => row !== "");
}
