/**
 * Owns the anatomy of an exchange: which call of the protocol a request is, and where records and revisions stand in
 * its answer.
 * Refuses to judge: watches do.
 */

import { COLLECTION_OF, ENTITIES, type Entity } from "../protocol/entity.ts";
import type { Exchange } from "./desk.ts";
import { type Loose, listOf, looseOf, textOf } from "./reply.ts";
import type { HttpAnswer, HttpRequest, TargetFacts } from "./target.ts";

export type CallKind =
  | "record"
  | "collection"
  | "changes"
  | "batch"
  | "capabilities"
  | "push"
  | "webhook"
  | "other";

/** A request, as far as watches tell one from another. `entity` and `id` where the path names them. */
export interface CallShape {
  readonly kind: CallKind;
  readonly entity: Entity | undefined;
  readonly id: string | undefined;
  /** It asks for a following page. */
  readonly follows: boolean;
  /** It asks for pages. */
  readonly paged: boolean;
}

/** A record in an answer, and the revision that the answer puts beside it. */
export interface FoundRecord {
  readonly record: Loose;
  readonly place: string;
  readonly beside: unknown;
}

const FIXED: ReadonlyMap<string, CallKind> = new Map([
  ["/api/sync/changes", "changes"],
  ["/api/sync/batch", "batch"],
  ["/api/sync/capabilities", "capabilities"],
  ["/api/push/register", "push"],
  ["/api/push/topics", "push"],
  ["/api/webhooks/zeke", "webhook"],
]);

/** Which call a request is. */
export function shapeOf({ method, path }: HttpRequest): CallShape {
  const mark = path.indexOf("?");
  const bare = mark < 0 ? path : path.slice(0, mark);
  const query = mark < 0 ? "" : path.slice(mark);
  const follows = /[?&]cursor=/.test(query);
  const paged = follows || /[?&]limit=/.test(query);
  const [, api, area, id, ...rest] = bare.split("/");
  const entity = ENTITIES.find((one) => COLLECTION_OF[one] === area);
  if (api === "api" && entity !== undefined && rest.length === 0) {
    const kind = id === undefined && method === "GET" ? "collection" : "record";
    return { kind, entity, id: id === undefined ? undefined : decoded(id), follows, paged };
  }
  return { kind: FIXED.get(bare) ?? "other", entity: undefined, id: undefined, follows, paged };
}

/** The answer, where one came. */
export function answerIn({ outcome }: Exchange): HttpAnswer | undefined {
  return outcome.outcome === "answered" ? outcome.answer : undefined;
}

export function isOk(status: number): boolean {
  return status >= 200 && status < 300;
}

/** True for phases that the target declares. */
export function hasPhase(facts: TargetFacts, phase: number): boolean {
  return facts.declared.phases.includes(phase);
}

/** Every record in a body: in `data`, `changes`, `results` and conflicts [REV-3]. */
export function recordsIn(kind: CallKind, status: number, json: unknown): readonly FoundRecord[] {
  const body = looseOf(json);
  if (status === 409) return found("serverData", body.serverData, body.currentRevision);
  if (!isOk(status)) return [];
  switch (kind) {
    case "record":
      return found("data", body.data, looseOf(body.meta).revisionId);
    case "collection":
      return listOf(body.data).flatMap((one, at) => found(`data[${at}]`, one, looseOf(one).revisionId));
    case "changes":
      return listOf(body.changes).flatMap((one, at) =>
        found(`changes[${at}].data`, looseOf(one).data, looseOf(one).revisionId),
      );
    case "batch":
      return listOf(body.results).flatMap((one) => {
        const status = looseOf(one).status;
        return typeof status === "number" ? recordsIn("record", status, one) : [];
      });
    default:
      return [];
  }
}

/** Every text in a body that stands where a revision must stand. */
export function revisionsIn(kind: CallKind, status: number, json: unknown): readonly string[] {
  const body = looseOf(json);
  const named = [looseOf(body.meta).revisionId, body.currentRevision, body.floorRevision];
  const carried = recordsIn(kind, status, json).flatMap(({ record, beside }) => [record.revisionId, beside]);
  const changed = isOk(status) ? listOf(body.changes).map((one) => looseOf(one).revisionId) : [];
  return [...named, ...carried, ...changed].flatMap((one) => textOf(one) ?? []);
}

function found(place: string, value: unknown, beside: unknown): readonly FoundRecord[] {
  const isRecord = typeof value === "object" && value !== null && !Array.isArray(value);
  return isRecord ? [{ record: looseOf(value), place, beside }] : [];
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
