/**
 * Owns two rates: reads answered from fresh local data, and syncs that had to be full.
 * Refuses to know whether they could have been avoided.
 */

import type { Fact, FactOf } from "../history/facts.ts";
import type { Entity } from "../protocol/entity.ts";
import type { Revision } from "../protocol/revision.ts";
import { type Measure, share } from "./measure.ts";

/** Cache hit rate (section 12). */
export interface Cache {
  /** User reads. */
  readonly reads: number;
  /** Of them, those answered from local data that is known to be current. */
  readonly fresh: number;
  /** fresh / reads; null without reads. */
  readonly hitRate: number | null;
  /**
   * Of the fresh ones, those of single records at a revision that the history can compare with the server's; and of these,
   * those that the server had left behind: its change was still on its way, and the device could not know.
   */
  readonly compared: number;
  readonly outdated: number;
}

/** Full sync rate (section 12). */
export interface Syncs {
  /** Syncs that ended with a revision. */
  readonly all: number;
  readonly full: number;
  /** Syncs that ended without one; another took their place. */
  readonly givenUp: number;
  /** full / all; null without syncs. */
  readonly fullRate: number | null;
  /** Full syncs by the reason that the device noted; `other` is any text that the protocol does not name, or none. */
  readonly byReason: Readonly<Record<Reason, number>>;
}

type Reason = "first" | "expired" | "unknown" | "requested" | "other";

/** A new measure of the cache. */
export function createCache(): CacheMeasure {
  return new CacheMeasure();
}

class CacheMeasure implements Measure<Cache> {
  readonly wants = ["read", "committed"] as const;
  private reads = 0;
  private fresh = 0;
  private compared = 0;
  private outdated = 0;
  /** The newest revision of each record, by account and entity. Memory is the records that changed. */
  private readonly newest: Record<Entity, Map<string, Revision>>[] = [];

  fold(fact: Fact): void {
    if (fact.fact === "committed") {
      this.of(fact.account)[fact.entity].set(fact.id, fact.revision);
      return;
    }
    if (fact.fact !== "read") return;
    this.reads++;
    if (!fact.fresh) return;
    this.fresh++;
    if (fact.id === undefined || fact.revision === undefined) return;
    const newest = this.newest[fact.account]?.[fact.entity].get(fact.id);
    if (newest === undefined) return;
    this.compared++;
    if (fact.revision < newest) this.outdated++;
  }

  merge(other: CacheMeasure): void {
    this.reads += other.reads;
    this.fresh += other.fresh;
    this.compared += other.compared;
    this.outdated += other.outdated;
  }

  result(): Cache {
    const { reads, fresh, compared, outdated } = this;
    return { reads, fresh, hitRate: share(fresh, reads), compared, outdated };
  }

  private of(account: number): Record<Entity, Map<string, Revision>> {
    const known = this.newest[account];
    if (known) return known;
    const made = { contact: new Map(), task: new Map(), list: new Map() };
    this.newest[account] = made;
    return made;
  }
}

/** A new measure of syncs. */
export function createSyncs(): SyncsMeasure {
  return new SyncsMeasure();
}

class SyncsMeasure implements Measure<Syncs> {
  readonly wants = ["sync_started", "sync_ended"] as const;
  private readonly started = new Map<number, FactOf<"sync_started">>();
  private all = 0;
  private full = 0;
  private givenUp = 0;
  private readonly byReason: Record<Reason, number> = {
    first: 0,
    expired: 0,
    unknown: 0,
    requested: 0,
    other: 0,
  };

  fold(fact: Fact): void {
    if (fact.fact === "sync_started") this.started.set(fact.device, fact);
    else if (fact.fact === "sync_ended") this.ended(fact);
  }

  merge(other: SyncsMeasure): void {
    this.all += other.all;
    this.full += other.full;
    this.givenUp += other.givenUp;
    for (const reason of REASONS) this.byReason[reason] += other.byReason[reason];
  }

  result(): Syncs {
    const { all, full, givenUp, byReason } = this;
    return { all, full, givenUp, fullRate: share(full, all), byReason: { ...byReason } };
  }

  private ended(fact: FactOf<"sync_ended">): void {
    const started = this.started.get(fact.device);
    if (fact.revision === undefined) {
      this.givenUp++;
      return;
    }
    this.all++;
    if (fact.sync !== "full") return;
    this.full++;
    const noted = fact.reason ?? (started?.sync === "full" ? started.reason : undefined);
    this.byReason[REASONS.find((reason) => reason === noted) ?? "other"]++;
  }
}

const REASONS: readonly Reason[] = ["first", "expired", "unknown", "requested", "other"];
