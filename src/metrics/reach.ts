/**
 * Owns how far a change reaches by itself: to phones with a network, in their users' hands or in a pocket.
 * Refuses to count what a user had to open the app for as reached any sooner than they did.
 */

import type { EpochMs } from "../base/time.ts";
import type { Fact, FactOf } from "../history/facts.ts";
import type { Entity } from "../protocol/entity.ts";
import type { Revision } from "../protocol/revision.ts";
import { Fleet } from "./backlog.ts";
import type { Measure } from "./measure.ts";

/** Within this time a change should be on the account's other phones. */
const REACH_WITHIN_MS = 60_000;
/** Within this time a phone in a pocket should have heard of it. */
const ALERT_WITHIN_MS = 10_000;

export interface Reach {
  /** Pairs of a change and another phone of the account that had a network then. */
  readonly changes: number;
  /** Of them, those that its app held within REACH_WITHIN_MS. */
  readonly held: number;
  /** Pairs whose phone did not have the app in front; and those of which it heard, by push or sync, within ALERT_WITHIN_MS. */
  readonly pocketed: number;
  readonly heard: number;
}

interface Pending {
  readonly entity: Entity;
  readonly revision: Revision;
  readonly at: EpochMs;
  readonly pocketed: boolean;
  heard: boolean;
}

interface Pocket {
  open: boolean;
  online: boolean;
  /** By record, oldest first. */
  readonly pending: Map<string, Pending[]>;
}

/** A new measure of reach. */
export function createReach(): ReachMeasure {
  return new ReachMeasure();
}

class ReachMeasure implements Measure<Reach> {
  readonly wants = [
    "started",
    "killed",
    "opened",
    "closed",
    "online",
    "offline",
    "committed",
    "shown",
    "sync_ended",
    "pushed",
  ] as const;
  private readonly fleet = new Fleet<Pocket>(() => ({ open: false, online: true, pending: new Map() }));
  private changes = 0;
  private held = 0;
  private pocketed = 0;
  private heard = 0;

  fold(fact: Fact): void {
    switch (fact.fact) {
      case "committed":
        return this.committed(fact);
      case "shown": {
        const { pending } = this.fleet.of(fact);
        return this.holds(pending, `${fact.entity}/${fact.id}`, fact.revision, fact.at);
      }
      case "sync_ended":
        if (fact.revision !== undefined) this.synced(this.fleet.of(fact), fact.revision, fact.at);
        return;
      case "pushed":
        for (const items of this.fleet.of(fact).pending.values())
          for (const item of items)
            if (item.entity === fact.entity && item.revision <= fact.revision) this.hears(item, fact.at);
        return;
      case "started":
        this.fleet.of(fact).online = fact.online;
        return;
      case "killed":
      case "closed":
        this.fleet.of(fact).open = false;
        return;
      case "opened":
        this.fleet.of(fact).open = true;
        return;
      case "online":
      case "offline":
        this.fleet.of(fact).online = fact.fact === "online";
    }
  }

  merge(other: ReachMeasure): void {
    this.changes += other.changes;
    this.held += other.held;
    this.pocketed += other.pocketed;
    this.heard += other.heard;
  }

  result(): Reach {
    const { changes, held, pocketed, heard } = this;
    return { changes, held, pocketed, heard };
  }

  private committed(fact: FactOf<"committed">): void {
    const { entity, id, revision, at } = fact;
    const name = `${entity}/${id}`;
    for (const { online, open, pending } of this.fleet.others(fact)) {
      if (!online) continue;
      const pocketed = !open;
      this.changes++;
      if (pocketed) this.pocketed++;
      const item: Pending = { entity, revision, at, pocketed, heard: false };
      const items = pending.get(name);
      if (items) items.push(item);
      else pending.set(name, [item]);
    }
  }

  private synced({ pending }: Pocket, revision: Revision, at: EpochMs): void {
    for (const name of [...pending.keys()]) this.holds(pending, name, revision, at);
  }

  /** What is shown without a revision is gone from the screen, and all that was pending of it with it. */
  private holds(
    pending: Map<string, Pending[]>,
    name: string,
    revision: Revision | undefined,
    at: EpochMs,
  ): void {
    const items = pending.get(name);
    if (!items) return;
    const rest = items.filter((item) => revision !== undefined && item.revision > revision);
    for (const item of items) {
      if (rest.includes(item)) continue;
      if (at - item.at <= REACH_WITHIN_MS) this.held++;
      this.hears(item, at);
    }
    if (rest.length === 0) pending.delete(name);
    else pending.set(name, rest);
  }

  private hears(item: Pending, at: EpochMs): void {
    if (item.heard || !item.pocketed) return;
    item.heard = true;
    if (at - item.at <= ALERT_WITHIN_MS) this.heard++;
  }
}
