/**
 * Owns one account's log in memory: its versions in order, which of them are current, and how far back it reaches.
 * Refuses to know keys, devices and rules. Versions are shared with whoever asks, never copied.
 */

import { assert } from "../base/assert.ts";
import type { EpochMs } from "../base/time.ts";
import { ENTITIES, type Entity, type WireRecord } from "../protocol/entity.ts";
import { GENESIS, type Revision } from "../protocol/revision.ts";
import type { Stamps } from "../protocol/stamps.ts";
import { CURSOR_LIFE_MS, type Snapshot, type Standing, type Version } from "./store.ts";

/** What the log may write into a version after it was committed. */
type Stored = { -readonly [Member in keyof Version]: Version[Member] };

const NOTHING: readonly Version[] = [];

/** A floor on its way to become the bottom, and since when it has been the floor. */
interface Sinking {
  readonly floor: Revision;
  readonly sinceMs: EpochMs;
}

/** All that a log is, for a store that keeps it elsewhere. */
export interface LogDump {
  readonly standing: Standing;
  readonly sinking: Sinking | undefined;
  readonly versions: readonly Version[];
}

/** The current versions of one entity, and its living ids in ASCII order. */
class Shelf {
  readonly current = new Map<string, Stored>();
  readonly ids: string[] = [];
  /** All living records, until the next change. */
  whole: readonly WireRecord[] | undefined;

  put(version: Stored, before: Version | undefined): void {
    this.current.set(version.id, version);
    this.whole = undefined;
    const lived = before !== undefined && before.record !== null;
    const lives = version.record !== null;
    if (lives === lived) return;
    const at = firstAbove(this.ids.length, (index) => (this.ids[index] as string) >= version.id);
    if (lives) this.ids.splice(at, 0, version.id);
    else this.ids.splice(at, 1);
  }

  /** Finds the living ids anew: for many at once, where `put` would move them one by one. */
  sortIds(): void {
    for (const [id, { record }] of this.current) if (record !== null) this.ids.push(id);
    this.ids.sort((left, right) => (left < right ? -1 : 1));
  }

  /** Undoes `put` of the only version of its record. */
  remove(version: Version): void {
    this.current.delete(version.id);
    this.whole = undefined;
    if (version.record === null) return;
    this.ids.splice(
      firstAbove(this.ids.length, (index) => (this.ids[index] as string) >= version.id),
      1,
    );
  }

  living(afterId: string | undefined, limit: number): readonly WireRecord[] {
    if (afterId === undefined && limit >= this.ids.length) {
      this.whole ??= this.ids.map((id) => this.record(id));
      return this.whole;
    }
    const start =
      afterId === undefined
        ? 0
        : firstAbove(this.ids.length, (index) => (this.ids[index] as string) > afterId);
    return this.ids.slice(start, start + limit).map((id) => this.record(id));
  }

  private record(id: string): WireRecord {
    const record = this.current.get(id)?.record;
    assert(record, "an id on the shelf is that of a living record");
    return record;
  }
}

export class MemoryLog {
  private readonly shelves: Readonly<Record<Entity, Shelf>> = {
    contact: new Shelf(),
    task: new Shelf(),
    list: new Shelf(),
  };
  private readonly versions: Stored[] = [];
  private at: Standing = { head: GENESIS, headAtMs: 0, floor: GENESIS, bottom: GENESIS };
  private sinking: Sinking | undefined;

  get standing(): Standing {
    return this.at;
  }

  get size(): number {
    return this.versions.length;
  }

  current(entity: Entity, id: string): Version | undefined {
    return this.shelves[entity].current.get(id);
  }

  living(entity: Entity, afterId: string | undefined, limit: number): readonly WireRecord[] {
    return this.shelves[entity].living(afterId, limit);
  }

  /** The version of this revision, as long as the log has it. */
  versionAt(revision: Revision): Version | undefined {
    const version = this.versions[this.indexAfter(revision) - 1];
    return version?.revision === revision ? version : undefined;
  }

  append(version: Version): void {
    assert(version.revision > this.at.head, "a log only grows upwards");
    assert(version.committedAtMs >= this.at.headAtMs, "commit times never fall along a log");
    const shelf = this.shelves[version.entity];
    const before = shelf.current.get(version.id);
    if (before) before.supersededBy = version.revision;
    const stored = version as Stored;
    shelf.put(stored, before);
    this.versions.push(stored);
    this.at = { ...this.at, head: version.revision, headAtMs: version.committedAtMs };
  }

  raise(entity: Entity, id: string, stamps: Stamps): void {
    const current = this.shelves[entity].current.get(id);
    assert(current, "stamps are raised on a record that is there");
    current.raised = stamps;
    current.raises++;
  }

  /** Takes the newest version out again: `before` was its record's newest until then, and `standing` the log's. */
  retract(before: Version | undefined, standing: Standing): void {
    const version = this.versions.pop();
    assert(version, "what is taken back was appended");
    const shelf = this.shelves[version.entity];
    if (before === undefined) {
      shelf.remove(version);
    } else {
      const stored = before as Stored;
      stored.supersededBy = undefined;
      shelf.put(stored, version);
    }
    this.at = standing;
  }

  /** Takes the newest raise of a record's stamps back; `raised` is what was there before. */
  unraise(entity: Entity, id: string, raised: Stamps | undefined): void {
    const current = this.shelves[entity].current.get(id);
    assert(current && current.raises > 0, "what is taken back was raised");
    current.raised = raised;
    current.raises--;
  }

  /** What `restore` needs. The versions are those of the log itself: to be written out before it moves on. */
  dump(): LogDump {
    return { standing: this.at, sinking: this.sinking, versions: this.versions };
  }

  /** Fills an empty log with what another was. */
  restore(dump: LogDump): void {
    assert(this.versions.length === 0 && this.at.head === GENESIS, "only an empty log is filled");
    for (const version of dump.versions) {
      this.shelves[version.entity].current.set(version.id, version as Stored);
      this.versions.push(version as Stored);
    }
    for (const entity of ENTITIES) this.shelves[entity].sortIds();
    this.at = dump.standing;
    this.sinking = dump.sinking;
  }

  has(revision: Revision): boolean {
    // The version at the floor itself may be a tombstone that is gone.
    return revision === this.at.floor || (revision > this.at.floor && this.versionAt(revision) !== undefined);
  }

  after(revision: Revision, limit: number): readonly Version[] {
    if (revision === this.at.head) return NOTHING;
    const start = this.indexAfter(revision);
    return this.versions.slice(start, start + limit);
  }

  countAfter(revision: Revision): number {
    return this.versions.length - this.indexAfter(revision);
  }

  snapshot(question: Snapshot): readonly Version[] {
    if (question.after >= question.upTo) return NOTHING;
    const found: Version[] = [];
    for (let index = this.indexAfter(question.after); index < this.versions.length; index++) {
      const version = this.versions[index] as Version;
      if (version.revision > question.upTo) break;
      // [DLT-11] only the record's last state counts: a tombstone of the past does not hide what was made again.
      if (version.supersededBy !== undefined && version.supersededBy <= question.upTo) continue;
      if (version.record === null && !question.tombstones) continue;
      if (!question.entities.has(version.entity)) continue;
      found.push(version);
      if (found.length === question.limit) break;
    }
    return found;
  }

  /** [DLT-10] the floor moves first; what it left behind goes when no cursor can need it any more. */
  prune(retentionMs: number, nowMs: EpochMs): boolean {
    const { sinking } = this;
    if (sinking !== undefined && nowMs - sinking.sinceMs >= CURSOR_LIFE_MS) {
      this.at = { ...this.at, bottom: sinking.floor };
      this.sinking = undefined;
      this.drop();
    }
    const floor = this.floorAt(nowMs - retentionMs);
    if (floor > this.at.floor) this.at = { ...this.at, floor };
    if (this.sinking === undefined && this.at.floor > this.at.bottom) {
      this.sinking = { floor: this.at.floor, sinceMs: nowMs };
    }
    return this.sinking !== undefined || this.at.floor < this.at.head;
  }

  /** Where `prune` would leave the log; nothing is moved. */
  standingAfterPrune(retentionMs: number, nowMs: EpochMs): Standing {
    const { at, sinking } = this;
    const sunk = sinking !== undefined && nowMs - sinking.sinceMs >= CURSOR_LIFE_MS;
    return {
      ...at,
      floor: this.floorAt(nowMs - retentionMs),
      bottom: sunk ? sinking.floor : at.bottom,
    };
  }

  /** [DLT-13] the oldest revision that was the head after `cutoffMs`: its successor came later than that. */
  private floorAt(cutoffMs: EpochMs): Revision {
    const { floor } = this.at;
    const start = this.indexAfter(floor);
    const count = this.versions.length - start;
    const kept = firstAbove(
      count,
      (index) => (this.versions[start + index] as Version).committedAtMs > cutoffMs,
    );
    return kept === 0 ? floor : (this.versions[start + kept - 1] as Version).revision;
  }

  /** Drops what the bottom has passed: superseded versions, and tombstones with all that is known of the record. */
  private drop(): void {
    const { bottom } = this.at;
    const end = this.indexAfter(bottom);
    let kept = 0;
    for (let index = 0; index < end; index++) {
      const version = this.versions[index] as Stored;
      const hidden = version.supersededBy !== undefined && version.supersededBy <= bottom;
      if (hidden) continue;
      if (version.record === null) {
        if (version.supersededBy === undefined) this.shelves[version.entity].current.delete(version.id);
        continue;
      }
      this.versions[kept++] = version;
    }
    this.versions.splice(kept, end - kept);
  }

  /** Index of the first version after a revision. Most questions are about the end of the log. */
  private indexAfter(revision: Revision): number {
    const { versions } = this;
    const last = versions.length - 1;
    if (last < 0 || revision >= (versions[last] as Version).revision) return last + 1;
    if (last === 0 || revision >= (versions[last - 1] as Version).revision) return last;
    return firstAbove(last, (index) => (versions[index] as Version).revision > revision);
  }
}

/** The smallest index in [0, count) for which `isAbove` holds, as it then does for all larger ones; else `count`. */
function firstAbove(count: number, isAbove: (index: number) => boolean): number {
  let low = 0;
  let high = count;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (isAbove(middle)) high = middle;
    else low = middle + 1;
  }
  return low;
}
