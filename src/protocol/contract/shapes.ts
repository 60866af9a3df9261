/**
 * Owns the names under which the contract's documents know the shapes of the protocol, and the shapes that only the
 * documents need: one of each kind per entity.
 * Refuses to know JSON Schema, and which call carries what.
 */

import { z } from "zod";
import { CREATE_FIELDS, DeviceIdText, ENTITIES, type Entity, PATCH_FIELDS, RecordId } from "../entity.ts";
import * as messages from "../messages.ts";

export interface Shape {
  readonly name: string;
  readonly schema: z.ZodType;
  readonly description: string;
}

const { Meta, ErrorBody, RevisionText, WireRecordBody } = messages;

/** Custom to zod, without a name outside messages.ts. */
export const AnyRecord: z.ZodType = messages.RecordBody.shape.data.unwrap();
export const Payload: z.ZodType = messages.WebhookBody.shape.data.unwrap();

/** `Contact`, as names of shapes have it. */
export function nameOf(entity: Entity): string {
  return entity.slice(0, 1).toUpperCase() + entity.slice(1);
}

function shape(name: string, schema: z.ZodType, description: string): Shape {
  return { name, schema, description };
}

const ExpiredBody = ErrorBody.extend({
  error: z.literal("revision_expired"),
  currentRevision: RevisionText,
  floorRevision: RevisionText,
});
const BatchRequest = messages.BatchRequest.extend({ mutations: z.array(messages.BatchMutation) });

function shapesOf(entity: Entity): readonly Shape[] {
  const name = nameOf(entity);
  const fields = CREATE_FIELDS[entity];
  const record = WireRecordBody.extend({ id: RecordId, ...fieldsAtRest(fields.shape) });
  return [
    shape(name, record, `A ${entity}. Fields that nobody knows are kept and returned as they came.`),
    shape(
      `${name}Create`,
      fields.extend({ id: RecordId.optional() }),
      "`null` for an optional field is the same as its absence.",
    ),
    shape(
      `${name}Patch`,
      PATCH_FIELDS[entity].extend({ id: z.string().optional() }),
      "A JSON merge patch (RFC 7396): `null` removes. An `id` must be the path's.",
    ),
    shape(
      `${name}Answer`,
      z.looseObject({ data: record, meta: Meta }),
      "One record; `meta.revisionId` is its own [REV-4].",
    ),
    shape(
      `${name}Collection`,
      z.looseObject({ data: z.array(record), meta: Meta }),
      "In ASCII order of id; `meta.revisionId` is the head, the revision to sync from [REV-4, API-4].",
    ),
  ];
}

/** The fields of a record as it is kept: what was null is absent (section 1). */
function fieldsAtRest(fields: Readonly<Record<string, z.ZodType>>): Record<string, z.ZodType> {
  return Object.fromEntries(
    Object.entries(fields).map(([field, schema]) => {
      const inner = schema instanceof z.ZodOptional ? schema.unwrap() : schema;
      return [field, inner instanceof z.ZodNullable ? (inner.unwrap() as z.ZodType).optional() : schema];
    }),
  );
}

/** Every shape, in the order of the documents. */
export const SHAPES: readonly Shape[] = [
  shape(
    "Revision",
    RevisionText,
    "The id of one committed change; ASCII order is commit order [REV-2, REV-6].",
  ),
  shape("Instant", Meta.shape.updatedAt, "RFC 3339, UTC."),
  shape("RecordId", RecordId, "The id of a record; clients may make their own. Neither `.` nor `..`."),
  shape("DeviceId", DeviceIdText, "One installed app."),
  shape("IdempotencyKey", messages.KeyText, "1 to 255 visible ASCII characters [IDM-7]."),
  shape("Entity", messages.EntityName, "Singular, as bodies and events have it."),
  shape(
    "Meta",
    Meta,
    "Of every 2xx answer [REV-1, REV-4]. A stale write that was not refused says so in `resolution` [MRG-3, MRG-5] or `conflict` [FLG-1].",
  ),
  shape(
    "Record",
    WireRecordBody,
    "A record of any entity: `id`, `revisionId`, `updatedAt`, and its fields [REV-3].",
  ),
  ...ENTITIES.flatMap(shapesOf),
  shape(
    "NoData",
    z.looseObject({ data: z.null(), meta: Meta }),
    "After a deletion, `meta.revisionId` is that of the tombstone; after a webhook, the head [REV-4].",
  ),
  shape(
    "Error",
    ErrorBody,
    "Every refusal. `message` is for people, and shows nothing of the inside [SEC-4].",
  ),
  shape(
    "Conflict",
    messages.ConflictBody,
    "Both versions, so that the device can resolve and try again [CON-2, CON-9, CON-11].",
  ),
  shape("RevisionExpired", ExpiredBody, "The head, and the floor below which the log is pruned [DLT-9]."),
  shape("Change", messages.Change, "`data` is the whole record; a deletion has none [DLT-1, DLT-2]."),
  shape(
    "Changes",
    messages.ChangesBody,
    "One page. The last page's `currentRevision` is the next `since` [DLT-5].",
  ),
  shape(
    "BatchMutation",
    messages.BatchMutation,
    "`id` is the idempotency key. `recordId` may be the `id` of an earlier create [BAT-5]; `ifMatchMutation` stands for the revision that an earlier mutation ended with [BAT-8].",
  ),
  shape("Batch", BatchRequest, "In this order. A broken item is its own 400 [BAT-2, BAT-7]."),
  shape(
    "BatchResult",
    messages.BatchResult,
    "What the single call would have answered, status included [BAT-3].",
  ),
  shape("BatchResults", messages.BatchBody, "As many as mutations, in their order [BAT-1]."),
  shape("Capabilities", messages.Capabilities, "Modes and limits, as they are now [FLG-3]."),
  shape("CapabilitiesAnswer", messages.CapabilitiesBody, "For this account, at this moment."),
  shape(
    "PushRegistration",
    messages.PushRegistration,
    "A token has one owner, and a device one token [PSH-3].",
  ),
  shape("PushTopics", messages.PushTopics, "The entities whose changes wake the device."),
  shape("PushAnswer", messages.PushBody, "What the device is subscribed to now."),
  shape(
    "Webhook",
    messages.WebhookBody,
    "`version` rises per record [WHK-4]; `data` is the whole record, and replaces what is there.",
  ),
  shape("Origin", messages.Origin, "Who made the change, whenever the device is known."),
  shape("SyncEvent", messages.SyncEvent, "A committed change of a subscribed entity [EVT-1, EVT-2]."),
  shape("Ready", messages.Ready, "The replay up to this head is over; the socket is live [EVT-5, EVT-9]."),
  shape(
    "ResyncRequired",
    messages.ResyncRequired,
    "No replay is possible: sync by delta, or in full [EVT-8, EVT-15].",
  ),
  shape("Checkpoint", messages.Checkpoint, "Nothing for this socket up to here [EVT-17]."),
  shape("SyncTrigger", messages.SyncTrigger, "What a push says: sync by delta [PSH-1, PSH-8]."),
  shape("PushMessage", messages.PushMessage, "A silent message, as Expo's push service takes it."),
];
