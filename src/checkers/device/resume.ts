/**
 * Judges EVT-14: a device resumes its event stream with its last-seen revision, and an event makes stale exactly the
 * cached reads that it touches.
 * Refuses to judge what a sync makes stale: a history does not tell what a delta carried.
 */

import type { Fact, FactOf } from "../../history/facts.ts";
import { ENTITIES, ENTITY_OF, type Entity } from "../../protocol/entity.ts";
import type { Revision } from "../../protocol/revision.ts";
import { ByIndex } from "../define.ts";
import type { Checker } from "../port.ts";
import { EntityMap } from "../record-map.ts";
import { DeviceChecker, who } from "./findings.ts";
import { refusesDelta } from "./opening-sync.ts";
import { StaleReads } from "./stale-reads.ts";

/**
 * [EVT-14] Triggers: each connection of a device that has a last-seen revision; each event that touches a cached read
 * which is then read or made stale; and each `invalidated` that events can account for. A revision may trail what was
 * received as far as what is durable, and no further; for entities that share a socket the smallest counts.
 */
export function createResumeChecker(): Checker {
  return new Resume();
}

interface DeviceState {
  /** What is durable, by entity: the oldest that it may resume from. */
  readonly durable: EntityMap<Revision>;
  /** What reached it, by entity: the newest that it may resume from. */
  readonly seen: EntityMap<Revision>;
  readonly sockets: Map<number, readonly Entity[]>;
  /** It was told that its revision is of no use, or syncs in full: until that has ended, all bets are off. */
  resetting: Fact | undefined;
  readonly reads: StaleReads;
}

class Resume extends DeviceChecker {
  private readonly devices = new ByIndex<DeviceState>(() => ({
    durable: new EntityMap(),
    seen: new EntityMap(),
    sockets: new Map(),
    resetting: undefined,
    reads: new StaleReads(),
  }));

  constructor() {
    super("EVT-14", [
      "advanced",
      "sync_started",
      "sync_ended",
      "answered",
      "connecting",
      "disconnected",
      "frame",
      "started",
      "killed",
      "read",
      "invalidated",
      "edited",
      "shown",
      "rekeyed",
      "settled",
    ]);
  }

  fold(fact: Fact): void {
    switch (fact.fact) {
      case "connecting":
        this.connecting(this.devices.of(fact.device), fact);
        return;
      case "disconnected":
        this.devices.of(fact.device).sockets.delete(fact.socket);
        return;
      case "frame":
        this.frame(this.devices.of(fact.device), fact);
        return;
      case "advanced":
        this.advanced(this.devices.of(fact.device), fact);
        return;
      case "sync_started": {
        const state = this.devices.of(fact.device);
        state.reads.synced(fact.at);
        if (fact.sync === "full") state.resetting = fact;
        return;
      }
      case "sync_ended":
        this.synced(this.devices.of(fact.device), fact);
        return;
      case "answered":
        this.answered(this.devices.of(fact.device), fact);
        return;
      case "started":
        this.started(this.devices.of(fact.device), fact);
        return;
      case "killed": {
        const state = this.devices.of(fact.device);
        state.sockets.clear();
        state.reads.killed(fact.at);
        return;
      }
      case "read":
        this.read(this.devices.of(fact.device), fact);
        return;
      case "invalidated":
        this.invalidated(this.devices.of(fact.device), fact);
        return;
      case "edited":
        this.devices.of(fact.device).reads.edited(fact);
        return;
      case "rekeyed":
        this.devices.of(fact.device).reads.keyed(fact);
        return;
      case "settled":
        this.devices.of(fact.device).reads.settled(fact);
        return;
      case "shown":
        this.devices.of(fact.device).reads.shown(fact);
    }
  }

  private started(state: DeviceState, fact: FactOf<"started">): void {
    // Memory is gone: what was durable is what it knows.
    state.seen.clear();
    if (!fact.cold) state.durable.clear();
    state.durable.each((revision, entity) => state.seen.set(entity, revision));
  }

  private advanced(state: DeviceState, fact: FactOf<"advanced">): void {
    state.durable.set(fact.entity, fact.revision);
    sees(state, fact.entity, fact.revision);
  }

  private synced(state: DeviceState, fact: FactOf<"sync_ended">): void {
    state.reads.synced(fact.at);
    if (fact.revision === undefined) return;
    state.resetting = undefined;
    for (const entity of ENTITIES) sees(state, entity, fact.revision);
  }

  private answered(state: DeviceState, fact: FactOf<"answered">): void {
    if (refusesDelta(fact)) state.resetting = fact;
    if (fact.results.length > 0) state.reads.moved(fact.at);
  }

  private frame(state: DeviceState, fact: FactOf<"frame">): void {
    const { frame } = fact;
    if (frame.type === "resync_required") {
      state.resetting = fact;
      return;
    }
    if (!("revisionId" in frame)) return;
    const seen = frame.type === "sync_event" ? state.seen.get(frame.entity) : undefined;
    for (const entity of state.sockets.get(fact.socket) ?? ENTITIES) sees(state, entity, frame.revisionId);
    // What a sync or an earlier event has covered touches nothing.
    if (frame.type === "sync_event" && (seen === undefined || frame.revisionId > seen)) {
      state.reads.event(fact, frame);
    }
  }

  private connecting(state: DeviceState, fact: FactOf<"connecting">): void {
    const entities = fact.entities
      ? fact.entities.flatMap((collection) => ENTITY_OF.get(collection) ?? [])
      : ENTITIES.filter((entity) => state.durable.get(entity) !== undefined);
    state.sockets.set(fact.socket, fact.entities ? entities : ENTITIES);
    const durable = smallest(state.durable, entities);
    if (durable === undefined || state.resetting) return;
    this.trigger();
    const seen = smallest(state.seen, entities) ?? durable;
    if (fact.since !== undefined && fact.since >= durable && fact.since <= seen) return;
    this.breach({
      at: fact.at,
      expected: `${who(fact)} resumes from its last-seen revision, ${durable === seen ? seen : `${durable} to ${seen}`}`,
      actual: fact.since === undefined ? "it names no revision" : `it resumes from ${fact.since}`,
      because:
        fact.since !== undefined && fact.since > seen
          ? "that is newer than what all entities of the socket have seen: what lies between is lost"
          : "that revision was durable for all entities of the socket",
      evidence: [fact],
    });
  }

  private read(state: DeviceState, fact: FactOf<"read">): void {
    const stale = state.reads.read(fact);
    if (!stale) return;
    this.trigger();
    if (!fact.fresh) return;
    this.breach({
      at: fact.at,
      expected: `${who(fact)} has made its read of ${fact.entity} ${fact.id ?? "(all)"} stale`,
      actual: "it was answered as fresh, and nothing had made it stale",
      because: `the event ${stale.frame.revisionId} had changed what it shows`,
      evidence: [stale, fact],
    });
  }

  private invalidated(state: DeviceState, fact: FactOf<"invalidated">): void {
    state.reads.invalidated(fact);
    const { byEvent, untouched } = state.reads;
    if (byEvent) this.trigger();
    if (!untouched) return;
    const { entity, id } = untouched;
    this.breach({
      at: fact.at,
      expected: `${who(fact)} makes stale the reads that the event touches`,
      actual: `it made ${entity} ${id ?? "(all)"} stale too`,
      because: "no event, answer, edit or sync had touched it lately",
      evidence: byEvent ? [byEvent, fact] : [fact],
    });
  }
}

function sees(state: DeviceState, entity: Entity, revision: Revision): void {
  const before = state.seen.get(entity);
  if (before === undefined || revision > before) state.seen.set(entity, revision);
}

/** The smallest revision of these entities; undefined when one of them has none. */
function smallest(known: EntityMap<Revision>, entities: readonly Entity[]): Revision | undefined {
  let least: Revision | undefined;
  for (const entity of entities) {
    const revision = known.get(entity);
    if (revision === undefined) return undefined;
    if (least === undefined || revision < least) least = revision;
  }
  return least;
}
