/**
 * Owns where the shipped scenarios are, and what they are called.
 * Refuses to read one: help texts want the names alone, and quickly, so that it imports next to nothing.
 */

import { readdirSync } from "node:fs";

/** The package's own scenarios; the same two levels up from src/cli and from dist/cli. */
export const SHIPPED_FOLDER = `${import.meta.dirname}/../../scenarios/`;

/** Names of the shipped scenarios, in ASCII order. */
export function scenarioNames(): readonly string[] {
  return readdirSync(SHIPPED_FOLDER)
    .filter((file) => file.endsWith(".yaml"))
    .map((file) => file.slice(0, -".yaml".length))
    .sort((left, right) => (left < right ? -1 : 1));
}
