/**
 * Owns the mapping of answers to HTTP: status, headers, JSON text.
 * Refuses to know what is answered.
 */

import { DAY_MS, type EpochMs, formatInstant, SECOND_MS } from "../base/time.ts";
import type { Answer } from "../protocol/request.ts";

export interface HttpAnswer {
  readonly status: number;
  /** Header names are lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** undefined: none (304). */
  readonly body: string | undefined;
}

const DAYS = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"] as const;
const MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(" ");

/** An answer as HTTP has it. */
export function writeHttp(answer: Answer): HttpAnswer {
  const { etag, location, retryAfterSeconds, replayed, dateMs } = answer.headers;
  // Every answer is one account's, and true for a moment only.
  const headers: Record<string, string> = { "cache-control": "private, no-cache" };
  if (answer.body !== null) headers["content-type"] = "application/json; charset=utf-8";
  if (etag !== undefined) headers.etag = etag;
  if (location !== undefined) headers.location = location;
  if (retryAfterSeconds !== undefined) headers["retry-after"] = String(retryAfterSeconds);
  if (replayed) headers["idempotency-replayed"] = "true";
  if (dateMs !== undefined) headers.date = httpDate(dateMs);
  if (answer.status === 401) headers["www-authenticate"] = "Bearer";
  return {
    status: answer.status,
    headers,
    body: answer.body === null ? undefined : JSON.stringify(answer.body),
  };
}

/** An instant as HTTP writes it (RFC 9110, IMF-fixdate), for instance `Sun, 06 Nov 1994 08:49:37 GMT`. */
export function httpDate(atMs: EpochMs): string {
  const second = Math.floor(atMs / SECOND_MS);
  if (second !== lastDate.second) lastDate = { second, text: dateText(atMs) };
  return lastDate.text;
}

/** Answers of one second share its text. */
let lastDate = { second: Number.NaN, text: "" };

function dateText(atMs: EpochMs): string {
  const [year = "", month = "", rest = ""] = formatInstant(atMs).split("-");
  const weekday = DAYS[Math.floor(atMs / DAY_MS) % 7] as string;
  const monthName = MONTHS[Number(month) - 1] as string;
  return `${weekday}, ${rest.slice(0, 2)} ${monthName} ${year} ${rest.slice(3, 11)} GMT`;
}
