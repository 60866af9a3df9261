/**
 * Owns how one violation reads, on the screen and in the page: expected, actual, because, steps, request, replay, what
 * came over sockets, and a diagram of who asked what where more than one did.
 * Refuses to choose colours.
 */

import type { RuleViolation, ShownExchange, ViolationEvidence } from "./conformance-result.ts";
import { fold } from "./fold.ts";
import { cut, labelled } from "./layout.ts";
import type { Diagram } from "./space-time.ts";
import { diagramOfExchanges, type ExchangeStep } from "./space-time-exchanges.ts";
import { renderDiagramText } from "./space-time-text.ts";

const INDENT = 14;
const TOLD_LINES_MAX = 4;
/** Frames that are told; of more, the last: what is wrong is there. */
const FRAMES_SHOWN_MAX = 8;
/** Sockets; of more, the last. */
const SOCKETS_SHOWN_MAX = 3;
/** Exchanges of a diagram; of more, the last. */
const EXCHANGES_DRAWN_MAX = 10;
const KEY = /^\s*◆ edit/;

/** In the words of cli.md, with the diagram below. */
export function violationLines(
  violation: RuleViolation,
  { width }: { readonly width: number },
): readonly string[] {
  const { expected, actual, because, evidence, replay } = violation;
  const told = (label: string, text: string) =>
    labelled(`    ${label}`, cut(harmless(text), (width - INDENT) * TOLD_LINES_MAX), INDENT, width).flatMap(
      (line) => fold(line, INDENT, width),
    );
  const drawn = drawnExchanges(evidence, width - 4);
  return [
    ...told("expected", expected),
    ...told("actual", actual),
    ...(because === undefined ? [] : told("because", because)),
    ...told("steps", lastStepsText(evidence, (width - INDENT) * TOLD_LINES_MAX)),
    ...heardTexts(evidence).flatMap((text) => told("heard", text)),
    // For copying: not wrapped.
    `${"    request".padEnd(INDENT)}${harmless(evidence.request)}`,
    `${"    replay".padEnd(INDENT)}${replay}`,
    ...(drawn.length === 0 ? [] : ["", ...drawn.map((line) => `    ${line}`.trimEnd())]),
  ];
}

/** `3 (shrunk from 41): phone creates c1 · phone renames c1` */
export function stepsText({ steps, stepsFirst }: Pick<ViolationEvidence, "steps" | "stepsFirst">): string {
  return `${countText(steps.length, stepsFirst)}: ${steps.join(" · ")}`;
}

function countText(steps: number, first: number): string {
  return first > steps ? `${steps} (shrunk from ${first})` : String(steps);
}

/** The same with the first steps left out, where all have no room: what breaks a rule stands at the end. */
function lastStepsText({ steps, stepsFirst }: ViolationEvidence, charsMax: number): string {
  const whole = stepsText({ steps, stepsFirst });
  // Lines are wrapped between words: not all of their room is used.
  const room = charsMax * 0.85;
  if (whole.length <= room) return whole;
  let from = steps.length - 1;
  let length = (steps[from] ?? "").length + 40;
  while (from > 0) {
    length += (steps[from - 1] ?? "").length + 3;
    if (length > room) break;
    from--;
  }
  return `${countText(steps.length, stepsFirst)}: ${from} before · ${steps.slice(from).join(" · ")}`;
}

/** A text for each of the last sockets: whose it is, and what came over it. */
export function heardTexts({ heard = [] }: Pick<ViolationEvidence, "heard">): readonly string[] {
  const last = heard.slice(-SOCKETS_SHOWN_MAX);
  const before = heard.length - last.length;
  const told = last.map(({ by, path, frames, closeCode }) => {
    const shown = frames.slice(-FRAMES_SHOWN_MAX);
    const earlier = frames.length - shown.length;
    const parts = [
      ...(earlier > 0 ? [`${earlier} before`] : []),
      ...(shown.length === 0 ? ["nothing"] : shown),
      ...(closeCode === undefined ? [] : [`closed with ${closeCode}`]),
    ];
    return `${by} on ${path}: ${parts.join(" · ")}`;
  });
  return before > 0 ? [`${before} sockets before these`, ...told] : told;
}

/** Who asked what, as a diagram; undefined where one alone asked, one thing after the other. */
export function diagramOf(evidence: ViolationEvidence): Diagram | undefined {
  const shown = toldOf(evidence).slice(-EXCHANGES_DRAWN_MAX);
  const isAlone = new Set(shown.map(({ by }) => by)).size < 2;
  if (shown.length < 2 || (isAlone && !isTogether(shown))) return undefined;
  const last = shown.length - 1;
  return diagramOfExchanges(shown.map((one, at) => stepOf(one, at === last)));
}

/** The diagram in characters, side by side; nothing where there is none. */
export function drawnExchanges(evidence: ViolationEvidence, width: number): readonly string[] {
  const diagram = diagramOf(evidence);
  if (diagram === undefined) return [];
  const all = renderDiagramText(diagram, { width }).trimEnd().split("\n");
  // The key below is for histories: here are requests and answers alone.
  const keyAt = all.findIndex((line) => KEY.test(line));
  const lines = keyAt < 0 ? all : all.slice(0, keyAt);
  const before = toldOf(evidence).length - EXCHANGES_DRAWN_MAX;
  return before > 0 ? [`… ${before} before these`, ...lines] : lines;
}

function toldOf({ exchanges }: ViolationEvidence): readonly Told[] {
  return exchanges.flatMap(({ told }) => (told === undefined ? [] : [told]));
}

type Told = NonNullable<ShownExchange["told"]>;

/** Whether any was sent before the one ahead of it was answered. */
function isTogether(told: readonly Told[]): boolean {
  return told.some((one, at) => at > 0 && one.sentAtMs < (told[at - 1]?.answeredAtMs ?? one.sentAtMs));
}

function stepOf({ by, does, says, sentAtMs, answeredAtMs }: Told, violated: boolean): ExchangeStep {
  const answer =
    says === undefined
      ? ("lost" as const)
      : { label: says, ...(answeredAtMs === undefined ? {} : { atMs: answeredAtMs }) };
  return { actor: by, sentAtMs, label: does, answer, ...(violated ? { violated } : {}) };
}

/** What turns a line around or ends it stands as its escape, which JSON takes for the same character. */
function harmless(text: string): string {
  return text.replaceAll(
    /[\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g,
    (one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
