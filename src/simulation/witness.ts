/**
 * Owns how a device's outputs, its requests and the answers to them become facts.
 * Refuses to judge them, and to change them: payloads and records are handed on by reference.
 */

import type { DeviceOutput } from "../device/port.ts";
import type { Fact, MutationResult, OnDevice, SentMutation } from "../history/facts.ts";
import type { Entity, Fields, WireRecord } from "../protocol/entity.ts";
import type { Meta, Operation } from "../protocol/messages.ts";
import type { Answer, Request } from "../protocol/request.ts";
import type { Revision } from "../protocol/revision.ts";
import { HEADER_BYTES, jsonBytes } from "./wire-size.ts";

const NONE: readonly never[] = [];

/** The fact that an output is, where it is one; the others are orders to the driver. */
export function factOfOutput(on: OnDevice, output: DeviceOutput): Fact | undefined {
  const { at, device, account } = on;
  switch (output.output) {
    case "show": {
      const { entity, id, revision, fields, waiting } = output;
      return { fact: "shown", at, device, account, entity, id, revision, fields, waiting };
    }
    case "read_answered": {
      const { query, fresh, revision } = output;
      return { fact: "read", at, device, account, entity: query.entity, id: query.id, fresh, revision };
    }
    case "queued": {
      const { mutation, key, edit, base } = output;
      const { entity, recordId: id, operation, payload } = edit;
      return { fact: "edited", at, device, account, mutation, key, entity, id, operation, payload, base };
    }
    case "saved":
      return { fact: "saved", at, device, account, mutation: output.mutation };
    case "rekeyed":
      return { fact: "rekeyed", at, device, account, mutation: output.mutation, key: output.key };
    case "settled": {
      const settled = {
        fact: "settled",
        at,
        device,
        account,
        mutation: output.mutation,
        outcome: output.outcome,
      } as const;
      return output.error === undefined ? settled : { ...settled, error: output.error };
    }
    case "ask":
      return { fact: "asked", at, device, account, mutation: output.mutation };
    case "invalidate":
      return { fact: "invalidated", at, device, account, queries: output.queries };
    case "sync_started": {
      const started = { fact: "sync_started", at, device, account, sync: output.sync } as const;
      return output.reason === undefined ? started : { ...started, reason: output.reason };
    }
    case "sync_ended": {
      const ended = {
        fact: "sync_ended",
        at,
        device,
        account,
        sync: output.sync,
        revision: output.revision,
      } as const;
      return output.reason === undefined ? ended : { ...ended, reason: output.reason };
    }
    case "advanced":
      return { fact: "advanced", at, device, account, entity: output.entity, revision: output.revision };
    case "notice":
      return { fact: "noticed", at, device, account, notice: output.notice };
    default:
      return undefined;
  }
}

/** The fact that this request leaves the device. */
export function factOfRequest(
  on: OnDevice,
  request: number,
  message: Request,
  mutations: readonly SentMutation[],
  altered?: readonly string[],
): Fact {
  const { at, device, account } = on;
  const { call } = message;
  const bytes = HEADER_BYTES + ("body" in call ? jsonBytes(call.body) : 0);
  const sent = {
    fact: "sent",
    at,
    device,
    account,
    request,
    call: call.call,
    mutations,
    bytes,
  } as const;
  const told = call.call === "changes" && call.since !== undefined ? { ...sent, since: call.since } : sent;
  return altered ? { ...told, altered } : told;
}

/**
 * The fact that this answer reached the device. `mutations` are those of its request, in order; `bodyBytes` where they
 * were counted, and need no estimate.
 */
export function factOfAnswer(
  on: OnDevice,
  request: number,
  message: Request,
  mutations: readonly SentMutation[],
  answer: Answer,
  bodyBytes?: number,
): Fact {
  const { at, device, account } = on;
  const isJson = typeof answer.body === "object";
  const body = isJson ? (answer.body as Readonly<Record<string, unknown>> | null) : null;
  const results =
    message.call.call === "batch" ? batchResults(mutations, body) : singleResult(mutations, answer, body);
  const bytes = HEADER_BYTES + (bodyBytes ?? jsonBytes(answer.body));
  const fact = {
    fact: "answered",
    at,
    device,
    account,
    request,
    call: message.call.call,
    status: answer.status,
    results,
    bytes,
  } as const;
  // [QUE-8] somebody else's answer says nothing of any mutation.
  if (!isJson) return { ...fact, results: NONE, foreign: true };
  const error = typeof body?.error === "string" ? { error: body.error } : undefined;
  const seconds = answer.headers.retryAfterSeconds;
  const retry = seconds === undefined ? undefined : { retryAfterMs: seconds * 1_000 };
  return error || retry ? { ...fact, ...error, ...retry } : fact;
}

/** The mutations that a request carries; none for reads. One without an idempotency key is told by its request. */
export function sentMutations(on: OnDevice, request: number, message: Request): readonly SentMutation[] {
  const { call } = message;
  if (call.call === "batch") {
    const items = (call.body as { readonly mutations: readonly BatchItem[] }).mutations;
    return items.map(sentItem);
  }
  if (call.call !== "create" && call.call !== "update" && call.call !== "delete") return NONE;
  const payload = call.call === "delete" ? undefined : (call.body as Fields);
  return [
    {
      key: message.idempotencyKey ?? `request-${on.device}-${request}`,
      entity: call.entity,
      id: call.call === "create" ? String(payload?.id ?? "") : call.id,
      operation: call.call,
      payload,
      ifMatch: unquoted(message.ifMatch),
      ifMatchMutation: undefined,
      timestamp: typeof message.timestamp === "number" ? message.timestamp : undefined,
    },
  ];
}

interface BatchItem {
  readonly id: string;
  readonly entity: Entity;
  readonly operation: Operation;
  readonly recordId?: string;
  readonly payload?: Fields;
  readonly ifMatch?: string;
  readonly ifMatchMutation?: string;
  readonly timestamp?: number;
}

function sentItem(item: BatchItem): SentMutation {
  return {
    key: item.id,
    entity: item.entity,
    id: item.recordId ?? String(item.payload?.id ?? ""),
    operation: item.operation,
    payload: item.payload,
    ifMatch: unquoted(item.ifMatch),
    ifMatchMutation: item.ifMatchMutation,
    timestamp: item.timestamp,
  };
}

function unquoted(ifMatch: string | undefined): string | undefined {
  return ifMatch?.startsWith('"') ? ifMatch.slice(1, -1) : ifMatch;
}

interface ResultBody {
  readonly id?: string;
  readonly status?: number;
  readonly data?: WireRecord | null;
  readonly meta?: Meta;
  readonly error?: string;
  readonly replayed?: boolean;
  readonly currentRevision?: Revision;
}

function singleResult(
  mutations: readonly SentMutation[],
  answer: Answer,
  body: Readonly<Record<string, unknown>> | null,
): readonly MutationResult[] {
  const [mutation] = mutations;
  if (!mutation) return NONE;
  return [result(mutation.key, answer.status, (body ?? {}) as ResultBody, answer.headers.replayed)];
}

function batchResults(
  mutations: readonly SentMutation[],
  body: Readonly<Record<string, unknown>> | null,
): readonly MutationResult[] {
  const items = body?.results;
  if (!Array.isArray(items)) return NONE;
  return (items as readonly ResultBody[]).map((item, index) =>
    result(item.id ?? mutations[index]?.key ?? "", item.status ?? 0, item, item.replayed),
  );
}

function result(
  key: string,
  status: number,
  body: ResultBody,
  replayed: boolean | undefined,
): MutationResult {
  return {
    key,
    status,
    ...(body.error !== undefined && { error: body.error }),
    ...(body.meta?.resolution !== undefined && { resolution: body.meta.resolution }),
    ...(replayed && { replayed }),
    ...revisionOf(body),
    ...(body.data !== undefined && status < 300 && { record: body.data }),
  };
}

function revisionOf(body: ResultBody): { readonly revision?: Revision } {
  const revision = body.meta?.revisionId ?? body.currentRevision;
  return revision === undefined ? {} : { revision };
}
