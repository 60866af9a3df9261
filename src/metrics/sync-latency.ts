/**
 * Owns sync latency: from a commit to its being visible on each other device of the account.
 * Refuses to know how it got there. Memory is the commits that some device has not seen yet.
 */

import type { EpochMs } from "../base/time.ts";
import type { Fact, FactOf } from "../history/facts.ts";
import { ENTITIES, type Entity } from "../protocol/entity.ts";
import type { Revision } from "../protocol/revision.ts";
import { Distribution, type Durations } from "./distribution.ts";
import type { Measure } from "./measure.ts";
import type { SeriesSink } from "./series.ts";

/** From commit to sight, per commit and other device of the account (section 12). */
export interface SyncLatency {
  /** The device was online with its app open at the commit. Milliseconds. */
  readonly online: Durations;
  /** It was not. Milliseconds. */
  readonly cameBack: Durations;
  /** Pairs of a commit and a device that had not seen it at the end. */
  readonly unseen: number;
}

interface Unseen {
  readonly revision: Revision;
  readonly at: EpochMs;
  readonly entity: Entity;
  readonly id: string;
  readonly deletion: boolean;
  readonly online: boolean;
  gone: boolean;
}

const COMPACT_FROM = 1_024;

/** What one device has not seen, by record, and by entity in commit order. */
class Backlog {
  alive = false;
  open = false;
  online = false;
  readonly records: Readonly<Record<Entity, Map<string, Unseen[]>>> = {
    contact: new Map(),
    task: new Map(),
    list: new Map(),
  };
  private readonly order: Record<Entity, Unseen[]> = { contact: [], task: [], list: [] };
  private readonly advanced = new Set<Entity>();
  size = 0;

  add(unseen: Unseen): void {
    const { entity, id } = unseen;
    const list = this.records[entity].get(id);
    if (list) list.push(unseen);
    else this.records[entity].set(id, [unseen]);
    this.order[entity].push(unseen);
    this.size++;
    this.compact(entity);
  }

  /** A device that never tells of a last-seen revision takes nothing out of the order. */
  private compact(entity: Entity): void {
    const { length } = this.order[entity];
    if (length > COMPACT_FROM && length > 4 * this.size) {
      this.order[entity] = this.order[entity].filter((unseen) => !unseen.gone);
    }
  }

  /** Takes out what a record shown at `revision` makes visible, oldest first. */
  take(entity: Entity, id: string, covers: (unseen: Unseen) => boolean): readonly Unseen[] {
    const list = this.records[entity].get(id);
    if (!list) return NONE;
    let count = 0;
    while (count < list.length && covers(list[count] as Unseen)) count++;
    if (count === 0) return NONE;
    const taken = list.splice(0, count);
    if (list.length === 0) this.records[entity].delete(id);
    for (const unseen of taken) unseen.gone = true;
    this.size -= count;
    return taken;
  }

  /**
   * What is covered by a durable last-seen revision and was never shown had nothing to show: a record that came and
   * went meanwhile, or one of an entity that the device does not hold.
   */
  covered(entity: Entity, revision: Revision): void {
    this.advanced.add(entity);
    for (const other of ENTITIES) {
      if (other === entity || !this.advanced.has(other)) this.drop(other, revision);
    }
  }

  private drop(entity: Entity, revision: Revision): void {
    const order = this.order[entity];
    let count = 0;
    while (count < order.length && (order[count] as Unseen).revision <= revision) {
      const unseen = order[count++] as Unseen;
      if (!unseen.gone) this.take(entity, unseen.id, (older) => older.revision <= unseen.revision);
    }
    if (count > 0) order.splice(0, count);
  }
}

const NONE: readonly never[] = [];

/** A new measure of sync latency. A shown revision makes all older commits of its record visible too. */
export function createSyncLatency(sink?: SeriesSink): SyncLatencyMeasure {
  return new SyncLatencyMeasure(sink);
}

class SyncLatencyMeasure implements Measure<SyncLatency> {
  readonly wants = [
    "started",
    "killed",
    "opened",
    "closed",
    "online",
    "offline",
    "committed",
    "shown",
    "advanced",
  ] as const;
  private readonly accounts = new Map<number, Map<number, Backlog>>();
  private readonly online = new Distribution();
  private readonly cameBack = new Distribution();
  private unseenElsewhere = 0;
  private readonly sink: SeriesSink | undefined;

  constructor(sink?: SeriesSink) {
    this.sink = sink;
  }

  fold(fact: Fact): void {
    switch (fact.fact) {
      case "committed":
        this.committed(fact);
        return;
      case "shown":
        this.shown(fact);
        return;
      case "advanced":
        this.accounts.get(fact.account)?.get(fact.device)?.covered(fact.entity, fact.revision);
        return;
      case "started": {
        const backlog = this.backlog(fact, !fact.cold);
        backlog.alive = true;
        backlog.online = fact.online;
        return;
      }
      case "killed": {
        const backlog = this.backlog(fact, false);
        backlog.alive = false;
        backlog.open = false;
        return;
      }
      case "opened":
      case "closed":
        this.backlog(fact, false).open = fact.fact === "opened";
        return;
      case "online":
      case "offline":
        this.backlog(fact, false).online = fact.fact === "online";
    }
  }

  merge(other: SyncLatencyMeasure): void {
    this.online.merge(other.online);
    this.cameBack.merge(other.cameBack);
    this.unseenElsewhere += other.unseen();
  }

  result(): SyncLatency {
    return { online: this.online.durations(), cameBack: this.cameBack.durations(), unseen: this.unseen() };
  }

  private unseen(): number {
    let unseen = this.unseenElsewhere;
    for (const devices of this.accounts.values()) for (const { size } of devices.values()) unseen += size;
    return unseen;
  }

  /** A newly installed app has nothing to catch up with: its full sync shows the past at once. */
  private backlog(fact: { readonly account: number; readonly device: number }, installed: boolean): Backlog {
    let devices = this.accounts.get(fact.account);
    if (!devices) {
      devices = new Map();
      this.accounts.set(fact.account, devices);
    }
    const known = devices.get(fact.device);
    if (known && !installed) return known;
    const made = new Backlog();
    devices.set(fact.device, made);
    return made;
  }

  private committed(fact: FactOf<"committed">): void {
    const devices = this.accounts.get(fact.account);
    if (!devices) return;
    const { revision, at, entity, id } = fact;
    for (const [device, backlog] of devices) {
      if (device === fact.device) continue;
      const online = backlog.alive && backlog.open && backlog.online;
      backlog.add({ revision, at, entity, id, deletion: fact.action === "deleted", online, gone: false });
    }
  }

  private shown(fact: FactOf<"shown">): void {
    const backlog = this.accounts.get(fact.account)?.get(fact.device);
    if (!backlog || backlog.size === 0) return;
    const { revision } = fact;
    let taken: readonly Unseen[] = NONE;
    if (revision !== undefined) {
      taken = backlog.take(fact.entity, fact.id, (unseen) => unseen.revision <= revision);
    } else if (fact.fields === undefined && fact.waiting.length === 0) {
      // Gone without a revision: the deletion is visible, and with it all that came before.
      const last = backlog.records[fact.entity].get(fact.id)?.findLast((unseen) => unseen.deletion);
      if (last) taken = backlog.take(fact.entity, fact.id, (unseen) => unseen.revision <= last.revision);
    }
    for (const unseen of taken) {
      const latencyMs = fact.at - unseen.at;
      (unseen.online ? this.online : this.cameBack).record(latencyMs);
      this.sink?.seen(fact.device, fact.account, fact.at, latencyMs, unseen.online);
    }
  }
}
