/**
 * Owns asking the tests whether they notice: draws lines of the engine, the device and the checkers at random, makes
 * each wrong in turn in a copy of the checkout, and runs the tests there until one fails.
 * Refuses to know what is a wrong change (mutants.ts).
 *
 *   node bench/mutate.ts [--mutants 50] [--seed 1] [--skip 0]
 */

import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { type Prng, stream } from "../src/base/prng.ts";
import { drawMutant, type Mutant } from "./mutants.ts";

const FOLDERS = ["src/proxy", "src/device", "src/checkers"];
/** Where else a wrong line of these folders shows; asked only when the tests of its own folder have passed. */
const ELSEWHERE = [
  "src/proxy",
  "src/device",
  "src/checkers",
  "src/simulation",
  "src/faults",
  "src/exploration",
];
const TIMEOUT_MS = 600_000;
const DRAWS_MAX = 100_000;

interface Place {
  readonly file: string;
  /** From 1. */
  readonly line: number;
  readonly mutant: Mutant;
}

type Fate = "caught" | "caught elsewhere" | "hung" | "survived";

const ROOT = resolve(import.meta.dirname, "..");

/** Sources of these folders, tests and their fixtures apart, in one order. */
function sources(): readonly string[] {
  return FOLDERS.flatMap((folder) =>
    readdirSync(join(ROOT, folder), { recursive: true, encoding: "utf8" })
      .filter((name) => name.endsWith(".ts") && !/\.(test|fixture)\.ts$/.test(name))
      .map((name) => join(folder, name)),
  ).sort((a, b) => (a < b ? -1 : 1));
}

/** Each line of source is as likely as another. */
function drawPlaces(random: Prng, wanted: number): readonly Place[] {
  const lines = sources().flatMap((file) =>
    readFileSync(join(ROOT, file), "utf8")
      .split("\n")
      .map((text, index) => ({ file, line: index + 1, text })),
  );
  const places = new Map<string, Place>();
  for (let draws = 0; places.size < wanted && draws < DRAWS_MAX; draws++) {
    const { file, line, text } = random.pick(lines);
    const mutant = drawMutant(random, text);
    if (mutant && !places.has(`${file}:${line}`)) places.set(`${file}:${line}`, { file, line, mutant });
  }
  return [...places.values()];
}

/** A copy of what is committed, with the packages of this checkout. */
function makeCopy(): string {
  const copy = mkdtempSync(join(tmpdir(), "zeke-mutants-"));
  const cloned = spawnSync("git", ["clone", "--quiet", ROOT, copy], { encoding: "utf8" });
  if (cloned.status !== 0) throw new Error(`git clone: ${cloned.stderr}`);
  symlinkSync(join(ROOT, "node_modules"), join(copy, "node_modules"));
  return copy;
}

function runTests(copy: string, folders: readonly string[]): "pass" | "fail" | "hung" {
  const vitest = join(copy, "node_modules/vitest/vitest.mjs");
  const run = spawnSync(process.execPath, [vitest, "run", "--bail=1", "--reporter=dot", ...folders], {
    cwd: copy,
    timeout: TIMEOUT_MS,
    killSignal: "SIGKILL",
    stdio: "ignore",
  });
  return run.signal !== null ? "hung" : run.status === 0 ? "pass" : "fail";
}

function tryMutant(copy: string, { file, line, mutant }: Place): Fate {
  const path = join(copy, file);
  const original = readFileSync(path, "utf8");
  const lines = original.split("\n");
  lines[line - 1] = mutant.text;
  writeFileSync(path, lines.join("\n"));
  try {
    const own = FOLDERS.find((folder) => file.startsWith(folder)) ?? "src";
    const near = runTests(copy, [own]);
    if (near !== "pass") return near === "hung" ? "hung" : "caught";
    const far = runTests(
      copy,
      ELSEWHERE.filter((folder) => folder !== own),
    );
    return far === "pass" ? "survived" : far === "hung" ? "hung" : "caught elsewhere";
  } finally {
    writeFileSync(path, original);
  }
}

function main(): void {
  const { values } = parseArgs({
    options: {
      mutants: { type: "string", default: "50" },
      seed: { type: "string", default: "1" },
      skip: { type: "string", default: "0" },
    },
  });
  const places = drawPlaces(stream(Number(values.seed), "mutants"), Number(values.mutants));
  const copy = makeCopy();
  const fates: Fate[] = [];
  try {
    for (const place of places.slice(Number(values.skip))) {
      const fate = tryMutant(copy, place);
      fates.push(fate);
      console.log(`${fate.padEnd(16)} ${place.file}:${place.line}  ${place.mutant.operator}`);
      if (fate === "survived") console.log(`${" ".repeat(17)}→ ${place.mutant.text.trim() || "(nothing)"}`);
    }
  } finally {
    rmSync(copy, { recursive: true, force: true });
  }
  const survived = fates.filter((fate) => fate === "survived").length;
  console.log(`${fates.length - survived} of ${fates.length} caught, seed ${values.seed}`);
}

main();
