/**
 * Owns a target that takes every freedom which the protocol leaves an answer or a frame and the reference does not
 * take, all at once: members, headers and frames of its own, other words, smaller pages, members left empty.
 * Refuses to judge, and to change what a sentence of the protocol fixes.
 */

import { listOf, looseOf } from "../conformance/reply.ts";
import type {
  Effect,
  EffectResult,
  HttpAnswer,
  HttpRequest,
  MemoryTarget,
  Outcome,
  SeenFrame,
  SocketView,
} from "../conformance/target.ts";

type Result = EffectResult[Effect["effect"]];
type Body = { readonly [member: string]: unknown };

/** The same target, as another team might have written it. */
export function freed(target: MemoryTarget): MemoryTarget {
  const perform = (effect: Effect): Result => {
    switch (effect.effect) {
      case "send": {
        const asked = effect.requests.map(withSmallerPage);
        return target
          .perform({ ...effect, requests: asked })
          .map((outcome, at) => freedOutcome(outcome, asked[at] as HttpRequest, asked.length > 1));
      }
      case "watch": {
        const until = (view: SocketView) => effect.until(freedView(view));
        return freedView(target.perform({ ...effect, until }));
      }
      default:
        return target.perform(effect);
    }
  };
  return { facts: target.facts, perform: perform as MemoryTarget["perform"] };
}

/** A page may hold less than was asked for. */
function withSmallerPage(request: HttpRequest): HttpRequest {
  const path = request.path.replace(
    /([?&]limit=)(\d+)(?=&|$)/,
    (_, name: string, limit: string) => `${name}${Number(limit) > 2 ? Number(limit) - 1 : limit}`,
  );
  return { ...request, path };
}

function freedOutcome(outcome: Outcome, request: HttpRequest, isOneOfMany: boolean): Outcome {
  if (outcome.outcome !== "answered") return outcome;
  const { answer, sentAtMs } = outcome;
  const error = looseOf(answer.json).error;
  // [API-3] the connection may close
  if (error === "payload_too_large") return { outcome: "indefinite", reason: "broken", sentAtMs };
  // [IDM-2] of the same at once one is carried out; the others may hear so
  const isTwin = isOneOfMany && request.headers["idempotency-key"] !== undefined;
  if (isTwin && answer.headers.get("idempotency-replayed") === "true")
    return { ...outcome, answer: inFlight(outcome.answeredAtMs) };
  return { ...outcome, answer: freedAnswer(answer, request) };
}

/** `Retry-After` may be an instant (RFC 9110, section 10.2.3). */
function inFlight(nowMs: number): HttpAnswer {
  const json = { error: "in_flight", message: "one moment" };
  const headers = new Map([["retry-after", new Date(nowMs + 1_000).toUTCString()]]);
  return { status: 409, headers, json, text: JSON.stringify(json) };
}

function freedAnswer(answer: HttpAnswer, { method, path }: HttpRequest): HttpAnswer {
  const own: [string, string][] = [
    ["content-type", "application/json; charset=utf-8"],
    ["cache-control", "no-store"],
    ["x-request-id", "8f14e45f"],
  ];
  const headers = new Map([...answer.headers, ...own]);
  const location = headers.get("location");
  if (location !== undefined) headers.set("location", `https://api.example.com${location}`);
  if (method !== "GET" && !headers.has("idempotency-replayed")) headers.set("idempotency-replayed", "false");
  const status = answer.status === 404 && isWrongMethod(method, path) ? 405 : answer.status;
  if (answer.text === "" || answer.json === undefined) return { ...answer, status, headers };
  const json = backwards(freedBody(looseOf(answer.json)));
  return { status, headers, json, text: JSON.stringify(json) };
}

/** Section 3: a wrong method is 404 or 405. */
function isWrongMethod(method: string, path: string): boolean {
  const [, name = "", id] = /^\/api\/(contacts|tasks|lists)(\/[^/?]+)?/.exec(path) ?? [];
  if (name === "") return false;
  return !(id === undefined ? ["GET", "POST"] : ["GET", "PATCH", "DELETE"]).includes(method);
}

function freedBody(body: Body): Body {
  const { data, meta, changes, results } = body;
  const own = { apiVersion: 3, requestId: "8f14e45f" };
  if (typeof body.error === "string") return { ...own, ...ofConflict(body), message: `No: ${body.error}.` };
  return {
    ...own,
    ...body,
    ...(meta === undefined ? {} : { meta: { region: "eu-1", ...ofListing(data), ...looseOf(meta) } }),
    ...(Array.isArray(changes)
      ? { nextCursor: null, fullSync: false, ...body, changes: changes.map(freedChange) }
      : {}),
    ...(Array.isArray(results) ? { results: results.map(freedResult) } : {}),
    ...(looseOf(data).protocol === undefined ? {} : { data: freedCapabilities(looseOf(data)) }),
  };
}

function ofConflict(body: Body): Body {
  const isConflict = body.error === "conflict" || body.error === "already_exists";
  return isConflict ? { deleted: false, ...body } : body;
}

/** What pages have, on a whole list too. */
function ofListing(data: unknown): Body {
  return Array.isArray(data) ? { hasMore: false, nextCursor: null } : {};
}

function freedChange(change: unknown): Body {
  return { partition: 0, data: null, ...looseOf(change) };
}

/** Every result has the same members. */
function freedResult(result: unknown): Body {
  const own = { replayed: false, error: null, data: null, meta: null };
  const { status, meta } = looseOf(result);
  if (Number(status) < 400)
    return {
      ...own,
      ...looseOf(result),
      meta: { region: "eu-1", ...looseOf(meta) },
      apiVersion: 3,
      requestId: "8f14e45f",
    };
  return { ...own, apiVersion: 3, requestId: "8f14e45f", ...ofConflict(looseOf(result)), message: "No." };
}

function freedCapabilities(data: Body): Body {
  const note = { entity: "note", collection: "notes", strategy: "last_writer_wins" };
  return { build: "a1b2c3", ...data, entities: [note, ...listOf(data.entities)] };
}

/** Members in another order. */
function backwards(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(backwards);
  if (typeof value !== "object" || value === null) return value;
  const turned = Object.entries(value).reverse();
  return Object.fromEntries(turned.map(([name, member]) => [name, backwards(member)]));
}

/** Frames of other types, members of its own, and a checkpoint after each frame that names a revision (section 4). */
function freedView(view: SocketView): SocketView {
  return { closeCode: view.closeCode, pings: view.pings, frames: view.frames.flatMap(freedFrame) };
}

function freedFrame(frame: SeenFrame): readonly SeenFrame[] {
  const { type, revisionId } = looseOf(frame.json);
  const framed = (json: unknown): SeenFrame => ({ ...frame, json, text: JSON.stringify(json) });
  const own = framed({ type: "presence", id: "x", revisionId: "rev_0000000000_000000", devices: 2 });
  const same = framed(backwards({ v: 1, ...looseOf(frame.json) }));
  const reason = framed({ ...looseOf(frame.json), reason: "revision_expired" });
  if (type === "resync_required") return [own, reason];
  return type === "sync_event" || type === "ready"
    ? [own, same, framed({ type: "checkpoint", revisionId })]
    : [own, same];
}
