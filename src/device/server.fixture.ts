/**
 * Owns a tiny model of a server for the device's property tests: one account, one log, keys, strategies, events.
 * Refuses to be complete: no paging by size, no tokens, no limits. It shares no code with the reference proxy.
 */

import { type JsonObject, jsonEqual } from "../base/canonical-json.ts";
import { ENTITY_OF, type Entity, type Fields, type WireRecord } from "../protocol/entity.ts";
import { applyWrite, mergeByStamp, mergeList, type Stamped, stampsOfCreate } from "../protocol/merge.ts";
import type { SyncEvent } from "../protocol/messages.ts";
import { fieldsOf, fieldsOfCreate, withoutReserved } from "../protocol/patch.ts";
import type { Answer, Request } from "../protocol/request.ts";
import { GENESIS, nextRevision, type Revision } from "../protocol/revision.ts";
import type { Stamp } from "../protocol/stamps.ts";
import { CAPABILITIES } from "./bench.fixture.ts";

interface Commit {
  readonly revision: Revision;
  readonly entity: Entity;
  readonly id: string;
  readonly record: WireRecord | null;
  readonly stamped: Stamped | null;
  readonly key: string;
  readonly deviceId: string;
}

interface Write {
  readonly entity: Entity;
  readonly operation: "create" | "update" | "delete";
  readonly id: string;
  readonly payload: Fields;
  readonly ifMatch: string | undefined;
  readonly key: string;
  readonly timestamp: number;
  readonly deviceId: string;
}

type Body = { readonly status: number; readonly body: JsonObject };

/** A server that answers at once. */
export class ModelServer {
  readonly log: Commit[] = [];
  /** How often a mutation with this key took effect. */
  readonly effects = new Map<string, number>();
  nowMs = 1_700_000_000_000;
  resolvedBy: "server" | "client" = "server";
  /** Items on a page of changes. */
  limit = 3;
  floor: Revision = GENESIS;
  private readonly latest = new Map<string, Commit>();
  private readonly keys = new Map<
    string,
    { readonly print: string; readonly answer: Body; readonly ended: Revision | undefined }
  >();

  get head(): Revision {
    return this.log.at(-1)?.revision ?? GENESIS;
  }

  /** Every living record, by `entity/id`. */
  get records(): ReadonlyMap<string, WireRecord> {
    const living = new Map<string, WireRecord>();
    for (const [name, commit] of this.latest) if (commit.record) living.set(name, commit.record);
    return living;
  }

  answer(request: Request): Answer {
    const { status, body } = this.reply(request);
    return { status, headers: { dateMs: this.nowMs }, body: JSON.parse(JSON.stringify(body)) };
  }

  /** Events after a revision. */
  eventsAfter(revision: string): readonly SyncEvent[] {
    return this.log
      .filter((commit) => commit.revision > revision)
      .map(({ entity, id, revision: revisionId, record, key, deviceId }) => ({
        type: "sync_event",
        entity,
        action: record ? "updated" : "deleted",
        id,
        revisionId,
        payload: record,
        origin: { deviceId, mutationId: key },
      }));
  }

  /** A write by someone else; always applied. */
  write(
    entity: Entity,
    operation: "create" | "update" | "delete",
    id: string,
    payload: Fields,
    key: string,
  ): Body {
    return this.mutate(
      { entity, operation, id, payload, ifMatch: undefined, key, timestamp: this.nowMs, deviceId: "tablet" },
      "plain",
    );
  }

  private reply(request: Request): Body {
    const { call } = request;
    const header = {
      ifMatch: request.ifMatch,
      key: request.idempotencyKey ?? "",
      timestamp: Number(request.timestamp ?? this.nowMs),
      deviceId: request.deviceId ?? "",
    };
    switch (call.call) {
      case "capabilities":
        return this.ok({
          ...CAPABILITIES,
          conflicts: { ...CAPABILITIES.conflicts, resolvedBy: this.resolvedBy },
        } as unknown as JsonObject);
      case "changes":
        return this.changes(call.since, call.cursor);
      case "list": {
        const entity = ENTITY_OF.get(call.collection) as Entity;
        const data = [...this.latest.values()]
          .filter((one) => one.entity === entity && one.record)
          .map((one) => one.record);
        return this.ok(data as unknown as JsonObject);
      }
      case "create": {
        const body = call.body as JsonObject;
        return this.once({
          ...header,
          entity: call.entity,
          operation: "create",
          id: body.id as string,
          payload: body,
        });
      }
      case "update":
        return this.once({
          ...header,
          entity: call.entity,
          operation: "update",
          id: call.id,
          payload: call.body as Fields,
        });
      case "delete":
        return this.once({ ...header, entity: call.entity, operation: "delete", id: call.id, payload: {} });
      case "batch":
        return this.batch((call.body as { mutations: readonly JsonObject[] }).mutations, header.deviceId);
      default:
        return { status: 404, body: { error: "not_found", message: "no such call" } };
    }
  }

  private batch(items: readonly JsonObject[], deviceId: string): Body {
    const results = items.map((item) => {
      const linked = item.ifMatchMutation as string | undefined;
      const ended = linked === undefined ? undefined : this.keys.get(linked)?.ended;
      const payload = (item.payload ?? {}) as Fields;
      const key = item.id as string;
      if (linked !== undefined && ended === undefined) {
        return { id: key, status: 424, error: "dependency_failed", message: "no" };
      }
      const { status, body } = this.once({
        entity: item.entity as Entity,
        operation: item.operation as Write["operation"],
        id: (item.recordId ?? payload.id) as string,
        payload,
        ifMatch: ended ?? (item.ifMatch as string | undefined),
        key,
        timestamp: item.timestamp as number,
        deviceId,
      });
      return { ...body, id: key, status };
    });
    return { status: 200, body: { results, meta: this.meta(this.head) } };
  }

  private once(write: Write): Body {
    const { entity, operation, id, payload, ifMatch, key } = write;
    const print = JSON.stringify([entity, operation, id, payload, ifMatch]);
    const known = this.keys.get(key);
    if (known) {
      if (known.print !== print)
        return { status: 422, body: { error: "idempotency_key_reused", message: "" } };
      return known.answer;
    }
    const answer = this.mutate(write, this.resolvedBy);
    if (answer.status < 300 || answer.status === 409) {
      const ended = (answer.body.meta as JsonObject | undefined)?.revisionId as Revision | undefined;
      this.keys.set(key, { print, answer, ended });
    }
    return answer;
  }

  private mutate(write: Write, resolvedBy: "server" | "client" | "plain"): Body {
    const current = this.latest.get(`${write.entity}/${write.id}`);
    const own: Stamp = {
      timeMs: Math.min(write.timestamp, this.nowMs + 5_000),
      deviceId: write.deviceId,
      key: write.key,
    };
    if (write.operation === "create") {
      if (current?.record) return this.conflict("already_exists", current, write);
      const fields = fieldsOfCreate(write.payload);
      return this.commit(write, { fields, stamps: stampsOfCreate(fields, own) });
    }
    if (!current?.record || !current.stamped) {
      if (write.operation === "delete" && current) return this.done(null, current.revision);
      return current && write.ifMatch !== undefined
        ? this.conflict("conflict", current, write)
        : { status: 404, body: { error: "not_found", message: "" } };
    }
    const isStale = write.ifMatch !== undefined && write.ifMatch !== current.revision;
    if (write.operation === "delete") {
      return isStale ? this.conflict("conflict", current, write) : this.commit(write, null);
    }
    const patch = withoutReserved(write.payload);
    if (!isStale) return this.commit(write, applyWrite(current.stamped, patch, own, true));
    if (write.entity === "contact" || resolvedBy === "client")
      return this.conflict("conflict", current, write);
    const base = this.log.find((one) => one.revision === write.ifMatch)?.stamped ?? undefined;
    const merge = write.entity === "task" ? mergeByStamp : mergeList;
    const merged = merge(current.stamped, base, patch, own);
    if (write.entity === "task" && merged.won === 0) return this.conflict("conflict", current, write);
    return this.commit(write, merged, merged.lost > 0 || write.entity === "list" ? "merged" : "client_won");
  }

  private commit(write: Write, stamped: Stamped | null, resolution?: string): Body {
    const name = `${write.entity}/${write.id}`;
    const before = this.latest.get(name);
    if (stamped && before?.stamped && jsonEqual(stamped.fields, before.stamped.fields)) {
      return this.done(before.record, before.revision, resolution);
    }
    const revision = nextRevision(this.head, this.nowMs);
    const record = stamped
      ? ({
          ...stamped.fields,
          id: write.id,
          revisionId: revision,
          updatedAt: "2023-11-14T22:13:20.000Z",
        } as WireRecord)
      : null;
    const { entity, id, key, deviceId } = write;
    const commit: Commit = { revision, entity, id, record, stamped, key, deviceId };
    this.log.push(commit);
    this.latest.set(name, commit);
    this.effects.set(key, (this.effects.get(key) ?? 0) + 1);
    return this.done(record, revision, resolution);
  }

  private conflict(error: string, current: Commit, write: Write): Body {
    const stamps = Object.fromEntries(
      [...(current.stamped?.stamps ?? [])].map(([name, stamp]) => [name, stamp.timeMs]),
    );
    return {
      status: 409,
      body: {
        error,
        message: "",
        currentRevision: current.revision,
        serverData: current.record,
        clientData: write.operation === "delete" ? null : write.payload,
        ...(current.record ? { stamps } : { deleted: true }),
      },
    };
  }

  private changes(since: string | undefined, cursor: string | undefined): Body {
    if (since !== undefined && since < this.floor) {
      return {
        status: 410,
        body: {
          error: "revision_expired",
          message: "",
          currentRevision: this.head,
          floorRevision: this.floor,
        },
      };
    }
    const isFull = since === undefined;
    const from = cursor ?? since ?? "";
    // A full sync that has begun must also hear of deletions since.
    const all = [...this.latest.values()]
      .filter((one) => one.revision > from && (one.record !== null || !isFull || cursor !== undefined))
      .sort((left, right) => (left.revision < right.revision ? -1 : 1));
    const page = all.slice(0, this.limit);
    const hasMore = all.length > this.limit;
    const changes = page.map(({ entity, id, revision, record }) =>
      record
        ? { entity, action: "updated", id, revisionId: revision, data: record }
        : { entity, action: "deleted", id, revisionId: revision },
    );
    const currentRevision = this.head;
    return {
      status: 200,
      body: {
        changes,
        currentRevision,
        hasMore,
        ...(hasMore ? { nextCursor: page.at(-1)?.revision ?? "" } : {}),
        meta: this.meta(this.head),
      },
    };
  }

  private ok(data: JsonObject): Body {
    return { status: 200, body: { data, meta: this.meta(this.head) } };
  }

  private done(record: WireRecord | null, revision: Revision, resolution?: string): Body {
    const meta = this.meta(revision);
    return {
      status: 200,
      body: { data: record, meta: resolution === undefined ? meta : { ...meta, resolution } },
    };
  }

  private meta(revisionId: Revision): JsonObject {
    return { revisionId, updatedAt: "2023-11-14T22:13:20.000Z" };
  }
}

/** A record's name and its fields, for comparisons. */
export function contentOf(records: ReadonlyMap<string, WireRecord>): readonly (readonly [string, Fields])[] {
  return [...records]
    .map(([name, record]) => [name, fieldsOf(record)] as const)
    .sort((a, b) => (a[0] < b[0] ? -1 : 1));
}
