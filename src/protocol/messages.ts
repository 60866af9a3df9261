/**
 * Owns the shape of every JSON body and frame of the protocol, and the types inferred from them.
 * Refuses to know who sends them, and over what. Objects are loose: receivers ignore what they do not know.
 */

import { z } from "zod";
import type { Branded } from "../base/brand.ts";
import type { JsonObject } from "../base/canonical-json.ts";
import { COLLECTIONS, DeviceIdText, ENTITIES, STRATEGIES, type WireRecord } from "./entity.ts";
import { ERROR_CODES } from "./errors.ts";
import { parseRevision, type Revision } from "./revision.ts";

/** The version that `capabilities` declares and a device must meet [FLG-4]. */
export const PROTOCOL_VERSION = "1";

export type AccountId = Branded<string, "AccountId">;
export type DeviceId = Branded<string, "DeviceId">;
/** A mutation's idempotency key: 1 to 255 visible ASCII characters. */
export type IdempotencyKey = Branded<string, "IdempotencyKey">;

export const RevisionText = z.custom<Revision>(
  (value) => typeof value === "string" && parseRevision(value) !== undefined,
  "not a revision of the form rev_<10 digits>_<base 36>",
);
export const EntityName = z.enum(ENTITIES);
export const KeyText = z.string().regex(/^[\x21-\x7e]{1,255}$/);
const Instant = z.string().regex(/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?Z$/);
const EpochMsNumber = z.number().int().nonnegative();

/** `meta.resolution` of a stale update that was not refused (section 5). */
const RESOLUTIONS = ["client_won", "merged"] as const;
export type Resolution = (typeof RESOLUTIONS)[number];

export const Meta = z.looseObject({
  revisionId: RevisionText,
  updatedAt: Instant,
  resolution: z.enum(RESOLUTIONS).optional(),
  conflict: z.looseObject({ expectedRevision: z.string(), actualRevision: RevisionText }).optional(),
  hasMore: z.boolean().optional(),
  nextCursor: z.string().optional(),
});

/** A record of any entity: `id`, `revisionId`, `updatedAt` and its fields [REV-3]. */
export const WireRecordBody = z.looseObject({ id: z.string(), revisionId: RevisionText, updatedAt: Instant });
const AnyRecord = z.custom<WireRecord>(
  (value) => WireRecordBody.safeParse(value).success,
  "not a record with id, revisionId and updatedAt",
);

export const RecordBody = z.looseObject({ data: AnyRecord.nullable(), meta: Meta });
export const CollectionBody = z.looseObject({ data: z.array(AnyRecord), meta: Meta });

const Payload = z.custom<JsonObject>(
  (value) => typeof value === "object" && value !== null && !Array.isArray(value),
  "not a JSON object",
);

/** Every refusal; `conflict` and `already_exists` carry both versions, 410 the head and the floor. */
export const ErrorBody = z.looseObject({
  error: z.enum(ERROR_CODES),
  message: z.string(),
  currentRevision: RevisionText.optional(),
  floorRevision: RevisionText.optional(),
  serverData: AnyRecord.nullish(),
  clientData: z.unknown().optional(),
  deleted: z.boolean().optional(),
  stamps: z.record(z.string(), EpochMsNumber).optional(),
});

export const ConflictBody = ErrorBody.extend({
  error: z.enum(["conflict", "already_exists"]),
  currentRevision: RevisionText,
  serverData: AnyRecord.nullable(),
  clientData: Payload.nullable(),
});

const ACTIONS = ["created", "updated", "deleted"] as const;
export type Action = (typeof ACTIONS)[number];
export const OPERATIONS = ["create", "update", "delete"] as const;
export type Operation = (typeof OPERATIONS)[number];

export const Change = z.looseObject({
  entity: EntityName,
  action: z.enum(ACTIONS),
  id: z.string(),
  revisionId: RevisionText,
  data: AnyRecord.optional(),
});

export const ChangesBody = z.looseObject({
  changes: z.array(Change),
  currentRevision: RevisionText,
  hasMore: z.boolean(),
  nextCursor: z.string().optional(),
  fullSync: z.boolean().optional(),
  meta: Meta,
});

export const BatchMutation = z.looseObject({
  id: KeyText,
  timestamp: EpochMsNumber.optional(),
  entity: EntityName,
  operation: z.enum(OPERATIONS),
  recordId: z.string().optional(),
  payload: Payload.optional(),
  ifMatch: z.string().optional(),
  ifMatchMutation: z.string().optional(),
});
/** The envelope: its items are judged one by one [BAT-7]. */
export const BatchRequest = z.looseObject({ mutations: z.array(z.unknown()) });

export const BatchResult = z.looseObject({
  id: z.string(),
  status: z.number().int(),
  data: AnyRecord.nullish(),
  meta: Meta.optional(),
  error: z.enum(ERROR_CODES).optional(),
  message: z.string().optional(),
  replayed: z.boolean().optional(),
  currentRevision: RevisionText.optional(),
  serverData: AnyRecord.nullish(),
  clientData: z.unknown().optional(),
  deleted: z.boolean().optional(),
  stamps: z.record(z.string(), EpochMsNumber).optional(),
});
export const BatchBody = z.looseObject({ results: z.array(BatchResult), meta: Meta });

export const CONFLICT_MODES = ["off", "advisory", "enforce"] as const;
export const Capabilities = z.looseObject({
  protocol: z.string(),
  phases: z.array(z.number().int()),
  entities: z.array(
    z.looseObject({ entity: EntityName, collection: z.enum(COLLECTIONS), strategy: z.enum(STRATEGIES) }),
  ),
  conflicts: z.looseObject({
    mode: z.enum(CONFLICT_MODES),
    ifMatch: z.enum(["optional", "required"]),
    resolvedBy: z.enum(["server", "client"]),
  }),
  delta: z.looseObject({
    limitMax: z.number().int().positive(),
    retentionSeconds: z.number().nonnegative(),
    floorRevision: RevisionText,
  }),
  batch: z.looseObject({ mutationsMax: z.number().int().positive() }),
  idempotency: z.looseObject({ ttlSeconds: z.number().positive() }),
  push: z.looseObject({
    provider: z.string(),
    entities: z.array(EntityName),
    receiptDelaySeconds: z.number().nonnegative(),
  }),
  events: z.looseObject({ replayMax: z.number().int().positive().optional() }),
  webhooks: z.boolean(),
  bodyBytesMax: z.number().int().positive(),
});
export const CapabilitiesBody = z.looseObject({ data: Capabilities, meta: Meta });

export const Origin = z.looseObject({ deviceId: z.string(), mutationId: z.string().optional() });

export const SyncEvent = z.looseObject({
  type: z.literal("sync_event"),
  entity: EntityName,
  action: z.enum(ACTIONS),
  id: z.string(),
  revisionId: RevisionText,
  payload: AnyRecord.nullable(),
  origin: Origin.optional(),
});
export const Ready = z.looseObject({ type: z.literal("ready"), revisionId: RevisionText });
const RESYNC_REASONS = ["revision_expired", "revision_unknown", "too_far_behind"] as const;
export const ResyncRequired = z.looseObject({
  type: z.literal("resync_required"),
  reason: z.enum(RESYNC_REASONS),
  revisionId: RevisionText,
  floorRevision: RevisionText,
});
export const Checkpoint = z.looseObject({ type: z.literal("checkpoint"), revisionId: RevisionText });
export const EventFrame = z.discriminatedUnion("type", [SyncEvent, Ready, ResyncRequired, Checkpoint]);

const PLATFORMS = ["ios", "android"] as const;
export const PushRegistration = z.looseObject({
  token: z.string().min(1).max(4096),
  platform: z.enum(PLATFORMS),
  topics: z.array(EntityName),
});
export const PushTopics = z.looseObject({ topics: z.array(EntityName) });
export const PushBody = z.looseObject({
  data: z.looseObject({ deviceId: DeviceIdText, topics: z.array(EntityName) }),
  meta: Meta,
});

export const SyncTrigger = z.looseObject({
  type: z.literal("sync_trigger"),
  entity: EntityName,
  revisionId: RevisionText,
});
export const PushMessage = z.looseObject({
  to: z.string(),
  _contentAvailable: z.literal(true),
  priority: z.literal("normal"),
  data: SyncTrigger,
});

export const WebhookBody = z.looseObject({
  account: z.string(),
  entity: EntityName,
  action: z.enum(ACTIONS),
  id: z.string(),
  version: z.number(),
  data: Payload.optional(),
});

export type Meta = z.infer<typeof Meta>;
export type RecordBody = z.infer<typeof RecordBody>;
export type CollectionBody = z.infer<typeof CollectionBody>;
export type ErrorBody = z.infer<typeof ErrorBody>;
export type ConflictBody = z.infer<typeof ConflictBody>;
export type Change = z.infer<typeof Change>;
export type ChangesBody = z.infer<typeof ChangesBody>;
export type BatchMutation = z.infer<typeof BatchMutation>;
export type BatchResult = z.infer<typeof BatchResult>;
export type BatchBody = z.infer<typeof BatchBody>;
export type Capabilities = z.infer<typeof Capabilities>;
export type CapabilitiesBody = z.infer<typeof CapabilitiesBody>;
export type SyncEvent = z.infer<typeof SyncEvent>;
export type Ready = z.infer<typeof Ready>;
export type ResyncRequired = z.infer<typeof ResyncRequired>;
export type Checkpoint = z.infer<typeof Checkpoint>;
export type EventFrame = z.infer<typeof EventFrame>;
export type PushRegistration = z.infer<typeof PushRegistration>;
export type PushBody = z.infer<typeof PushBody>;
export type SyncTrigger = z.infer<typeof SyncTrigger>;
export type PushMessage = z.infer<typeof PushMessage>;
export type WebhookBody = z.infer<typeof WebhookBody>;
