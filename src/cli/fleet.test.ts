/**
 * Owns the proof of `simulate --target`: a fleet against the reference, live; Ctrl-C, a target that is not there, and
 * options that do not go together.
 */

import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { SimulationReport } from "../report/result-schema.ts";
import { type LiveReference, startReference } from "./conformance.fixture.ts";
import { Outside, runFake } from "./outside.fixture.ts";

let io: Outside;
const open: LiveReference[] = [];

beforeEach(() => {
  io = new Outside();
});
afterEach(async () => {
  for (const one of open.splice(0)) await one.close();
  io.remove();
});

async function reference(...options: Parameters<typeof startReference>): Promise<LiveReference> {
  const started = await startReference(...options);
  open.push(started);
  return started;
}

const SMALL = ["--devices", "9", "--duration", "2s", "--ramp", "300ms", "--speed", "600"];

function run(target: string, ...args: readonly string[]): Promise<number> {
  return runFake(["simulate", "commuter", "--target", target, ...SMALL, ...args], io);
}

function reportOf(): SimulationReport {
  return SimulationReport.parse(JSON.parse(readFileSync(join(io.cwd, "reports/latest/report.json"), "utf8")));
}

describe("a live fleet of a scenario", () => {
  test("runs, is judged and measured like a simulation, and leaves nothing", async () => {
    const target = await reference();
    const code = await run(target.url, "--set", "thresholds=[sync latency online p99 < 2s]");
    const report = reportOf();
    expect(report.rules.filter(({ verdict }) => verdict === "violated")).toEqual([]);
    expect(code).toBe(0);
    expect(report).toMatchObject({
      verdict: "pass",
      fleet: { devices: 9, accounts: 2 },
      run: { ended: "settled" },
      target: { url: target.url, speed: 600, left: 0, failures: 0 },
    });
    expect(report.target?.latencyMs.meant?.count).toBeGreaterThan(20);
    expect(report.rules.find(({ id }) => id === "SYS-1")).toMatchObject({ verdict: "satisfied" });
    expect(io.stdout.text).toContain("people live 600 times as fast");
    expect(await target.records()).toEqual([]);
  });

  test("tells by its exit code what it found in a target that is wrong", async () => {
    const target = await reference({ fault: "sequence-in-pairs" });
    expect(await run(target.url, "--quiet")).toBe(1);
    expect(io.stdout.text).toContain("REV-6");
  });

  test("a report that cannot be written is told, printed all the same, and 2", async () => {
    const target = await reference({
      called: (count) => void (count === 25 && mkdirSync(join(io.cwd, "r", "report.json"))),
    });
    expect(await run(target.url, "--report", "r", "--set", "thresholds=[]")).toBe(2);
    expect(io.stderr.text).toContain("the report in r cannot be written: it is a folder\n");
    expect(io.stdout.text).toContain("people live 600 times as fast");
    expect(await target.records()).toEqual([]);
  });

  test("a threshold that is missed is 4", async () => {
    const target = await reference();
    expect(await run(target.url, "--set", "thresholds=[sync latency online p99 < 1ms]")).toBe(4);
  });

  test("Ctrl-C ends it, writes what there is, and deletes what was made", async () => {
    const target = await reference({ called: (count) => void (count === 25 && io.interrupt()) });
    expect(await run(target.url)).toBe(130);
    expect(reportOf()).toMatchObject({ verdict: "interrupted", target: { left: 0 } });
    expect(await target.records()).toEqual([]);
  });

  test("all accounts of a tokens file have phones, and are judged, measured and emptied", async () => {
    const tokens = { "tok-1": "a1", "tok-2": "a2", "again-2": "a2", "tok-3": "a3", "tok-4": "a4" };
    const target = await reference({ settings: { tokens } });
    const lines = Object.entries(tokens).map(([token, account]) => `${token}: ${account}\n`);
    writeFileSync(
      join(io.cwd, "tokens.yaml"),
      `${lines.join("")}short: { account: a5, expires: 2099-01-01T00:00:00Z }\n`,
    );
    expect(
      await run(target.url, "--tokens", "tokens.yaml", "--devices", "12", "--set", "thresholds=[]"),
    ).toBe(0);
    const report = reportOf();
    expect(report).toMatchObject({
      verdict: "pass",
      fleet: { devices: 12, accounts: 4 },
      target: { left: 0 },
    });
    expect(report.rules.find(({ id }) => id === "SEC-3")).toMatchObject({ verdict: "satisfied" });
    // The server is this process: both sides' figures are of it.
    expect(report.target?.theirs?.memoryBytes).toBeGreaterThan(10_000_000);
    expect(io.stdout.text).toMatch(/memory {6}ours \d+ MiB, the target's \d+ MiB/);
    expect(await target.records()).toEqual([]);
    const ledger = readFileSync(join(io.cwd, "reports/latest/ledger.jsonl"), "utf8");
    expect(ledger).not.toContain("tok-");
    const accounts = ledger.split("\n").flatMap((line) => /"account":(\d)/.exec(line)?.[1] ?? []);
    expect(new Set(accounts)).toEqual(new Set(["0", "1", "2", "3"]));
  });

  test("limits of the profile are kept by the fleet and by its clean-up", async () => {
    const atMs: number[] = [];
    const target = await reference({ called: () => void atMs.push(performance.now()) });
    writeFileSync(
      join(io.cwd, "p.yaml"),
      "limits: { requestsPerSecond: 60, concurrency: 4, requestsMax: 90 }\n",
    );
    // More is wanted than may be sent: what is left out is no verdict.
    const more = ["--devices", "30", "--set", "thresholds=[]"];
    expect(await run(target.url, "--profile", "p.yaml", ...more)).toBe(5);
    expect(atMs.length).toBeGreaterThan(60);
    expect(atMs.length).toBeLessThanOrEqual(90);
    for (const from of atMs)
      expect(atMs.filter((at) => at >= from && at < from + 1_000).length).toBeLessThanOrEqual(62);
    expect(io.stderr.text).toContain("the budget of 90 requests is spent: raise limits.requestsMax");
    expect(await target.records()).toEqual([]);
  });

  test("an account whose token is refused is named, with what its socket was answered", async () => {
    const target = await reference();
    writeFileSync(join(io.cwd, "tokens.yaml"), "tok-a: a\ntok-b: b\nnobody: carol\n");
    expect(await run(target.url, "--tokens", "tokens.yaml")).toBe(3);
    expect(io.stderr.text).toContain("1 of 3 accounts, such as carol; the last was answered 401");
  });

  test.each([
    ["", "tokens.yaml: the file is empty"],
    ["tok-a: a\n", "a live fleet wants two accounts whose tokens do not end, and there is one"],
    ["tok-a: { account: a, expires: 2099-01-01T00:00:00Z }\n", "and there is none"],
    ["tok-a: a\ntok-b: []\n", "tokens.yaml:2:8: tok-b: a token has an account"],
  ])("a tokens file %j is refused in one sentence", async (text, sentence) => {
    writeFileSync(join(io.cwd, "tokens.yaml"), text);
    expect(await run("http://127.0.0.1:9", "--tokens", "tokens.yaml")).toBe(2);
    expect(io.stderr.text).toContain(sentence);
    expect(io.stderr.text.trim().split("\n")).toHaveLength(1);
  });

  test("a target that is not there is 3, in one sentence", async () => {
    expect(await run("http://127.0.0.1:9")).toBe(3);
    expect(io.stderr.text).toMatch(/^http:\/\/127\.0\.0\.1:9 cannot be reached: .*\n$/);
  });

  test.each([
    [["--target", "nowhere"], "--target nowhere: an address is written http://host:port"],
    [["--target", "http://x", "--ramp", "5m"], "--ramp 5m: a time no longer than --duration"],
    [["--target", "http://x", "--duration", "2y"], "--duration 2y: with --target it is real time"],
    [["--target", "http://x", "--swarm"], "--swarm is of the simulation alone"],
    [["--target", "http://x", "--speed", "0"], "a number above 0"],
    [["--speed", "60"], "--speed is of a live target"],
    [["--profile", "x.yaml"], "--profile is of a live target"],
    [["--tokens", "x.yaml"], "--tokens is of a live target"],
    [["--target", "http://x", "--tokens", "x.yaml"], "tokens x.yaml: there is no such file"],
  ])("%j is refused: %s", async (args, sentence) => {
    expect(await runFake(["simulate", ...args], io)).toBe(2);
    expect(io.stderr.text).toContain(sentence);
  });
});
