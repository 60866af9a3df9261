/**
 * Owns deliveries of the ZEKE backend, as a probe makes them: signed as they should be, or bent on purpose (section 10).
 * Refuses to sign by itself: the driver knows the secret.
 */

import type { Entity } from "../protocol/entity.ts";
import type { Ask } from "./actor.ts";
import type { Desk } from "./desk.ts";
import type { Script } from "./probe.ts";
import type { Loose } from "./reply.ts";
import type { TargetFacts } from "./target.ts";

const WEBHOOK_PATH = "/api/webhooks/zeke";

export interface Delivery {
  readonly webhookId: string;
  readonly entity: Entity;
  readonly action: "created" | "updated" | "deleted";
  readonly id: string;
  readonly version: number;
  readonly data?: Loose;
  readonly account?: 0 | 1;
}

/** What is sent otherwise than it should be. */
export interface Bent {
  /** Seconds that the timestamp is off. */
  readonly offSeconds?: number;
  /** What stands for the signature; undefined: none. The good one is handed in. */
  readonly signature?: (good: string) => string | undefined;
  /** What is sent instead of the body that was signed. */
  readonly body?: string;
  /** A header that is left out. */
  readonly without?: "webhook-id" | "webhook-timestamp";
}

/** Why this target cannot be judged by deliveries. */
export function whyNoWebhooks({ declared, webhookAccounts }: TargetFacts): string | undefined {
  if (!declared.webhooks) return "needs webhooks: true in capabilities";
  if (webhookAccounts !== undefined) return undefined;
  return "needs the webhook secret and the names of both accounts in the profile";
}

/** A delivery, ready to be sent. It is of no device, and carries no token. */
export function* delivered(desk: Desk, delivery: Delivery, bent: Bent = {}): Script<Ask> {
  const { webhookId, account = 0, ...rest } = delivery;
  const names = desk.facts.webhookAccounts;
  const body = JSON.stringify({ account: names?.[account] ?? "", ...bodyOf(rest) });
  const timestamp = Math.floor((yield* desk.targetNow()) / 1_000) + (bent.offSeconds ?? 0);
  const good = yield* desk.signed(webhookId, timestamp, body);
  const signature = bent.signature === undefined ? good : bent.signature(good);
  const headers: { readonly [name: string]: string | null } = {
    authorization: null,
    "x-device-id": null,
    "content-type": "application/json",
    "webhook-id": bent.without === "webhook-id" ? null : webhookId,
    "webhook-timestamp": bent.without === "webhook-timestamp" ? null : String(timestamp),
    "webhook-signature": signature ?? null,
  };
  const label = `the backend delivers ${rest.action} ${rest.id}, version ${rest.version}`;
  return desk.actor("backend", account).raw("POST", WEBHOOK_PATH, headers, bent.body ?? body, label);
}

/** A deletion has no data. */
function bodyOf({ entity, action, id, version, data }: Omit<Delivery, "webhookId" | "account">): Loose {
  return { entity, action, id, version, ...(data === undefined ? {} : { data }) };
}
