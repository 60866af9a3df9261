import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { UsageFault } from "./exit.ts";
import { checkWritable, type FolderRequest, makeFolder, openRunFolder } from "./folder.ts";
import { Outside } from "./outside.fixture.ts";

let io: Outside;
beforeEach(() => {
  io = new Outside();
});
afterEach(() => io.remove());

function open(more: Partial<FolderRequest> = {}) {
  return openRunFolder({
    cwd: io.cwd,
    report: undefined,
    scenario: "commuter",
    seed: 7,
    nowMs: Date.UTC(2026, 10, 22, 10),
    ...more,
  });
}

function refused(act: () => unknown): string {
  try {
    act();
  } catch (error) {
    if (error instanceof UsageFault) return error.message;
    throw error;
  }
  return expect.fail("nothing was refused");
}

describe("the report folder", () => {
  test("is named by day, scenario and seed, and by a counter when that is taken", () => {
    expect([open(), open(), open()].map((folder) => folder.shown)).toEqual([
      "reports/2026-11-22-commuter-s7",
      "reports/2026-11-22-commuter-s7-2",
      "reports/2026-11-22-commuter-s7-3",
    ]);
  });

  test("latest points to the one published last", () => {
    const [first, second] = [open(), open()];
    first.write("report.md", "first");
    second.write("report.md", "second");
    second.publish();
    first.publish();
    expect(readlinkSync(join(io.cwd, "reports", "latest"))).toBe(first.runId);
    expect(readFileSync(join(io.cwd, "reports", "latest", "report.md"), "utf8")).toBe("first");
    expect(readdirSync(join(io.cwd, "reports")).sort()).toEqual([first.runId, second.runId, "latest"].sort());
  });

  test("a real folder called latest is left alone, a file gives way", () => {
    mkdirSync(join(io.cwd, "reports", "latest"), { recursive: true });
    open().publish();
    expect(lstatSync(join(io.cwd, "reports", "latest")).isDirectory()).toBe(true);
    const other = new Outside();
    mkdirSync(join(other.cwd, "reports"));
    writeFileSync(join(other.cwd, "reports", "latest"), "old\n");
    const folder = open({ cwd: other.cwd });
    folder.publish();
    expect(readlinkSync(join(other.cwd, "reports", "latest"))).toBe(folder.runId);
    other.remove();
  });

  test("--report names it, parents are made, and nothing points there", () => {
    const folder = open({ report: "out/deep" });
    folder.write("report.md", "here");
    folder.publish();
    expect(folder.shown).toBe("out/deep");
    expect(readFileSync(join(io.cwd, "out", "deep", "report.md"), "utf8")).toBe("here");
    expect(readdirSync(join(io.cwd, "out", "deep"))).toEqual(["report.md"]);
    expect(existsSync(join(io.cwd, "reports"))).toBe(false);
  });

  test("folders are made as far as they are not there, and where none can be made that is said", () => {
    expect(makeFolder(join(io.cwd, "a", "b", "c"))).toBe(join(io.cwd, "a"));
    expect(makeFolder(join(io.cwd, "a", "b"))).toBeUndefined();
    expect(makeFolder(join(io.cwd, "a", "d"))).toBe(join(io.cwd, "a", "d"));
    if (process.platform !== "linux") return;
    // Would never come back by Node's own means.
    expect(() => open({ report: "/proc/zeke-sync/run" })).toThrow(
      "the report folder /proc/zeke-sync/run cannot be written: no folder can be made there",
    );
  });

  test("what cannot be written is said in one sentence", () => {
    writeFileSync(join(io.cwd, "file"), "");
    expect(refused(() => open({ report: "file" }))).toBe(
      "the report folder file cannot be written: a file is in its place",
    );
    expect(refused(() => open({ report: "file/below" }))).toBe(
      "the report folder file/below cannot be written: a part of the path is a file",
    );
    writeFileSync(join(io.cwd, "reports"), "");
    expect(refused(() => open())).toBe(
      "the report folder reports cannot be written: a file is in its place (--report names another)",
    );
  });

  test.skipIf(!existsSync("/proc/self"))("a folder that is there and takes no files is refused", () => {
    expect(refused(() => open({ report: "/proc/self" }))).toContain(
      "the report folder /proc/self cannot be written",
    );
  });

  test.skipIf(process.getuid?.() === 0)("a folder without permission is refused", () => {
    mkdirSync(join(io.cwd, "locked"));
    chmodSync(join(io.cwd, "locked"), 0o500);
    expect(refused(() => open({ report: "locked" }))).toContain("permission is denied");
  });
});

describe("the file of --json", () => {
  test("is tried and left as it was", () => {
    writeFileSync(join(io.cwd, "old.json"), "old");
    checkWritable("old.json", io.cwd);
    checkWritable("new.json", io.cwd);
    expect(readFileSync(join(io.cwd, "old.json"), "utf8")).toBe("old");
    expect(existsSync(join(io.cwd, "new.json"))).toBe(false);
  });

  test("that cannot be written is said in one sentence", () => {
    expect(refused(() => checkWritable("none/a.json", io.cwd))).toBe(
      "none/a.json cannot be written: its folder does not exist",
    );
    expect(refused(() => checkWritable(".", io.cwd))).toBe(". cannot be written: it is a folder");
  });
});
