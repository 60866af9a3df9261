/** What is said, and left behind, when something small goes wrong. */

import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { Outside } from "./outside.fixture.ts";
import { runCli } from "./program.ts";

function outside(): Outside {
  const io = new Outside();
  onTestFinished(() => io.remove());
  return io;
}

test("an interrupted prove leaves no empty folder", async () => {
  const io = outside();
  const ended = runCli(["prove", "--fault", "two-drains", "--workers", "1"], io);
  const press = setInterval(() => io.interrupt(), 5);
  expect(await ended).toBe(130);
  clearInterval(press);
  expect(readdirSync(join(io.cwd, "reports"))).toEqual([]);
  expect(io.stderr.text).toContain("interrupted");
});

test.skipIf(!existsSync("/dev/full"))("compare names the file that could not be written", async () => {
  const io = outside();
  await runCli(["simulate", "--devices", "2", "--duration", "10m", "--report", "one", "--quiet"], io);
  const before = io.stderr.text.length;
  const code = await runCli(["compare", "one", "one", "--report", "there", "--json", "/dev/full"], io);
  expect(code).toBe(2);
  expect(io.stderr.text.slice(before)).toBe("/dev/full cannot be written: the disk is full\n");
});
