/**
 * Owns what is known of one account's log from outside: each change that an event or an answer showed, told as a commit in
 * the order of revisions.
 * Refuses to make one up. What the server alone knows (how it resolved a write, what base it read) is left open.
 */

import type { EpochMs } from "../base/time.ts";
import type { Fact, MutationResult, SentMutation } from "../history/facts.ts";
import type { Entity, WireRecord } from "../protocol/entity.ts";
import type { Action, SyncEvent } from "../protocol/messages.ts";
import type { Revision } from "../protocol/revision.ts";
import type { FleetNames } from "./fleet-stage.ts";

type Committed = Extract<Fact, { readonly fact: "committed" }>;

/** One change, as it was seen. */
interface Seen {
  readonly revision: string;
  readonly entity: Entity;
  readonly id: string;
  readonly action: Action;
  readonly record: WireRecord | null;
  readonly deviceId: string | undefined;
  readonly key: string | undefined;
}

export interface LogOptions {
  readonly names: FleetNames;
  tell(fact: Fact): void;
  deviceNamed(account: number, deviceId: string): number | undefined;
}

const KEYS_KEPT_MAX = 200_000;

export class FleetLog {
  private readonly account: number;
  private readonly options: LogOptions;
  /** Everything up to here was told, and is before the run at the start. */
  private told: string | undefined;
  private start: string | undefined;
  private passed = "";
  /** Seen and not yet told, by revision. */
  private readonly seen = new Map<string, Seen>();
  private readonly standing = new Map<string, string>();
  private readonly sent = new Map<string, SentMutation>();

  constructor(account: number, options: LogOptions) {
    this.account = account;
    this.options = options;
  }

  begins(revision: string): void {
    this.told = revision;
    this.start = revision;
    this.passes(revision);
  }

  passes(revision: string): void {
    if (revision > this.passed) this.passed = revision;
  }

  /** Told up to here, or not watched yet. */
  has(revision: string): boolean {
    return this.told === undefined || revision <= this.told;
  }

  isPassed(revision: string): boolean {
    return revision <= this.passed;
  }

  /** Looks at a fact: what it shows of changes is kept. The newest revision in it, if there is one. */
  look(fact: Fact, mutations: readonly SentMutation[] | undefined): string | undefined {
    switch (fact.fact) {
      case "frame": {
        const { frame } = fact;
        if (frame.type === "sync_event") this.event(frame);
        return frame.revisionId;
      }
      case "sent":
        for (const mutation of fact.mutations) this.remember(mutation);
        return fact.since;
      case "answered": {
        let newest: string | undefined;
        for (const [nth, result] of fact.results.entries()) {
          const mutation = mutations?.[nth];
          if (mutation?.key === result.key) this.answer(mutation, result);
          newest = larger(newest, larger(result.revision, result.record?.revisionId));
        }
        return newest;
      }
      case "connecting":
        return fact.since;
      case "shown":
      case "advanced":
      case "sync_ended":
        return fact.revision;
      case "edited":
        return fact.base;
      case "replica":
      case "fresh_replica":
        return fact.records.reduce<string | undefined>(
          (newest, { revision }) => larger(newest, revision),
          undefined,
        );
      default:
        return undefined;
    }
  }

  /** Tells the commits up to a revision, in their order; how many they were. */
  tellUpTo(revision: string, at: EpochMs): number {
    const due: string[] = [];
    for (const one of this.seen.keys()) if (one <= revision) due.push(one);
    due.sort((left, right) => (left < right ? -1 : 1));
    for (const one of due) {
      this.options.tell(this.commitOf(this.seen.get(one) as Seen, at));
      this.seen.delete(one);
    }
    this.told = revision;
    return due.length;
  }

  private event({ revisionId, entity, id, action, payload, origin }: SyncEvent): void {
    this.see({
      revision: revisionId,
      entity,
      id,
      action,
      record: payload as WireRecord | null,
      deviceId: origin?.deviceId,
      key: origin?.mutationId,
    });
  }

  /** [REV-3] a record that carries a revision was changed by it; [REV-4] a deletion's answer names its tombstone. */
  private answer({ entity, id, operation, key }: SentMutation, result: MutationResult): void {
    const { record, revision, status } = result;
    if (status > 299 || revision === undefined || record === undefined || this.has(revision)) return;
    if (record !== null && (record.revisionId !== revision || operation === "delete")) return;
    const isCreate = operation === "create";
    this.see({
      revision,
      entity,
      id: record?.id ?? id,
      action: isCreate ? "created" : operation === "update" ? "updated" : "deleted",
      record,
      deviceId: undefined,
      // An update may have changed nothing, and name somebody else's change.
      key: isCreate ? key : undefined,
    });
  }

  private see(seen: Seen): void {
    const { names } = this.options;
    if (this.told === undefined || seen.revision <= this.told) return;
    // What belongs to the other account was no change of this one, whoever says so [SEC-3].
    const owner = names.accountOf(seen.id);
    if (owner !== undefined && owner !== this.account) return;
    const known = this.seen.get(seen.revision);
    // An event tells more than an answer.
    if (known === undefined || (known.deviceId === undefined && seen.deviceId !== undefined))
      this.seen.set(seen.revision, known?.key === undefined ? seen : { ...seen, key: known.key });
    else if (known.key === undefined && seen.key !== undefined)
      this.seen.set(seen.revision, { ...known, key: seen.key });
  }

  private commitOf(seen: Seen, at: EpochMs): Committed {
    const { revision, entity, id, action, record, deviceId, key } = seen;
    const name = `${entity} ${id}`;
    // A record from before the run stood at some revision before it.
    const previous = action === "created" ? undefined : (this.standing.get(name) ?? this.start);
    this.standing.set(name, revision);
    const sent = key === undefined ? undefined : this.sent.get(key);
    // Whether a stale write was resolved, and how, is in its answer alone: the commit says only what is sure.
    const ifMatch = sent?.ifMatch !== undefined && sent.ifMatch === previous ? previous : undefined;
    return {
      fact: "committed",
      at,
      account: this.account,
      revision: revision as Revision,
      entity,
      id,
      action,
      record,
      previous: previous as Revision | undefined,
      device: deviceId === undefined ? undefined : this.options.deviceNamed(this.account, deviceId),
      key,
      ifMatch: ifMatch as Revision | undefined,
      resolution: undefined,
    };
  }

  private remember(mutation: SentMutation): void {
    if (this.sent.size >= KEYS_KEPT_MAX) {
      const [oldest] = this.sent.keys();
      if (oldest !== undefined) this.sent.delete(oldest);
    }
    this.sent.set(mutation.key, mutation);
  }
}

function larger(left: string | undefined, right: string | undefined): string | undefined {
  if (left === undefined || right === undefined) return left ?? right;
  return left > right ? left : right;
}
