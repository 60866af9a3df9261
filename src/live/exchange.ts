/**
 * Owns one HTTP exchange from its bytes to its bytes: which call it is, whether its account may make it now, the
 * answer, and what is told of it to metrics and logs.
 * Refuses to know which server it came through.
 */

import { COLLECTION_OF, type Entity } from "../protocol/entity.ts";
import type { ErrorCode } from "../protocol/errors.ts";
import type { Answer, Call, Request } from "../protocol/request.ts";
import { type HttpAnswer, writeHttp } from "../proxy/http-answer.ts";
import { type Headers, parseBody, readHttp } from "../proxy/http-border.ts";
import { answerOf, refusal } from "../proxy/reply.ts";
import type { Clock } from "./clock.ts";
import { textOfBody } from "./http-bytes.ts";
import { type BorderLimits, Rates } from "./limits.ts";
import type { SyncService } from "./service.ts";
import { verifyWebhook, type WebhookSecret } from "./webhook-signature.ts";

/** A request with its body read. */
export interface Incoming {
  readonly method: string;
  /** As it stands in the request line, with the query. */
  readonly target: string;
  readonly headers: Headers;
  readonly body: Buffer | undefined;
  /** Why the body was not read: larger than `bodyBytesMax` [API-3], or broken off. */
  readonly fault?: "too_large" | "broken";
}

/** An answer, ready to be sent. */
export interface Answered {
  readonly http: HttpAnswer;
  /** Of the body, as UTF-8. */
  readonly bytes: number;
  readonly route: string;
}

/** What may be told of an exchange: no token, no id, no payload. */
export interface Exchanged {
  readonly route: string;
  readonly request: Request | undefined;
  readonly answer: Answer;
  readonly status: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
  /** From the whole request to its answer, durable. */
  readonly seconds: number;
}

export interface ExchangeOptions {
  readonly service: SyncService;
  readonly clock: Clock;
  limits(): BorderLimits;
  /** Empty: webhooks are not served. */
  readonly webhookSecrets: readonly WebhookSecret[];
  /** Told of each exchange when its answer is ready. */
  exchanged?(exchanged: Exchanged): void;
}

const WEBHOOK_PATH = "/api/webhooks/zeke";

export class Exchange {
  private readonly options: ExchangeOptions;
  private readonly rates: Rates;

  constructor(options: ExchangeOptions) {
    this.options = options;
    this.rates = new Rates(options.clock);
  }

  get bodyBytesMax(): number {
    return this.options.service.config.limits.bodyBytesMax;
  }

  /** Longer bodies are not read to their end; a planted border sees those that are somewhat too long, too. */
  get bodyBytesRead(): number {
    return this.options.service.planted === undefined
      ? this.bodyBytesMax
      : PLANTED_BODY_FACTOR * this.bodyBytesMax;
  }

  /** Answers a request; never rejects. */
  async answer(incoming: Incoming): Promise<Answered> {
    const beganAt = performance.now();
    const request = this.isWebhook(incoming) ? undefined : this.read(incoming);
    const answer = await (request === undefined ? this.webhook(incoming) : this.call(request));
    const http = (this.options.service.planted?.writeHttp ?? writeHttp)(answer);
    const bytes = http.body === undefined ? 0 : Buffer.byteLength(http.body);
    const route = request === undefined ? `POST ${WEBHOOK_PATH}` : routeOf(request.call);
    this.options.exchanged?.({
      route,
      request,
      answer,
      status: http.status,
      bytesIn: incoming.body?.length ?? 0,
      bytesOut: bytes,
      seconds: (performance.now() - beganAt) / 1_000,
    });
    return { http, bytes, route };
  }

  private read(incoming: Incoming): Request {
    const { method, target: path, headers, body: bytes } = incoming;
    const body = bytes === undefined || bytes.length === 0 ? undefined : textOfBody(bytes);
    const read = this.options.service.planted?.readHttp ?? readHttp;
    const request = read({ method, path, headers, body }, this.bodyBytesMax);
    if (request.call.call === "unreadable" && request.call.code === "not_found") return request;
    if (incoming.fault === "broken") return unreadable(request, "invalid_request", "the body is not whole");
    if (incoming.fault === "too_large") {
      return unreadable(request, "payload_too_large", `a body has at most ${this.bodyBytesMax} bytes`);
    }
    if (body === undefined && bytes !== undefined && bytes.length > 0) {
      return unreadable(request, "invalid_request", NOT_UTF8.fault);
    }
    return request;
  }

  private call(request: Request): Promise<Answer> | Answer {
    const { service, clock, limits } = this.options;
    const account = service.accountOf(request.token);
    const waitMs =
      account === undefined ? undefined : this.rates.take(account, limits().requestsPerSecondMax);
    if (waitMs === undefined) return service.answer(request);
    return answerOf({ ...TOO_MANY, retryAfterMs: waitMs }, clock.nowMs(), false);
  }

  private isWebhook({ method, target }: Incoming): boolean {
    if (this.options.webhookSecrets.length === 0 || method !== "POST") return false;
    return target === WEBHOOK_PATH || target.startsWith(`${WEBHOOK_PATH}?`);
  }

  /** [WHK-2] the signature before all else; it is of the bytes that came. */
  private async webhook(incoming: Incoming): Promise<Answer> {
    const { service, clock, webhookSecrets: secrets } = this.options;
    const nowMs = clock.nowMs();
    if (incoming.fault === "too_large") {
      return refused("payload_too_large", `a body has at most ${this.bodyBytesMax} bytes`, nowMs);
    }
    const { headers, body = NO_BODY } = incoming;
    const verdict = verifyWebhook({
      secrets,
      id: headers.get("webhook-id"),
      timestamp: headers.get("webhook-timestamp"),
      signature: headers.get("webhook-signature"),
      body,
      nowMs,
      ...(service.planted?.isGenuine && { isGenuine: service.planted.isGenuine }),
    });
    if (verdict !== "good") return refused("unauthorized", "the signature is not good", nowMs);
    const text = textOfBody(body);
    const parsed = text === undefined ? NOT_UTF8 : parseBody(text);
    if ("fault" in parsed) return refused("invalid_request", parsed.fault, nowMs);
    return service.webhook({ id: headers.get("webhook-id") ?? "", body: parsed.value });
  }
}

const PLANTED_BODY_FACTOR = 8;
const NO_BODY = Buffer.alloc(0);
const NOT_UTF8 = { fault: "the body is not UTF-8" } as const;
const TOO_MANY = refusal("rate_limited", "too many calls of this account");

function refused(code: ErrorCode, message: string, nowMs: number): Answer {
  return answerOf(refusal(code, message), nowMs, false);
}

/** The same request, but its call is one that the engine refuses, after it has looked at the token [SEC-1]. */
function unreadable(
  request: Request,
  code: Extract<Call, { readonly call: "unreadable" }>["code"],
  message: string,
): Request {
  return { ...request, call: { call: "unreadable", code, message } };
}

/** The route of a call, as metrics and logs name it: no ids in it. */
function routeOf(call: Call): string {
  switch (call.call) {
    case "list":
      return LISTS[call.collection];
    case "read":
    case "create":
    case "update":
    case "delete":
      return RECORDS[call.entity][call.call];
    default:
      return ROUTES[call.call];
  }
}

function recordRoutes(entity: Entity): Readonly<Record<"read" | "create" | "update" | "delete", string>> {
  const path = `/api/${COLLECTION_OF[entity]}`;
  return {
    read: `GET ${path}/{id}`,
    create: `POST ${path}`,
    update: `PATCH ${path}/{id}`,
    delete: `DELETE ${path}/{id}`,
  };
}

const RECORDS = { contact: recordRoutes("contact"), task: recordRoutes("task"), list: recordRoutes("list") };
const LISTS = { contacts: "GET /api/contacts", tasks: "GET /api/tasks", lists: "GET /api/lists" };

const ROUTES = {
  batch: "POST /api/sync/batch",
  changes: "GET /api/sync/changes",
  capabilities: "GET /api/sync/capabilities",
  push_register: "POST /api/push/register",
  push_topics: "PUT /api/push/topics",
  push_unregister: "DELETE /api/push/register",
  unreadable: "other",
} as const satisfies Partial<Record<Call["call"], string>>;

const PROTOCOL_PATH = /^\/api\/(?:contacts|tasks|lists|sync|push|webhooks\/zeke)(?:[/?]|$)/;

/** Whether the protocol says anything of this path: else it is some other part of the server's. */
export function isProtocolPath(target: string): boolean {
  return PROTOCOL_PATH.test(target);
}
