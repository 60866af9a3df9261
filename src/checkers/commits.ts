/**
 * Owns what the history tells of each account's log: the commits in their order, and how each record stands.
 * Refuses to judge. Several checkers share one.
 */

import type { FactOf } from "../history/facts.ts";
import { ENTITIES, type Entity, type Fields, RESERVED_MEMBERS, type WireRecord } from "../protocol/entity.ts";
import { ByIndex } from "./define.ts";
import { RecordMap } from "./record-map.ts";

/** Commits kept per account; sockets that resume from before them are judged from there on. */
const COMMITS_KEPT_MAX = 8_192;

export type Commit = FactOf<"committed">;

/** How a record came to stand as it stands. */
export interface RecordLog {
  /** Its newest commit. */
  last: Commit;
  /** The one before that; undefined when the history saw none. */
  before: Commit | undefined;
  /** When it was last deleted, as far as the history saw. */
  deletedAt: number | undefined;
  /** From the revision of its last deletion to that at which it was made again. */
  gone: { readonly from: string; readonly until: string | undefined } | undefined;
}

/** One account's log, as far as it was seen and is kept. */
export class AccountLog {
  readonly records = new RecordMap<RecordLog>();
  /** Kept commits, oldest first; the first of them is commit number `dropped`. */
  readonly kept: Commit[] = [];
  dropped = 0;
  /** An earlier commit with the revision of the newest one; undefined when there is none, as there should be. */
  clash: Commit | undefined;
  private readonly byRevision = new Map<string, Commit>();
  private isAscending = true;

  /** Number that the next commit will have. */
  get end(): number {
    return this.dropped + this.kept.length;
  }

  /** The newest commit. */
  get head(): Commit | undefined {
    return this.kept.at(-1);
  }

  /** The commit of this revision, if it is kept. */
  find(revision: string): Commit | undefined {
    return this.byRevision.get(revision);
  }

  /** True when a commit of this revision would be found, had there been one. */
  covers(revision: string): boolean {
    const first = this.kept[0];
    return first !== undefined && revision >= first.revision;
  }

  /** The commit of this number; undefined when it is no longer kept, or not yet made. */
  at(number: number): Commit | undefined {
    return this.kept[number - this.dropped];
  }

  /** Number of the first kept commit above `revision`. */
  after(revision: string): number {
    let low = 0;
    let high = this.kept.length;
    // Most who ask were here a moment ago.
    for (let near = 1; this.isAscending && near <= high; near *= 4) {
      if ((this.kept[high - near] as Commit).revision > revision) continue;
      low = high - near + 1;
      break;
    }
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.kept[middle] as Commit).revision <= revision) low = middle + 1;
      else high = middle;
    }
    return this.dropped + low;
  }

  add(commit: Commit): void {
    this.clash = this.byRevision.get(commit.revision);
    if (this.head && commit.revision < this.head.revision) this.isAscending = false;
    this.kept.push(commit);
    this.byRevision.set(commit.revision, commit);
    const record = this.records.get(commit.entity, commit.id);
    const deletedAt = commit.action === "deleted" ? commit.at : undefined;
    if (record) {
      record.before = record.last;
      record.last = commit;
      record.deletedAt = deletedAt ?? record.deletedAt;
      record.gone = goneBy(commit, record.gone);
    } else {
      const gone = goneBy(commit, undefined);
      this.records.set(commit.entity, commit.id, { last: commit, before: undefined, deletedAt, gone });
    }
    if (this.kept.length >= 2 * COMMITS_KEPT_MAX) this.forget(this.kept.length - COMMITS_KEPT_MAX);
  }

  private forget(count: number): void {
    for (const commit of this.kept.splice(0, count)) {
      if (this.byRevision.get(commit.revision) === commit) this.byRevision.delete(commit.revision);
    }
    this.dropped += count;
  }
}

/** The logs of all accounts. */
export class Commits {
  readonly accounts = new ByIndex<AccountLog>(() => new AccountLog());
  /** True once more than one account has committed anything. */
  ofSeveral = false;
  private one: number | undefined;
  /** Who has a record of this id: an account, or several. */
  private readonly owners = new RecordMap<number | Set<number>>();

  take(commit: Commit): void {
    if (this.one !== undefined && this.one !== commit.account) this.ofSeveral = true;
    this.one = commit.account;
    this.accounts.of(commit.account).add(commit);
    this.own(commit);
  }

  /** The account's log. */
  of(account: number): AccountLog {
    return this.accounts.of(account);
  }

  /** How a record stands; undefined when the history saw no commit of it. */
  record(account: number, entity: Entity, id: string): RecordLog | undefined {
    return this.accounts.of(account).records.get(entity, id);
  }

  /**
   * Another account that this record, at this revision, must have come from; undefined when it may be the
   * account's own. Accounts may have records of one id, and revisions of one name.
   */
  foreignOwner(
    account: number,
    entity: Entity,
    id: string,
    revision: string | undefined,
  ): number | undefined {
    const owners = this.owners.get(entity, id);
    if (revision === undefined || owners === undefined || owners === account) return undefined;
    const own = this.of(account);
    if (isOf(own.find(revision), entity, id)) return undefined;
    if (typeof owners === "number")
      return isOf(this.of(owners).find(revision), entity, id) ? owners : undefined;
    if (owners.has(account) && !own.covers(revision)) return undefined;
    for (const owner of owners) {
      if (owner !== account && isOf(this.of(owner).find(revision), entity, id)) return owner;
    }
    return undefined;
  }

  /** Another account that a change of this entity must have come from, as `foreignOwner` has it for records. */
  foreignCommit(account: number, entity: Entity, revision: string): number | undefined {
    const own = this.of(account);
    if (!own.covers(revision) || own.find(revision)?.entity === entity) return undefined;
    for (const [owner, log] of this.accounts.entries()) {
      if (owner !== account && log.find(revision)?.entity === entity) return owner;
    }
    return undefined;
  }

  private own(commit: Commit): void {
    const owners = this.owners.get(commit.entity, commit.id);
    if (owners === commit.account) return;
    if (owners === undefined) this.owners.set(commit.entity, commit.id, commit.account);
    else if (typeof owners === "number") {
      this.owners.set(commit.entity, commit.id, new Set([owners, commit.account]));
    } else owners.add(commit.account);
  }
}

/** True when the record had been deleted at this revision, and was not made again before it. */
export function isGoneAt(record: RecordLog | undefined, revision: string): boolean {
  const gone = record?.gone;
  return gone !== undefined && gone.from <= revision && (gone.until === undefined || revision < gone.until);
}

function goneBy({ action, revision }: Commit, before: RecordLog["gone"]): RecordLog["gone"] {
  if (action === "deleted") return { from: revision, until: undefined };
  return before && before.until === undefined ? { from: before.from, until: revision } : before;
}

/** True when this is a commit of this record. */
export function isOf(commit: Commit | undefined, entity: Entity, id: string): boolean {
  return commit !== undefined && commit.entity === entity && commit.id === id;
}

/** A record's own fields, by name. */
export function* fieldsIn(record: WireRecord | Fields): IterableIterator<readonly [string, Fields[string]]> {
  for (const name of Object.keys(record)) {
    if (!RESERVED_MEMBERS.has(name)) yield [name, record[name] as Fields[string]];
  }
}

/** A field's value; undefined when the record has none. */
export function fieldOf(record: WireRecord | Fields, name: string): Fields[string] | undefined {
  return Object.hasOwn(record, name) ? record[name] : undefined;
}

/** The ids of a list's items, in their order. */
export function itemIdsOf(list: WireRecord | Fields): readonly string[] {
  const items = fieldOf(list, "items");
  if (!Array.isArray(items)) return [];
  const claimed = items as readonly { readonly id?: unknown }[];
  return claimed.flatMap((item) => (typeof item?.id === "string" ? item.id : []));
}

/** All records of an account, as the commits leave them. */
export function* recordsOf(log: AccountLog): IterableIterator<RecordLog> {
  for (const entity of ENTITIES) yield* log.records.of(entity).values();
}

/** A commit in words. `named` is what its author said to know, where the proxy may have gone by less. */
export function tellCommit(commit: Commit, named: string | undefined = commit.ifMatch): string {
  const who = commit.device === undefined ? "somebody" : `device ${commit.device}`;
  const knowing = named === undefined ? "" : ` with If-Match ${named}`;
  return `${who} ${commit.action} ${commit.entity} ${commit.id} as ${commit.revision}${knowing}, on ${commit.previous ?? "nothing"}`;
}
