/**
 * Owns the mapping of answers to HTTP: status, headers, JSON text.
 * Refuses to know what is answered.
 */

import { DAY_MS, type EpochMs, formatInstant } from "../base/time.ts";
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
  const headers: Record<string, string> = {
    // Every answer is one account's, and true for a moment only.
    "cache-control": "private, no-cache",
    ...(answer.body === null ? undefined : { "content-type": "application/json; charset=utf-8" }),
    ...(etag === undefined ? undefined : { etag }),
    ...(location === undefined ? undefined : { location }),
    ...(retryAfterSeconds === undefined ? undefined : { "retry-after": String(retryAfterSeconds) }),
    ...(replayed ? { "idempotency-replayed": "true" } : undefined),
    ...(dateMs === undefined ? undefined : { date: httpDate(dateMs) }),
    ...(answer.status === 401 ? { "www-authenticate": "Bearer" } : undefined),
  };
  return {
    status: answer.status,
    headers,
    body: answer.body === null ? undefined : JSON.stringify(answer.body),
  };
}

/** An instant as HTTP writes it (RFC 9110, IMF-fixdate), for instance `Sun, 06 Nov 1994 08:49:37 GMT`. */
export function httpDate(atMs: EpochMs): string {
  const [year = "", month = "", rest = ""] = formatInstant(atMs).split("-");
  const weekday = DAYS[Math.floor(atMs / DAY_MS) % 7] as string;
  const monthName = MONTHS[Number(month) - 1] as string;
  return `${weekday}, ${rest.slice(0, 2)} ${monthName} ${year} ${rest.slice(3, 11)} GMT`;
}
