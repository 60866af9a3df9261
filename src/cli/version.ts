/**
 * Owns the version of this program, as package.json has it.
 * Refuses to know it by heart: there is one place to change it.
 */

import { readFileSync } from "node:fs";
import { z } from "zod";

const Manifest = z.object({ version: z.string() });

/** For instance `0.1.0`. */
export function ownVersion(): string {
  const text = readFileSync(new URL("../../package.json", import.meta.url), "utf8");
  return Manifest.parse(JSON.parse(text)).version;
}
