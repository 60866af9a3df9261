/**
 * Owns requests to a target over HTTP: kept connections, a time-out, the answer as text and as JSON, `Retry-After`
 * obeyed, and whether the target is there at all.
 * Refuses to know the rest of the protocol, and to follow redirects: a target is where its address says.
 */

import { setTimeout as sleep } from "node:timers/promises";
import { Agent } from "undici";
import { formatDuration, SECOND_MS } from "../base/time.ts";
import type { HttpAnswer, HttpRequest, Outcome } from "../conformance/target.ts";
import { MEBIBYTE, readBody } from "./answer-body.ts";
import { type TargetLimits, Throttle } from "./throttle.ts";

/** Longer answers are broken off: no listing of a system for tests is as long, and memory has an end. */
const BODY_BYTES_MAX = 64 * MEBIBYTE;
/** How often a request is sent again after 429 or 503, and the longest that is waited each time; more ends the run. */
const AGAIN_MAX = 5;
const RETRY_AFTER_MS_MAX = 60_000;
/** A connection that was refused is tried again so often: a target that is restarted is not lost. */
const CONNECTS_MAX = 3;
const CONNECT_AGAIN_MS = 250;
/** So many requests one after the other without an answer: it is gone. */
const UNANSWERED_MAX = 12;

/** What a reader is told of a request that was broken off, where more is known than that. */
const BROKEN_OFF: ReadonlyMap<string, string> = new Map([
  ["UND_ERR_HEADERS_OVERFLOW", "it sends headers of more than 16 KiB"],
  ["HPE_HEADER_OVERFLOW", "it sends headers of more than 16 KiB"],
  ["ERR_BODY_TOO_LARGE", `it sends a body of more than ${BODY_BYTES_MAX / MEBIBYTE} MiB`],
  ["ERR_BODY_ENCODING", "it sends a body that is not encoded as its content-encoding says"],
  ["UND_ERR_RES_CONTENT_LENGTH_MISMATCH", "it sends another number of bytes than its content-length says"],
]);

/** The target is not there. */
export class Unreachable extends Error {
  override readonly name = "Unreachable";
}

/** Told when the target asked for quiet, with 429 or 503, and is given so many milliseconds of it. */
export type Quieted = (ms: number, status: number) => void;

export class TargetHttp {
  readonly throttle: Throttle;
  readonly timeoutMs: number;
  /** How often the target asked for patience, and was given it [API-7]. */
  asked = 0;
  /** How much longer the target is given that patience in all. */
  patienceMsLeft = Number.POSITIVE_INFINITY;
  /** Why the last request that was not answered was not, where that is known. */
  trouble: string | undefined;
  private readonly origin: string;
  private readonly prefix: string;
  private readonly agent: Agent;
  private readonly quieted: Quieted;
  private unanswered = 0;

  constructor(baseUrl: string, limits: TargetLimits, quieted: Quieted = () => undefined) {
    this.quieted = quieted;
    const { origin, pathname } = new URL(baseUrl);
    this.origin = origin;
    this.prefix = pathname.replace(/\/$/, "");
    this.throttle = new Throttle(limits);
    this.timeoutMs = limits.timeoutMs;
    this.agent = new Agent({
      connections: limits.concurrency,
      pipelining: 1,
      headersTimeout: limits.timeoutMs,
      bodyTimeout: limits.timeoutMs,
      connect: { timeout: limits.timeoutMs },
    });
  }

  /**
   * Sends a request; after 429 and 503 again, when `Retry-After` asks for it. Rejects with Unreachable when the target
   * is not there, with BudgetSpent when nothing more may be sent.
   */
  async send(request: HttpRequest): Promise<Outcome> {
    for (let tries = 1; ; tries++) {
      await this.throttle.turn();
      const outcome = await this.attempt(request).finally(() => this.throttle.done());
      const askedMs = outcome.outcome === "answered" ? askedToWaitMs(outcome.answer) : undefined;
      if (askedMs === undefined || tries > AGAIN_MAX || askedMs > this.patienceMsLeft) return outcome;
      // What asks for longer will not be there again in this run, and must not be asked meanwhile [API-7].
      if (askedMs > RETRY_AFTER_MS_MAX)
        throw new Unreachable(
          `${this.origin} asks to be left alone for ${formatDuration(Math.ceil(askedMs / SECOND_MS) * SECOND_MS)} (Retry-After): run again after that, or with a quota that is larger`,
        );
      const waitMs = askedMs;
      this.asked++;
      this.patienceMsLeft -= waitMs;
      // Those that were on their way at once are answered alike: whoever is told needs it once.
      const moreMs = this.throttle.quiet(waitMs);
      if (outcome.outcome === "answered" && moreMs > waitMs / 2) this.quieted(waitMs, outcome.answer.status);
    }
  }

  async close(): Promise<void> {
    this.throttle.end();
    await this.agent.destroy();
  }

  private async attempt(request: HttpRequest): Promise<Outcome> {
    for (let connects = 1; ; connects++) {
      const sentAtMs = Date.now();
      try {
        const answer = await this.exchange(request);
        this.unanswered = 0;
        return { outcome: "answered", answer, sentAtMs, answeredAtMs: Date.now() };
      } catch (error) {
        const code = codeOf(error);
        const why = UNREACHABLE.get(code) ?? (/CERT|TLS|SSL/.test(code) ? `TLS fails (${code})` : undefined);
        if (why !== undefined && connects >= CONNECTS_MAX)
          throw new Unreachable(`${this.origin} cannot be reached: ${why}`);
        if (why === undefined) {
          this.trouble = BROKEN_OFF.get(code) ?? (code.startsWith("HPE_") ? NO_HTTP : undefined);
          if (++this.unanswered >= UNANSWERED_MAX)
            throw new Unreachable(
              `${this.origin} does not answer any more: ${UNANSWERED_MAX} requests one after the other had no answer${this.trouble === undefined ? "" : `; ${this.trouble}`}`,
            );
          return { outcome: "indefinite", reason: code.includes("TIMEOUT") ? "timeout" : "broken", sentAtMs };
        }
      }
      await sleep(CONNECT_AGAIN_MS);
    }
  }

  private async exchange({ method, path, headers, body }: HttpRequest): Promise<HttpAnswer> {
    const answered = await this.agent.request({
      origin: this.origin,
      path: `${this.prefix}${path}`,
      method: method as "GET",
      headers: { ...headers },
      ...(body === undefined ? {} : { body }),
    });
    const text = await readBody(answered.body, answered.headers["content-encoding"], BODY_BYTES_MAX);
    return { status: answered.statusCode, headers: headersOf(answered.headers), text, json: parsed(text) };
  }
}

export const NO_HTTP = "what it sends is no HTTP";

/** Nothing was sent yet when one of these came. */
const UNREACHABLE: ReadonlyMap<string, string> = new Map([
  ["ECONNREFUSED", "the connection is refused (is it running, and is the port right?)"],
  ["ENOTFOUND", "there is no such host"],
  ["EAI_AGAIN", "the name of the host cannot be looked up"],
  ["EHOSTUNREACH", "there is no way to the host"],
  ["ENETUNREACH", "there is no way to its network"],
  ["UND_ERR_CONNECT_TIMEOUT", "nobody takes the connection"],
  ["CERT_HAS_EXPIRED", "its certificate has expired"],
  [
    "DEPTH_ZERO_SELF_SIGNED_CERT",
    "its certificate is signed by itself (NODE_EXTRA_CA_CERTS names a file to trust)",
  ],
  [
    "SELF_SIGNED_CERT_IN_CHAIN",
    "its certificate is not trusted here (NODE_EXTRA_CA_CERTS names a file to trust)",
  ],
  [
    "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
    "its certificate is not trusted here (NODE_EXTRA_CA_CERTS names a file to trust)",
  ],
  ["ERR_TLS_CERT_ALTNAME_INVALID", "its certificate is for another host"],
  ["EPROTO", "it does not speak TLS (is it http:// instead of https://?)"],
  ["ERR_SSL_WRONG_VERSION_NUMBER", "it does not speak TLS (is it http:// instead of https://?)"],
  ["ERR_SSL_PACKET_LENGTH_TOO_LONG", "it does not speak TLS (is it http:// instead of https://?)"],
]);

function codeOf(error: unknown): string {
  const { code, cause } = error as { readonly code?: unknown; readonly cause?: unknown };
  if (typeof code === "string") return code;
  return cause === undefined ? "UNKNOWN" : codeOf(cause);
}

/** How long a busy target asks to be left alone; undefined when it does not, or when it says so in no known form. */
function askedToWaitMs(answer: HttpAnswer): number | undefined {
  if (answer.status !== 429 && answer.status !== 503) return undefined;
  // [API-7] one that does not say how long goes to the judges as it is.
  return answer.headers.has("retry-after") ? retryAfterMs(answer) : undefined;
}

/** `Retry-After` in seconds or as a date (RFC 9110, 10.2.3); a second when it is neither. */
function retryAfterMs({ headers }: Pick<HttpAnswer, "headers">): number {
  const text = headers.get("retry-after") ?? "";
  const ms = /^\d+$/.test(text) ? Number(text) * SECOND_MS : Date.parse(text) - Date.now();
  return Number.isFinite(ms) ? Math.max(ms, 0) : SECOND_MS;
}

function headersOf(got: {
  readonly [name: string]: string | string[] | undefined;
}): ReadonlyMap<string, string> {
  const headers = new Map<string, string>();
  for (const [name, value] of Object.entries(got)) {
    if (value !== undefined) headers.set(name.toLowerCase(), Array.isArray(value) ? value.join(", ") : value);
  }
  return headers;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
