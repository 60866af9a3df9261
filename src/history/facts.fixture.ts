/**
 * Owns short ways of writing facts by hand in tests: every builder has a default for each member.
 * Refuses to judge: a fixture may tell a history that could never happen.
 */

import type { Entity, Fields, WireRecord } from "../protocol/entity.ts";
import type { EventFrame } from "../protocol/messages.ts";
import { parseRevision, type Revision } from "../protocol/revision.ts";
import type { FactName, FactOf, MutationResult, OnDevice, ReplicaFactRecord, SentMutation } from "./facts.ts";

type Some<Name extends FactName> = Partial<Omit<FactOf<Name>, "fact">>;

/** The nth revision of a log, n from 0 to 999,999. */
export function rev(n: number): Revision {
  const revision = parseRevision(`rev_1704067200_${String(n).padStart(6, "0")}`);
  if (revision === undefined) throw new Error(`${n} makes no revision`);
  return revision;
}

/** A record at the nth revision. */
export function record(id: string, n: number, fields: Fields = { name: "Ada" }): WireRecord {
  return { ...fields, id, revisionId: rev(n), updatedAt: "2024-01-01T00:00:00.000Z" };
}

/** A list record's fields with items of these ids. */
export function listOf(...items: readonly string[]): Fields {
  return { name: "shopping", items: items.map((id) => ({ id, text: id })) };
}

const ON: OnDevice = { at: 0, device: 0, account: 0 };

export const started = (some: Some<"started"> = {}): FactOf<"started"> => ({
  fact: "started",
  ...ON,
  cold: false,
  online: true,
  ...some,
});
export const killed = (some: Some<"killed"> = {}): FactOf<"killed"> => ({ fact: "killed", ...ON, ...some });
export const opened = (some: Some<"opened"> = {}): FactOf<"opened"> => ({ fact: "opened", ...ON, ...some });
export const closed = (some: Some<"closed"> = {}): FactOf<"closed"> => ({ fact: "closed", ...ON, ...some });
export const online = (some: Some<"online"> = {}): FactOf<"online"> => ({ fact: "online", ...ON, ...some });
export const offline = (some: Some<"offline"> = {}): FactOf<"offline"> => ({
  fact: "offline",
  ...ON,
  ...some,
});
export const clockSet = (some: Some<"clock_set"> = {}): FactOf<"clock_set"> => ({
  fact: "clock_set",
  ...ON,
  offsetMs: 0,
  ...some,
});

/** An update of contact `c1` by default; its key is `k-` and the mutation's name. */
export function edited(some: Some<"edited"> = {}): FactOf<"edited"> {
  const mutation = some.mutation ?? "m1";
  const base = {
    fact: "edited",
    ...ON,
    mutation,
    key: `k-${mutation}`,
    entity: "contact",
    id: "c1",
    operation: "update",
    payload: { name: "Grace" },
    base: rev(1),
  } as const;
  return { ...base, ...some };
}

export const saved = (some: Some<"saved"> = {}): FactOf<"saved"> => ({
  fact: "saved",
  ...ON,
  mutation: "m1",
  ...some,
});
export const rekeyed = (some: Some<"rekeyed"> = {}): FactOf<"rekeyed"> => ({
  fact: "rekeyed",
  ...ON,
  mutation: "m1",
  key: "k-m1-2",
  ...some,
});
export const settled = (some: Some<"settled"> = {}): FactOf<"settled"> => ({
  fact: "settled",
  ...ON,
  mutation: "m1",
  outcome: "applied",
  ...some,
});
export const asked = (some: Some<"asked"> = {}): FactOf<"asked"> => ({
  fact: "asked",
  ...ON,
  mutation: "m1",
  ...some,
});
export const chosen = (some: Some<"chosen"> = {}): FactOf<"chosen"> => ({
  fact: "chosen",
  ...ON,
  mutation: "m1",
  choice: "mine",
  ...some,
});
export const retried = (some: Some<"retried"> = {}): FactOf<"retried"> => ({
  fact: "retried",
  ...ON,
  mutation: "m1",
  ...some,
});
export const discarded = (some: Some<"discarded"> = {}): FactOf<"discarded"> => ({
  fact: "discarded",
  ...ON,
  mutation: "m1",
  ...some,
});

/** One mutation of a request: an update of contact `c1` by key `k-m1`, without If-Match. */
export function mutation(some: Partial<SentMutation> = {}): SentMutation {
  return {
    key: "k-m1",
    entity: "contact",
    id: "c1",
    operation: "update",
    payload: { name: "Grace" },
    ifMatch: undefined,
    ifMatchMutation: undefined,
    timestamp: undefined,
    ...some,
  };
}

/** What a mutation was answered: 200 by default, with neither revision nor record. */
export const result = (some: Partial<MutationResult> = {}): MutationResult => ({
  key: "k-m1",
  status: 200,
  ...some,
});

/** A 200 that shows this record. */
export const shows = (shown: WireRecord, some: Partial<MutationResult> = {}): MutationResult => ({
  key: "k-m1",
  status: 200,
  revision: shown.revisionId,
  record: shown,
  ...some,
});

export const sent = (some: Some<"sent"> = {}): FactOf<"sent"> => ({
  fact: "sent",
  ...ON,
  request: 1,
  call: "update",
  mutations: [],
  bytes: 100,
  ...some,
});
export const answered = (some: Some<"answered"> = {}): FactOf<"answered"> => ({
  fact: "answered",
  ...ON,
  request: 1,
  call: "update",
  status: 200,
  results: [],
  bytes: 100,
  ...some,
});
export const unanswered = (some: Some<"unanswered"> = {}): FactOf<"unanswered"> => ({
  fact: "unanswered",
  ...ON,
  request: 1,
  call: "update",
  why: "timeout",
  ...some,
});
export const connecting = (some: Some<"connecting"> = {}): FactOf<"connecting"> => ({
  fact: "connecting",
  ...ON,
  socket: 1,
  ...some,
});
export const connected = (some: Some<"connected"> = {}): FactOf<"connected"> => ({
  fact: "connected",
  ...ON,
  socket: 1,
  ...some,
});
export const disconnected = (some: Some<"disconnected"> = {}): FactOf<"disconnected"> => ({
  fact: "disconnected",
  ...ON,
  socket: 1,
  code: 1006,
  ...some,
});

export const ready = (n = 1): EventFrame => ({ type: "ready", revisionId: rev(n) });
export const checkpoint = (n = 1): EventFrame => ({ type: "checkpoint", revisionId: rev(n) });
export const resyncRequired = (n = 1): EventFrame => ({
  type: "resync_required",
  reason: "revision_expired",
  revisionId: rev(n),
  floorRevision: rev(n),
});
type Event = Extract<EventFrame, { type: "sync_event" }>;

/** An event that shows this record as updated. */
export function event(payload: WireRecord, some: Partial<Event> = {}): Event {
  const own = {
    entity: "contact",
    action: "updated",
    id: payload.id,
    revisionId: payload.revisionId,
    payload,
  } as const;
  return { type: "sync_event", ...own, ...some };
}

export const frame = (carried: EventFrame, some: Some<"frame"> = {}): FactOf<"frame"> => ({
  fact: "frame",
  ...ON,
  socket: 1,
  frame: carried,
  bytes: 100,
  ...some,
});
export const pushed = (some: Some<"pushed"> = {}): FactOf<"pushed"> => ({
  fact: "pushed",
  ...ON,
  entity: "contact",
  revision: rev(1),
  ...some,
});

export const shown = (some: Some<"shown"> = {}): FactOf<"shown"> => ({
  fact: "shown",
  ...ON,
  entity: "contact",
  id: "c1",
  revision: rev(1),
  fields: { name: "Ada" },
  waiting: [],
  ...some,
});
export const read = (some: Some<"read"> = {}): FactOf<"read"> => ({
  fact: "read",
  ...ON,
  entity: "contact",
  id: "c1",
  fresh: true,
  revision: rev(1),
  ...some,
});
export const invalidated = (some: Some<"invalidated"> = {}): FactOf<"invalidated"> => ({
  fact: "invalidated",
  ...ON,
  queries: [{ entity: "contact", id: "c1" }],
  ...some,
});
export const syncStarted = (some: Some<"sync_started"> = {}): FactOf<"sync_started"> => ({
  fact: "sync_started",
  ...ON,
  sync: "delta",
  ...some,
});
export const syncEnded = (some: Some<"sync_ended"> = {}): FactOf<"sync_ended"> => ({
  fact: "sync_ended",
  ...ON,
  sync: "delta",
  revision: rev(1),
  ...some,
});
export const advanced = (some: Some<"advanced"> = {}): FactOf<"advanced"> => ({
  fact: "advanced",
  ...ON,
  entity: "contact",
  revision: rev(1),
  ...some,
});
export const noticed = (some: Some<"noticed"> = {}): FactOf<"noticed"> => ({
  fact: "noticed",
  ...ON,
  notice: "signed_out",
  ...some,
});

/** An update of contact `c1` committed as the nth revision, by nobody known, unless `some` says otherwise. */
export function committed(n: number, some: Some<"committed"> = {}): FactOf<"committed"> {
  const id = some.id ?? "c1";
  const base = {
    fact: "committed",
    at: 0,
    account: 0,
    revision: rev(n),
    entity: "contact",
    id,
    action: "updated",
    record: record(id, n),
    previous: undefined,
    device: undefined,
    key: undefined,
    ifMatch: undefined,
    resolution: undefined,
  } as const;
  return { ...base, ...some };
}

/** Contact `c1` (or `some.id`) is made at the nth revision. */
export const created = (n: number, some: Some<"committed"> = {}): FactOf<"committed"> =>
  committed(n, { action: "created", ...some });
/** The record is deleted at the nth revision. */
export const deleted = (n: number, some: Some<"committed"> = {}): FactOf<"committed"> =>
  committed(n, { action: "deleted", record: null, ...some });

export const pushHandedOver = (some: Some<"push_handed_over"> = {}): FactOf<"push_handed_over"> => ({
  fact: "push_handed_over",
  at: 0,
  account: 0,
  device: 0,
  entity: "contact",
  revision: rev(1),
  ...some,
});
export const phase = (name: FactOf<"phase">["phase"], at = 0): FactOf<"phase"> => ({
  fact: "phase",
  at,
  phase: name,
});

export const cutOff = (some: Some<"cut_off"> = {}): FactOf<"cut_off"> => ({
  fact: "cut_off",
  at: 0,
  until: 0,
  ...some,
});
export const severed = (some: Some<"severed"> = {}): FactOf<"severed"> => ({
  fact: "severed",
  ...ON,
  socket: 1,
  ...some,
});

/** A record as a replica holds it. */
export const held = (
  id: string,
  n: number | undefined,
  fields: Fields = { name: "Ada" },
  entity: Entity = "contact",
): ReplicaFactRecord => ({
  entity,
  id,
  revision: n === undefined ? undefined : rev(n),
  fields,
});
export const replica = (
  records: readonly ReplicaFactRecord[],
  some: Some<"replica"> = {},
): FactOf<"replica"> => ({ fact: "replica", ...ON, records, waiting: 0, ...some });
export const freshReplica = (
  records: readonly ReplicaFactRecord[],
  some: Some<"fresh_replica"> = {},
): FactOf<"fresh_replica"> => ({
  fact: "fresh_replica",
  at: 0,
  account: 0,
  records,
  ...some,
});
