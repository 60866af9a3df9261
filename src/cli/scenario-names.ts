/**
 * Owns where the shipped scenarios are, and what they are called.
 * Refuses to read one: help texts want the names alone.
 */

import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { byCodeUnit } from "../base/canonical-json.ts";

/** The package's own scenarios; the same two levels up from src/cli and from dist/cli. */
export const SHIPPED_FOLDER = fileURLToPath(new URL("../../scenarios/", import.meta.url));

/** Names of the shipped scenarios, in ASCII order. */
export function scenarioNames(): readonly string[] {
  return readdirSync(SHIPPED_FOLDER)
    .filter((file) => file.endsWith(".yaml"))
    .map((file) => file.slice(0, -".yaml".length))
    .sort(byCodeUnit);
}
