import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { violation } from "../report/report.fixture.ts";
import { Outside, runFake } from "./outside.fixture.ts";
import { loadRunKit } from "./run-kit.ts";

const MAIN = fileURLToPath(new URL("./main.ts", import.meta.url));
const SMALL = ["simulate", "--seed", "7", "--devices", "12", "--duration", "1d", "--set", "thresholds=[]"];

let io: Outside;
beforeEach(() => {
  io = new Outside();
});
afterEach(() => io.remove());

/** The trace that a run in a process of its own prints. */
function tracedApart(more: readonly string[]): string {
  const folder = mkdtempSync(join(tmpdir(), "zeke-sync-"));
  try {
    const args = [MAIN, ...SMALL, "--report", folder, ...more];
    const { stdout, status } = spawnSync(process.execPath, args, { cwd: folder, encoding: "utf8" });
    expect(status).toBe(0);
    return stdout;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function tracedHere(more: readonly string[]): Promise<string> {
  expect(await runFake([...SMALL, ...more], io, {}, await loadRunKit())).toBe(0);
  return io.stdout.text;
}

describe("simulate --trace", () => {
  test("the same seed gives the same bytes, here and in another process; another seed others", async () => {
    const here = await tracedHere(["--trace", "a1-d2"]);
    expect(here.split("\n").length).toBeGreaterThan(200);
    expect(tracedApart(["--trace", "a1-d2"])).toBe(here);
    expect(tracedApart(["--trace", "a1-d2", "--seed", "8"])).not.toBe(here);
  });

  test("has standard output to itself; the screen goes to standard error", async () => {
    const trace = await tracedHere(["--trace", "a1-d2"]);
    expect(trace).toMatch(/^# a1-d2 \(device 5\): zeke-sync simulate commuter --seed 7 /);
    for (const line of trace.slice(0, -1).split("\n")) expect(line).toMatch(/^[# !✗] [ -~→←✗]{0,158}$/);
    expect(trace).not.toContain("\u001b[");
    expect(io.stderr.text).toContain("✓ commuter · seed 7");
  });

  test("tells a run as it is told without it", async () => {
    await tracedHere(["--trace", "a1-d2", "--report", "with"]);
    const other = new Outside();
    await runFake([...SMALL, "--report", "without"], other, {}, await loadRunKit());
    const [a, b] = [join(io.cwd, "with"), join(other.cwd, "without")].map((folder) => {
      const { timing: _, ...rest } = JSON.parse(readFileSync(join(folder, "report.json"), "utf8"));
      return JSON.stringify(rest);
    });
    expect(a).toBe(b);
    other.remove();
  });

  test("several devices, by name or number, each once, have a column for who it is", async () => {
    const trace = await tracedHere(["--trace", "a1-d2", "--trace", "device-0", "--trace", "device-5"]);
    expect(trace).toMatch(/^# a1-d2 \(device 5\), a0-d0 \(device 0\): /);
    const column = new Set([...trace.matchAll(/^[ !] \d+d [\d:.]{12} (\S+) /gm)].map(([, name]) => name));
    expect([...column].sort()).toEqual(["a0-d0", "a1-d2"]);
  });

  test("what breaks a rule on the device stands in it, and the exit code is 1", async () => {
    const found = [violation("CON-4"), violation("SYS-1", { evidence: [] })];
    expect(await runFake(["simulate", "--trace", "d1"], io, { violations: found })).toBe(1);
    expect(io.stdout.text).toMatch(/^# d1 \(device 1\)/);
    expect(io.stdout.text).toContain("CON-4   expected 409 conflict, and contact c1 unchanged");
    expect(io.stdout.text).not.toContain("SYS-1");
    expect(io.stderr.text).toContain("✗ CON-4  MUST");
  });

  test("--quiet leaves the trace alone", async () => {
    expect(await runFake(["simulate", "--quiet", "--trace", "d1"], io)).toBe(0);
    expect(io.stdout.text).toContain("# d1 ");
    expect(io.stderr.text).toBe("");
  });

  test.each([
    ["d15O", 'there is no device "d15O" in this run; did you mean d15, d1 or d10?\n'],
    [
      "phone",
      'there is no device "phone" in this run; the devices are d0 to d149, or device-0 to device-149\n',
    ],
    [
      "device-150",
      'there is no device "device-150" in this run; the devices are d0 to d149, or device-0 to device-149\n',
    ],
  ])("a wrong name, %s, is one sentence, and nothing runs", async (name, sentence) => {
    const onSlice = () => expect.fail("it ran");
    expect(await runFake(["simulate", "--trace", name], io, { onSlice })).toBe(2);
    expect(io.stderr.text).toBe(sentence);
    expect(existsSync(join(io.cwd, "reports"))).toBe(false);
  });

  test("--json - and a trace cannot share standard output", async () => {
    expect(await runFake(["simulate", "--trace", "d1", "--json", "-"], io)).toBe(2);
    expect(io.stderr.text).toBe("--trace and --json - both print to standard output; give --json a file\n");
  });
});

describe("docs/cli.md", () => {
  const cli = readFileSync(new URL("../../docs/cli.md", import.meta.url), "utf8");
  const [, command = "", told = ""] = /^```\n\$ zeke-sync (.*--trace.*)\n([\s\S]*?)\n```/m.exec(cli) ?? [];

  test("its trace has the head, the columns and the words of a real one", async () => {
    expect(await runFake(command.split(" "), io, {}, await loadRunKit())).toBe(0);
    const real = io.stdout.text.split("\n");
    const [title, head, ...lines] = told.split("\n");
    expect([title, head]).toEqual(real.slice(0, 2));
    const words = new Set(real.map(wordOf));
    expect(lines.length).toBeGreaterThan(15);
    for (const line of lines.filter((text) => text !== "...")) expect(words, line).toContain(wordOf(line));
  });
});

/** Direction and verb, when all columns before them are where they belong. */
function wordOf(line: string): string | undefined {
  const columns =
    /^[ !] [ \d]*\dd [\d:.]{12} .{7} (?:off |on {2}|live) (?:--|bg|fg) {3,}\d+ \S+ +([→←?*]? +\w+)/;
  return columns.exec(line)?.[1]?.trim().replace(/\s+/, " ");
}
