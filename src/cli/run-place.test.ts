import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { Outside } from "./outside.fixture.ts";
import { runCli } from "./program.ts";

let io: Outside;
beforeEach(() => {
  io = new Outside();
});
afterEach(() => io.remove());

/** Files that are no run, and stand for none. */
const OTHERS = [
  ["a long text", "# A title\n\nand much below it\n".repeat(100)],
  ["a long name", "n".repeat(300)],
  ["zero bytes", "\0\0"],
  ["the name of nothing", "2026-11-22-commuter-s1\n"],
] as const;

describe.each([
  ["report", (named: string) => ["report", named]],
  ["compare", (named: string) => ["compare", named, named]],
] as const)("%s", (_command, lineOf) => {
  test.each(OTHERS)("a file of %s is no run, said in a sentence", async (_what, text) => {
    writeFileSync(join(io.cwd, "some"), text);
    expect(await runCli(lineOf("some"), io)).toBe(2);
    expect(io.stderr.text).toBe("some is no run: a run is a folder with a report.json, or that file\n");
  });

  test("a name too long for any file is no run", async () => {
    expect(await runCli(lineOf("n".repeat(300)), io)).toBe(2);
    expect(io.stderr.text).toContain("there is no run nnn");
  });

  test("a report that cannot be read is told by its own name, once, and why", async () => {
    mkdirSync(join(io.cwd, "odd", "report.json"), { recursive: true });
    expect(await runCli(lineOf("odd"), io)).toBe(2);
    expect(io.stderr.text).toContain("odd/report.json: it is a folder\n");
    writeFileSync(join(io.cwd, "torn.json"), "{");
    expect(await runCli(["report", "torn.json"], io)).toBe(2);
    expect(io.stderr.text).toContain("\ntorn.json is no JSON");
  });
});

test.skipIf(process.getuid?.() === 0)("a report that may not be read is told so", async () => {
  writeFileSync(join(io.cwd, "mine.json"), "{}", { mode: 0o000 });
  expect(await runCli(["report", "mine.json"], io)).toBe(2);
  expect(io.stderr.text).toBe("mine.json: permission is denied\n");
});
