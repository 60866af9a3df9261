/**
 * Owns the table of the roadmap's promises that README.md shows: a real comparison, put between the two markers.
 * Refuses to touch anything else. Run it by `npm run readme` after a change of what the phases come to.
 */

import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { PhasesReport } from "../src/report/compare-phases.ts";
import { renderPhasesTable } from "../src/report/compare-phases-text.ts";

const README = fileURLToPath(new URL("../README.md", import.meta.url));
const MAIN = fileURLToPath(new URL("../src/cli/main.ts", import.meta.url));
const OPEN = "<!-- phases -->\n";
const CLOSE = "<!-- /phases -->";

const folder = mkdtempSync(join(tmpdir(), "zeke-sync-"));
try {
  const { stdout, status } = spawnSync(
    process.execPath,
    [MAIN, "compare", "--phases", "--report", folder, "--json", "-"],
    { encoding: "utf8", stdio: ["ignore", "pipe", "inherit"], maxBuffer: 64 * 1024 * 1024 },
  );
  if (status !== 0) throw new Error(`the comparison ended with ${status}`);
  const table = renderPhasesTable(JSON.parse(stdout) as PhasesReport);
  // Others may have changed the file while the comparison ran.
  const text = readFileSync(README, "utf8");
  const [from, to] = [text.indexOf(OPEN) + OPEN.length, text.indexOf(CLOSE)];
  writeFileSync(README, `${text.slice(0, from)}${table}\n${text.slice(to)}`);
} finally {
  rmSync(folder, { recursive: true });
}
