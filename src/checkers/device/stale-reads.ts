/**
 * Owns one device's cached reads: which are cached, which an event has touched, and what may be made stale [EVT-14].
 * Refuses to judge: it says what it saw. Memory is what one process has read and shown.
 */

import type { EpochMs } from "../../base/time.ts";
import type { FactOf } from "../../history/facts.ts";
import type { SyncEvent } from "../../protocol/messages.ts";
import type { Revision } from "../../protocol/revision.ts";
import { EntityMap } from "../record-map.ts";

/** How long something that touched a read accounts for making it stale: storage may come first. */
const CAUSE_MS = 10_000;
/** A device makes reads stale within this time of the event. */
const STALE_WITHIN_MS = 1_000;
/** The id under which a read of a whole collection is kept; no record can have it (section 3). */
const ALL = "";

interface Query {
  readonly entity: string;
  readonly id?: string;
}

/** What is known of one record, or of a whole collection. */
class Read {
  cached = false;
  /** The event that touched it while it was cached; it counts only in the round in which it was noted. */
  dirty: FactOf<"frame"> | undefined;
  round = 0;
  /** The newest revision that was shown of it. */
  held: Revision | undefined;
  touchedAt: EpochMs = Number.NEGATIVE_INFINITY;
}

/** The reads of one entity. */
class Collection {
  readonly all = new Read();
  readonly records = new Map<string, Read>();

  of(id: string): Read {
    if (id === ALL) return this.all;
    const known = this.records.get(id);
    if (known) return known;
    const made = new Read();
    this.records.set(id, made);
    return made;
  }

  find(id: string): Read | undefined {
    return id === ALL ? this.all : this.records.get(id);
  }

  forget(at: EpochMs): void {
    this.all.cached = false;
    for (const [id, read] of this.records) {
      if (at - read.touchedAt > CAUSE_MS) this.records.delete(id);
      read.cached = false;
      read.held = undefined;
    }
  }
}

/** Cached reads of one device. */
export class StaleReads {
  /** What was not made stale by an event that touched it; undefined when all that could be said was said. */
  untouched: Query | undefined;
  /** The event that accounts for what was made stale last. */
  byEvent: FactOf<"frame"> | undefined;
  private readonly collections = new EntityMap<Collection>();
  /** Keys of the device's own mutations that wait, and the other way round. */
  private readonly ownKeys = new Set<string>();
  private readonly keyOf = new Map<string, string>();
  private syncedAt: EpochMs = Number.NEGATIVE_INFINITY;
  private eventSeen: FactOf<"frame"> | undefined;
  /** Goes up with what brings everything up to date; only what was noted in this round is dirty. */
  private round = 0;
  private dirtyCount = 0;

  /** What was read and shown is gone with the process; what was touched a moment ago stays so. */
  killed(at: EpochMs): void {
    this.clean();
    this.eventSeen = undefined;
    this.collections.each((collection) => collection.forget(at));
  }

  /** A sync began or ended: it may touch anything, and bring everything up to date. */
  synced(at: EpochMs): void {
    this.syncedAt = at;
    this.clean();
  }

  /** A mutation was answered or ended; a conflict touches a record too. */
  moved(at: EpochMs): void {
    this.syncedAt = at;
  }

  edited(fact: FactOf<"edited">): void {
    this.keyed(fact);
    this.touch(fact.entity, fact.id, fact.at);
  }

  keyed(fact: FactOf<"edited" | "rekeyed">): void {
    this.unkey(fact.mutation);
    this.ownKeys.add(fact.key);
    this.keyOf.set(fact.mutation, fact.key);
  }

  settled(fact: { readonly mutation: string; readonly at: EpochMs }): void {
    this.moved(fact.at);
    this.unkey(fact.mutation);
  }

  shown(fact: FactOf<"shown">): void {
    const record = this.touch(fact.entity, fact.id, fact.at);
    if (fact.revision !== undefined) record.held = fact.revision;
  }

  event(fact: FactOf<"frame">, event: SyncEvent): void {
    const record = this.touch(event.entity, event.id, fact.at);
    this.eventSeen = fact;
    const { held } = record;
    const own = event.origin?.mutationId !== undefined && this.ownKeys.has(event.origin.mutationId);
    // An echo, or what is known already, changes nothing that was read.
    if (own || (held !== undefined && event.revisionId <= held)) return;
    if (record.cached) this.soil(record, fact);
    const { all } = this.of(event.entity);
    if (all.cached) this.soil(all, fact);
  }

  /** Takes in a read; returns the event that should have made it stale before, and did not. */
  read(fact: FactOf<"read">): FactOf<"frame"> | undefined {
    const read = this.of(fact.entity).of(fact.id ?? ALL);
    const event = this.dirtyBy(read);
    if (event && fact.at - event.at < STALE_WITHIN_MS) return undefined;
    read.cached = true;
    if (event) this.wipe(read);
    return event;
  }

  /**
   * Takes in what was made stale, and says in `byEvent` and `untouched` what it makes of it: the event that accounts
   * for some of it, and a query that nothing accounts for. Nothing is judged near a sync or an answer, which may have
   * touched anything.
   */
  invalidated(fact: FactOf<"invalidated">): void {
    this.untouched = undefined;
    this.byEvent = undefined;
    const near = fact.at - this.syncedAt <= CAUSE_MS;
    if (near && this.dirtyCount === 0) return;
    for (const query of fact.queries) {
      const read = this.of(query.entity).find(query.id ?? ALL);
      if (read) this.wipe(read);
      const touched = read !== undefined && fact.at - read.touchedAt <= CAUSE_MS;
      if (!near && !touched) this.untouched ??= query;
    }
    if (!near && this.eventSeen && fact.at - this.eventSeen.at <= CAUSE_MS) this.byEvent = this.eventSeen;
  }

  private of(entity: string): Collection {
    const known = this.collections.get(entity);
    if (known) return known;
    const made = new Collection();
    this.collections.set(entity, made);
    return made;
  }

  private touch(entity: string, id: string, at: EpochMs): Read {
    const collection = this.of(entity);
    collection.all.touchedAt = at;
    const record = collection.of(id);
    record.touchedAt = at;
    return record;
  }

  private unkey(mutation: string): void {
    const key = this.keyOf.get(mutation);
    if (key === undefined) return;
    this.ownKeys.delete(key);
    this.keyOf.delete(mutation);
  }

  private clean(): void {
    this.round++;
    this.dirtyCount = 0;
  }

  private dirtyBy(read: Read): FactOf<"frame"> | undefined {
    return read.round === this.round ? read.dirty : undefined;
  }

  private soil(read: Read, fact: FactOf<"frame">): void {
    if (!this.dirtyBy(read)) this.dirtyCount++;
    read.dirty = fact;
    read.round = this.round;
  }

  private wipe(read: Read): void {
    if (this.dirtyBy(read)) this.dirtyCount--;
    read.dirty = undefined;
  }
}
