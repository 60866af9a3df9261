/**
 * Owns how a broken plan is told on a terminal: rule, expected, actual, because, steps, where to replay it, the diagram.
 * Refuses to know how it was found.
 */

import type { Violation } from "../checkers/port.ts";
import type { Counterexample } from "../exploration/counterexample.ts";
import { brokenRules, type JudgedPlan, judgePlan } from "../exploration/judge-plan.ts";
import { partsOf } from "../exploration/run-job.ts";
import { tellPlan } from "../exploration/tell-plan.ts";
import { ruleById } from "../protocol/rules/registry.ts";
import { labelled, type Paint, wrap } from "../report/layout.ts";
import type { Diagram } from "../report/space-time.ts";
import { diagramOf } from "../report/space-time-history.ts";
import { renderDiagramText } from "../report/space-time-text.ts";

const INDENT = 14;
/** Steps that are told before the rest is counted. */
const STEPS_MAX = 12;

export interface TellOptions {
  readonly width: number;
  readonly paint: Paint;
}

/** What is to be told of one broken rule. */
export interface Tale {
  readonly rule: string;
  readonly expected: string;
  readonly actual: string;
  readonly because: string;
  readonly steps: readonly string[];
  /** Actions of the plan that showed it first. */
  readonly from: number;
  /** Further lines, by label, between the steps and the diagram. */
  readonly more: readonly (readonly [label: string, text: string])[];
  readonly diagram: Diagram | undefined;
}

/** The tale in lines. */
export function tell(tale: Tale, { width, paint }: TellOptions): readonly string[] {
  const rule = ruleById(tale.rule);
  const heading = `${tale.rule}  ${rule?.level ?? ""}  `;
  const [text = "", ...hanging] = wrap(
    `${rule?.text ?? ""} · phase ${rule?.phase ?? "?"}`,
    Math.max(20, width - heading.length - 2),
  );
  const row = (label: string, words: string): readonly string[] =>
    labelled(`    ${label}`, words, INDENT, width);
  return [
    `${paint.bad("✗")} ${paint.bold(heading)}${text}`,
    ...hanging.map((line) => `${" ".repeat(heading.length + 2)}${line}`),
    ...row("expected", tale.expected),
    ...row("actual", tale.actual),
    ...row("because", tale.because),
    ...row("steps", tellSteps(tale)),
    // Commands are for copying: they are not wrapped.
    ...tale.more.flatMap(([label, words]) =>
      label === "replay" ? [`    ${label}`.padEnd(INDENT) + words] : row(label, words),
    ),
    ...(tale.diagram === undefined ? [] : ["", ...diagramLines(tale.diagram, width)]),
  ];
}

function tellSteps({ steps, from }: Tale): string {
  if (steps.length === 0) return `none (shrunk from ${from}): it is enough that everybody comes back`;
  const told = steps.slice(0, STEPS_MAX);
  const rest = steps.length - told.length;
  const shrunk = from > steps.length ? ` (shrunk from ${from})` : "";
  return `${steps.length}${shrunk}: ${told.join(" · ")}${rest > 0 ? ` · ${rest} more` : ""}`;
}

function diagramLines(diagram: Diagram, width: number): readonly string[] {
  return renderDiagramText(diagram, { width }).trimEnd().split("\n");
}

/** A counterexample played again, with all that a tale of it needs. */
export interface Played {
  readonly judged: JudgedPlan;
  readonly steps: readonly string[];
  /** The rule's first violation; undefined when it holds. */
  readonly violation: Violation | undefined;
  readonly diagram: Diagram | undefined;
}

/** Plays a counterexample for telling; its rule, or `rule` instead. */
export function playFor(example: Pick<Counterexample, "plan" | "rule" | "fault">): Played {
  const judged = judgePlan(example.plan, { parts: partsOf(example.fault), keepFacts: true });
  return { judged, ...seenIn(judged, example) };
}

/** Steps, violation and diagram of a run that kept its facts. */
export function seenIn(
  judged: JudgedPlan,
  { plan, rule }: Pick<Counterexample, "plan" | "rule">,
): Omit<Played, "judged"> {
  const nameOf = (device: number): string => judged.roster.devices[device]?.name ?? `device ${device}`;
  const violation = brokenRules(judged).get(rule);
  const diagram = violation && diagramOf(judged.facts, violation, judged.roster);
  return { steps: tellPlan(plan, nameOf), violation, diagram };
}
