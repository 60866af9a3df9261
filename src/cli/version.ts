/**
 * Owns the version of this program, as package.json has it.
 * Refuses to know it by heart: there is one place to change it. Imports next to nothing: `--version` loads it alone.
 */

import { readFileSync } from "node:fs";

/** For instance `0.1.0`. */
export function ownVersion(): string {
  const text = readFileSync(new URL("../../package.json", import.meta.url), "utf8");
  return (JSON.parse(text) as { readonly version: string }).version;
}
