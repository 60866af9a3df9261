/**
 * Owns the comparison of answers to mutations, sent alone or in a batch: what each of them says, as one shape.
 * Refuses to compare what is free: messages, and how a replay is marked [IDM-1, BAT-4].
 */

import { jsonEqual } from "../base/canonical-json.ts";
import type { Entity } from "../protocol/entity.ts";
import type { Actor, Ask } from "./actor.ts";
import { type Loose, listOf, looseOf, type Reply, textOf } from "./reply.ts";

/** A mutation, so that it can be sent alone or in a batch. */
export interface Mutation {
  readonly key: string;
  readonly entity: Entity;
  readonly operation: "create" | "update" | "delete";
  /** Of a create: in its payload; undefined: the target makes one. */
  readonly id: string | undefined;
  readonly fields: Loose;
  readonly ifMatch?: string | undefined;
}

/** What was said to one mutation. */
export interface Told {
  readonly status: number;
  readonly error: string | undefined;
  /** The body without its message, and without what it leaves empty. */
  readonly body: Loose;
  readonly isReplay: boolean;
  readonly says: string;
}

/** The answer to a single call. */
export function toldAlone(reply: Reply): Told {
  return told(reply.status, reply.body, reply.header("idempotency-replayed") === "true");
}

/** One result of a batch. */
function toldIn(result: unknown): Told {
  const { id: _id, status, replayed, ...body } = looseOf(result);
  return told(typeof status === "number" ? status : 0, body, replayed === true);
}

export function resultsOf(reply: Reply): readonly Told[] {
  return listOf(reply.body.results).map(toldIn);
}

/** Equal status and equal JSON, `message` apart [IDM-1]. */
export function isSame(one: Told, other: Told): boolean {
  return one.status === other.status && jsonEqual(one.body, other.body);
}

export function isDone({ status }: Told): boolean {
  return status >= 200 && status < 300;
}

/** `meta.revisionId` of what was told. */
export function revisionOf({ body }: Told): string | undefined {
  return textOf(looseOf(body.meta).revisionId);
}

/** The single call of a mutation. */
export function alone(actor: Actor, { key, entity, operation, id, fields, ifMatch }: Mutation): Ask {
  const headers = { key, ifMatch };
  if (operation === "create")
    return actor.create(entity, id === undefined ? fields : { id, ...fields }, headers);
  return operation === "update"
    ? actor.update(entity, id ?? "", fields, headers)
    : actor.delete(entity, id ?? "", headers);
}

/** The item of a mutation in a batch. */
export function itemOf({ key, entity, operation, id, fields, ifMatch }: Mutation): Loose {
  const match = ifMatch === undefined ? {} : { ifMatch };
  if (operation === "create")
    return { id: key, entity, operation, payload: id === undefined ? fields : { id, ...fields } };
  const payload = operation === "update" ? { payload: fields } : {};
  return { id: key, entity, operation, recordId: id, ...payload, ...match };
}

function told(status: number, { message: _message, ...members }: Loose, isReplay: boolean): Told {
  const error = textOf(members.error);
  const body = withoutEmpty(members, status < 400 ? ["error"] : ["data", "meta"]);
  return { status, error, body, isReplay, says: `${status} ${error ?? JSON.stringify(body).slice(0, 300)}` };
}

/** A member that says nothing may be null or left out: many servers fill every result with the same members. */
function withoutEmpty(body: Loose, names: readonly string[]): Loose {
  return Object.fromEntries(
    Object.entries(body).filter(([name, value]) => value !== null || !names.includes(name)),
  );
}
