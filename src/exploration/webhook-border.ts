/**
 * Owns a border of webhooks for a target in memory: the signature and the age of a delivery are judged here, as
 * the border of a server does with real signatures (section 10, WHK-2).
 * Refuses to be safe: the signature is a hash of names and numbers, so that nothing in here needs a crypto library.
 */

import { hashString } from "../base/prng.ts";
import { MINUTE_MS, SECOND_MS } from "../base/time.ts";
import type { ErrorCode } from "../protocol/errors.ts";
import type { Answer } from "../protocol/request.ts";
import { parseBody } from "../proxy/http-border.ts";
import type { SyncProxy } from "../proxy/port.ts";
import { answerOf, refusal } from "../proxy/reply.ts";
import type { Border } from "../simulation/parts.ts";

export const WEBHOOK_PATH = "/api/webhooks/zeke";

const AGE_MS_MAX = 5 * MINUTE_MS;
const BASIS = 7;

export interface Signed {
  readonly id: string;
  /** Seconds. */
  readonly timestamp: number;
  readonly body: string;
}

/** What stands in `webhook-signature` of this delivery. */
export function signatureOf({ id, timestamp, body }: Signed): string {
  return `v1,${hashString(`${id}.${timestamp}.${body}`, BASIS).toString(36)}`;
}

/** [WHK-2] signed, and neither old nor of the future. */
export function isGenuine(signatures: readonly string[], right: string, ageMs: number): boolean {
  return signatures.includes(right) && Math.abs(ageMs) <= AGE_MS_MAX;
}

/** Judges a delivery, and hands a good one to the proxy. */
export function answerWebhook(
  proxy: SyncProxy,
  headers: ReadonlyMap<string, string>,
  body: string,
  nowMs: number,
  judge: Border["isGenuine"] = isGenuine,
): Answer {
  const id = headers.get("webhook-id") ?? "";
  const timestamp = Number(headers.get("webhook-timestamp") ?? Number.NaN);
  const signatures = (headers.get("webhook-signature") ?? "").split(" ");
  const right = signatureOf({ id, timestamp, body });
  if (!judge(signatures, right, nowMs - timestamp * SECOND_MS))
    return refused("unauthorized", "the signature is not good", nowMs);
  const parsed = parseBody(body);
  if ("fault" in parsed) return refused("invalid_request", parsed.fault, nowMs);
  return proxy.webhook({ id, body: parsed.value }, nowMs);
}

function refused(code: ErrorCode, message: string, nowMs: number): Answer {
  return answerOf(refusal(code, message), nowMs, false);
}
