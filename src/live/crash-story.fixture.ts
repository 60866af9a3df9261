/**
 * Owns a history in which all went well, short enough to be read, and the ways to bend it by hand.
 * Refuses to run anything.
 */

import type { JsonObject } from "../base/canonical-json.ts";
import type { Entity, WireRecord } from "../protocol/entity.ts";
import type { SyncEvent } from "../protocol/messages.ts";
import type { Revision } from "../protocol/revision.ts";
import { type Asked, type CrashHistory, type Mutation, nameOf, type Told } from "./crash-history.fixture.ts";

export type Story = { -readonly [Name in keyof CrashHistory]: CrashHistory[Name] } & {
  mutations: Mutation[];
  log: SyncEvent[];
};

export const revision = (count: number): Revision => `rev_1704067200_00000${count}` as Revision;

interface Step {
  readonly key: string;
  readonly entity?: Entity;
  readonly operation: Asked["operation"];
  readonly id: string;
  readonly fields?: JsonObject;
  readonly base?: Revision;
}

export const STEPS: readonly Step[] = [
  { key: "k1", operation: "create", id: "c1", fields: { name: "k1" } },
  { key: "k2", operation: "update", id: "c1", fields: { phone: "k2" }, base: revision(1) },
  { key: "k3", entity: "list", operation: "create", id: "l1", fields: { name: "k3", items: [{ id: "i1" }] } },
  // The restart. [MRG-5] the list is changed on a base that others have left behind in k5.
  {
    key: "k4",
    entity: "list",
    operation: "update",
    id: "l1",
    fields: { items: [{ id: "i1" }, { id: "i2" }] },
    base: revision(3),
  },
  {
    key: "k5",
    entity: "list",
    operation: "update",
    id: "l1",
    fields: { items: [{ id: "i1" }, { id: "i3" }] },
    base: revision(3),
  },
  { key: "k6", operation: "update", id: "c1", fields: { name: "k6" } },
  { key: "k7", operation: "create", id: "made-1", fields: { name: "k7" } },
  { key: "k8", operation: "delete", id: "made-1", base: revision(7) },
];

/** What a proxy without fault would have shown of the steps; the second life begins with the fourth. */
export function story(): Story {
  const records = new Map<string, WireRecord>();
  const log: SyncEvent[] = [];
  const mutations: Mutation[] = [];
  for (const [index, step] of STEPS.entries()) {
    const { key, entity = "contact", operation, id, fields, base } = step;
    const revisionId = revision(index + 1);
    const name = nameOf(entity, id);
    const before = records.get(name);
    const isStale = before !== undefined && base !== undefined && base !== before.revisionId;
    const items = isStale ? { items: [{ id: "i1" }, { id: "i2" }, { id: "i3" }] } : undefined;
    const record: WireRecord | null =
      operation === "delete" ? null : { ...before, ...fields, ...items, id, revisionId, updatedAt: "now" };
    if (record === null) records.delete(name);
    else records.set(name, record);
    const action = ({ create: "created", update: "updated", delete: "deleted" } as const)[operation];
    const origin = { deviceId: "d1", mutationId: key };
    log.push({ type: "sync_event", entity, action, id, revisionId, payload: record, origin });
    const life = index < 3 ? 1 : 2;
    const meta = { revisionId, updatedAt: "now", ...(isStale ? { resolution: "merged" } : undefined) };
    const told: Told = {
      ...{ status: operation === "create" ? 201 : 200, body: { data: record, meta }, replayed: false },
      ...{ sentAt: index * 10, toldAt: index * 10 + 1, life },
    };
    const asked: Asked = {
      ...{ key, deviceId: "d1", entity, operation, fields, mark: key },
      ...{ recordId: id === "made-1" && operation === "create" ? undefined : id, recordOf: undefined },
      ...{ base, baseOf: undefined },
    };
    const { sentAt: firstSentAt } = told;
    mutations.push({
      ...asked,
      firstSentAt,
      firstLife: life,
      unanswered: 0,
      answers: [told],
      abandoned: false,
    });
  }
  const head = revision(STEPS.length);
  return {
    ...{ mutations, log, logBefore: [...log], streams: new Map([["s", [...log]]]) },
    sightings: [{ revision: revision(3), seenAt: 25, life: 1 }],
    changes: log.slice(0, 3).map(({ entity, action, id, revisionId, payload }) => ({
      ...{ entity, action, id, revisionId },
      ...(payload === null ? undefined : { data: payload }),
    })),
    replicas: [{ name: "r", entities: ["contact", "list"], records }],
    listed: [...records.values()],
    reads: [{ entity: "contact", id: "c1", sentAt: 55, revision: revision(6) }],
    again: mutations.map(({ key, answers }) => ({
      key,
      status: answers[0]?.status ?? 0,
      body: answers[0]?.body ?? {},
    })),
    ...{ headBeforeAgain: head, headAfterAgain: head, surprises: [] },
  };
}

/** Takes an event out of all that was shown after the restart, as if its commit had never been. */
export function lose(bad: Story, at: number): void {
  const [gone] = bad.log.splice(at, 1);
  bad.logBefore = [...bad.log];
  bad.streams = new Map([["s", [...bad.log]]]);
  bad.listed = bad.listed.filter(({ revisionId }) => revisionId !== gone?.revisionId);
}

export function change<T>(list: readonly T[], at: number, changed: (one: T) => T): T[] {
  return list.map((one, index) => (index === at ? changed(one) : one));
}

export function withAnswers(bad: Story, at: number, answers: (told: Told) => readonly Told[]): void {
  bad.mutations = change(bad.mutations, at, (one) => ({ ...one, answers: answers(one.answers[0] as Told) }));
}

/** An event in place of the one that stands there, everywhere where the log is shown. */
export function showInstead(bad: Story, at: number, changed: (event: SyncEvent) => SyncEvent): void {
  bad.log = change(bad.log, at, changed);
  bad.logBefore = [...bad.log];
  bad.streams = new Map([["s", [...bad.log]]]);
}
