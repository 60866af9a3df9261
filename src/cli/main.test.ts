/**
 * The program as a process: exit codes, Ctrl-C, closed pipes. Everything else is tested in this process.
 */

import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { SimulationReport } from "../report/result-schema.ts";

const MAIN = fileURLToPath(new URL("./main.ts", import.meta.url));
const ENDLESS = fileURLToPath(new URL("./endless.fixture.ts", import.meta.url));
/** Node 22 before 22.18 strips types only when asked to. */
const STRIP = process.features.typescript === false ? ["--experimental-strip-types"] : [];

let cwd: string;
const started: ChildProcess[] = [];
beforeEach(() => {
  cwd = mkdtempSync(join(tmpdir(), "zeke-sync-"));
});
afterEach(() => {
  for (const child of started.splice(0)) child.kill("SIGKILL");
  rmSync(cwd, { recursive: true, force: true });
});

function run(...args: readonly string[]) {
  return spawnSync(process.execPath, [...STRIP, MAIN, ...args], { cwd, encoding: "utf8" });
}

/** Starts the endless simulation and waits until it runs. */
async function start(env: Readonly<Record<string, string>> = {}): Promise<ChildProcess> {
  const child = spawn(process.execPath, [...STRIP, ENDLESS, "simulate"], {
    cwd,
    env: { ...process.env, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  started.push(child);
  await new Promise<void>((resolve, reject) => {
    let said = "";
    child.stderr?.on("data", (chunk: Buffer) => {
      said += chunk.toString();
      if (said.includes("running\n")) resolve();
    });
    child.once("exit", (code) => reject(new Error(`ended with ${code} before it ran: ${said}`)));
  });
  return child;
}

function ended(
  child: ChildProcess,
): Promise<{ readonly code: number | null; readonly signal: string | null }> {
  return new Promise((resolve) => child.once("close", (code, signal) => resolve({ code, signal })));
}

describe("as a process", () => {
  test.each([
    [0, ["--version"]],
    [0, ["rules"]],
    [2, []],
    [2, ["simulat"]],
    [2, ["simulate", "none.yaml"]],
    [2, ["rules", "QUE-99"]],
  ])("exit %i for %j, with nothing unexpected on stderr", (code, args) => {
    const { status, stderr } = run(...args);
    expect(status).toBe(code);
    expect(stderr === "").toBe(code === 0);
    expect(stderr).not.toMatch(/Warning|at fault/);
  });

  test("a reader that goes away early is no fault", async () => {
    const child = spawn(process.execPath, [...STRIP, MAIN, "rules"], {
      cwd,
      stdio: ["ignore", "pipe", "pipe"],
    });
    let complaint = "";
    child.stderr.on("data", (chunk: Buffer) => {
      complaint += chunk.toString();
    });
    // Closed before the first byte is written: that takes the process a while.
    child.stdout.destroy();
    expect(await ended(child)).toEqual({ code: 0, signal: null });
    expect(complaint).toBe("");
  });

  test.each([["rules"], ["--help"]])("%s where the disk is full: one sentence, exit 2", async (arg) => {
    const full = openSync("/dev/full", "w");
    const child = spawn(process.execPath, [...STRIP, MAIN, arg], { cwd, stdio: ["ignore", full, "pipe"] });
    closeSync(full);
    let complaint = "";
    child.stderr?.on("data", (chunk: Buffer) => {
      complaint += chunk.toString();
    });
    expect(await ended(child)).toEqual({ code: 2, signal: null });
    expect(complaint).toBe("standard output cannot be written: the disk is full\n");
  });

  test.each(["SIGINT", "SIGTERM"] as const)("%s: the report so far is written, exit 130", async (signal) => {
    const child = await start();
    const end = ended(child);
    child.kill(signal);
    expect(await end).toEqual({ code: 130, signal: null });
    const text = readFileSync(join(cwd, "reports", "latest", "report.json"), "utf8");
    expect(SimulationReport.parse(JSON.parse(text))).toMatchObject({ verdict: "interrupted" });
  });

  test("a second one ends a run that does not listen to the first", async () => {
    const child = await start({ STUBBORN: "1" });
    expect(await ended(child)).toEqual({ code: 130, signal: null });
  });
});
