/**
 * Owns deliveries of the backend in few words, handed to a desk as the border hands them over.
 * Refuses to know what becomes of them.
 */

import { expect } from "vitest";
import { type Action, RecordBody } from "../protocol/messages.ts";
import type { Answer } from "../protocol/request.ts";
import { A, type Desk, recordOf } from "./desk.fixture.ts";

let deliveries = 0;

/** A delivery of account a under an id of its own, unless told otherwise. */
export function deliver(desk: Desk, body: unknown, id = `msg_${++deliveries}`): Answer {
  desk.nowMs++;
  const answer = desk.proxy.webhook({ id, body }, desk.nowMs);
  desk.collect();
  if (answer.status === 200) expect(RecordBody.parse(answer.body).data).toBeNull();
  return answer;
}

export function contact(version: number, data?: unknown, action: Action = "updated"): unknown {
  const body = { account: A, entity: "contact", action, id: "c1", version };
  return data === undefined ? body : { ...body, data };
}

export function task(version: number, data: unknown): unknown {
  return { account: A, entity: "task", action: "updated", id: "t1", version, data };
}

export function list(version: number, data: unknown): unknown {
  return { account: A, entity: "list", action: "updated", id: "l1", version, data };
}

export const GONE = (version: number) => contact(version, undefined, "deleted");

/** The stored fields, without what every commit changes. */
export function fieldsAt(desk: Desk, entity: "contact" | "task" | "list", id: string): unknown {
  const answer = desk.read(entity, id);
  if (answer.status === 404) return undefined;
  const { revisionId: _revisionId, updatedAt: _updatedAt, ...fields } = recordOf(answer);
  return fields;
}
