/**
 * Owns how an example of a rule reads on a terminal: the same few requests where they pass and where a planted fault makes
 * them fail.
 * Refuses to choose colours.
 */

import type { HeardSocket, RuleViolation } from "./conformance-result.ts";
import { heardTexts } from "./conformance-violation.ts";
import { fold } from "./fold.ts";
import { cut, labelled, type Paint } from "./layout.ts";

/** The same history twice. */
export interface RuleExample {
  readonly probe: string;
  readonly fault: string;
  /** What the fault does, and where such a thing was seen. */
  readonly faultText: string;
  readonly passes: Play;
  readonly fails: Play & Pick<RuleViolation, "expected" | "actual" | "because">;
}

/** The last exchanges of a run. */
export interface Play {
  /** Exchanges before those. */
  readonly before: number;
  readonly exchanges: readonly PlayedExchange[];
  readonly heard: readonly HeardSocket[];
  /** What reached the push sink. */
  readonly pushed: readonly string[];
}

export interface PlayedExchange {
  readonly by: string;
  /** `PATCH /api/contacts/c1` */
  readonly request: string;
  /** Those that matter to rules. */
  readonly headers: readonly string[];
  readonly sent?: string;
  /** `200 …0b` */
  readonly brief: string;
  readonly status: string;
  /** Headers that matter to rules, and the body. */
  readonly answer: string;
}

const INDENT = 14;
const DEEPER = 8;
const LINES_MAX = 2;
const LAST_LINES_MAX = 4;
const PUSHES_MAX = 6;
/** What is shown of a body before the place where the two differ. */
const LEAD_CHARS = 60;

interface Options {
  readonly width: number;
  readonly paint: Paint;
}

/** In lines, each no wider than it has to be. */
export function ruleExampleLines(example: RuleExample, { width, paint }: Options): readonly string[] {
  const { probe, fault, faultText, passes, fails } = example;
  const told = (label: string, text: string) =>
    labelled(`    ${label}`, cut(text, (width - INDENT) * LAST_LINES_MAX), INDENT, width).flatMap((line) =>
      fold(line, INDENT, width),
    );
  const heard = { ...passes, heard: passes.heard.slice(0, fails.heard.length) };
  return [
    `  ${paint.good("passes")}  ${paint.dim(`${probe}, against the reference`)}`,
    ...playLines(heard, fails, width),
    "",
    `  ${paint.bad("fails")}   ${paint.dim(`with the planted fault ${fault}`)}`,
    ...labelled("", faultText, 10, width).map((line) => paint.dim(line)),
    ...playLines(fails, passes, width, "the same"),
    ...told("expected", fails.expected),
    ...told("actual", fails.actual),
    ...(fails.because === undefined ? [] : told("because", fails.because)),
  ];
}

/** `same`: exchanges that the other has, too, are counted and not told again, but for the last. */
function playLines(play: Play, other: Play, width: number, same?: string): readonly string[] {
  const { before, exchanges, heard, pushed } = play;
  const last = exchanges.length - 1;
  const isSame = (one: PlayedExchange, at: number) => isAlike(one, other.exchanges[at]);
  const shown = exchanges.filter((one, at) => same === undefined || at === last || !isSame(one, at));
  const hidden = before + exchanges.length - shown.length;
  const more = pushed.length - PUSHES_MAX;
  const sink = [...pushed.slice(0, PUSHES_MAX), ...(more > 0 ? [`${more} more`] : [])].join(" · ");
  return [
    ...(hidden === 0 ? [] : [`    … ${hidden} before${same === undefined ? "" : `, ${same}`}`]),
    ...shown.flatMap((one) => {
      const at = exchanges.indexOf(one);
      return exchangeLines(one, isSame(one, at) ? undefined : other.exchanges[at], width);
    }),
    ...heardTexts({ heard }).flatMap((text) => folded("    heard: ", text, LAST_LINES_MAX, width)),
    ...(pushed.length === 0 ? [] : folded("    pushed: ", sink, LAST_LINES_MAX, width)),
  ];
}

function isAlike(one: PlayedExchange, other: PlayedExchange | undefined): boolean {
  return (
    one.request === other?.request &&
    one.sent === other.sent &&
    one.status === other.status &&
    one.answer === other.answer
  );
}

/** The body is shown where the other run was answered otherwise. */
function exchangeLines(
  { by, request, headers, sent, brief, status, answer }: PlayedExchange,
  other: PlayedExchange | undefined,
  width: number,
): readonly string[] {
  const asked = [request, ...headers, ...(sent === undefined ? [] : [sent])].join("  ");
  const isOther = other !== undefined && other.request === request;
  return [
    ...folded(`    ${by}: `, asked, LINES_MAX, width),
    ...folded(
      "      → ",
      isOther ? `${status} ${part(answer, other.answer)}`.trimEnd() : brief,
      LAST_LINES_MAX,
      width,
    ),
  ];
}

/** The part of a text from a little before the place where it differs from another. */
function part(text: string, other: string): string {
  let at = 0;
  while (at < text.length && text[at] === other[at]) at++;
  return at <= LEAD_CHARS ? text : `…${text.slice(at - LEAD_CHARS)}`;
}

/** Wrapped where a word or a member of JSON ends, as far as one does. */
function folded(head: string, text: string, linesMax: number, width: number): readonly string[] {
  const room = Math.max(40, width - DEEPER);
  const line = cut(`${head}${text}`.replaceAll(/\p{Cc}/gu, "␦"), room * linesMax);
  return fold(line, DEEPER, width);
}
