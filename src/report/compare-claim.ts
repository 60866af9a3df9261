/**
 * Owns how a promise of the roadmap is judged by figures: before the phase that brings it on, after it, and with all.
 * Refuses to know the promises. A verdict is the outcome of an aim, and of nothing else.
 */

import type { Stage, StageName } from "./compare-stage.ts";
import { formatQuantity, type Unit } from "./numbers.ts";

export const CLAIM_VERDICTS = ["borne out", "partly", "not borne out", "not measured"] as const;
export type ClaimVerdict = (typeof CLAIM_VERDICTS)[number];

/** What a figure must come to; `limit` of `times` is a share of what it was before. */
export interface Aim {
  readonly aim: "at most" | "at least" | "times";
  readonly limit: number;
}

/** One figure that shows a promise. */
export interface ClaimFigure {
  readonly figure: string;
  readonly unit: Unit;
  readonly better: "lower" | "higher";
  readonly aim: Aim;
  /** Null where there was nothing to measure. */
  readonly value: (stage: Stage) => number | null;
}

/** One row of a "Why This Improves the App" table. */
export interface Claim {
  readonly phase: 1 | 2 | 3 | 4 | 5;
  readonly improvement: string;
  readonly benefit: string;
  readonly figures: readonly ClaimFigure[];
  /** Why the figures are as they are, where they do not bear the promise out; of the stages after it and with all phases. */
  readonly why: (after: Stage, all: Stage, before: Stage) => string;
}

export interface JudgedFigure {
  readonly figure: string;
  readonly unit: Unit;
  readonly better: "lower" | "higher";
  readonly aim: string;
  readonly today: number | null;
  readonly before: number | null;
  readonly after: number | null;
  readonly all: number | null;
  readonly verdict: ClaimVerdict;
}

export interface JudgedClaim {
  readonly phase: number;
  readonly improvement: string;
  readonly benefit: string;
  /** The stages that are held against each other. */
  readonly stages: { readonly before: StageName; readonly after: StageName };
  readonly figures: readonly JudgedFigure[];
  readonly verdict: ClaimVerdict;
  /** Where it is not borne out. */
  readonly why?: string;
}

/** What counts as an improvement: a tenth of what it was before, or of what was missing to the whole. */
const IMPROVED_BY = 0.1;

/** Judges a promise on the six stages, in order. */
export function judgeClaim(claim: Claim, stages: readonly Stage[]): JudgedClaim {
  const [before, after] = [stages[claim.phase - 1], stages[claim.phase]] as readonly [Stage, Stage];
  const [today, all] = [stages[0], stages.at(-1)] as readonly [Stage, Stage];
  const figures = claim.figures.map((spec) => judgeFigure(spec, { today, before, after, all }));
  const verdict = together(figures.map((figure) => figure.verdict));
  const { phase, improvement, benefit } = claim;
  return {
    phase,
    improvement,
    benefit,
    stages: { before: before.name, after: after.name },
    figures,
    verdict,
    ...(verdict === "borne out" || verdict === "not measured"
      ? {}
      : { why: keptBefore(claim, figures) ?? claim.why(after, all, before) }),
  };
}

/** Why a promise is not owed to its phase: all that it says was so before. Undefined where that is not all there is to say. */
function keptBefore({ figures: specs, phase }: Claim, figures: readonly JudgedFigure[]): string | undefined {
  const kept = figures.every((judged, nth) => {
    const { before, after, all } = judged;
    const { aim } = specs[nth] as ClaimFigure;
    return before !== null && isMetBy(aim, before, [before, after, all]);
  });
  if (!kept) return undefined;
  const values = ({ before, after, unit }: JudgedFigure) =>
    `${formatQuantity(before ?? 0, unit)} before it, ${formatQuantity(after ?? 0, unit)} with it`;
  return `it came to its aim before phase ${phase} already: ${figures.map(values).join("; ")}.`;
}

interface Four {
  readonly today: Stage;
  readonly before: Stage;
  readonly after: Stage;
  readonly all: Stage;
}

function judgeFigure(spec: ClaimFigure, stages: Four): JudgedFigure {
  const { figure, unit, better, aim } = spec;
  const values = {
    today: spec.value(stages.today),
    before: spec.value(stages.before),
    after: spec.value(stages.after),
    all: spec.value(stages.all),
  };
  return { figure, unit, better, aim: aimText(aim, unit), ...values, verdict: verdictOf(spec, values) };
}

/** Borne out: better than before, and at its aim, with its own phase and with all. One of the two is partly. */
function verdictOf(
  { better, aim, unit }: ClaimFigure,
  { before, after, all }: Pick<JudgedFigure, "before" | "after" | "all">,
): ClaimVerdict {
  if (before === null || after === null || all === null) return "not measured";
  // What came to its aim before already is not owed to the phase.
  const improved = !isMetBy(aim, before, [before]) && isImproved(before, after, better, unit);
  const meets = isMet(aim, before, after) && isMet(aim, before, all);
  if (improved && meets) return "borne out";
  return improved || (meets && aim.aim !== "times") ? "partly" : "not borne out";
}

function isImproved(before: number, after: number, better: "lower" | "higher", unit: Unit): boolean {
  if (better === "lower") return after <= before * (1 - IMPROVED_BY) && after < before;
  // Of a share, what counts is what was missing to the whole.
  if (unit === "share") return 1 - after <= (1 - before) * (1 - IMPROVED_BY) && after > before;
  return after >= before * (1 + IMPROVED_BY) && after > before;
}

/** An aim that does not move with what was before, by all of these. */
function isMetBy(aim: Aim, before: number, values: readonly (number | null)[]): boolean {
  return aim.aim !== "times" && values.every((value) => value !== null && isMet(aim, before, value));
}

function isMet({ aim, limit }: Aim, before: number, value: number): boolean {
  if (aim === "at most") return value <= limit;
  return aim === "at least" ? value >= limit : value <= before * limit;
}

function aimText({ aim, limit }: Aim, unit: Unit): string {
  if (aim !== "times") return `${aim} ${formatQuantity(limit, unit)}`;
  return limit === 1 ? "no more than before" : `at most ${formatQuantity(limit, "share")} of before`;
}

/** Several figures of one promise: all borne out, or none at all, or partly. */
function together(verdicts: readonly ClaimVerdict[]): ClaimVerdict {
  const known = verdicts.filter((verdict) => verdict !== "not measured");
  const [first] = known;
  if (first === undefined) return "not measured";
  return known.every((verdict) => verdict === first) ? first : "partly";
}
