/**
 * Owns the items of batches in few words.
 * Refuses to know what becomes of them.
 */

import type { JsonObject } from "../base/canonical-json.ts";
import type { BatchBody } from "../protocol/messages.ts";

type Result = BatchBody["results"][number];

export const create = (id: string, payload: JsonObject, more: object = {}) =>
  ({ id, entity: "task", operation: "create", payload, ...more }) as const;
export const update = (id: string, recordId: string, payload: JsonObject, more: object = {}) =>
  ({ id, entity: "task", operation: "update", recordId, payload, ...more }) as const;
export const remove = (id: string, recordId: string, more: object = {}) =>
  ({ id, entity: "task", operation: "delete", recordId, ...more }) as const;
export const statuses = (results: readonly Result[]) => results.map(({ status }) => status);
