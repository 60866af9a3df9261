/**
 * Owns the vocabulary of the crash test: what was asked, answered, shown and read while the proxy was killed again
 * and again, as the clients saw it.
 * Refuses to know how it came to pass, and what it is worth: crash-judge.fixture.ts judges.
 */

import type { JsonObject } from "../base/canonical-json.ts";
import type { Entity, WireRecord } from "../protocol/entity.ts";
import type { Change, Operation, SyncEvent } from "../protocol/messages.ts";
import type { Revision } from "../protocol/revision.ts";

/**
 * A point in the order of things as the clients saw them: each thing that happened has the next number. What got a
 * smaller number was over when what got a larger one began.
 */
export type Turn = number;

/** A mutation as it was asked for, the same bytes at every attempt. */
export interface Asked {
  readonly key: string;
  readonly deviceId: string;
  readonly entity: Entity;
  readonly operation: Operation;
  /** undefined: the proxy makes the id, or `recordOf` names it. */
  readonly recordId: string | undefined;
  /** Batches: the create whose record is meant. */
  readonly recordOf: string | undefined;
  /** Create: the body without its id. Update: the merge patch. Delete: undefined. */
  readonly fields: JsonObject | undefined;
  /** If-Match. */
  readonly base: Revision | undefined;
  /** Batches: the mutation whose revision stands for If-Match. */
  readonly baseOf: string | undefined;
  /** A text that stands in the record where this mutation had its effect, and nowhere else. */
  readonly mark: string;
}

/** An answer that came whole: of a single call, or of a batch's item, brought to the same form. */
export interface Told {
  readonly status: number;
  /** `{data, meta}` or the error body, without `message`. */
  readonly body: JsonObject;
  readonly sentAt: Turn;
  readonly toldAt: Turn;
  /** Which start of the proxy answered, from 1. */
  readonly life: number;
  readonly replayed: boolean;
}

export interface Mutation extends Asked {
  readonly firstSentAt: Turn;
  /** The start of the proxy to which it was first sent. */
  readonly firstLife: number;
  /** Attempts that got no whole answer. */
  readonly unanswered: number;
  /** Every answer that came, in the order of coming, `in_flight`, 429 and 503 left out: those settle nothing. */
  readonly answers: readonly Told[];
  /** Its client went away after an attempt without an answer; it was settled when all was over. */
  readonly abandoned: boolean;
}

/** A revision that a reader was told of when it was: everything made later is above it. */
export interface Sighting {
  readonly revision: Revision;
  readonly seenAt: Turn;
  readonly life: number;
}

/** What one reader held in the end. */
export interface Replica {
  readonly name: string;
  /** The entities that it follows. */
  readonly entities: readonly Entity[];
  /** The records that live, by `nameOf`. */
  readonly records: ReadonlyMap<string, WireRecord>;
}

/** A single record read while the load was on. */
export interface Read {
  readonly entity: Entity;
  readonly id: string;
  readonly sentAt: Turn;
  /** undefined: 404. */
  readonly revision: Revision | undefined;
}

/** A settled mutation asked for once more when all was over. */
export interface Again {
  readonly key: string;
  readonly status: number;
  readonly body: JsonObject;
}

export interface CrashHistory {
  readonly mutations: readonly Mutation[];
  /** Each resumed stream of events, by the name of its reader: everything that it was shown over all crashes. */
  readonly streams: ReadonlyMap<string, readonly SyncEvent[]>;
  /** The whole log as a new socket replays it: before the abandoned mutations were settled, and after. */
  readonly logBefore: readonly SyncEvent[];
  readonly log: readonly SyncEvent[];
  readonly sightings: readonly Sighting[];
  /** Items of deltas, as they were shown. */
  readonly changes: readonly Change[];
  readonly replicas: readonly Replica[];
  /** All records, as the collections list them after the last restart. */
  readonly listed: readonly WireRecord[];
  readonly reads: readonly Read[];
  readonly again: readonly Again[];
  readonly headBeforeAgain: Revision;
  readonly headAfterAgain: Revision;
  /** What no client should have met: a resync that nothing called for, a 410, a 5xx other than 503. */
  readonly surprises: readonly string[];
}

/** One name for a record across entities. */
export function nameOf(entity: Entity, id: string): string {
  return `${entity}/${id}`;
}
