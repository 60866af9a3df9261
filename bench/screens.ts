/**
 * Owns what documents show of a command: a comment names the command and the part of its output, the block below it is that
 * part, word for word.
 * Refuses to choose what is shown.
 *
 *   <!-- screen: zeke-sync simulate --seed 7 | from "✗ QUE-4" to "when" -->
 */

import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const MAIN = fileURLToPath(new URL("../src/cli/main.ts", import.meta.url));
const SCREEN =
  /(<!-- screen: zeke-sync ([^|\n]+?)(?: \| from "([^"]+)" to "([^"]+)")? -->\n```\n)([\s\S]*?)\n(```\n<!-- \/screen -->)/g;

/** A block of a document that shows what a command printed. */
export interface Screen {
  readonly args: readonly string[];
  /** The first and the last line of the part that is shown have these texts; undefined: all of it is. */
  readonly part: { readonly from: string; readonly to: string } | undefined;
  readonly shown: string;
}

/** All screens of a document, in its order. */
export function screensOf(document: string): readonly Screen[] {
  return [...document.matchAll(SCREEN)].map(([, , args = "", from, to, shown = ""]) => ({
    args: args.split(" "),
    part: from === undefined || to === undefined ? undefined : { from, to },
    shown,
  }));
}

/** The document with every screen taken anew by `take`. */
export function withScreens(document: string, take: (screen: Screen) => string): string {
  return document.replace(SCREEN, (whole, open: string, _args, _from, _to, _shown, close: string) => {
    const [screen] = screensOf(whole);
    return screen === undefined ? whole : `${open}${take(screen)}\n${close}`;
  });
}

/**
 * Runs the command in an empty folder and returns the part of its standard output that the screen shows. Throws where there is
 * no such part.
 */
export function takeScreen({ args, part }: Screen): string {
  const folder = mkdtempSync(join(tmpdir(), "zeke-sync-"));
  try {
    const { stdout } = spawnSync(process.execPath, [MAIN, ...args], {
      cwd: folder,
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
      env: { ...process.env, NO_COLOR: "1" },
    });
    if (part === undefined) return stdout.trimEnd();
    const lines = stdout.split("\n");
    const first = lines.findIndex((line) => line.includes(part.from));
    const last = lines.findIndex((line, at) => at >= first && line.includes(part.to));
    if (first < 0 || last < 0)
      throw new Error(`zeke-sync ${args.join(" ")} prints nothing from ${part.from} to ${part.to}`);
    return lines.slice(first, last + 1).join("\n");
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
