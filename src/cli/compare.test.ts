/**
 * Holds `compare` to what it says: on a small fleet, on two runs, and on wrong usage.
 */

import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { CLAIMS } from "../report/compare-claims.ts";
import type { PhasesReport } from "../report/compare-phases.ts";
import { finishedRun } from "../report/report.fixture.ts";
import { buildReport } from "../report/result.ts";
import { EXIT } from "./exit.ts";
import { Outside } from "./outside.fixture.ts";
import { runCli } from "./program.ts";

const open: Outside[] = [];
function outside(columns?: number): Outside {
  const io = columns === undefined ? new Outside() : new Outside(columns);
  open.push(io);
  return io;
}
afterEach(() => {
  for (const io of open.splice(0)) io.remove();
});

const SMALL = ["compare", "--phases", "--devices", "9", "--duration", "10h"] as const;

describe("compare --phases", () => {
  test("judges the 20 promises, the same to the byte but for the timing", async () => {
    const io = outside();
    expect(await runCli([...SMALL, "--json", "one.json"], io)).toBe(EXIT.good);
    const again = outside();
    expect(await runCli([...SMALL, "--json", "-", "--report", "here"], again)).toBe(EXIT.good);
    const [one, other] = [readFileSync(join(io.cwd, "one.json"), "utf8"), again.stdout.text].map(
      (text) => JSON.parse(text) as PhasesReport,
    );
    expect({ ...one, timing: 0 }).toEqual({ ...other, timing: 0 });
    expect(one?.claims).toHaveLength(20);
    expect(one?.workload.edits).toHaveLength(6);
    const most = Math.max(...(one?.workload.edits ?? []).map(({ made }) => made));
    expect(one?.workload.editsInAll).toBeGreaterThan(0.95 * most);
    for (const line of io.stdout.text.split("\n")) expect(line.length, line).toBeLessThanOrEqual(80);
    for (const { improvement, benefit } of CLAIMS) {
      expect(io.stdout.text).toContain(`${improvement} · ${benefit}`);
      expect(readFileSync(join(again.cwd, "here", "compare.md"), "utf8")).toContain(improvement);
    }
    // What no sampling of a few devices can turn round.
    const verdictOf = (name: string) => one?.claims.find(({ improvement }) => improvement === name)?.verdict;
    for (const name of ["Works offline", "Immediate feedback", "Real-time updates", "Scales with data"])
      expect(verdictOf(name), name).toBe("borne out");
    expect(verdictOf("Battery efficient")).toBe("not borne out");
  }, 120_000);

  test("an interrupted one says so, and compares nothing", async () => {
    const io = outside();
    const running = runCli(SMALL, io);
    while (!io.interrupt()) await new Promise((resolve) => setImmediate(resolve));
    expect(await running).toBe(EXIT.interrupted);
    expect(io.stderr.text).toContain("interrupted");
    expect(io.stdout.text).toBe("");
  });

  test.each([
    [["compare", "--phases", "commuter", "shared-list"], "takes one scenario"],
    [["compare", "--phases", "--tolerance", "1%"], "--tolerance is about two runs"],
    [["compare", "--phases", "--set", "fleet.phases=[1]"], "plays every stage"],
    [["compare", "--phases", "nowhere"], 'no scenario "nowhere"'],
  ])("%j is wrong usage", async (args, says) => {
    const io = outside();
    expect(await runCli(args, io)).toBe(EXIT.usage);
    expect(io.stderr.text).toContain(says);
  });
});

describe("compare of two runs", () => {
  const BASE = buildReport(finishedRun());

  function put(io: Outside, name: string, more: object = {}): void {
    mkdirSync(join(io.cwd, name), { recursive: true });
    writeFileSync(join(io.cwd, name, "report.json"), JSON.stringify({ ...BASE, ...more }));
  }

  const worse = { figures: BASE.figures.map((figure) => ({ ...figure, values: worsened(figure.values) })) };
  function worsened(values: Readonly<Record<string, number>>): Readonly<Record<string, number>> {
    return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, value * 2]));
  }

  test("a run is as good as itself, named by folder, file, or under reports/", async () => {
    const io = outside();
    put(io, "reports/mine");
    for (const name of ["reports/mine", "reports/mine/report.json", "mine"])
      expect(await runCli(["compare", "mine", name, "--quiet"], io), name).toBe(EXIT.good);
    expect(io.stdout.text).toBe("");
  });

  test("a worse one ends with 4, unless that much is tolerated; a broken rule with 1", async () => {
    const io = outside();
    put(io, "a");
    put(io, "b", worse);
    expect(await runCli(["compare", "a", "b", "--json", "c.json", "--report", "c"], io)).toBe(EXIT.threshold);
    expect(JSON.parse(readFileSync(join(io.cwd, "c.json"), "utf8")).schema).toBe("zeke-sync/compare-runs@1");
    expect(readFileSync(join(io.cwd, "c", "compare.md"), "utf8")).toContain("figure");
    expect(await runCli(["compare", "a", "b", "--tolerance", "150%"], io)).toBe(EXIT.good);
    put(io, "c", {
      rules: BASE.rules.map((rule, index) => (index === 0 ? { ...rule, verdict: "violated" } : rule)),
    });
    expect(await runCli(["compare", "a", "c"], io)).toBe(EXIT.violated);
  });

  test("a folder of runs is all of them", async () => {
    const io = outside();
    for (const side of ["a", "b"]) for (const seed of [1, 2, 3]) put(io, `${side}/s${seed}`, { seed });
    expect(await runCli(["compare", "a", "b"], io)).toBe(EXIT.good);
    expect(io.stdout.text).toContain("3 pairs of equal seeds");
  });

  test.each([
    [["compare"], "takes two runs"],
    [["compare", "a"], "takes two runs"],
    [["compare", "a", "nowhere"], "no run nowhere"],
    [["compare", "a", "a", "--seed", "2"], "--seed decides what is simulated"],
    [["compare", "a", "a", "--tolerance", "5"], "written like 5%"],
    [["compare", "a", "old"], "simulation@0"],
    [["compare", "a", "torn"], "is no JSON"],
    [["compare", "a", "empty"], "holds no run"],
    [["compare", "a", "odd"], "is not as zeke-sync/simulation@1 has it"],
  ])("%j is wrong usage, said in a sentence", async (args, says) => {
    const io = outside();
    put(io, "a");
    put(io, "old", { schema: "zeke-sync/simulation@0" });
    put(io, "odd", { seed: "many" });
    put(io, "torn");
    writeFileSync(join(io.cwd, "torn", "report.json"), '{"schema"');
    mkdirSync(join(io.cwd, "empty"));
    expect(await runCli(args, io)).toBe(EXIT.usage);
    expect(io.stderr.text).toContain(says);
    expect(io.stderr.text).not.toContain("    at ");
  });
});

test("the README's table has each promise and figure, and no other", () => {
  const readme = readFileSync(new URL("../../README.md", import.meta.url), "utf8");
  const table = readme.slice(readme.indexOf("<!-- phases -->"), readme.indexOf("<!-- /phases -->"));
  const rows = table.split("\n").filter((line) => line.startsWith("| "));
  const shown = rows.slice(1).map((row) =>
    row
      .split("|")
      .slice(1, 3)
      .map((text) => text.trim()),
  );
  const wanted = CLAIMS.flatMap(({ phase, improvement, benefit, figures }) =>
    figures.map(({ figure }, index) => [
      index === 0 ? `${phase} · **${improvement}** · ${benefit}` : "",
      figure,
    ]),
  );
  expect(shown, "run npm run readme").toEqual(wanted);
});
