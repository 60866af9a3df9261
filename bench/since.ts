/**
 * Owns the before and after of the simulation's speed: another commit of this repository next to this checkout, in turn.
 * Refuses to pass or fail: it prints the seconds of whole processes, and their ratio.
 *
 *   node bench/since.ts <commit> [--rounds 3] [--quick]
 *
 * The other commit runs from its sources with this checkout's packages.
 */

import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { columns } from "../src/report/layout.ts";

const ROOT = join(import.meta.dirname, "..");
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { rounds: { type: "string", default: "3" }, quick: { type: "boolean", default: false } },
});
const [commit] = positionals;
if (commit === undefined) {
  process.stderr.write("bench:since wants a commit to compare with: npm run bench:since -- HEAD~1\n");
  process.exit(2);
}

const parsed = spawnSync("git", ["rev-parse", "--verify", "--quiet", `${commit}^{commit}`], {
  cwd: ROOT,
  encoding: "utf8",
});
const hash = parsed.stdout.trim();
if (parsed.status !== 0) {
  process.stderr.write(`bench:since knows no commit ${commit} in this repository\n`);
  process.exit(2);
}

const RUNS: readonly (readonly string[])[] = values.quick
  ? [["commuter", "--devices", "30", "--duration", "1d"]]
  : [
      ["commuter", "--devices", "3", "--duration", "1m"],
      ["commuter"],
      ["big-account"],
      ["commuter", "--devices", "10002", "--duration", "4h"],
    ];

/** Seconds of a run from the sources in this folder, and what came of it. */
function seconds(folder: string, args: readonly string[], report: string): readonly [number, string] {
  const beganMs = performance.now();
  const { status, stderr } = spawnSync(
    process.execPath,
    [
      "--max-old-space-size=8000",
      join(folder, "src/cli/main.ts"),
      "simulate",
      ...args,
      "--quiet",
      "--report",
      report,
    ],
    { cwd: folder, encoding: "utf8" },
  );
  const tookMs = performance.now() - beganMs;
  // A small version of a scenario may miss its thresholds.
  if (status !== 0 && status !== 4)
    throw new Error(`simulate ${args.join(" ")} in ${folder} ended with ${status}: ${stderr}`);
  const told = JSON.parse(readFileSync(join(report, "report.json"), "utf8")) as {
    readonly run: { readonly digest: string };
  };
  rmSync(report, { recursive: true });
  return [tookMs / 1_000, told.run.digest];
}

const least = (all: readonly number[]): number => Math.min(...all);

const scratch = mkdtempSync(join(tmpdir(), "zeke-sync-since-"));
const other = join(scratch, "other");
try {
  execFileSync("git", ["clone", "--quiet", "--shared", "--no-checkout", ROOT, other]);
  execFileSync("git", ["checkout", "--quiet", "--detach", hash], { cwd: other });
  symlinkSync(join(ROOT, "node_modules"), join(other, "node_modules"));
  const rows = RUNS.map((args) => {
    const before: number[] = [];
    const after: number[] = [];
    const digests = new Set<string>();
    for (let round = 0; round < Number(values.rounds); round++)
      for (const [folder, took] of [[other, before] as const, [ROOT, after] as const]) {
        const [wall, digest] = seconds(folder, args, join(scratch, "report"));
        took.push(wall);
        digests.add(digest);
      }
    return [
      args.join(" "),
      least(before).toFixed(1),
      least(after).toFixed(1),
      (least(after) / least(before)).toFixed(2),
      digests.size === 1 ? "the same" : "another",
    ];
  });
  const name = execFileSync("git", ["log", "-1", "--format=%h %s", commit], { cwd: ROOT, encoding: "utf8" });
  const head = ["simulate", "before, s", "now, s", "ratio", "history"];
  console.log(`before: ${name.trim()}`);
  console.log(columns([head, ...rows], ["left", "right", "right", "right", "left"]).join("\n"));
  console.log(
    `\nleast of ${values.rounds}, in turn · node ${process.version} · ${cpus().length} × ${cpus()[0]?.model}`,
  );
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
