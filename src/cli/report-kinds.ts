/**
 * Owns which kinds of report there are, and what each can be rendered as.
 * Refuses to read and write files, and to know how anything is rendered.
 */

import type { ExitCode } from "./exit.ts";
import type { FoundRun } from "./report-read.ts";

export const FORMATS = ["html", "markdown", "junit", "json", "openMetrics"] as const;
export type Format = (typeof FORMATS)[number];

/** How the screen is to look. */
interface ScreenStyle {
  readonly width: number;
  readonly paint: import("../report/layout.ts").Paint;
  readonly folder: string;
  readonly quiet: boolean;
}

/** A report that was read, ready to be rendered. */
export interface Rendered {
  screen(style: ScreenStyle): string;
  /** undefined: this kind of run has no such form. `folder` is where the run is, as a user would write it. */
  readonly forms: Readonly<Partial<Record<Format, (folder: string) => string>>>;
  /** What the run itself ended with. */
  readonly code: ExitCode;
}

/** Makes a report of one schema ready; undefined when its data is not of that form. */
export type Opener = (run: FoundRun) => Promise<Rendered>;

/** By schema; each is loaded when it is met. */
export const KINDS: ReadonlyMap<string, Opener> = new Map<string, Opener>([
  ["zeke-sync/simulation@1", async (run) => (await import("./report-simulation.ts")).openSimulation(run)],
  ["zeke-sync/explore@1", async (run) => (await import("./report-explore.ts")).openExplore(run)],
  ["zeke-sync/prove@1", async (run) => (await import("./report-prove.ts")).openProve(run)],
  ["zeke-sync/conformance@1", async (run) => (await import("./report-conformance.ts")).openConformance(run)],
]);
