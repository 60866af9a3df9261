/**
 * Owns the renderings of a simulation's report.
 * Refuses to read it from the disk.
 */

import { renderJson } from "../report/json.ts";
import { renderSimulationJUnit } from "../report/junit.ts";
import { renderMarkdown } from "../report/markdown.ts";
import { renderOpenMetrics } from "../report/open-metrics.ts";
import { renderPage } from "../report/page.ts";
import { SIMULATION_SCHEMA, SimulationReport } from "../report/result-schema.ts";
import { renderScreen, renderTrouble } from "../report/screen.ts";
import { UsageFault } from "./exit.ts";
import type { Rendered } from "./report-kinds.ts";
import type { FoundRun } from "./report-read.ts";
import { verdictCode } from "./simulate.ts";

/** UsageFault when it is of another form than this version writes. */
export function openSimulation({ data, named }: FoundRun): Rendered {
  const outcome = SimulationReport.safeParse(data);
  if (!outcome.success) {
    const place = outcome.error.issues[0]?.path.join(".") ?? "it";
    throw new UsageFault(
      `${named}: ${place} is not as ${SIMULATION_SCHEMA} has it; run it again with this version`,
    );
  }
  return ofSimulation(outcome.data);
}

/** All forms of a report. */
export function ofSimulation(report: SimulationReport): Rendered {
  return {
    screen: ({ quiet, ...style }) => (quiet ? renderTrouble(report, style) : renderScreen(report, style)),
    forms: {
      html: () => renderPage(report),
      markdown: () => renderMarkdown(report),
      junit: () => renderSimulationJUnit(report),
      json: () => renderJson(report),
      openMetrics: () => renderOpenMetrics(report),
    },
    code: verdictCode(report),
  };
}
