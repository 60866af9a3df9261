/**
 * Owns report.html of a simulation, made of its report and nothing else.
 * Refuses to measure and to judge, and to know how its sections are made.
 */

import { devicesSection } from "./page-devices.ts";
import { framed } from "./page-frame.ts";
import { pageHead } from "./page-head.ts";
import { metricsSection } from "./page-metrics.ts";
import { rulesSection, ruleViolations } from "./page-rules.ts";
import { violationsSection } from "./page-violations.ts";
import type { SimulationReport } from "./result-schema.ts";
import { violatedRules } from "./table.ts";

/** The page of a report, as HTML with a newline at its end. The same report gives the same page. */
export function renderPage(report: SimulationReport): string {
  const isViolated = violatedRules(report).length > 0;
  return framed({
    title: `${report.scenario.name}, seed ${report.seed}: ${report.verdict}`,
    sections: [
      ["run", "Run"],
      ...(isViolated ? ([["violations", "What went wrong"]] as const) : []),
      ["metrics", "Metrics"],
      ["rules", "Rules"],
      ...(report.series ? ([["devices", "Devices"]] as const) : []),
    ],
    skipTo: ["metrics", "the metrics"],
    head: pageHead(report),
    main: [
      violationsSection(report),
      metricsSection(report),
      rulesSection(report.rules, LEAD, ruleViolations),
      devicesSection(report),
    ],
    footer: `zeke-sync ${report.suite.version} · history digest ${report.run.digest} · the same figures for machines: report.json, ${report.schema}`,
  });
}

const LEAD =
  "A rule counts as satisfied only if what it is about really happened; the number says how often. Choose a cell of the matrix to see its rules, or search.";
