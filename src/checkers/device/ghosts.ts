/**
 * Owns which records devices show that the server has deleted.
 * Refuses to judge how long they may. Memory is what is on the screens.
 */

import type { EpochMs } from "../../base/time.ts";
import type { FactOf } from "../../history/facts.ts";
import { ByIndex } from "../define.ts";
import { RecordMap } from "../record-map.ts";

interface Seen {
  readonly entity: string;
  readonly id: string;
  /** What each device shows of it: one fact per device, and few devices per account. */
  readonly holders: FactOf<"shown">[];
  deleted: FactOf<"committed"> | undefined;
}

/** A record on the screen of a device, and its deletion. */
export interface Ghost {
  readonly shown: FactOf<"shown">;
  readonly deleted: FactOf<"committed">;
}

/** The ghosts of all accounts. */
export class Ghosts {
  private readonly accounts = new ByIndex(() => new AccountGhosts());
  /** Taken in with the next one, so that a checker that is told of it still finds what was before it. */
  private newest: FactOf<"shown" | "committed"> | undefined;

  take(fact: FactOf<"shown" | "committed">): void {
    this.catchUp();
    this.newest = fact;
  }

  /**
   * What this device has shown since `sinceMs`, without edits of its own on it, of what was deleted before `at`, as
   * `fact` finds it.
   */
  before(fact: unknown, account: number, device: number, sinceMs: EpochMs, at: EpochMs): readonly Ghost[] {
    if (fact !== this.newest) this.catchUp();
    return this.accounts.of(account).of(device, sinceMs, at);
  }

  private catchUp(): void {
    const fact = this.newest;
    if (fact === undefined) return;
    this.newest = undefined;
    const ghosts = this.accounts.of(fact.account);
    if (fact.fact === "shown") ghosts.shown(fact);
    else ghosts.committed(fact);
  }
}

/** The records of one account, as far as a device shows them. */
class AccountGhosts {
  private readonly records = new RecordMap<Seen>();
  private readonly deleted = new Set<Seen>();

  shown(fact: FactOf<"shown">): void {
    const known = this.records.get(fact.entity, fact.id);
    if (fact.fields !== undefined) {
      if (known) hold(known.holders, fact);
      else {
        const { entity, id } = fact;
        this.records.set(entity, id, { entity, id, holders: [fact], deleted: undefined });
      }
      return;
    }
    if (!known) return;
    release(known.holders, fact.device);
    if (known.holders.length > 0) return;
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

  of(device: number, sinceMs: EpochMs, at: EpochMs): readonly Ghost[] {
    if (this.deleted.size === 0) return NONE;
    const ghosts: Ghost[] = [];
    for (const { holders, deleted } of this.deleted) {
      const shown = holders.find((holder) => holder.device === device);
      if (!shown || !deleted || shown.at < sinceMs || deleted.at >= at || shown.waiting.length > 0) continue;
      ghosts.push({ shown, deleted });
    }
    return ghosts;
  }
}

const NONE: readonly never[] = [];

function hold(holders: FactOf<"shown">[], fact: FactOf<"shown">): void {
  for (let place = 0; place < holders.length; place++) {
    if (holders[place]?.device !== fact.device) continue;
    holders[place] = fact;
    return;
  }
  holders.push(fact);
}

function release(holders: FactOf<"shown">[], device: number): void {
  for (let place = 0; place < holders.length; place++) {
    if (holders[place]?.device !== device) continue;
    holders.splice(place, 1);
    return;
  }
}
