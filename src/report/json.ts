/**
 * Owns the text of report.json.
 * Refuses to choose what is in it.
 */

import type { SimulationReport } from "./result-schema.ts";

/** A report as JSON, two spaces deep, with a newline at its end. Members stand in the order of result.ts. */
export function renderJson(report: SimulationReport): string {
  return `${JSON.stringify(report, undefined, 2)}\n`;
}
