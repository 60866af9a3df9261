/**
 * Owns which records devices show that the server has deleted.
 * Refuses to judge how long they may. Memory is what is on the screens.
 */

import type { EpochMs } from "../../base/time.ts";
import { type FactOf, RecordMap } from "./findings.ts";

interface Seen {
  readonly entity: string;
  readonly id: string;
  /** What each device shows of it. */
  readonly holders: Map<number, FactOf<"shown">>;
  deleted: FactOf<"committed"> | undefined;
}

/** A record on the screen of a device, and its deletion. */
export interface Ghost {
  readonly shown: FactOf<"shown">;
  readonly deleted: FactOf<"committed">;
}

/** The records of one account, as far as a device shows them. */
export class Ghosts {
  private readonly records = new RecordMap<Seen>();
  private readonly deleted = new Set<Seen>();

  shown(fact: FactOf<"shown">): void {
    const known = this.records.get(fact.entity, fact.id);
    if (fact.fields !== undefined) {
      if (known) known.holders.set(fact.device, fact);
      else {
        const holders = new Map([[fact.device, fact]]);
        this.records.set(fact.entity, fact.id, {
          entity: fact.entity,
          id: fact.id,
          holders,
          deleted: undefined,
        });
      }
      return;
    }
    if (!known) return;
    known.holders.delete(fact.device);
    if (known.holders.size > 0) return;
    this.deleted.delete(known);
    this.records.delete(fact.entity, fact.id);
  }

  committed(fact: FactOf<"committed">): void {
    const known = this.records.get(fact.entity, fact.id);
    if (!known) return;
    if (fact.action === "deleted") {
      known.deleted = fact;
      this.deleted.add(known);
    } else if (known.deleted) {
      known.deleted = undefined;
      this.deleted.delete(known);
    }
  }

  /** What this device has shown since `sinceMs`, without edits of its own on it, of what was deleted before `at`. */
  of(device: number, sinceMs: EpochMs, at: EpochMs): readonly Ghost[] {
    const ghosts: Ghost[] = [];
    for (const { holders, deleted } of this.deleted) {
      const shown = holders.get(device);
      if (!shown || !deleted || shown.at < sinceMs || deleted.at >= at || shown.waiting.length > 0) continue;
      ghosts.push({ shown, deleted });
    }
    return ghosts;
  }
}
