/**
 * Owns the digest of a history: which members of each fact count, and in which order.
 * Refuses to leave any out, but for server records: those count by id and revision alone.
 */

import { assertNever } from "../base/assert.ts";
import type { JsonObject } from "../base/canonical-json.ts";
import type { WireRecord } from "../protocol/entity.ts";
import type { Frame } from "../protocol/request.ts";
import type { Fact, FactName, FactOf, MutationResult, ReplicaFactRecord, SentMutation } from "./facts.ts";
import { Lanes } from "./lanes.ts";

/** Tags by fact name, fixed: a new fact is added at the end. */
const TAGS: Readonly<Record<FactName, number>> = {
  started: 1,
  killed: 2,
  opened: 3,
  closed: 4,
  online: 5,
  offline: 6,
  clock_set: 7,
  edited: 8,
  saved: 9,
  rekeyed: 10,
  settled: 11,
  asked: 12,
  chosen: 13,
  retried: 14,
  discarded: 15,
  sent: 16,
  answered: 17,
  unanswered: 18,
  connecting: 19,
  connected: 20,
  disconnected: 21,
  frame: 22,
  pushed: 23,
  shown: 24,
  read: 25,
  invalidated: 26,
  sync_started: 27,
  sync_ended: 28,
  advanced: 29,
  noticed: 30,
  committed: 31,
  push_handed_over: 32,
  phase: 33,
  replica: 34,
  fresh_replica: 35,
  severed: 36,
  cut_off: 37,
};

const KNOWN_FRAMES: ReadonlySet<string> = new Set(["sync_event", "ready", "resync_required", "checkpoint"]);

/** A digest that grows fact by fact. The same facts in the same order give the same digest, on every engine. */
export class Digest extends Lanes {
  /** Takes in one fact: every member of it, and no memory. */
  add(fact: Fact): void {
    this.word(TAGS[fact.fact]);
    this.number(fact.at);
    if ("account" in fact) this.word(fact.account);
    if ("device" in fact) this.maybeNumber(fact.device);
    this.members(fact);
  }

  private members(fact: Fact): void {
    switch (fact.fact) {
      case "killed":
      case "opened":
      case "closed":
      case "online":
      case "offline":
        return;
      case "started":
        this.flag(fact.cold);
        this.flag(fact.online);
        return;
      case "clock_set":
        this.number(fact.offsetMs);
        return;
      case "edited":
      case "saved":
      case "rekeyed":
      case "settled":
      case "asked":
      case "chosen":
      case "retried":
      case "discarded":
        this.editMembers(fact);
        return;
      case "sent":
      case "answered":
      case "unanswered":
      case "connecting":
      case "connected":
      case "disconnected":
      case "severed":
      case "frame":
      case "pushed":
        this.exchangeMembers(fact);
        return;
      case "shown":
      case "read":
      case "invalidated":
      case "sync_started":
      case "sync_ended":
      case "advanced":
      case "noticed":
        this.viewMembers(fact);
        return;
      case "committed":
      case "push_handed_over":
        this.serverMembers(fact);
        return;
      case "phase":
        this.text(fact.phase);
        return;
      case "cut_off":
        this.number(fact.until);
        return;
      case "replica":
        this.word(fact.waiting);
        this.replica(fact.records);
        return;
      case "fresh_replica":
        this.replica(fact.records);
        return;
      default:
        assertNever(fact);
    }
  }

  private editMembers(fact: EditLike): void {
    this.text(fact.mutation);
    switch (fact.fact) {
      case "edited":
        this.text(fact.key);
        this.text(fact.entity);
        this.text(fact.id);
        this.text(fact.operation);
        this.json(fact.payload);
        this.maybe(fact.base);
        return;
      case "rekeyed":
        this.text(fact.key);
        return;
      case "settled":
        this.text(fact.outcome);
        this.maybe(fact.error);
        return;
      case "chosen":
        this.text(fact.choice);
        return;
      case "saved":
      case "asked":
      case "retried":
      case "discarded":
        return;
      default:
        assertNever(fact);
    }
  }

  private exchangeMembers(fact: ExchangeLike): void {
    switch (fact.fact) {
      case "sent":
        this.word(fact.request);
        this.text(fact.call);
        this.word(fact.mutations.length);
        for (const mutation of fact.mutations) this.mutation(mutation);
        this.maybe(fact.since);
        this.number(fact.bytes);
        if (fact.altered !== undefined) this.texts(fact.altered);
        return;
      case "answered":
        this.word(fact.request);
        this.text(fact.call);
        this.number(fact.status);
        this.maybe(fact.error);
        this.maybeNumber(fact.retryAfterMs);
        this.word(fact.results.length);
        for (const result of fact.results) this.result(result);
        this.number(fact.bytes);
        if (fact.foreign !== undefined) this.flag(fact.foreign);
        return;
      case "unanswered":
        this.word(fact.request);
        this.text(fact.call);
        this.text(fact.why);
        return;
      case "connecting":
        this.word(fact.socket);
        this.maybe(fact.since);
        this.texts(fact.entities);
        return;
      case "connected":
      case "severed":
        this.word(fact.socket);
        return;
      case "disconnected":
        this.word(fact.socket);
        this.number(fact.code);
        return;
      case "frame":
        this.word(fact.socket);
        this.number(fact.bytes);
        this.frame(fact.frame);
        return;
      case "pushed":
        this.text(fact.entity);
        this.text(fact.revision);
        return;
      default:
        assertNever(fact);
    }
  }

  private viewMembers(fact: ViewLike): void {
    switch (fact.fact) {
      case "shown":
        this.text(fact.entity);
        this.text(fact.id);
        this.maybe(fact.revision);
        this.json(fact.fields);
        this.texts(fact.waiting);
        return;
      case "read":
        this.text(fact.entity);
        this.maybe(fact.id);
        this.flag(fact.fresh);
        this.maybe(fact.revision);
        return;
      case "invalidated":
        this.word(fact.queries.length);
        for (const query of fact.queries) {
          this.text(query.entity);
          this.maybe(query.id);
        }
        return;
      case "sync_started":
        this.text(fact.sync);
        this.maybe(fact.reason);
        return;
      case "sync_ended":
        this.text(fact.sync);
        this.maybe(fact.reason);
        this.maybe(fact.revision);
        return;
      case "advanced":
        this.text(fact.entity);
        this.text(fact.revision);
        return;
      case "noticed":
        this.text(fact.notice);
        return;
      default:
        assertNever(fact);
    }
  }

  private serverMembers(fact: Extract<Fact, { fact: "committed" | "push_handed_over" }>): void {
    this.text(fact.revision);
    this.text(fact.entity);
    if (fact.fact === "push_handed_over") return;
    this.text(fact.id);
    this.text(fact.action);
    this.record(fact.record);
    this.maybe(fact.previous);
    this.maybe(fact.key);
    this.maybe(fact.ifMatch);
    this.maybe(fact.resolution);
  }

  private mutation(mutation: SentMutation): void {
    this.text(mutation.key);
    this.text(mutation.entity);
    this.text(mutation.id);
    this.text(mutation.operation);
    this.json(mutation.payload);
    this.maybe(mutation.ifMatch);
    this.maybe(mutation.ifMatchMutation);
    this.maybeNumber(mutation.timestamp);
  }

  private result(result: MutationResult): void {
    this.text(result.key);
    this.number(result.status);
    this.maybe(result.error);
    this.maybe(result.resolution);
    this.json(result.replayed);
    this.maybe(result.revision);
    this.record(result.record);
  }

  private frame(frame: Frame): void {
    // [EVT-18] of a frame of a later protocol all members count, whatever they are.
    if (!KNOWN_FRAMES.has(frame.type)) return this.json(frame as JsonObject);
    this.text(frame.type);
    this.text(frame.revisionId);
    switch (frame.type) {
      case "sync_event":
        this.text(frame.entity);
        this.text(frame.action);
        this.text(frame.id);
        this.record(frame.payload);
        this.maybe(frame.origin?.deviceId);
        this.maybe(frame.origin?.mutationId);
        return;
      case "resync_required":
        this.text(frame.reason);
        this.text(frame.floorRevision);
        return;
      case "ready":
      case "checkpoint":
        return;
      default:
        assertNever(frame);
    }
  }

  private replica(records: readonly ReplicaFactRecord[]): void {
    this.word(records.length);
    for (const record of records) {
      this.text(record.entity);
      this.text(record.id);
      this.maybe(record.revision);
      this.json(record.fields);
    }
  }

  private record(record: WireRecord | null | undefined): void {
    if (record === undefined || record === null) {
      this.json(record);
      return;
    }
    this.text(record.id);
    this.text(record.revisionId);
  }
}

type EditLike = FactOf<
  "edited" | "saved" | "rekeyed" | "settled" | "asked" | "chosen" | "retried" | "discarded"
>;
type ExchangeLike = FactOf<
  | "sent"
  | "answered"
  | "unanswered"
  | "connecting"
  | "connected"
  | "disconnected"
  | "severed"
  | "frame"
  | "pushed"
>;
type ViewLike = FactOf<
  "shown" | "read" | "invalidated" | "sync_started" | "sync_ended" | "advanced" | "noticed"
>;
