/**
 * Owns the figures of start-up: `--version`, `--help`, `rules` and every command's help next to `node -e 0`, in turn.
 * Measures the built program in dist/, as users have it. `--rounds n`, `--root <folder>` for a build elsewhere.
 * Fails when `--version` takes more than 1.3 times a bare start, or a help more than twice.
 */

import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { cpus } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { columns } from "../src/report/layout.ts";

const { values } = parseArgs({
  options: {
    rounds: { type: "string", default: "15" },
    root: { type: "string", default: `${import.meta.dirname}/..` },
  },
});
const BIN = join(resolve(values.root), "bin", "zeke-sync.js");
const VERSION_MAX = 1.3;
const HELP_MAX = 2;

if (!existsSync(join(resolve(values.root), "dist", "cli", "main.js"))) {
  process.stderr.write("bench:start-up measures the built program: run `npm run build` first\n");
  process.exit(2);
}

function start(args: readonly string[]): string {
  const { status, stdout, stderr } = spawnSync(process.execPath, [...args], { encoding: "utf8" });
  if (status !== 0) throw new Error(`${args.join(" ")} ended with ${status}: ${stderr}`);
  return stdout;
}

const overview = start([BIN, "--help"]);
const names = [...overview.slice(overview.indexOf("Commands:")).matchAll(/^ {2}([a-z]+) /gm)]
  .map(([, name = ""]) => name)
  .filter((name) => !/help|zeke/.test(name));

interface Case {
  readonly what: string;
  readonly args: readonly string[];
  /** Of a bare start. */
  readonly most: number | undefined;
  readonly tookMs: number[];
}

const bare: Case = { what: "node -e 0", args: ["-e", "0"], most: undefined, tookMs: [] };
const cases: readonly Case[] = [
  // What no command can be quicker than.
  { what: "commander alone", args: ["-e", 'import("commander")'], most: undefined, tookMs: [] },
  { what: "--version", args: [BIN, "--version"], most: VERSION_MAX, tookMs: [] },
  { what: "--help", args: [BIN, "--help"], most: HELP_MAX, tookMs: [] },
  { what: "rules", args: [BIN, "rules"], most: undefined, tookMs: [] },
  ...names.map((name) => ({
    what: `${name} --help`,
    args: [BIN, name, "--help"],
    most: HELP_MAX,
    tookMs: [],
  })),
];

// The first round is not counted: it fills caches.
for (let round = -1; round < Number(values.rounds); round++)
  for (const { args, tookMs } of [bare, ...cases]) {
    const startedMs = performance.now();
    start(args);
    if (round >= 0) tookMs.push(performance.now() - startedMs);
  }

function median(numbers: readonly number[]): number {
  return [...numbers].sort((left, right) => left - right)[numbers.length >> 1] ?? 0;
}

const base = median(bare.tookMs);
let slow = 0;
const rows = cases.map(({ what, most, tookMs }) => {
  const ratio = median(tookMs) / base;
  if (most !== undefined && ratio > most) slow++;
  return [what, median(tookMs).toFixed(1), ratio.toFixed(2), most === undefined ? "" : `at most ${most}`];
});
const table = columns(
  [["start of", "ms", "ratio", ""], [bare.what, base.toFixed(1), "1.00", ""], ...rows],
  ["left", "right", "right", "left"],
);
process.stdout.write(
  `${table.join("\n")}\n\nmedian of ${values.rounds}, in turn · node ${process.version} · ${cpus().length} × ${cpus()[0]?.model ?? "?"}\n`,
);
process.exitCode = slow > 0 ? 1 : 0;
