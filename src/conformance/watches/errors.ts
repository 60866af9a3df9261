/**
 * Owns the watch of errors: their shape, their codes, their Retry-After, and that they show nothing of the inside
 * [API-2, API-7, SEC-4].
 * Refuses to know whether an error was right: probes do.
 */

import { ERROR_CODES, ERRORS } from "../../protocol/errors.ts";
import { answerIn, shapeOf } from "../anatomy.ts";
import type { Desk, Exchange } from "../desk.ts";
import type { Violation } from "../probe.ts";
import { type Loose, looseOf, textOf } from "../reply.ts";
import type { HttpAnswer } from "../target.ts";
import type { Watch } from "../watch.ts";

/** What gateways in front of a target answer by themselves. */
const GATEWAY = new Set([502, 504]);

/** Statuses that the protocol gives codes for: no other text may stand there. */
const STATUSES = new Set(ERROR_CODES.map((code) => ERRORS[code].status));

/** Members of an error that hold what people wrote: paths and queries in them are theirs. */
const OF_PEOPLE = new Set(["serverData", "clientData", "stamps"]);

const INSIDES: readonly (readonly [what: string, pattern: RegExp])[] = [
  ["a stack", /(?:^|\n|\\n)\s*at .{1,200}[:(]\d+(?::\d+)?\)?/],
  ["a stack", /Traceback \(most recent call last\)|goroutine \d+ \[|panicked at |Caused by: /],
  ["a stack", /"(?:stack|stackTrace|trace)":\s*(?:"[^"]|\[)/],
  [
    "a file path",
    /(?:\/(?:usr|home|var|etc|opt|srv|root|tmp|Users|workspace|node_modules)\/|file:\/\/)[^\s"']/,
  ],
  ["a file path", /\b[A-Z]:\\{1,2}[\w.-]+\\/],
  ["a file path", /[\w-]\.(?:js|ts|mjs|cjs|py|rb|go|rs|java|kt|php|cs|ex):\d+/],
  [
    "a query",
    /\b(?:select\b.+\bfrom|insert\s+into|update\b.+\bset|delete\s+from)\b.+(?:\bwhere\b|\bvalues\b|=\s*(?:\$\d|\?))/i,
  ],
  ["a query", /SQLSTATE|SQLITE_[A-Z]{3,}|\bORA-\d{5}|\bER_[A-Z]+_|syntax error at or near|E11000 duplicate/],
];

export function watchErrors(): Watch {
  return {
    rules: ["API-2", "API-7", "SEC-4"],
    look(exchange, desk) {
      const answer = answerIn(exchange);
      if (answer === undefined || answer.status < 400 || GATEWAY.has(answer.status)) return undefined;
      return (
        ofInside(exchange, answer, desk) ??
        ofShape(exchange, answer, desk) ??
        ofRetryAfter(exchange, answer, desk)
      );
    },
  };
}

function ofInside({ ask }: Exchange, answer: HttpAnswer, desk: Desk): Violation | undefined {
  desk.exercise("SEC-4");
  const text = answer.json === undefined ? answer.text : JSON.stringify(ownMembers(looseOf(answer.json)));
  const sent = `${ask.http.path} ${ask.http.body ?? ""}`;
  for (const [what, pattern] of INSIDES) {
    const shown = pattern.exec(text)?.[0];
    // What was sent may be told back.
    if (shown === undefined || sent.includes(shown)) continue;
    const expected = `an error that shows no ${what.slice(2)}`;
    return {
      rule: "SEC-4",
      expected,
      actual: `${ask.label}: ${answer.status} with ${what}: ${shown.trim()}`,
    };
  }
  return undefined;
}

function ownMembers(body: Loose): Loose {
  return Object.fromEntries(Object.entries(body).filter(([name]) => !OF_PEOPLE.has(name)));
}

function ofShape({ ask }: Exchange, { status, json, text }: HttpAnswer, desk: Desk): Violation | undefined {
  const shape = shapeOf(ask.http);
  const says = `${ask.label}: ${status} ${text.slice(0, 200)}`;
  if (status >= 500 && status !== 503)
    return { rule: desk.failureBreaks, expected: "never a 5xx but 503", actual: says };
  // A wrong method, or a path that is none, may be refused by whatever stands in front.
  if (status === 405) return undefined;
  const { error, message } = looseOf(json);
  const code = textOf(error);
  if (code === undefined || textOf(message) === undefined)
    return { rule: "API-2", expected: `{"error": code, "message": text} with ${status}`, actual: says };
  const known = ERROR_CODES.find((one) => one === code);
  if (known !== undefined && ERRORS[known].status !== status)
    return { rule: "API-2", expected: `${ERRORS[known].status} with ${known}`, actual: says };
  if (known === undefined && STATUSES.has(status) && shape.kind !== "other")
    return { rule: "API-2", expected: `a code of the protocol with ${status}`, actual: says };
  return undefined;
}

function ofRetryAfter({ ask }: Exchange, { status, headers }: HttpAnswer, desk: Desk): Violation | undefined {
  if (status !== 429 && status !== 503) return undefined;
  desk.exercise("API-7");
  const retryAfter = headers.get("retry-after");
  const isDelay = /^\d+$/.test(retryAfter ?? "");
  const isDate = /^[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/.test(retryAfter ?? "");
  if (isDelay || isDate) return undefined;
  const expected = `Retry-After with ${status}: seconds, or an HTTP date`;
  return { rule: "API-7", expected, actual: `${ask.label}: ${retryAfter ?? "none"}` };
}
