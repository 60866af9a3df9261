/**
 * Owns how the comparison of the stages reads: on a screen, as report.md, and as the table of the README.
 * Refuses to judge.
 */

import { formatDuration } from "../base/time.ts";
import type { ClaimVerdict, JudgedClaim, JudgedFigure } from "./compare-claim.ts";
import type { PhasesReport } from "./compare-phases.ts";
import type { StageFigure } from "./compare-stage.ts";
import { labelled, type Paint, wrap } from "./layout.ts";
import { formatQuantity, formatSpan, grouped, type Unit } from "./numbers.ts";

const PHASE_TITLES: Readonly<Record<number, string>> = {
  1: "revisions and live events",
  2: "conflicts",
  3: "the offline queue",
  4: "push",
  5: "delta sync",
};

const MARKS: Readonly<Record<ClaimVerdict, string>> = {
  "borne out": "✓",
  partly: "◐",
  "not borne out": "✗",
  "not measured": "·",
};
const VALUE_COLUMN = 10;
/** With fewer, a handful of them decides a verdict. */
const EDITS_TELLING_MIN = 1_000;
const COLUMNS = ["today", "before", "after", "all five"] as const;
/** Fits what is left of 80 columns. */
const WIDTH_MAX = 100;

export interface PhasesScreen {
  readonly width: number;
  readonly paint: Paint;
  /** Where the report is. */
  readonly folder: string;
}

/** The screen of a comparison. */
export function renderPhasesScreen(report: PhasesReport, screen: PhasesScreen): string {
  const width = Math.min(screen.width, WIDTH_MAX);
  const { paint } = screen;
  const lines = [paint.bold(headline(report)), "", ...headLines(report, width)];
  for (const phase of [1, 2, 3, 4, 5]) {
    const claims = report.claims.filter((claim) => claim.phase === phase);
    lines.push("", phaseLine(phase, width, paint));
    for (const claim of claims) lines.push(...claimLines(claim, width, paint));
  }
  const rows = [
    ["  report", `${screen.folder}/compare.md`],
    ["  again", report.again],
  ] as const;
  lines.push("", ...rows.map(([label, text]) => paint.dim(`${label.padEnd(14)}${text}`)));
  return `${lines.join("\n")}\n`;
}

function headline({ verdicts, claims }: PhasesReport): string {
  const unmeasured = verdicts["not measured"];
  const rest = unmeasured === 0 ? "" : `, ${unmeasured} not measured`;
  return `${claims.length} promises of the roadmap: ${verdicts["borne out"]} borne out, ${verdicts.partly} partly, ${verdicts["not borne out"]} not${rest}`;
}

function headLines(report: PhasesReport, width: number): readonly string[] {
  const { workload, scenario, seed, timing } = report;
  const made = workload.edits.map((edit) => edit.made);
  const range = [Math.min(...made), Math.max(...made)] as const;
  const count = range[0] === range[1] ? grouped(range[0]) : `${grouped(range[0])} to ${grouped(range[1])}`;
  return [
    ...labelled(
      "  workload",
      `${scenario.name} · seed ${seed}, ${workload.devices} devices of ${workload.accounts} ${workload.accounts === 1 ? "account" : "accounts"}, ${formatDuration(workload.durationMs)}`,
      14,
      width,
    ),
    ...labelled(
      "  edits",
      `${count} at each of 6 stages${range[0] === range[1] && range[0] === workload.editsInAll ? ", the same at all" : `, ${grouped(workload.editsInAll)} of them the same at all`}: same person, instant and record${workload.editsInAll < range[1] ? "; the rest were of records that some screens did not have" : ""}`,
      14,
      width,
    ),
    ...(range[1] < EDITS_TELLING_MIN
      ? labelled("  note", "so few edits show little: a longer run, or more devices, says more", 14, width)
      : []),
    ...labelled("  took", formatSpan(timing.wallMs), 14, width),
  ];
}

function phaseLine(phase: number, width: number, paint: Paint): string {
  const title = `phase ${phase} · ${PHASE_TITLES[phase] ?? ""}`;
  const head = COLUMNS.map((name) => name.padStart(VALUE_COLUMN)).join("");
  return paint.bold(`${title.padEnd(width - head.length)}${head}`);
}

function claimLines(claim: JudgedClaim, width: number, paint: Paint): readonly string[] {
  const tone = toneOf(claim.verdict, paint);
  const lines = [`${tone(MARKS[claim.verdict])} ${paint.bold(claim.improvement)} · ${claim.benefit}`];
  for (const figure of claim.figures) {
    const cells = valuesOf(figure).map((text) => text.padStart(VALUE_COLUMN));
    const room = width - cells.length * VALUE_COLUMN - 2;
    const [first = "", ...more] = wrap(figure.figure, room - 1);
    lines.push(`  ${first.padEnd(room)}${cells.join("")}`, ...more.map((text) => `  ${text}`));
  }
  const why = claim.why === undefined ? [] : wrap(`${claim.verdict}: ${claim.why}`, width - 4);
  return [...lines, ...why.map((text) => paint.dim(`    ${text}`))];
}

function toneOf(verdict: ClaimVerdict, paint: Paint): (text: string) => string {
  if (verdict === "borne out") return paint.good;
  return verdict === "not borne out" ? paint.bad : verdict === "partly" ? paint.warn : paint.dim;
}

function valuesOf({ unit, today, before, after, all }: JudgedFigure): readonly string[] {
  return [today, before, after, all].map((value) => cell(value, unit));
}

function cell(value: number | null, unit: Unit): string {
  return value === null ? "·" : formatQuantity(value, unit);
}

/** compare.md of the report folder. */
export function renderPhasesMarkdown(report: PhasesReport): string {
  const { workload, scenario, seed, again } = report;
  const made = workload.edits.map(({ stage, made: count }) => `${stage}: ${grouped(count)}`).join(" · ");
  const { sizes } = workload;
  return `${[
    `# ${headline(report)}`,
    `${scenario.name}, seed ${seed}: ${workload.devices} devices of ${workload.accounts} accounts for ${formatDuration(workload.durationMs)}; ${grouped(workload.actions)} sessions, edits, reads, tunnels and kills, written down before the first run and played at each stage. Edits made: ${made}; ${grouped(workload.editsInAll)} of them the same at every stage. How cost grows was measured with ${sizes.devices} devices of ${sizes.accounts} accounts for ${formatDuration(sizes.durationMs)}.`,
    renderPhasesTable(report),
    ...whyList(report),
    "A figure is borne out when it is better than before its phase by a tenth, and comes to its aim, with its own phase and with all five; partly when only one of the two holds, as where it came to its aim before already; a promise of two figures is, when both are.",
    aimTable(report),
    "## Each stage",
    renderStagesTable(report.figures),
    `\`\`\`sh\n${again}\n\`\`\``,
  ].join("\n\n")}\n`;
}

/** The rows of the README, and of compare.md. */
export function renderPhasesTable({ claims }: PhasesReport): string {
  const rows = claims.flatMap((claim) => [
    ...claim.figures.map((figure, index) => {
      const promise = index === 0 ? `${claim.phase} · **${claim.improvement}** · ${claim.benefit}` : "";
      const verdict = index === 0 ? `${MARKS[claim.verdict]} ${claim.verdict}` : "";
      return [promise, figure.figure, ...valuesOf(figure), verdict];
    }),
  ]);
  const head = ["phase and promise", "figure", ...COLUMNS, "verdict"];
  const line = (cells: readonly string[]) =>
    `| ${cells.map((text) => text.replaceAll("|", "\\|")).join(" | ")} |`;
  return [line(head), "|---|---|---:|---:|---:|---:|---|", ...rows.map(line)].join("\n");
}

function whyList({ claims }: PhasesReport): readonly string[] {
  const lines = claims.flatMap(({ improvement, verdict, why }) =>
    why === undefined ? [] : [`- ${MARKS[verdict]} **${improvement}**, ${verdict}: ${why}`],
  );
  return lines.length === 0 ? [] : [lines.join("\n")];
}

/** One column a stage. */
function renderStagesTable(figures: readonly StageFigure[]): string {
  const names = figures[0]?.values.map(({ stage }) => stage) ?? [];
  const rows = figures.map(
    ({ figure, unit, values }) =>
      `| ${figure} | ${values.map(({ value }) => cell(value, unit)).join(" | ")} |`,
  );
  return [`| figure | ${names.join(" | ")} |`, `|---|${names.map(() => "---:|").join("")}`, ...rows].join(
    "\n",
  );
}

function aimTable({ claims }: PhasesReport): string {
  const rows = claims.flatMap((claim) =>
    claim.figures.map(
      ({ figure, aim, verdict }) => `| ${claim.improvement} | ${figure} | ${aim} | ${verdict} |`,
    ),
  );
  return ["| promise | figure | aim | |", "|---|---|---|---|", ...rows].join("\n");
}
