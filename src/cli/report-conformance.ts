/**
 * Owns the renderings of a report on an implementation.
 * Refuses to read it from the disk.
 */

import { renderJUnit } from "../report/conformance-junit.ts";
import { renderConformanceMarkdown } from "../report/conformance-markdown.ts";
import type { ConformanceReport } from "../report/conformance-result.ts";
import { renderConformance, renderConformanceTrouble } from "../report/conformance-screen.ts";
import { renderConformancePage } from "../report/page-conformance.ts";
import { EXIT, type ExitCode, gravest, UsageFault } from "./exit.ts";
import type { Rendered } from "./report-kinds.ts";
import type { FoundRun } from "./report-read.ts";

/** UsageFault when it is not whole. */
export function openConformance({ data, named }: FoundRun): Rendered {
  const report = data as ConformanceReport;
  const lists: readonly unknown[] = [report.rules, report.baseline, report.probes?.each, report.left];
  if (!lists.every(Array.isArray) || typeof report.target?.url !== "string")
    throw new UsageFault(`${named} is not as zeke-sync/conformance@1 has it; run it again with this version`);
  return ofConformance(report);
}

/** All forms of a report. */
export function ofConformance(report: ConformanceReport): Rendered {
  return {
    screen: ({ quiet, ...style }) => (quiet ? renderConformanceTrouble : renderConformance)(report, style),
    forms: {
      html: () => renderConformancePage(report),
      markdown: () => renderConformanceMarkdown(report),
      junit: () => renderJUnit(report),
      json: () => `${JSON.stringify(report, undefined, 2)}\n`,
    },
    code: codeOf(report),
  };
}

function codeOf({ verdict, ended }: ConformanceReport): ExitCode {
  return gravest([
    ...(ended === "the run was interrupted" ? [EXIT.interrupted] : []),
    ...(ended?.startsWith("the target was lost") ? [EXIT.unreachable] : []),
    ...(verdict === "fail" ? [EXIT.violated] : []),
    ...(verdict === "inconclusive" ? [EXIT.inconclusive] : []),
  ]);
}
