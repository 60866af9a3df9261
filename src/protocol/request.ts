/**
 * Owns the calls of the protocol and their answers as data, before they become HTTP.
 * Refuses to know of sockets and of bytes: live/ maps a Request to HTTP and back, the simulation hands it over as it is.
 */

import type { Collection, Entity } from "./entity.ts";
import type { BatchMutation, EventFrame } from "./messages.ts";

/**
 * One call. Members that a client may get wrong (`body`, `id`) are what came, not yet judged: validation comes
 * after authorisation and idempotency [CON-10].
 */
export type Call =
  | {
      readonly call: "list";
      readonly collection: Collection;
      readonly limit?: number;
      readonly cursor?: string;
    }
  | { readonly call: "read"; readonly entity: Entity; readonly id: string; readonly ifNoneMatch?: string }
  | { readonly call: "create"; readonly entity: Entity; readonly body: unknown }
  | { readonly call: "update"; readonly entity: Entity; readonly id: string; readonly body: unknown }
  | { readonly call: "delete"; readonly entity: Entity; readonly id: string }
  | { readonly call: "batch"; readonly body: unknown }
  | {
      readonly call: "changes";
      readonly since?: string;
      /** Collections, as `entities=` names them. */
      readonly entities?: readonly string[];
      readonly limit?: number;
      readonly cursor?: string;
    }
  | { readonly call: "capabilities" }
  | { readonly call: "push_register"; readonly body: unknown }
  | { readonly call: "push_topics"; readonly body: unknown }
  | { readonly call: "push_unregister" }
  /** What the HTTP border could not read as any of the above; answered with `code`, but after authorisation. */
  | {
      readonly call: "unreadable";
      readonly code: "invalid_request" | "not_found" | "payload_too_large";
      readonly message: string;
    };

/** A call with its headers. Header texts are as they came. */
export interface Request {
  readonly call: Call;
  readonly token?: string;
  readonly deviceId?: string;
  readonly idempotencyKey?: string;
  readonly ifMatch?: string;
  /** `X-Mutation-Timestamp`: epoch ms on the device's clock; a text when it was no whole number. */
  readonly timestamp?: number | string;
}

/** Headers of an answer that the protocol gives a meaning. */
export interface AnswerHeaders {
  readonly etag?: string;
  readonly location?: string;
  readonly retryAfterSeconds?: number;
  readonly replayed?: boolean;
  /** `Date`: the answering side's clock, epoch ms [QUE-16]. */
  readonly dateMs?: number;
}

/** An answer. `body` is what `messages.ts` describes, or null without one (304); a receiver checks what it needs. */
export interface Answer {
  readonly status: number;
  readonly headers: AnswerHeaders;
  readonly body: unknown;
}

/** The query of `GET /api/sync/events` (section 4). `entities` are collections; absent means all. */
export interface EventSubscription {
  readonly token?: string;
  readonly deviceId?: string;
  readonly lastRevisionId?: string;
  readonly entities?: readonly string[];
}

/** WebSocket close codes that the protocol gives a meaning. */
export const CLOSE = {
  normal: 1000,
  goingAway: 1001,
  badFrame: 1008,
  overloaded: 1013,
  unauthorized: 4401,
} as const;

/** One item of a batch as a device builds it. */
export type MutationItem = BatchMutation;

/** A frame as sent: what a receiver does not know, it ignores [EVT-18]. */
export type Frame = EventFrame;
