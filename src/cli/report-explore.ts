/**
 * Owns the renderings of a hunt that was made before: its findings are played once more, for their steps and diagrams.
 * Refuses to hunt.
 */

import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { canonicalJson } from "../base/canonical-json.ts";
import type { Counterexample } from "../exploration/counterexample.ts";
import { UsageFault } from "./exit.ts";
import { codeOf } from "./explore.ts";
import { renderExploreMarkdown } from "./explore-markdown.ts";
import { renderExplorePage } from "./explore-page.ts";
import { type Filed, renderExplore } from "./explore-report.ts";
import { EXPLORE_SCHEMA, ExploreReport } from "./explore-schema.ts";
import { playFor } from "./explore-tell.ts";
import type { Rendered } from "./report-kinds.ts";
import type { FoundRun } from "./report-read.ts";

/** UsageFault when it is of another form. */
export function openExplore({ data, named, folder }: FoundRun): Rendered {
  const outcome = ExploreReport.safeParse(data);
  if (!outcome.success) {
    const place = outcome.error.issues[0]?.path.join(".") ?? "it";
    throw new UsageFault(
      `${named}: ${place} is not as ${EXPLORE_SCHEMA} has it; run it again with this version`,
    );
  }
  const examples = new Map<string, Counterexample>();
  for (const { counterexample } of outcome.data.findings) {
    const file = join(folder, counterexample);
    if (existsSync(file))
      examples.set(counterexample, JSON.parse(readFileSync(file, "utf8")) as Counterexample);
  }
  return ofExplore(outcome.data, examples);
}

/** All forms of a hunt's report. A finding without its counterexample is told without a diagram. */
export function ofExplore(report: ExploreReport, examples: ReadonlyMap<string, Counterexample>): Rendered {
  const filed = (): readonly Filed[] =>
    report.findings.map((entry) => {
      const example = examples.get(entry.counterexample);
      if (example === undefined)
        throw new UsageFault(`${entry.counterexample} is not in the folder of the run`);
      return { entry, example, played: playFor(example) };
    });
  return {
    screen: (style) => renderExplore(report, filed(), style),
    forms: {
      html: (folder) => renderExplorePage(report, filed(), folder),
      markdown: () => renderExploreMarkdown(report),
      json: () => `${canonicalJson(report)}\n`,
    },
    code: codeOf(report),
  };
}
