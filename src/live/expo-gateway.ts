/**
 * Owns the calls to Expo's push service, through its SDK (section 8): one port call is one HTTP call, and whatever it
 * comes to is data.
 * Refuses to split, to coalesce and to retry: the outbox does. No token and no text of the provider's gets out of here.
 */

import { Expo } from "expo-server-sdk";
import { assert } from "../base/assert.ts";
import { HOUR_MS, SECOND_MS } from "../base/time.ts";
import type { PushMessage } from "../protocol/messages.ts";
import { RECEIPTS_MAX, SEND_MAX } from "../proxy/outbox.ts";
import type { PushCallResult, PushTicket } from "../proxy/port.ts";
import { CallTimeout, createExpoDispatcher } from "./expo-dispatcher.ts";
import type { PushFailure, PushGateway, ReceiptsCallResult } from "./push-gateway.ts";

export interface ExpoGatewayOptions {
  /** http or https, a path may follow. Absent: Expo's own. */
  readonly baseUrl?: string;
  /** For Expo projects with enhanced push security. */
  readonly accessToken?: string;
  /** For one call, from its first byte to the last of its answer. */
  readonly timeoutMs?: number;
  /** Told of every call that failed, for logs and metrics. */
  readonly onFailure?: (failure: PushFailure) => void;
  /** False where a fault is planted: a call that is too large leaves as it is, for others to judge [PSH-10]. */
  readonly isBounded?: boolean;
}

const TIMEOUT_MS_DEFAULT = 30 * SECOND_MS;
/** A provider that asks for more is not believed: pushes that old help nobody. */
export const RETRY_AFTER_MS_MAX = HOUR_MS;

/** The errors that Expo documents; any other is told as `Unknown`, so that no text of the provider's is passed on. */
const TICKET_ERRORS: ReadonlySet<string> = new Set([
  "DeveloperError",
  "DeviceNotRegistered",
  "ExpoError",
  "InvalidCredentials",
  "MessageRateExceeded",
  "MessageTooBig",
  "MismatchSenderId",
  "ProviderError",
]);

/** The gateway to Expo. Throws when `baseUrl` is no http or https URL. */
export function createExpoGateway(options: ExpoGatewayOptions): PushGateway {
  return new ExpoGateway(options);
}

class ExpoGateway implements PushGateway {
  private readonly expo: Expo;
  private readonly onFailure: (failure: PushFailure) => void;
  private readonly isBounded: boolean;

  constructor(options: ExpoGatewayOptions) {
    const { baseUrl, accessToken, timeoutMs = TIMEOUT_MS_DEFAULT, onFailure, isBounded = true } = options;
    this.isBounded = isBounded;
    this.onFailure = onFailure ?? (() => {});
    this.expo = new Expo({
      httpAgent: createExpoDispatcher(baseUrl === undefined ? undefined : parseBase(baseUrl), timeoutMs),
      ...(accessToken === undefined ? undefined : { accessToken }),
    });
  }

  async send(messages: readonly PushMessage[]): Promise<PushCallResult> {
    assert(!this.isBounded || messages.length <= SEND_MAX, "[PSH-10] a send call has at most 100 messages");
    try {
      const tickets = parseTickets(await this.expo.sendPushNotificationsAsync([...messages]));
      if (tickets !== undefined) return { result: "answered", tickets };
      this.onFailure({ call: "send", reason: "malformed" });
      return { result: "failed" };
    } catch (error) {
      const { failure, retryAfterMs } = describe("send", error);
      this.onFailure(failure);
      return { result: "failed", ...(retryAfterMs === undefined ? undefined : { retryAfterMs }) };
    }
  }

  async receipts(tickets: readonly string[]): Promise<ReceiptsCallResult> {
    assert(
      !this.isBounded || tickets.length <= RECEIPTS_MAX,
      "[PSH-10] a receipts call has at most 1,000 ids",
    );
    try {
      const receipts = parseReceipts(await this.expo.getPushNotificationReceiptsAsync([...tickets]));
      if (receipts !== undefined) return { result: "answered", receipts };
      this.onFailure({ call: "receipts", reason: "malformed" });
    } catch (error) {
      this.onFailure(describe("receipts", error).failure);
    }
    return { result: "failed" };
  }
}

function parseBase(baseUrl: string): URL {
  const url = URL.canParse(baseUrl) ? new URL(baseUrl) : undefined;
  if (url?.protocol !== "http:" && url?.protocol !== "https:") {
    throw new TypeError("the base of the push provider is no http or https URL");
  }
  return url;
}

/** undefined: one of them is no ticket. */
function parseTickets(answer: readonly unknown[]): readonly PushTicket[] | undefined {
  const tickets: PushTicket[] = [];
  for (const told of answer) {
    const { status, id } = membersOf(told);
    const ticket: PushTicket | undefined =
      status === "ok" && typeof id === "string" && id !== ""
        ? { status, id }
        : status === "error"
          ? { status, error: errorOf(told) }
          : undefined;
    if (ticket === undefined) return undefined;
    tickets.push(ticket);
  }
  return tickets;
}

/** undefined: one of them is no receipt. */
function parseReceipts(answer: object): ReadonlyMap<string, PushTicket> | undefined {
  const receipts = new Map<string, PushTicket>();
  for (const [id, told] of Object.entries(answer)) {
    const { status } = membersOf(told);
    if (status !== "ok" && status !== "error") return undefined;
    receipts.set(id, status === "ok" ? { status, id } : { status, error: errorOf(told) });
  }
  return receipts;
}

function errorOf(told: unknown): string {
  const { error } = membersOf(membersOf(told).details);
  return typeof error === "string" && TICKET_ERRORS.has(error) ? error : "Unknown";
}

function membersOf(value: unknown): { readonly [member: string]: unknown } {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
}

/** What an error of the SDK or of undici says that may be told. */
function describe(
  call: PushFailure["call"],
  error: unknown,
): { readonly failure: PushFailure; readonly retryAfterMs?: number } {
  const cause = error instanceof Error ? (error.cause ?? error) : error;
  const { statusCode, headers } = membersOf(cause);
  if (cause instanceof CallTimeout) return { failure: { call, reason: "timeout" } };
  if (typeof statusCode === "number" && statusCode !== 200) {
    const retryAfterMs = readRetryAfter(membersOf(headers)["retry-after"]);
    const failure = { call, reason: "status", status: statusCode } as const;
    return retryAfterMs === undefined ? { failure } : { failure, retryAfterMs };
  }
  // What went wrong below the SDK reaches it as a cause; what the SDK itself throws is about an answer that it read.
  const isBelow = error instanceof Error && error.cause !== undefined;
  return { failure: { call, reason: isBelow ? "unreachable" : "malformed" } };
}

/** Seconds, or a date (RFC 9110). */
function readRetryAfter(header: unknown): number | undefined {
  if (typeof header !== "string") return undefined;
  const askedMs = /^\d+$/.test(header.trim()) ? Number(header) * SECOND_MS : Date.parse(header) - Date.now();
  if (Number.isNaN(askedMs)) return undefined;
  return Math.min(RETRY_AFTER_MS_MAX, Math.max(0, askedMs));
}
