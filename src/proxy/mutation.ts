/**
 * Owns mutations: a write as the proxy decides it, the same whether it came alone or in a batch.
 * Refuses to judge it: payload, timestamp and device are what came.
 */

import type { Entity } from "../protocol/entity.ts";
import type { Operation } from "../protocol/messages.ts";
import type { Call, Request } from "../protocol/request.ts";
import { parseRevision, type Revision } from "../protocol/revision.ts";

export interface Mutation {
  readonly entity: Entity;
  readonly operation: Operation;
  /** The record that is meant; undefined for a create that leaves the id to the proxy. Not judged yet. */
  readonly id: string | undefined;
  /** Create: the body. Update: the merge patch. Delete: undefined. */
  readonly payload: unknown;
  /** If-Match without quotes; a weak tag keeps its `W/`. */
  readonly ifMatch: string | undefined;
  readonly key: string | undefined;
  readonly deviceId: string | undefined;
  readonly timestamp: number | string | undefined;
  /** A second id that a batch item's payload may carry: the temporary one that its `recordId` named. */
  readonly temporaryId: string | undefined;
}

/** The calls that are one mutation each. */
export type WriteCall = Extract<Call, { readonly call: "create" | "update" | "delete" }>;

/** The mutation that a single call asks for. */
export function mutationOfCall(call: WriteCall, request: Request): Mutation {
  const payload = call.call === "delete" ? undefined : call.body;
  return {
    entity: call.entity,
    operation: call.call,
    id: call.call === "create" ? idOfPayload(payload) : call.id,
    payload,
    ifMatch: request.ifMatch === undefined ? undefined : withoutQuotes(request.ifMatch),
    key: request.idempotencyKey,
    deviceId: request.deviceId,
    timestamp: request.timestamp,
    temporaryId: undefined,
  };
}

/** The id that a create's body names; undefined when it names none. What is no text is an id that nothing has. */
export function idOfPayload(payload: unknown): string | undefined {
  if (typeof payload !== "object" || payload === null || !Object.hasOwn(payload, "id")) return undefined;
  const { id } = payload as { readonly id?: unknown };
  if (id === undefined) return undefined;
  return typeof id === "string" ? id : "";
}

/** [CON-6] quoted and bare forms are the same, also in a fingerprint. */
export function withoutQuotes(tag: string): string {
  const text = tag.trim();
  const weak = text.startsWith("W/") ? "W/" : "";
  const strong = weak ? text.slice(2) : text;
  const quoted = strong.length >= 2 && strong.startsWith('"') && strong.endsWith('"');
  return quoted ? weak + strong.slice(1, -1) : text;
}

/** The revision that If-Match names strongly: the base of a merge, and what a commit reports. */
export function revisionOfIfMatch(ifMatch: string | undefined): Revision | undefined {
  return ifMatch === undefined ? undefined : parseRevision(ifMatch);
}
