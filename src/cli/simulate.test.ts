import { existsSync, mkdirSync, readFileSync, readlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { violation } from "../report/report.fixture.ts";
import { SimulationReport } from "../report/result-schema.ts";
import { FakeRunKit, Outside, runFake } from "./outside.fixture.ts";

let io: Outside;
beforeEach(() => {
  io = new Outside();
});
afterEach(() => io.remove());

const FIRST = "reports/2026-11-22-commuter-s1";

function reportIn(folder: string): SimulationReport {
  return SimulationReport.parse(JSON.parse(readFileSync(join(io.cwd, folder, "report.json"), "utf8")));
}

describe("simulate", () => {
  test("runs the default scenario, prints one screen, and writes the report", async () => {
    expect(await runFake(["simulate"], io)).toBe(0);
    expect(io.stdout.text).toContain("✓ commuter · seed 1");
    expect(io.stdout.text).toContain(`${FIRST}/report.html`);
    expect(io.stdout.text).toContain("150 devices of 50 accounts");
    expect(io.stderr.text).toBe("");
    expect(reportIn(FIRST)).toMatchObject({
      verdict: "pass",
      seed: 1,
      again: "zeke-sync simulate commuter --seed 1",
      fleet: { accounts: 50, devices: 150 },
      run: { ended: "settled", digest: "0123456789abcdef" },
      timing: { runId: "2026-11-22-commuter-s1" },
    });
    expect(readFileSync(join(io.cwd, FIRST, "report.md"), "utf8")).toContain("# commuter, seed 1: pass");
    expect(readlinkSync(join(io.cwd, "reports", "latest"))).toBe("2026-11-22-commuter-s1");
  });

  test("hands scenario, changes and seed to the simulation, and notes what was rounded", async () => {
    const kit = new FakeRunKit();
    const args = [
      "simulate",
      "shared-list",
      "--seed",
      "7",
      "--devices",
      "13",
      "--duration",
      "12h",
      "--set",
      "push.loss=9%",
      "--set",
      "network.loss=8%",
    ];
    expect(await runFake(args, io, {}, kit)).toBe(0);
    expect(kit.runs).toMatchObject([
      {
        seed: 7,
        scenario: {
          name: "shared-list",
          duration: 43_200_000,
          fleet: { accounts: 3, devicesPerAccount: 6 },
          push: { loss: 0.09 },
          network: { loss: 0.08 },
        },
      },
    ]);
    expect(io.stderr.text).toBe(
      "13 devices do not divide into accounts of 6: 18 devices of 3 accounts run.\n",
    );
    expect(io.stdout.text).toContain("zeke-sync simulate shared-list --seed 7 --devices 13 --duration 12h");
  });

  test("two runs of one seed differ in timing alone", async () => {
    await runFake(["simulate", "--json", "a.json"], io);
    await runFake(["simulate", "--json", "b.json"], io);
    const [a, b] = ["a.json", "b.json"].map((name) => {
      const { timing: _, ...rest } = JSON.parse(readFileSync(join(io.cwd, name), "utf8")) as SimulationReport;
      return JSON.stringify(rest);
    });
    expect(a).toBe(b);
  });

  test("--json - gives stdout to the JSON, --json file leaves the screen", async () => {
    expect(await runFake(["simulate", "--json", "-"], io)).toBe(0);
    expect(SimulationReport.parse(JSON.parse(io.stdout.text))).toEqual(reportIn(FIRST));
    const other = new Outside();
    await runFake(["simulate", "--json", "out.json"], other);
    expect(other.stdout.text).toContain("✓ commuter");
    expect(existsSync(join(other.cwd, "out.json"))).toBe(true);
    other.remove();
  });

  test("a violated rule is exit 1, and is told", async () => {
    expect(await runFake(["simulate"], io, { violations: [violation("CON-4")] })).toBe(1);
    expect(io.stdout.text).toContain("✗ CON-4  MUST");
    expect(reportIn(FIRST).verdict).toBe("fail");
  });

  test("a run that does not settle is exit 1", async () => {
    expect(await runFake(["simulate"], io, { phase: "unsettled" })).toBe(1);
    expect(reportIn(FIRST).run.ended).toBe("unsettled");
  });

  test("a missed threshold is exit 4, with a violation exit 1", async () => {
    const args = ["simulate", "--set", "thresholds=[conflict rate < 1%]"];
    expect(await runFake(args, io)).toBe(4);
    expect(io.stdout.text).toContain("✗ conflict rate < 1% · was 1.3 %");
    expect(await runFake(args, io, { violations: [violation("CON-4")] })).toBe(1);
    expect(await runFake(["simulate", "--set", "thresholds=[conflict rate < 10%]"], io)).toBe(0);
  });

  test("--quiet says nothing when all is well, and what is wrong when it is not", async () => {
    expect(await runFake(["simulate", "--quiet", "--devices", "31"], io)).toBe(0);
    expect(io.stdout.text + io.stderr.text).toBe("");
    await runFake(["simulate", "--quiet"], io, { violations: [violation("CON-4")] });
    expect(io.stdout.text).toMatch(/^✗ CON-4/);
  });
});

describe("colours and progress", () => {
  test("a terminal gets both, on the right stream", async () => {
    const terminal = new Outside(100);
    await runFake(["simulate"], terminal);
    expect(terminal.stdout.text).toContain("\u001b[32m✓");
    expect(terminal.stderr.text).toContain("commuter 66 % · day 5 16:00 · 10 000 events/s · 3 s left");
    expect(terminal.stdout.text).not.toContain("events/s · ");
    terminal.remove();
  });

  test.each([
    ["--no-color", ["simulate", "--no-color"], {}],
    ["--no-color before the command", ["--no-color", "simulate"], {}],
    ["NO_COLOR", ["simulate"], { NO_COLOR: "1" }],
    ["a dumb terminal", ["simulate"], { TERM: "dumb" }],
  ] as const)("%s: none", async (_, args, env) => {
    const terminal = new Outside(100);
    Object.assign(terminal.env, env);
    await runFake(args, terminal);
    expect(terminal.stdout.text).toContain("✓ commuter");
    expect(terminal.stdout.text).not.toContain("\u001b[");
    terminal.remove();
  });

  test("a terminal without a width gets no progress line, and 80 columns", async () => {
    const terminal = new Outside(0);
    await runFake(["simulate", "--no-color"], terminal);
    expect(terminal.stderr.text).toBe("");
    expect(terminal.stdout.text).toMatch(/p50 +p90 +p99/);
    terminal.remove();
  });

  test("no terminal: neither; --quiet: no progress", async () => {
    await runFake(["simulate"], io);
    expect(io.stdout.text + io.stderr.text).not.toContain("\u001b[");
    const terminal = new Outside(100);
    await runFake(["simulate", "--quiet"], terminal);
    expect(terminal.stderr.text).toBe("");
    terminal.remove();
  });
});

describe("before anything runs", () => {
  test("a report folder that cannot be written is said", async () => {
    writeFileSync(join(io.cwd, "file"), "");
    const kit = new FakeRunKit();
    expect(await runFake(["simulate", "--report", "file/x"], io, {}, kit)).toBe(2);
    expect(io.stderr.text).toBe("the report folder file/x cannot be written: a part of the path is a file\n");
    expect(kit.runs).toEqual([]);
  });

  test("a file for --json that cannot be written is said, and no folder is made", async () => {
    const kit = new FakeRunKit();
    expect(await runFake(["simulate", "--json", "none/a.json"], io, {}, kit)).toBe(2);
    expect(io.stderr.text).toBe("none/a.json cannot be written: its folder does not exist\n");
    expect(kit.runs).toEqual([]);
    expect(existsSync(join(io.cwd, "reports"))).toBe(false);
  });

  test("a broken scenario file is said, and no folder is made", async () => {
    writeFileSync(join(io.cwd, "own.yaml"), "name: own\nnetwork:\n  los: 5%\n  loss: 5\n");
    expect(await runFake(["simulate", "own.yaml"], io)).toBe(2);
    expect(io.stderr.text).toBe(
      `own.yaml:3:3: there is no key "los" in network; did you mean loss?\nown.yaml:4:9: network.loss: expected a share, written like 5% or 0.5%; found 5\n`,
    );
    expect(existsSync(join(io.cwd, "reports"))).toBe(false);
  });
});

describe("Ctrl-C", () => {
  test("the report so far is written, marked interrupted, exit 130, and latest points to it", async () => {
    const press = (slice: number) => {
      if (slice === 1) io.interrupt();
    };
    const violations = [violation("CON-4")];
    expect(await runFake(["simulate"], io, { slices: 1_000, onSlice: press, violations })).toBe(130);
    expect(reportIn(FIRST)).toMatchObject({
      verdict: "interrupted",
      run: { ended: "interrupted", events: 40_000 },
    });
    expect(io.stdout.text).toContain("interrupted: what is judged at the end was not judged");
    expect(readlinkSync(join(io.cwd, "reports", "latest"))).toBe("2026-11-22-commuter-s1");
    expect(io.listening).toBe(0);
    expect(io.exits).toEqual([]);
  });

  test("a second one ends at once", async () => {
    const press = (slice: number) => {
      if (slice === 1) for (let times = 0; times < 2; times++) io.interrupt();
    };
    await runFake(["simulate"], io, { slices: 1_000, onSlice: press });
    expect(io.exits).toEqual([130]);
  });

  test("nobody listens any more once the run has ended", async () => {
    await runFake(["simulate"], io);
    expect(io.interrupt()).toBe(false);
  });
});

describe("a fault of our own", () => {
  const onSlice = (slice: number) => {
    if (slice === 2) throw new Error("the agenda went backwards\nsecond line");
  };

  test("is one sentence with the command to report, exit 70; the stack is in the folder", async () => {
    expect(await runFake(["simulate", "--seed", "9"], io, { onSlice })).toBe(70);
    expect(io.stderr.text).toBe(
      "zeke-sync itself is at fault: the agenda went backwards. Please report it with this command: zeke-sync simulate commuter --seed 9 (the stack is in reports/2026-11-22-commuter-s9/fault.txt)\n",
    );
    const details = readFileSync(join(io.cwd, "reports", "2026-11-22-commuter-s9", "fault.txt"), "utf8");
    expect(details).toContain("zeke-sync simulate commuter --seed 9");
    expect(details).toMatch(/Error: the agenda went backwards[\s\S]*at .*simulate\.test\.ts/);
    expect(io.listening).toBe(0);
  });

  test("ZEKE_SYNC_DEBUG=1 shows the stack", async () => {
    io.env.ZEKE_SYNC_DEBUG = "1";
    expect(await runFake(["simulate"], io, { onSlice })).toBe(70);
    expect(io.stderr.text).toMatch(/\n {4}at .*simulate\.test\.ts/);
  });

  test("a run that has ended in no known phase is one", async () => {
    expect(await runFake(["simulate"], io, { phase: "heal" })).toBe(70);
  });
});

describe("after the run", () => {
  test("a report that can no longer be written does not lose the result", async () => {
    const onSlice = (slice: number) => {
      if (slice === 1) mkdirSync(join(io.cwd, "out", "report.json"));
    };
    expect(await runFake(["simulate", "--report", "out"], io, { onSlice })).toBe(2);
    expect(io.stderr.text).toBe("the report in out cannot be written: it is a folder\n");
    expect(io.stdout.text).toContain("✓ commuter · seed 1");
  });
});
