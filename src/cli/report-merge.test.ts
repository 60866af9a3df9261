/** `--shard` and `report merge`: shards put together are the one run, and nothing else is put together. */

import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { SimulationReport } from "../report/result-schema.ts";
import { EXIT } from "./exit.ts";
import { Outside } from "./outside.fixture.ts";
import { runCli } from "./program.ts";

const OF = 3;
const io = new Outside();
afterAll(() => io.remove());

const read = (folder: string) =>
  SimulationReport.parse(JSON.parse(readFileSync(join(io.cwd, folder, "report.json"), "utf8")));
const run = async (...args: readonly string[]) => {
  const before = io.stderr.text.length;
  const printed = io.stdout.text.length;
  const code = await runCli(args, io);
  return { code, said: io.stderr.text.slice(before), told: io.stdout.text.slice(printed) };
};

/** What is of the one run alone: its digest, its clock, and the events that each shard has until it comes to rest. */
function comparable({
  timing: _timing,
  run: { digest: _digest, events: _events, deviceEvents: _deviceEvents, ...rest },
  rules,
  families: _families,
  ...report
}: SimulationReport) {
  return { ...report, run: rest, rules: rules.filter(({ id }) => !MEETINGS.has(id)) };
}
/** They count meetings of accounts, and a shard has fewer accounts to meet. */
const MEETINGS = new Set(["SEC-3", "SYS-7"]);

const RUNS = {
  commuter: ["--devices", "12", "--duration", "8h"],
  "offline-weekend": ["--devices", "18", "--duration", "6h", "--set", "tokens.shared=12%"],
  "skewed-clocks": ["--devices", "12", "--duration", "6h"],
} as const;

describe.each(Object.entries(RUNS))("%s", (scenario, more) => {
  const args = ["simulate", scenario, "--seed", "7", ...more, "--quiet"];
  const folder = (name: string) => `${scenario}-${name}`;
  const shards = Array.from({ length: OF }, (_, nth) => folder(`${nth + 1}`));

  beforeAll(async () => {
    await run(...args, "--report", folder("whole"));
    for (const [nth, name] of shards.entries())
      await run(...args, "--shard", `${nth + 1}/${OF}`, "--report", name);
  });

  test("shards put together are the one run", async () => {
    const { code, said } = await run(
      "report",
      "merge",
      ...[...shards].reverse(),
      "--report",
      folder("merged"),
    );
    expect(said).toBe("");
    const [whole, merged] = [read(folder("whole")), read(folder("merged"))];
    expect(comparable(merged)).toEqual(comparable(whole));
    expect(code).toBe(whole.verdict === "pass" ? EXIT.good : EXIT.threshold);
    // None of the shards is the whole.
    for (const shard of shards) expect(read(shard).run.facts).toBeLessThan(whole.run.facts);
  });
});

test("where accounts share how long a run lasts, what users did is the same, and what polled is near it", async () => {
  const args = ["simulate", "flaky-network", "--seed", "7", "--devices", "9", "--duration", "4h", "--quiet"];
  await run(...args, "--report", "flaky");
  for (const nth of [1, 2, 3]) await run(...args, "--shard", `${nth}/${OF}`, "--report", `flaky-${nth}`);
  await run("report", "merge", "flaky-1", "flaky-2", "flaky-3", "--report", "flaky-merged");
  const [whole, merged] = [read("flaky"), read("flaky-merged")];
  const did = ({ run: { edits, commits, kills, simulatedMs }, conflicts, faults }: SimulationReport) => ({
    ...{ edits, commits, kills, conflicts, faults },
    simulatedMs: Math.floor(simulatedMs / 600_000),
  });
  expect(did(merged)).toEqual(did(whole));
  expect(Math.abs(merged.run.requests - whole.run.requests)).toBeLessThanOrEqual(9);
});

describe("what is not one run", () => {
  const [one, two, three] = ["commuter-1", "commuter-2", "commuter-3"] as const;

  test.each([
    ["missing shards", [one], "shards 2/3, 3/3 missing: run with --shard 2/3"],
    ["a shard twice", [one, two, three, two], "shard 2/3 is there 2 times: commuter-2, commuter-2"],
    ["a whole run", [one, "commuter-whole"], "commuter-whole has no shard.json"],
    ["another scenario", [one, two, "skewed-clocks-3"], "not of one run: settings"],
    ["no run", [one, "nowhere"], "there is no run nowhere"],
  ])("%s: one sentence, exit 2", async (_, shards, sentence) => {
    const { code, said, told } = await run("report", "merge", ...shards);
    expect([code, told]).toEqual([EXIT.usage, ""]);
    expect(said).toContain(sentence);
    expect(said.trim().split("\n")).toHaveLength(1);
  });

  test("of many missing shards the first are named, and how many more", async () => {
    const shard = JSON.parse(readFileSync(join(io.cwd, one, "shard.json"), "utf8")) as object;
    mkdirSync(join(io.cwd, "lonely"), { recursive: true });
    const lonely = { ...shard, shard: { index: 1, of: 9_999 } };
    writeFileSync(join(io.cwd, "lonely", "shard.json"), JSON.stringify(lonely));
    const { said } = await run("report", "merge", "lonely");
    expect(said).toContain("10/9999, 11/9999 and 9988 more missing: run with --shard 2/9999");
  });

  test.each([
    ["version", { version: "0.0.1" }, "made by the versions"],
    ["rules", { rules: "0000" }, "judged by the rules"],
    ["seed", { seed: 8 }, "seeds 7 and 8"],
  ])("another %s", async (name, change, sentence) => {
    const shard = JSON.parse(readFileSync(join(io.cwd, three, "shard.json"), "utf8")) as object;
    mkdirSync(join(io.cwd, name), { recursive: true });
    writeFileSync(join(io.cwd, name, "shard.json"), JSON.stringify({ ...shard, ...change }));
    const { code, said } = await run("report", "merge", one, two, name);
    expect(code).toBe(EXIT.usage);
    expect(said).toContain(sentence);
  });

  test("a shard.json that was changed by hand", async () => {
    const shard = JSON.parse(readFileSync(join(io.cwd, three, "shard.json"), "utf8")) as object;
    mkdirSync(join(io.cwd, "changed"), { recursive: true });
    writeFileSync(join(io.cwd, "changed", "shard.json"), JSON.stringify({ ...shard, body: {} }));
    const { code, said } = await run("report", "merge", one, two, "changed", "--report", "of-changed");
    expect(code).toBe(EXIT.usage);
    expect(said).toContain("run its shard again");
  });

  test("a folder with shard.json alone is enough", async () => {
    mkdirSync(join(io.cwd, "bare"), { recursive: true });
    writeFileSync(join(io.cwd, "bare", "shard.json"), readFileSync(join(io.cwd, three, "shard.json")));
    const { said } = await run("report", one, two, "bare", "--report", "of-bare", "--quiet");
    expect(said).toBe("");
    expect(comparable(read("of-bare"))).toEqual(comparable(read("commuter-whole")));
  });
});

describe("report", () => {
  test("prints the screen, and writes the forms that are asked for", async () => {
    const { told, code } = await run("report", "commuter-whole");
    expect(told).toContain("commuter · seed 7");
    expect(code).toBe(await run("report", "commuter-whole", "--quiet").then((ended) => ended.code));
    for (const [option, file, text] of [
      ["--html", "report.html", "<!doctype html>"],
      ["--markdown", "report.md", "# commuter, seed 7"],
      ["--junit", "junit.xml", '<?xml version="1.0"'],
      ["--json", "report.json", "{"],
      ["--open-metrics", "metrics.txt", "# TYPE zeke_sync_run_info gauge"],
    ] as const) {
      expect((await run("report", "commuter-whole", option)).told).toBe("");
      expect(readFileSync(join(io.cwd, "commuter-whole", file), "utf8").startsWith(text)).toBe(true);
      expect((await run("report", "commuter-whole", option, "-")).told.startsWith(text)).toBe(true);
    }
  });

  test.each([
    [["report"], "no run is named"],
    [["report", "merge"], "no shard is named"],
    [["report", "commuter-whole", "--html", "-", "--json", "-"], "both print to standard output"],
    [["report", "commuter-whole", "--report", "x"], "a single run keeps its own"],
  ])("%j is refused", async (args, sentence) => {
    const { code, said } = await run(...args);
    expect(code).toBe(EXIT.usage);
    expect(said).toContain(sentence);
  });
});
