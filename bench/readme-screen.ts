/**
 * Owns the screen that README.md shows: a real run of the default scenario, put between the two markers.
 * Refuses to touch anything else. Run it by `npm run readme` after a change of what a run prints.
 */

import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const README = fileURLToPath(new URL("../README.md", import.meta.url));
const MAIN = fileURLToPath(new URL("../src/cli/main.ts", import.meta.url));
const OPEN = "<!-- screen -->\n";
const CLOSE = "<!-- /screen -->";

const { stdout, status } = spawnSync(process.execPath, [MAIN, "simulate"], {
  encoding: "utf8",
  stdio: ["ignore", "pipe", "inherit"],
});
if (status !== 0) throw new Error(`the default scenario ended with ${status}`);
const text = readFileSync(README, "utf8");
const [from, to] = [text.indexOf(OPEN) + OPEN.length, text.indexOf(CLOSE)];
writeFileSync(README, `${text.slice(0, from)}\`\`\`\n${stdout.trimEnd()}\n\`\`\`\n${text.slice(to)}`);
