import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";

const MAIN = fileURLToPath(new URL("./main.ts", import.meta.url));

/** The report of a run in a process of its own, as text, without what depends on the wall clock. */
function reportOf(seed: number, env: Readonly<Record<string, string>> = {}): string {
  const folder = mkdtempSync(join(tmpdir(), "zeke-sync-"));
  const args = [
    MAIN,
    "simulate",
    "--seed",
    String(seed),
    "--devices",
    "12",
    "--duration",
    "2d",
    "--set",
    "thresholds=[]",
    "--json",
    "-",
    "--report",
    folder,
  ];
  try {
    const { stdout, status } = spawnSync(process.execPath, args, {
      cwd: folder,
      encoding: "utf8",
      env: { ...process.env, ...env },
    });
    expect(status).toBe(0);
    const { timing, ...rest } = JSON.parse(stdout) as { timing: object };
    expect(timing).toBeDefined();
    return JSON.stringify(rest);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

describe("determinism", () => {
  test("one seed, twice, in two processes: the same bytes; another seed: others", () => {
    const once = reportOf(7);
    expect(reportOf(7)).toBe(once);
    expect(reportOf(8)).not.toBe(once);
  });

  test("time zone and language of the machine have no part in a run", () => {
    const far = { TZ: "Pacific/Apia", LANG: "tr_TR.UTF-8", LC_ALL: "tr_TR.UTF-8" };
    expect(reportOf(7, far)).toBe(reportOf(7, { TZ: "America/St_Johns", LC_ALL: "C" }));
  });
});
