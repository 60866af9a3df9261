/**
 * Owns one device's cached reads: which are cached, which an event has touched, and what may be made stale [EVT-14].
 * Refuses to judge: it says what it saw. Memory is the reads of one process and the touches of CAUSE_MS.
 */

import type { EpochMs } from "../../base/time.ts";
import type { SyncEvent } from "../../protocol/messages.ts";
import type { Revision } from "../../protocol/revision.ts";
import { type FactOf, RecordMap } from "./findings.ts";

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

/** Cached reads of one device. */
export class StaleReads {
  private readonly cached = new RecordMap<true>();
  private readonly dirty = new RecordMap<FactOf<"frame">>();
  private readonly held = new RecordMap<Revision>();
  /** Keys of the device's own mutations that wait, and the other way round. */
  private readonly ownKeys = new Set<string>();
  private readonly keyOf = new Map<string, string>();
  /** What was touched, in two generations: the older one is dropped as a whole. */
  private touches = new RecordMap<EpochMs>();
  private oldTouches = new RecordMap<EpochMs>();
  private turnedAt: EpochMs = 0;
  private syncedAt: EpochMs = Number.NEGATIVE_INFINITY;
  private eventSeen: FactOf<"frame"> | undefined;

  killed(): void {
    this.cached.clear();
    this.dirty.clear();
    this.held.clear();
    this.eventSeen = undefined;
  }

  /** A sync began or ended: it may touch anything, and bring everything up to date. */
  synced(at: EpochMs): void {
    this.syncedAt = at;
    this.dirty.clear();
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
    this.settled(fact);
    this.ownKeys.add(fact.key);
    this.keyOf.set(fact.mutation, fact.key);
  }

  settled(fact: { readonly mutation: string }): void {
    const key = this.keyOf.get(fact.mutation);
    if (key === undefined) return;
    this.ownKeys.delete(key);
    this.keyOf.delete(fact.mutation);
  }

  shown(fact: FactOf<"shown">): void {
    this.touch(fact.entity, fact.id, fact.at);
    if (fact.revision !== undefined) this.held.set(fact.entity, fact.id, fact.revision);
  }

  event(fact: FactOf<"frame">, event: SyncEvent): void {
    this.touch(event.entity, event.id, fact.at);
    this.eventSeen = fact;
    const held = this.held.get(event.entity, event.id);
    const own = event.origin?.mutationId !== undefined && this.ownKeys.has(event.origin.mutationId);
    // An echo, or what is known already, changes nothing that was read.
    if (own || (held !== undefined && event.revisionId <= held)) return;
    if (this.cached.get(event.entity, event.id)) this.dirty.set(event.entity, event.id, fact);
    if (this.cached.get(event.entity, ALL)) this.dirty.set(event.entity, ALL, fact);
  }

  /** Takes in a read; returns the event that should have made it stale before, and did not. */
  read(fact: FactOf<"read">): FactOf<"frame"> | undefined {
    const id = fact.id ?? ALL;
    const event = this.dirty.get(fact.entity, id);
    if (event && fact.at - event.at < STALE_WITHIN_MS) return undefined;
    this.cached.set(fact.entity, id, true);
    if (event) this.dirty.delete(fact.entity, id);
    return event;
  }

  /**
   * Takes in what was made stale: the event that accounts for some of it, and a query that nothing accounts for.
   * Nothing is judged near a sync or an answer, which may have touched anything.
   */
  invalidated(fact: FactOf<"invalidated">): {
    readonly byEvent: FactOf<"frame"> | undefined;
    readonly untouched: Query | undefined;
  } {
    const near = fact.at - this.syncedAt <= CAUSE_MS;
    const event = this.eventSeen && fact.at - this.eventSeen.at <= CAUSE_MS ? this.eventSeen : undefined;
    let untouched: Query | undefined;
    for (const query of fact.queries) {
      const id = query.id ?? ALL;
      this.dirty.delete(query.entity, id);
      if (!this.touchedAt(query.entity, id, fact.at)) untouched ??= query;
    }
    return { byEvent: near ? undefined : event, untouched: near ? undefined : untouched };
  }

  private touch(entity: string, id: string, at: EpochMs): void {
    if (at - this.turnedAt > CAUSE_MS) {
      this.oldTouches = this.touches;
      this.touches = new RecordMap();
      this.turnedAt = at;
    }
    this.touches.set(entity, id, at);
    this.touches.set(entity, ALL, at);
  }

  private touchedAt(entity: string, id: string, at: EpochMs): boolean {
    const touched = this.touches.get(entity, id) ?? this.oldTouches.get(entity, id);
    return touched !== undefined && at - touched <= CAUSE_MS;
  }
}
