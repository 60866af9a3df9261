/**
 * Owns what planted faults need of requests and answers: their keys, their results, their records.
 * Refuses to judge them; what is not of the protocol's shape is left as it is.
 */

import type { JsonObject } from "../base/canonical-json.ts";
import type { DeviceInput } from "../device/port.ts";
import type { WireRecord } from "../protocol/entity.ts";
import type { Answer, Request } from "../protocol/request.ts";
import type { Revision } from "../protocol/revision.ts";
import type { Version } from "../proxy/store.ts";

/** The input of an answer. */
export type Answered = Extract<DeviceInput, { readonly input: "answered" }>;

/** A body as an object; undefined for what is none. */
export function objectOf(body: unknown): JsonObject | undefined {
  return typeof body === "object" && body !== null && !Array.isArray(body) ? (body as JsonObject) : undefined;
}

/** The same answer with another body. */
export function withBody({ input, request, answer }: Answered, body: unknown): Answered {
  return { input, request, answer: { ...answer, body } };
}

/** One mutation's result, alone or out of a batch: its status, and its body. */
export interface Verdict {
  readonly status: number;
  readonly body: JsonObject;
}

/** The answer to a request of mutations with each of its results as `change` makes it. */
export function withVerdicts(
  came: Answered,
  batch: boolean,
  change: (verdict: Verdict) => Verdict,
): Answered {
  const body = objectOf(came.answer.body);
  if (!body) return came;
  if (!batch) {
    const changed = change({ status: came.answer.status, body });
    const answer: Answer = { ...came.answer, status: changed.status, body: changed.body };
    return { input: "answered", request: came.request, answer };
  }
  if (!Array.isArray(body.results)) return came;
  const results = (body.results as readonly JsonObject[]).map((item) => {
    const changed = change({ status: Number(item.status), body: item });
    return { ...changed.body, status: changed.status };
  });
  return withBody(came, { ...body, results });
}

/** The items of a batch; none for other calls. */
export function itemsOf({ call }: Request): readonly JsonObject[] {
  return call.call === "batch"
    ? (call.body as { readonly mutations: readonly JsonObject[] }).mutations
    : NO_ITEMS;
}

/** The same batch with each of its items as `change` makes it; other calls as they are. */
export function withItems(message: Request, change: (item: JsonObject) => JsonObject): Request {
  const { call } = message;
  if (call.call !== "batch") return message;
  // What is no batch, or no item, is left for the proxy to refuse.
  if (!Array.isArray(objectOf(call.body)?.mutations)) return message;
  const mutations = itemsOf(message).map((item) => (objectOf(item) === undefined ? item : change(item)));
  return { ...message, call: { ...call, body: { mutations } } };
}

/** Every request under other keys; ids of batch items are keys too. */
export function withKeys(message: Request, change: (key: string) => string): Request {
  const { idempotencyKey } = message;
  if (message.call.call === "batch") {
    return withItems(message, ({ ifMatchMutation, ...item }) => ({
      ...item,
      id: change(String(item.id)),
      ...(ifMatchMutation !== undefined && { ifMatchMutation: change(String(ifMatchMutation)) }),
    }));
  }
  return idempotencyKey === undefined ? message : { ...message, idempotencyKey: change(idempotencyKey) };
}

/** The answer to a batch with its results under these keys instead; other answers as they are. */
export function underKeys(came: Answered, keys: ReadonlyMap<string, string>): Answered {
  return withVerdicts(came, true, ({ status, body }) => {
    const id = String(body.id);
    return { status, body: { ...body, id: keys.get(id) ?? id } };
  });
}

/** The record that a body shows; undefined when it shows none. */
export function recordIn(body: JsonObject | undefined): WireRecord | undefined {
  const data = objectOf(body?.data);
  return typeof data?.revisionId === "string" ? (data as WireRecord) : undefined;
}

/** The version with its record under another revision. */
export function revised(version: Version, revisionId: Revision): Version {
  return version.record === null ? version : { ...version, record: { ...version.record, revisionId } };
}

const NO_ITEMS: readonly JsonObject[] = [];
