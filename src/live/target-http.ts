/**
 * Owns requests to a target over HTTP: kept connections, a time-out, the answer as text and as JSON, `Retry-After`
 * obeyed, and whether the target is there at all.
 * Refuses to know the rest of the protocol, and to follow redirects: a target is where its address says.
 */

import { setTimeout as sleep } from "node:timers/promises";
import { Agent } from "undici";
import { SECOND_MS } from "../base/time.ts";
import type { HttpAnswer, HttpRequest, Outcome } from "../conformance/target.ts";
import { type TargetLimits, Throttle } from "./throttle.ts";

/** How often a request is sent again after 429 or 503, and the longest that is waited each time. */
const AGAIN_MAX = 5;
const RETRY_AFTER_MS_MAX = 60_000;
/** A connection that was refused is tried again so often: a target that is restarted is not lost. */
const CONNECTS_MAX = 3;
const CONNECT_AGAIN_MS = 250;
/** So many requests one after the other without an answer: it is gone. */
const UNANSWERED_MAX = 12;

/** The target is not there. */
export class Unreachable extends Error {
  override readonly name = "Unreachable";
}

export class TargetHttp {
  readonly throttle: Throttle;
  /** How often the target asked for patience, and was given it [API-7]. */
  asked = 0;
  private readonly origin: string;
  private readonly prefix: string;
  private readonly agent: Agent;
  private unanswered = 0;

  constructor(baseUrl: string, limits: TargetLimits) {
    const { origin, pathname } = new URL(baseUrl);
    this.origin = origin;
    this.prefix = pathname.replace(/\/$/, "");
    this.throttle = new Throttle(limits);
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
      const waitMs = outcome.outcome === "answered" ? askedToWaitMs(outcome.answer) : undefined;
      if (waitMs === undefined || tries > AGAIN_MAX) return outcome;
      this.asked++;
      this.throttle.quiet(waitMs);
    }
  }

  async close(): Promise<void> {
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
          if (++this.unanswered >= UNANSWERED_MAX)
            throw new Unreachable(`${this.origin} does not answer any more`);
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
    const text = await answered.body.text();
    return { status: answered.statusCode, headers: headersOf(answered.headers), text, json: parsed(text) };
  }
}

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
export function retryAfterMs({ headers }: Pick<HttpAnswer, "headers">): number {
  const text = headers.get("retry-after") ?? "";
  const ms = /^\d+$/.test(text) ? Number(text) * SECOND_MS : Date.parse(text) - Date.now();
  return Number.isFinite(ms) ? Math.min(Math.max(ms, 0), RETRY_AFTER_MS_MAX) : SECOND_MS;
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
