/**
 * Holds the command `prove` to its word: what it prints for a suite that is proven, and for one that is not.
 */

import { existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import type { Proof } from "../exploration/prove.ts";
import { FAULTS } from "../faults/all.ts";
import { PLAIN } from "../report/layout.ts";
import { Outside } from "./outside.fixture.ts";
import { runCli } from "./program.ts";
import { MADE } from "./prove.fixture.ts";
import { proofJson, renderProof, renderProofMarkdown, type SeenProof } from "./prove-report.ts";
import { ownVersion } from "./version.ts";

function outside(): Outside {
  const io = new Outside();
  onTestFinished(() => io.remove());
  return io;
}

const [fault] = FAULTS;
const KILL = { rule: "CON-2", by: "conflict/stale-write" };

function seen(changes: Partial<Proof>, canary: Partial<SeenProof["canary"]> = {}): SeenProof {
  const nothing = { survivors: [], notUnderOwnRule: [], onlyUnderOthers: [], crashed: [], idleRules: [] };
  const hunts = fault === undefined ? [] : [{ fault, kills: [KILL], tried: 1 }];
  const proof = {
    hunts,
    ...nothing,
    againstReference: [],
    holds: Object.keys(changes).length === 0,
    ...changes,
  };
  const alive = { runs: 200, carriers: [3], missed: [], falseAlarms: [], alive: true, ...canary };
  return { proof, seed: 1, canary: alive, tookMs: 1_234, partial: false, ...MADE };
}

const SCREEN = { width: 80, paint: PLAIN, folder: "reports/x" };

describe("prove", () => {
  test("hunts the faults that it is asked for, and ends with 0", async () => {
    const io = outside();
    const args = ["prove", "--fault", "two-drains", "--workers", "2", "--json", "-", "--report", "proof"];
    expect(await runCli(args, io)).toBe(0);
    const result = JSON.parse(io.stdout.text) as ReturnType<typeof proofJson>;
    expect(result).toMatchObject({ schema: "zeke-sync/prove@1", holds: true, partial: true, survivors: [] });
    expect(result).toMatchObject({
      version: ownVersion(),
      again: "zeke-sync prove --seed 1 --fault two-drains",
      timing: { startedAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT/), node: process.version },
    });
    expect(result.faults).toMatchObject([
      { name: "two-drains", kills: [{ rule: "QUE-9", by: "simulation" }] },
    ]);
    expect(readFileSync(join(io.cwd, "proof", "report.md"), "utf8")).toContain(
      "| `two-drains` | device | QUE-9 |",
    );
  }, 120_000);

  test("is told and ends with 2 when its folder is gone at the end", async () => {
    const io = outside();
    const code = runCli(["prove", "--fault", "two-drains", "--report", "gone"], io);
    await vi.waitUntil(() => existsSync(join(io.cwd, "gone")), { interval: 1 });
    rmSync(join(io.cwd, "gone"), { recursive: true });
    expect(await code).toBe(2);
    expect(io.stderr.text).toBe("the report in gone cannot be written: its folder does not exist\n");
    expect(io.stdout.text).toContain("every fault is caught");
  }, 120_000);

  test("a fault that there is not is answered with the nearest, before anything runs", async () => {
    const io = outside();
    expect(await runCli(["prove", "--fault", "two-drain"], io)).toBe(2);
    expect(io.stderr.text).toBe('there is no planted fault "two-drain"; did you mean two-drains?\n');
  });

  test("says in one screen that all is well", () => {
    expect(renderProof(seen({}), SCREEN)).toMatch(
      /^✓ prove · seed 1 {2}every fault is caught under its own rule/,
    );
  });

  test.each([
    ["a survivor", { survivors: ["lost"] }, "survived: nothing caught them"],
    ["a rule that catches nothing", { idleRules: ["CON-9"] }, "rules that caught nothing"],
    [
      "a catch under a rule that is not broken",
      { onlyUnderOthers: ["x"] },
      "caught only under rules that they do not",
    ],
    [
      "a catch under another rule than its own",
      { notUnderOwnRule: ["x"] },
      "caught, but not under their own rule",
    ],
    ["a breakdown", { crashed: ["x: oh"] }, "broke down instead of being judged"],
    [
      "a verdict against the reference",
      { againstReference: [{ ...KILL, where: "plain" }] },
      "CON-2 by conflict/stale-write on plain",
    ],
  ])("tells of %s, on the screen and on the page", (_what, changes, words) => {
    const told = seen(changes);
    expect(renderProof(told, SCREEN)).toContain(words);
    expect(renderProof(told, SCREEN)).toContain("✗ prove · seed 1  the suite is not proven");
    expect(renderProofMarkdown(told)).toContain(words);
    expect(proofJson(told)).toMatchObject({ holds: false, ...changes });
  });

  test("a canary that nobody found is a dead hunt", () => {
    const dead = seen({}, { missed: [3], alive: false });
    expect(renderProof(dead, SCREEN)).toContain("the suite is not proven");
    expect(renderProof(dead, SCREEN)).toContain("the canary was not found under the seeds");
  });
});
