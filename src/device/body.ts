/**
 * Owns the device's look at bodies: is this the protocol's, and what does it say.
 * Refuses to trust a status alone: a captive portal answers 200 too [QUE-8]. Light by design; it runs for every answer.
 */

import type { Json, JsonObject } from "../base/canonical-json.ts";
import type { WireRecord } from "../protocol/entity.ts";
import type { Answer } from "../protocol/request.ts";
import type { Revision } from "../protocol/revision.ts";
import type { KnownCapabilities } from "./state.ts";

/** One mutation's result, alone or out of a batch. */
export type Result =
  | {
      readonly result: "done";
      readonly revision: Revision;
      readonly record: WireRecord | null;
      readonly merged: boolean;
    }
  | { readonly result: "refused"; readonly status: number; readonly error: string; readonly body: JsonObject }
  /** Indefinite, or not the protocol's. */
  | { readonly result: "again"; readonly error: string };

const AGAIN: ReadonlySet<number> = new Set([408, 425, 429]);

/** What an answer to a single mutation, or one item of a batch, says. */
export function resultOf(status: number, body: unknown): Result {
  const json = asObject(body);
  const error = json && asText(json.error);
  if (status >= 500 || AGAIN.has(status)) return { result: "again", error: error ?? `status_${status}` };
  if (status >= 400) {
    if (!json || error === undefined) return { result: "again", error: "not_the_protocol" };
    return error === "in_flight"
      ? { result: "again", error }
      : { result: "refused", status, error, body: json };
  }
  const meta = json && asObject(json.meta);
  const revision = meta && asText(meta.revisionId);
  const record = json && recordOf(json.data);
  if (status < 200 || status >= 300 || revision === undefined || record === undefined) {
    return { result: "again", error: "not_the_protocol" };
  }
  return {
    result: "done",
    revision: revision as Revision,
    record,
    merged: meta?.resolution === "merged",
  };
}

/** A record of a body; null for none; undefined when it is neither. */
export function recordOf(value: unknown): WireRecord | null | undefined {
  if (value === null || value === undefined) return null;
  const json = asObject(value);
  if (!json || asText(json.id) === undefined || asText(json.revisionId) === undefined) return undefined;
  return json as WireRecord;
}

/** The wait that an answer asks for, in ms. */
export function retryAfterMsOf(answer: Answer): number {
  const seconds = answer.headers.retryAfterSeconds;
  return seconds !== undefined && Number.isFinite(seconds) && seconds > 0 ? Math.ceil(seconds * 1_000) : 0;
}

/** The `data` of capabilities, as far as a device needs it; undefined when it is not that. */
export function capabilitiesOf(body: unknown): KnownCapabilities | undefined {
  const data = asObject(asObject(body)?.data);
  const protocol = data && asText(data.protocol);
  if (!data || protocol === undefined) return undefined;
  const phases = data.phases;
  const resolvedBy = asObject(data.conflicts)?.resolvedBy;
  return {
    protocol,
    phases: Array.isArray(phases) ? phases.filter((phase) => typeof phase === "number") : [],
    resolvedBy: resolvedBy === "client" ? "client" : "server",
    mutationsMax: asCount(asObject(data.batch)?.mutationsMax, 1),
    bodyBytesMax: asCount(data.bodyBytesMax, 1_024),
  };
}

export function asObject(value: unknown): JsonObject | undefined {
  return typeof value === "object" && value !== null && !Array.isArray(value)
    ? (value as JsonObject)
    : undefined;
}

export function asText(value: Json | undefined): string | undefined {
  return typeof value === "string" && value.length > 0 ? value : undefined;
}

function asCount(value: Json | undefined, least: number): number {
  return typeof value === "number" && value >= least ? Math.floor(value) : least;
}
