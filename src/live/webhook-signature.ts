/**
 * Owns the signature of webhooks (Standard Webhooks): HMAC-SHA256 over `id.timestamp.body`, and how old one may be.
 * Refuses to know what a delivery says, and how often it came.
 */

import { createHmac, timingSafeEqual } from "node:crypto";
import { type EpochMs, MINUTE_MS, SECOND_MS } from "../base/time.ts";

/** The bytes of one `whsec_` secret. */
export interface WebhookSecret {
  readonly bytes: Uint8Array;
}

export type WebhookVerdict =
  | "good"
  /** `webhook-id`, `webhook-timestamp` or `webhook-signature` is not there, or empty. */
  | "missing"
  /** The timestamp is no whole number of seconds. */
  | "bad_timestamp"
  /** More than 5 minutes off, in either direction. */
  | "stale"
  /** No signature matches any secret. */
  | "wrong";

/** A delivery as it came, before anything in it is trusted. */
export interface SignedDelivery {
  /** Any of them may have signed, so that a secret can be replaced without a gap. */
  readonly secrets: readonly WebhookSecret[];
  /** The header `webhook-id`. */
  readonly id: string | undefined;
  /** The header `webhook-timestamp`: whole seconds since the epoch. */
  readonly timestamp: string | undefined;
  /** The header `webhook-signature`. */
  readonly signature: string | undefined;
  /** The very bytes that came: JSON that was parsed and written again has another signature. */
  readonly body: string | Uint8Array;
  readonly nowMs: EpochMs;
  /** Decides instead, where a fault is planted: the signatures as they came, the one that is right, and its age. */
  isGenuine?(signatures: readonly string[], right: string, ageMs: number): boolean;
}

const PREFIX = "whsec_";
/** Standard padded base64. The empty one is no secret. */
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=|[A-Za-z0-9+/]{4})$/;
const SECONDS = /^\d{1,12}$/;
const VERSION = "v1,";
/** [WHK-2] */
const AGE_MS_MAX = 5 * MINUTE_MS;
/** A header may hold more, but a sender has at most a few secrets; each signature costs a comparison. */
const SIGNATURES_MAX = 32;

/** Reads `whsec_` and base64. The fault is for whoever configured it, and does not repeat the secret. */
export function parseWebhookSecret(text: string): WebhookSecret | { readonly fault: string } {
  if (!text.startsWith(PREFIX)) return { fault: `a webhook secret begins with ${PREFIX}` };
  const encoded = text.slice(PREFIX.length);
  if (!BASE64.test(encoded)) {
    return {
      fault: `a webhook secret is ${PREFIX} and then base64 (letters, digits, + and /, padded with =)`,
    };
  }
  return { bytes: Buffer.from(encoded, "base64") };
}

/** [WHK-2] whether a delivery is signed by one of the secrets, and recent. All but `good` is 401. */
export function verifyWebhook(delivery: SignedDelivery): WebhookVerdict {
  const { secrets, id, timestamp, signature, body, nowMs } = delivery;
  if (delivery.isGenuine) return verifyPlanted(delivery, delivery.isGenuine);
  if (!id || !timestamp || !signature) return "missing";
  if (!SECONDS.test(timestamp)) return "bad_timestamp";
  if (Math.abs(Number(timestamp) * SECOND_MS - nowMs) > AGE_MS_MAX) return "stale";
  const claims = claimsIn(signature);
  for (const secret of secrets) {
    const due = Buffer.from(signatureOf(secret, id, timestamp, body));
    // All are compared, the found one too: the time tells nothing of which it was.
    let found = false;
    for (const claim of claims) {
      if (claim.length === due.length && timingSafeEqual(claim, due)) found = true;
    }
    if (found) return "good";
  }
  return "wrong";
}

function verifyPlanted(
  { secrets, id = "", timestamp = "", signature = "", body, nowMs }: SignedDelivery,
  isGenuine: NonNullable<SignedDelivery["isGenuine"]>,
): WebhookVerdict {
  const ageMs = nowMs - Number(timestamp) * SECOND_MS;
  const isGood = secrets.some((secret) =>
    isGenuine(signature.split(" "), `${VERSION}${signatureOf(secret, id, timestamp, body)}`, ageMs),
  );
  return isGood ? "good" : "wrong";
}

/** The header `webhook-signature` for a delivery; `timestamp` in whole seconds since the epoch. */
export function signWebhook(
  secret: WebhookSecret,
  id: string,
  timestamp: number,
  body: string | Uint8Array,
): string {
  return `${VERSION}${signatureOf(secret, id, String(timestamp), body)}`;
}

function signatureOf(
  secret: WebhookSecret,
  id: string,
  timestamp: string,
  body: string | Uint8Array,
): string {
  return createHmac("sha256", secret.bytes).update(`${id}.${timestamp}.`).update(body).digest("base64");
}

/** The `v1` signatures of a header; other versions are for other receivers. */
function claimsIn(signature: string): readonly Buffer[] {
  const claims: Buffer[] = [];
  for (const part of signature.split(" ", SIGNATURES_MAX)) {
    if (part.startsWith(VERSION)) claims.push(Buffer.from(part.slice(VERSION.length)));
  }
  return claims;
}
