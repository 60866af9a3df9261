import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { type ExploreOptions, explore, progressText } from "./explore.ts";
import { ExploreReport } from "./explore-schema.ts";
import { Outside, runFake } from "./outside.fixture.ts";
import { PINNED_FOLDER, readPinned } from "./replay-file.ts";

let io: Outside;
beforeEach(() => {
  io = new Outside();
});
afterEach(() => io.remove());

const FIRST = "reports/2026-11-22-explore-s1";
const OPTIONS: ExploreOptions = {
  scenarios: [],
  seed: 1,
  runs: 32,
  forMs: undefined,
  workers: 1,
  shard: undefined,
  queue: undefined,
  fault: undefined,
  json: undefined,
  report: undefined,
  quiet: false,
  color: false,
};

function reportIn(outside: Outside, folder = FIRST): ExploreReport {
  return ExploreReport.parse(JSON.parse(readFileSync(join(outside.cwd, folder, "report.json"), "utf8")));
}

/** A report but for what a clock tells. */
function timeless(outside: Outside): string {
  const { timing: _, ...rest } = reportIn(outside);
  return JSON.stringify(rest);
}

async function hunted(args: readonly string[]): Promise<string> {
  const other = new Outside();
  try {
    expect(await runFake(["explore", ...args], other)).toBe(1);
    const files = readdirSync(join(other.cwd, FIRST)).filter((name) => !name.startsWith("report."));
    const texts = files.map((name) => readFileSync(join(other.cwd, FIRST, name), "utf8"));
    return [timeless(other), ...files, ...texts].join("\n");
  } finally {
    other.remove();
  }
}

describe("explore", () => {
  test("finds nothing in the reference, says how far it came, and replays what is known first", async () => {
    expect(await runFake(["explore", "--runs", "96", "--workers", "1"], io)).toBe(0);
    expect(io.stdout.text).toMatch(/✓ explore · seed 1\n {2}96 runs in .* behaviours, .*nothing\s+found/);
    expect(io.stdout.text).toMatch(/\d known counterexamples fare as they must/);
    expect(io.stdout.text).toContain(`${FIRST}/report.html`);
    const report = reportIn(io);
    expect(report).toMatchObject({
      verdict: "pass",
      ended: "runs",
      runs: 96,
      findings: [],
      again: "zeke-sync explore --seed 1 --runs 96",
    });
    expect(report.known.length).toBe(readPinned(PINNED_FOLDER, io.cwd).length);
    expect(report.rules.length).toBeGreaterThan(40);
    expect(readFileSync(join(io.cwd, FIRST, "report.md"), "utf8")).toContain("# explore, seed 1: pass");
  });

  test("finds a planted fault, shrinks it, tells it, and what it saved replays", async () => {
    const args = ["explore", "--runs", "64", "--workers", "1", "--fault", "contacts-unguarded"];
    expect(await runFake(args, io)).toBe(1);
    const finding = reportIn(io).findings.find(({ rule }) => rule === "CON-2") ?? expect.fail("no CON-2");
    expect(finding).toMatchObject({ complete: true, counterexample: "CON-2-1.json" });
    expect(finding.actions.to).toBeLessThanOrEqual(5);
    expect(finding.steps).toHaveLength(finding.actions.to);
    for (const label of ["expected", "actual", "because", "steps", "seen"])
      expect(io.stdout.text).toContain(`\n    ${label.padEnd(10)}`);
    expect(io.stdout.text).toContain(`(shrunk from ${finding.actions.from})`);
    const file = `${FIRST}/CON-2-1.json`;
    expect(io.stdout.text).toContain(`\n    replay    zeke-sync replay ${file}\n`);
    expect(io.stdout.text).toMatch(/\n +a0-d0 +proxy\n(.*\n)+? *\d\d:.* ▶ ◉.*①/);
    const svg = readFileSync(join(io.cwd, FIRST, "CON-2-1.svg"), "utf8");
    expect(svg).toMatch(/^<svg [\s\S]*<\/svg>\n$/);
    expect(readFileSync(join(io.cwd, FIRST, "report.md"), "utf8")).toContain("(CON-2-1.svg)");
    expect(await runFake(["replay", file], io)).toBe(1);
    expect(io.stdout.text).toContain("STILL VIOLATED  CON-2");
    const path = join(io.cwd, file);
    const { fault: _, ...mended } = JSON.parse(readFileSync(path, "utf8")) as { fault: string };
    writeFileSync(path, JSON.stringify(mended));
    expect(await runFake(["replay", file], io)).toBe(0);
    expect(io.stdout.text).toContain("FIXED  CON-2");
  });

  test("one seed is one hunt, to the byte, on one worker and on two", async () => {
    const args = ["--runs", "32", "--fault", "two-drains"];
    expect(await hunted([...args, "--workers", "2"])).toBe(await hunted([...args, "--workers", "1"]));
  });

  test("another seed is another hunt", async () => {
    for (const seed of ["1", "2"]) {
      const args = ["--runs", "32", "--workers", "1", "--seed", seed, "--report", seed];
      expect(await runFake(["explore", ...args], io)).toBe(0);
    }
    expect(reportIn(io, "2").events).not.toBe(reportIn(io, "1").events);
  });

  test("shards add up to the whole", async () => {
    const counts: number[] = [];
    for (const shard of ["1/2", "2/2"]) {
      const json = `${shard[0]}.json`;
      expect(
        await runFake(["explore", "--runs", "40", "--workers", "1", "--shard", shard, "--json", json], io),
      ).toBe(0);
      const report = ExploreReport.parse(JSON.parse(readFileSync(join(io.cwd, json), "utf8")));
      expect(report.again).toBe(`zeke-sync explore --seed 1 --runs 40 --shard ${shard}`);
      counts.push(report.runs);
    }
    expect(Math.min(...counts)).toBeGreaterThan(0);
    expect(counts.reduce((sum, count) => sum + count)).toBe(40);
  });

  test("plays in the scenarios that it is given", async () => {
    expect(
      await runFake(
        ["explore", "flaky-network", "rollout", "--runs", "24", "--workers", "1", "--json", "-"],
        io,
      ),
    ).toBe(0);
    const report = ExploreReport.parse(JSON.parse(io.stdout.text));
    expect(report).toMatchObject({ scenarios: ["flaky-network", "rollout"], runs: 24 });
  });

  test("--for ends with the round at hand, and says how to hunt as far again", async () => {
    // Each look at this clock is a second later.
    expect(await runFake(["explore", "--for", "2s", "--workers", "1"], io)).toBe(0);
    const report = reportIn(io);
    expect(report).toMatchObject({ ended: "time", verdict: "pass" });
    expect(report.again).toBe(`zeke-sync explore --seed 1 --runs ${report.runs}`);
    expect(report.runs % 32).toBe(0);
  });

  test("--quiet says nothing when nothing was found", async () => {
    expect(await runFake(["explore", "--runs", "8", "--workers", "1", "--quiet"], io)).toBe(0);
    expect(io.stdout.text + io.stderr.text).toBe("");
  });
});

describe("Ctrl-C", () => {
  test("ends with what was found so far, and 130; until then the line says what that is", async () => {
    const terminal = new Outside(120);
    terminal.stderr.on("written", () => {
      if (/\d runs\/s · \d+ behaviours · .*QUE-9 ×\d/.test(terminal.stderr.text)) terminal.interrupt();
    });
    expect(await explore({ ...OPTIONS, runs: 100_000, fault: "two-drains" }, terminal)).toBe(130);
    const report = reportIn(terminal);
    expect(report).toMatchObject({ verdict: "interrupted", ended: "interrupted" });
    expect(report.runs).toBeLessThan(100_000);
    expect(report.findings.map(({ rule }) => rule)).toContain("QUE-9");
    expect(terminal.listening).toBe(0);
    terminal.remove();
  });
});

describe("what is known", () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "zeke-sync-pins-"));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const [pinned] = readPinned(PINNED_FOLDER, "/");
  const example = pinned?.example ?? expect.fail("nothing is pinned");

  test("each pinned one is as it must be, and has a note", () => {
    for (const { example: one } of readPinned(PINNED_FOLDER, "/"))
      expect(one.note.length).toBeGreaterThan(20);
  });

  test("a CHANGED one with a fault is told, and fails", async () => {
    const changed = { ...example, seen: { ...example.seen, digest: "0000000000000000" } };
    writeFileSync(join(folder, "a.json"), JSON.stringify(changed));
    expect(await explore(OPTIONS, io, folder)).toBe(1);
    expect(io.stdout.text).toMatch(
      /known counterexample a\.json is CHANGED,\s+and\s+must\s+be\s+STILL\s+VIOLATED/,
    );
    expect(reportIn(io)).toMatchObject({ verdict: "fail", known: [{ file: "a.json", ok: false }] });
  });

  test("one without a fault must be FIXED", async () => {
    const { fault: _, ...mended } = example;
    writeFileSync(join(folder, "a.json"), JSON.stringify(mended));
    expect(await explore(OPTIONS, io, folder)).toBe(0);
    expect(reportIn(io).known).toEqual([{ file: "a.json", rule: example.rule, verdict: "FIXED", ok: true }]);
  });

  test("a corrupt one ends it before anything runs, with file and place", async () => {
    writeFileSync(join(folder, "a.json"), JSON.stringify({ ...example, rule: "NO-1" }));
    await expect(explore(OPTIONS, io, folder)).rejects.toThrow(
      /a\.json is no counterexample: rule: there is no such rule/,
    );
    expect(readdirSync(io.cwd)).toEqual([]);
  });
});

describe("wrong usage", () => {
  test.each([
    [["--shard", "0/3"], /a shard is written like 1\/3/],
    [["--shard", "4/3"], /a shard is written like 1\/3/],
    [["--for", "soon"], /a time is written like/],
    [["--runs", "0"], /a number of runs is a whole number from 1/],
    [["--workers", "65"], /a number of workers is a whole number from 1 to 64/],
    [["--fault", "contacts-ungarded"], /there is no planted fault "contacts-ungarded".*contacts-unguarded/],
    [["comuter"], /there is no scenario "comuter".*commuter/],
  ])("%j", async (args, says) => {
    expect(await runFake(["explore", ...args], io)).toBe(2);
    expect(io.stderr.text.replaceAll("\n", " ")).toMatch(says);
  });
});

test("the line says how far: runs, speed, behaviours, violations by rule", () => {
  const campaign = { runs: 352, behaviours: new Set(["a", "b"]), findings: [] };
  expect(progressText(campaign, 2_000)).toBe("explore 352 runs · 176 runs/s · 2 behaviours · nothing found");
});

test("a shard whose folder is gone at the end is told, and ends with 2", async () => {
  const code = runFake(["explore", "--runs", "32", "--shard", "1/2", "--report", "gone"], io);
  await vi.waitUntil(() => existsSync(join(io.cwd, "gone")), { interval: 1 });
  rmSync(join(io.cwd, "gone"), { recursive: true });
  expect(await code).toBe(2);
  expect(io.stderr.text).toBe("the report in gone cannot be written: its folder does not exist\n");
  expect(io.stdout.text).toContain("explore · seed 1");
});
