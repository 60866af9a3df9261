/**
 * Owns requests to a target: kept connections, a time-out, and the limits of what may be sent: in all, at once, a second.
 * Refuses to know the protocol beyond `Retry-After`.
 */

import { setTimeout as sleep } from "node:timers/promises";
import { Agent } from "undici";
import { SECOND_MS } from "../base/time.ts";
import type { HttpAnswer, HttpRequest, Outcome } from "../conformance/target.ts";

export interface TargetLimits {
  /** Requests that may be on their way at once. */
  readonly concurrency: number;
  readonly requestsPerSecond: number;
  /** In all. */
  readonly requestsMax: number;
  readonly timeoutMs: number;
}

/** How often a request is sent again after 429, and the longest that is waited each time. */
const AGAIN_MAX = 5;
const RETRY_AFTER_MS_MAX = 60_000;

/** The target cannot be asked: it is not there, or everything that may be sent was sent. */
export class NotAsked extends Error {
  override readonly name = "NotAsked";
  readonly why: "unreachable" | "budget";

  constructor(why: "unreachable" | "budget", message: string) {
    super(message);
    this.why = why;
  }
}

export class TargetHttp {
  /** Requests that left so far. */
  sent = 0;
  private readonly origin: string;
  private readonly prefix: string;
  private readonly limits: TargetLimits;
  private readonly agent: Agent;
  private onTheirWay = 0;
  private readonly queue: (() => void)[] = [];
  /** When the next request may leave. */
  private nextAtMs = 0;

  constructor(baseUrl: string, limits: TargetLimits) {
    const { origin, pathname } = new URL(baseUrl);
    this.origin = origin;
    this.prefix = pathname.replace(/\/$/, "");
    this.limits = limits;
    this.agent = new Agent({
      connections: limits.concurrency,
      pipelining: 1,
      headersTimeout: limits.timeoutMs,
      bodyTimeout: limits.timeoutMs,
      connect: { timeout: limits.timeoutMs },
    });
  }

  /** Sends a request, again after 429 as `Retry-After` asks. Rejects with NotAsked when it could not be sent at all. */
  async send(request: HttpRequest): Promise<Outcome> {
    for (let tries = 1; ; tries++) {
      await this.turn();
      const outcome = await this.attempt(request).finally(() => this.done());
      if (outcome.outcome !== "answered" || outcome.answer.status !== 429 || tries > AGAIN_MAX)
        return outcome;
      await sleep(retryAfterMs(outcome.answer));
    }
  }

  async close(): Promise<void> {
    await this.agent.destroy();
  }

  private async attempt({ method, path, headers, body }: HttpRequest): Promise<Outcome> {
    const sentAtMs = Date.now();
    try {
      const {
        statusCode,
        headers: got,
        body: stream,
      } = await this.agent.request({
        origin: this.origin,
        path: `${this.prefix}${path}`,
        method: method as "GET",
        headers: { ...headers },
        ...(body === undefined ? {} : { body }),
      });
      const text = await stream.text();
      const answer = { status: statusCode, headers: headersOf(got), text, json: parsed(text) };
      return { outcome: "answered", answer, sentAtMs, answeredAtMs: Date.now() };
    } catch (error) {
      const code = codeOf(error);
      if (UNREACHABLE.has(code))
        throw new NotAsked("unreachable", `${this.origin} cannot be reached: ${code}`);
      return { outcome: "indefinite", reason: code.includes("TIMEOUT") ? "timeout" : "broken", sentAtMs };
    }
  }

  /** Waits until one more may be sent. */
  private async turn(): Promise<void> {
    if (this.onTheirWay >= this.limits.concurrency)
      await new Promise<void>((resolve) => this.queue.push(resolve));
    else this.onTheirWay++;
    if (this.sent >= this.limits.requestsMax) {
      this.done();
      throw new NotAsked("budget", `the budget of ${this.limits.requestsMax} requests is spent`);
    }
    this.sent++;
    const now = performance.now();
    const atMs = Math.max(now, this.nextAtMs);
    this.nextAtMs = atMs + SECOND_MS / this.limits.requestsPerSecond;
    if (atMs > now + 1) await sleep(atMs - now);
  }

  private done(): void {
    const next = this.queue.shift();
    if (next) next();
    else this.onTheirWay--;
  }
}

const UNREACHABLE: ReadonlySet<string> = new Set([
  "ECONNREFUSED",
  "ENOTFOUND",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "EAI_AGAIN",
  "UND_ERR_CONNECT_TIMEOUT",
  "CERT_HAS_EXPIRED",
  "DEPTH_ZERO_SELF_SIGNED_CERT",
  "SELF_SIGNED_CERT_IN_CHAIN",
  "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
  "ERR_TLS_CERT_ALTNAME_INVALID",
]);

function codeOf(error: unknown): string {
  const { code, cause } = error as { readonly code?: unknown; readonly cause?: unknown };
  if (typeof code === "string") return code;
  return cause === undefined ? "UNKNOWN" : codeOf(cause);
}

/** `Retry-After` in seconds or as a date (RFC 9110, 10.2.3); a second when there is none. */
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
