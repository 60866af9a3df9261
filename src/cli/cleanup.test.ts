/**
 * Owns the proof that a run that was killed can be cleaned up after: the ledger names what it made.
 * The run is a process of its own, for nothing less can be killed in the middle of a write.
 */

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type LiveReference, startReference } from "./conformance.fixture.ts";
import { Outside, runFake } from "./outside.fixture.ts";

const MAIN = fileURLToPath(new URL("main.ts", import.meta.url));
/** So many records on the target are worth a clean-up. */
const RECORDS_MIN = 5;
const LOOK_EVERY_MS = 20;

let io: Outside;
let target: LiveReference;
let child: ChildProcess | undefined;

beforeEach(async () => {
  io = new Outside();
  target = await startReference();
});
afterEach(async () => {
  child?.kill("SIGKILL");
  await target.close();
  io.remove();
});

test("after SIGKILL in mid-run the target holds records, and cleanup empties it", async () => {
  const others = { authorization: "Bearer tok-a", "content-type": "application/json" };
  const body = JSON.stringify({ id: "theirs", name: "Ann" });
  await fetch(`${target.url}/api/contacts`, { method: "POST", headers: others, body });

  const words = [MAIN, "conformance", target.url, "--seed", "1", "--report", "reports/killed"];
  child = spawn(process.execPath, words, { cwd: io.cwd, stdio: "ignore" });
  const gone = once(child, "exit");
  while ((await target.records()).length <= RECORDS_MIN) {
    expect(child.exitCode, "the run is over before it could be killed").toBeNull();
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
  }
  child.kill("SIGKILL");
  expect(await gone).toEqual([null, "SIGKILL"]);
  const left = await target.records();
  expect(left.length).toBeGreaterThan(1);
  expect(left).toContain("theirs");

  expect(await runFake(["cleanup", "killed"], io)).toBe(0);
  expect(io.stdout.text).toMatch(/^\d+ deleted from http/);
  expect(await target.records()).toEqual(["theirs"]);
});

test("a live fleet that was killed is cleaned up in all accounts of its tokens file", async () => {
  await target.close();
  const tokens = { "tok-1": "a1", "tok-2": "a2", "tok-3": "a3" };
  target = await startReference({ settings: { tokens } });
  const lines = Object.entries(tokens).map(([token, account]) => `${token}: ${account}\n`);
  writeFileSync(join(io.cwd, "tokens.yaml"), lines.join(""));
  const words = [MAIN, "simulate", "--target", target.url, "--tokens", "tokens.yaml", "--devices", "9"];
  child = spawn(process.execPath, [...words, "--duration", "1m", "--report", "reports/killed"], {
    cwd: io.cwd,
    stdio: "ignore",
  });
  const gone = once(child, "exit");
  // The first records of all three accounts.
  while ((await target.records()).length < 84) {
    expect(child.exitCode, "the run is over before it could be killed").toBeNull();
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
  }
  child.kill("SIGKILL");
  await gone;
  expect(await runFake(["cleanup", "killed"], io)).toBe(0);
  expect(await target.records()).toEqual([]);
});
