/**
 * Owns the proof of `simulate --target`: a fleet against the reference, live; Ctrl-C, a target that is not there, and
 * options that do not go together.
 */

import { readFileSync } from "node:fs";
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
  test("runs, is judged and measured like a simulation, and leaves nothing", {
    timeout: 30_000,
  }, async () => {
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

  test("tells by its exit code what it found in a target that is wrong", { timeout: 30_000 }, async () => {
    const target = await reference({ fault: "sequence-in-pairs" });
    expect(await run(target.url, "--quiet")).toBe(1);
    expect(io.stdout.text).toContain("REV-6");
  });

  test("a threshold that is missed is 4", { timeout: 30_000 }, async () => {
    const target = await reference();
    expect(await run(target.url, "--set", "thresholds=[sync latency online p99 < 1ms]")).toBe(4);
  });

  test("Ctrl-C ends it, writes what there is, and deletes what was made", { timeout: 30_000 }, async () => {
    const target = await reference({ called: (count) => void (count === 150 && io.interrupt()) });
    expect(await run(target.url)).toBe(130);
    expect(reportOf()).toMatchObject({ verdict: "interrupted", target: { left: 0 } });
    expect(await target.records()).toEqual([]);
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
  ])("%j is refused: %s", async (args, sentence) => {
    expect(await runFake(["simulate", ...args], io)).toBe(2);
    expect(io.stderr.text).toContain(sentence);
  });
});
