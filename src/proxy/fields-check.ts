/**
 * Owns the judging of what a body says of a record's fields [API-2], fast where nothing is wrong.
 * Refuses to say what is wrong by itself: the schemas of protocol/entity.ts decide, and a test holds the two together.
 */

import { CREATE_FIELDS, type Entity, PATCH_FIELDS } from "../protocol/entity.ts";
import type { DeviceId } from "../protocol/messages.ts";

/** The same as `RecordId` and `DeviceIdText` of protocol/entity.ts, without the price of a schema; a test compares. */
const NAME = /^[A-Za-z0-9_.-]{1,128}$/;

/** What is wrong with the fields of a create or of a merge patch, for people; undefined when nothing is. */
export function faultOfFields(
  entity: Entity,
  operation: "create" | "update",
  payload: unknown,
): string | undefined {
  if (areFieldsFine(entity, operation, payload)) return undefined;
  const schema = operation === "create" ? CREATE_FIELDS[entity] : PATCH_FIELDS[entity];
  const issue = schema.safeParse(payload).error?.issues[0];
  const where = issue?.path.map(String).join(".");
  return where ? `${where}: ${issue?.message}` : (issue?.message ?? "not a valid body");
}

/** True for ids that records may have. */
export function isRecordId(id: unknown): id is string {
  return typeof id === "string" && NAME.test(id) && id !== "." && id !== "..";
}

/** True for what may name a device. */
export function isDeviceId(text: string): text is DeviceId {
  return NAME.test(text);
}

/** True exactly when the schema of this entity and operation takes the payload. */
export function areFieldsFine(entity: Entity, operation: "create" | "update", payload: unknown): boolean {
  if (typeof payload !== "object" || payload === null || Array.isArray(payload)) return false;
  const fields = payload as Readonly<Record<string, unknown>>;
  const mayLack = operation === "update";
  switch (entity) {
    case "contact":
      return (
        isRequired(fields.name, mayLack) &&
        isText(fields.phone) &&
        isText(fields.email) &&
        isText(fields.notes)
      );
    case "task":
      return (
        isRequired(fields.title, mayLack) &&
        isFlag(fields.done) &&
        isText(fields.dueAt) &&
        isText(fields.notes)
      );
    case "list":
      return isRequired(fields.name, mayLack) && areItems(fields.items);
  }
}

function isRequired(value: unknown, mayLack: boolean): boolean {
  return typeof value === "string" || (mayLack && value === undefined);
}

function isText(value: unknown): boolean {
  return value === undefined || value === null || typeof value === "string";
}

function isFlag(value: unknown): boolean {
  return value === undefined || value === null || typeof value === "boolean";
}

function areItems(value: unknown): boolean {
  if (value === undefined || value === null) return true;
  if (!Array.isArray(value)) return false;
  const ids = new Set<string>();
  for (const item of value as readonly unknown[]) {
    if (typeof item !== "object" || item === null || Array.isArray(item)) return false;
    const { id, text, done } = item as Readonly<Record<string, unknown>>;
    if (typeof id !== "string" || id.length < 1 || id.length > 128) return false;
    if (typeof text !== "string" || !isFlag(done)) return false;
    ids.add(id);
  }
  return ids.size === value.length;
}
