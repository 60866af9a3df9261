/**
 * Owns the options and help of `report`.
 * Refuses to do its work: it is loaded when it is called.
 */

import type { Command } from "commander";
import { type SharedOptions, shared } from "./flag-values.ts";
import type { Place } from "./program-place.ts";

/** A file, `-`, or true: the usual file in the run's folder. */
type Form = string | true;

interface ReportFlags extends Omit<SharedOptions, "json"> {
  readonly html?: Form;
  readonly markdown?: Form;
  readonly junit?: Form;
  readonly json?: Form;
  readonly openMetrics?: Form;
  readonly report?: string;
}

export function addReport(command: Command, { program, io, end }: Place): void {
  command
    .description(
      "Renders the report of a run anew, on the screen or in the forms that are asked for. Given several shards, or the word merge and shards, proves that they are one run, all there and none twice, and writes the report of the whole. Ends with what the run itself ended with.",
    )
    .argument(
      "[run...]",
      "folder, report.json or shard.json of a run, a name under reports/, latest; merge before shards",
    )
    .option("--html [file|-]", "as a page (default: report.html in the run's folder)")
    .option("--markdown [file|-]", "as Markdown (default: report.md in the run's folder)")
    .option("--junit [file|-]", "as JUnit XML (default: junit.xml in the run's folder)")
    .option("--json [file|-]", "as JSON (default: report.json in the run's folder)")
    .option("--open-metrics [file|-]", "for a push gateway (default: metrics.txt in the run's folder)")
    .option("--report <dir>", "folder for merged shards (default: reports/<run-id>)")
    .option("--quiet", "print only what went wrong")
    .option("--no-color", "no colours")
    .action(async (runs: readonly string[], flags: ReportFlags) => {
      const { report } = await import("./report.ts");
      const { html, markdown, junit, json, openMetrics, report: into } = flags;
      const forms = { html, markdown, junit, json, openMetrics };
      const { quiet, color } = shared({ color: flags.color, quiet: flags.quiet === true }, program);
      end(await report({ runs, forms, report: into, quiet, color }, io));
    });
}
