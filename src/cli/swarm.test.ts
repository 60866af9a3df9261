import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { SimulationReport } from "../report/result-schema.ts";
import { SWARM_FAULTS } from "../simulation/swarm-faults.ts";
import { FakeRunKit, Outside, runFake } from "./outside.fixture.ts";

let io: Outside;
beforeEach(() => {
  io = new Outside(100);
});
afterEach(() => io.remove());

function reportOf(kit: FakeRunKit): SimulationReport {
  const seed = kit.runs[0]?.seed;
  const path = join(io.cwd, `reports/2026-11-22-commuter-swarm-s${seed}`, "report.json");
  return SimulationReport.parse(JSON.parse(readFileSync(path, "utf8")));
}

describe("simulate --swarm", () => {
  test("runs what the seed draws, prints the draw, and keeps it in the report", async () => {
    const kit = new FakeRunKit();
    expect(await runFake(["simulate", "--swarm", "--seed", "7"], io, {}, kit)).toBe(0);
    const { draw, again, scenario } = reportOf(kit);
    expect(scenario.name).toBe("commuter-swarm");
    expect(again).toBe("zeke-sync simulate commuter --swarm --seed 7");
    expect(draw?.faults.map(({ name }) => name)).toEqual(SWARM_FAULTS.map(({ name }) => name));
    const [on] = draw?.faults.filter((fault) => fault.on) ?? [];
    expect(on?.strength.length).toBeGreaterThan(0);
    expect(io.stdout.text).toMatch(/drawn +struck +strength/);
    expect(io.stdout.text).toMatch(new RegExp(`^ {2}${on?.name} +0× +${on?.strength[0]?.slice(0, 12)}`, "m"));
    for (const { name } of draw?.faults ?? []) expect(io.stdout.text).toContain(name);
    expect(io.stdout.text).toContain("proxy.instances=");
    const markdown = readFileSync(join(io.cwd, "reports/latest/report.md"), "utf8");
    expect(markdown).toContain("## Drawn by the seed");
  });

  test("leaves a run without it as it was", async () => {
    const kit = new FakeRunKit();
    await runFake(["simulate", "--json", "-"], io, {}, kit);
    expect(JSON.parse(io.stdout.text)).not.toHaveProperty("draw");
    expect(kit.runs[0]?.scenario.thresholds).not.toEqual([]);
  });

  test("drops the thresholds of the base, keeps what is given by hand, and does not tell that as drawn", async () => {
    const kit = new FakeRunKit();
    const by = [
      "--set",
      "network.loss=33%",
      "--set",
      "proxy.fanOut.p50=1ms",
      "--duration",
      "5h",
      "--devices",
      "40",
    ];
    expect(await runFake(["simulate", "shared-list", "--swarm", ...by], io, {}, kit)).toBe(0);
    expect(kit.runs[0]?.scenario).toMatchObject({
      name: "shared-list-swarm",
      duration: 5 * 3_600_000,
      network: { loss: 0.33 },
      thresholds: [],
    });
    const { accounts, devicesPerAccount } = kit.runs[0]?.scenario.fleet ?? expect.fail("it ran");
    expect(accounts * devicesPerAccount).toBeGreaterThanOrEqual(40);
    expect(io.stdout.text).toContain("--swarm --seed 1 --devices 40 --duration 5h --set network.loss=33%");
    const told = io.stdout.text.slice(0, io.stdout.text.indexOf("again"));
    for (const key of ["network.loss=", "proxy.fanOut=", "fleet.accounts=", "duration="])
      expect(told).not.toContain(key);
    expect(told).toContain("fleet.devicesPerAccount=");
  });

  test("has thresholds when they are given with it", async () => {
    const args = ["simulate", "--swarm", "--set", "thresholds=[conflict rate < 1%]"];
    expect(await runFake(args, io)).toBe(4);
  });

  test("with --target says what there is instead", async () => {
    expect(await runFake(["simulate", "--swarm", "--target", "http://x"], io)).toBe(2);
    expect(io.stderr.text).toContain("--target");
  });

  test("takes no value", async () => {
    expect(await runFake(["simulate", "--swarm=7"], io)).toBe(2);
    expect(io.stderr.text).toContain("--swarm");
  });
});

describe("one seed", () => {
  const MAIN = fileURLToPath(new URL("./main.ts", import.meta.url));
  const reportText = (seed: number): string => {
    const args = [
      MAIN,
      "simulate",
      "--swarm",
      "--seed",
      String(seed),
      "--devices",
      "4",
      "--duration",
      "6h",
      "--json",
      "-",
    ];
    const { stdout, status } = spawnSync(process.execPath, args, { cwd: io.cwd, encoding: "utf8" });
    expect(status).toBe(0);
    const { timing: _timing, ...rest } = JSON.parse(stdout) as Record<string, unknown>;
    return JSON.stringify(rest);
  };

  test("is one draw and one history, in two processes; another seed is another", () => {
    const once = reportText(7);
    expect(reportText(7)).toBe(once);
    const { draw } = JSON.parse(reportText(8)) as SimulationReport;
    expect(draw).not.toEqual((JSON.parse(once) as SimulationReport).draw);
  });
});
