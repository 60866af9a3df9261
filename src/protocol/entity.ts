/**
 * Owns the three entities: their names, their fields, and which strategy resolves their conflicts.
 * Refuses to know how a record is stored or shown.
 */

import { z } from "zod";
import type { Json } from "../base/canonical-json.ts";
import type { Revision } from "./revision.ts";

export const ENTITIES = ["contact", "task", "list"] as const;
export type Entity = (typeof ENTITIES)[number];

export const COLLECTIONS = ["contacts", "tasks", "lists"] as const;
export type Collection = (typeof COLLECTIONS)[number];

export const STRATEGIES = ["server_authoritative", "last_writer_wins", "additive_merge"] as const;
export type Strategy = (typeof STRATEGIES)[number];

/** Plural, as paths and `entities=` have it. */
export const COLLECTION_OF: Readonly<Record<Entity, Collection>> = {
  contact: "contacts",
  task: "tasks",
  list: "lists",
};

/** Singular, as bodies and events have it. */
export const ENTITY_OF: ReadonlyMap<string, Entity> = new Map(
  ENTITIES.map((entity) => [COLLECTION_OF[entity], entity] as const),
);

/** The strategy of each entity (section 5). */
export const STRATEGY_OF: Readonly<Record<Entity, Strategy>> = {
  contact: "server_authoritative",
  task: "last_writer_wins",
  list: "additive_merge",
};

/** The field that a create must carry and a patch must not remove. */
export const REQUIRED_FIELD: Readonly<Record<Entity, string>> = {
  contact: "name",
  task: "title",
  list: "name",
};

/** A record's own fields, without `id`, `revisionId` and `updatedAt`. Unknown ones are kept as they came. */
export type Fields = { readonly [field: string]: Json };

/** One record as the wire has it. Immutable: proxy, devices and facts share one object. */
export type WireRecord = {
  readonly id: string;
  readonly revisionId: Revision;
  readonly updatedAt: string;
  readonly [field: string]: Json;
};

/** One item of a list. */
export type ListItem = { readonly id: string; readonly text: string; readonly [field: string]: Json };

/** Members that a body may carry and the proxy ignores, or judges apart from the fields (section 3). */
export const RESERVED_MEMBERS: ReadonlySet<string> = new Set(["id", "revisionId", "updatedAt"]);

/** Ids that clients may choose: 1 to 128 of `A-Za-z0-9_.-`, neither `.` nor `..`. Device ids have the same alphabet. */
export const RecordId = z.string().regex(/^(?!\.{1,2}$)[A-Za-z0-9_.-]{1,128}$/);
export const DeviceIdText = z.string().regex(/^[A-Za-z0-9_.-]{1,128}$/);

const ListItemFields = z.looseObject({
  id: z.string().min(1).max(128),
  text: z.string(),
  done: z.boolean().nullish(),
});

const Items = z
  .array(ListItemFields)
  .refine((items) => new Set(items.map((item) => item.id)).size === items.length, "an item id stands twice");

/**
 * What a create may carry, per entity. These schemas judge; callers keep the value that came, because a parsed
 * copy would lose a member called `__proto__` [API-5].
 */
export const CREATE_FIELDS = {
  contact: z.looseObject({
    name: z.string(),
    phone: z.string().nullish(),
    email: z.string().nullish(),
    notes: z.string().nullish(),
  }),
  task: z.looseObject({
    title: z.string(),
    done: z.boolean().nullish(),
    dueAt: z.string().nullish(),
    notes: z.string().nullish(),
  }),
  list: z.looseObject({ name: z.string(), items: Items.nullish() }),
} as const;

/** What a merge patch may carry, per entity (RFC 7396): the required field may be absent, not null. */
export const PATCH_FIELDS = {
  contact: CREATE_FIELDS.contact.extend({ name: z.string().optional() }),
  task: CREATE_FIELDS.task.extend({ title: z.string().optional() }),
  list: CREATE_FIELDS.list.extend({ name: z.string().optional() }),
} as const;
