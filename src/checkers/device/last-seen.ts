/**
 * Judges REV-11: the last-seen revision never goes back but by a full sync, and never runs ahead of the stored data.
 * Refuses to know how storage works: `advanced` says what is durable, and what a restarted app shows is what was.
 */

import type { Fact, FactOf } from "../../history/facts.ts";
import { ENTITIES, ENTITY_OF, type Entity } from "../../protocol/entity.ts";
import { GENESIS, type Revision } from "../../protocol/revision.ts";
import { ByIndex } from "../define.ts";
import type { Checker } from "../port.ts";
import { EntityMap, RecordMap } from "../record-map.ts";
import { DeviceChecker, who } from "./findings.ts";

/**
 * [REV-11] Triggers: each `advanced` after the first of its entity, and each revision that a restarted device sends
 * before anything new reached it. Relies on `advanced` being told in the instant in which the revision is durable.
 * A `changes` request does not tell its entities, so its `since` is held against the largest of theirs.
 */
export function createLastSeenChecker(): Checker {
  return new LastSeen();
}

interface DeviceState {
  readonly durable: Map<Entity, FactOf<"advanced">>;
  /** Entities whose revision a full sync may set back. */
  readonly resettable: EntityMap<boolean>;
  readonly shown: RecordMap<{ fact: FactOf<"shown">; session: number }>;
  session: number;
  fullRuns: boolean;
  /** Nothing but storage has told this process anything yet. */
  fresh: boolean;
  restarted: boolean;
}

class LastSeen extends DeviceChecker {
  private readonly devices = new ByIndex<DeviceState>(() => ({
    durable: new Map(),
    resettable: new EntityMap(),
    shown: new RecordMap(),
    session: 0,
    fullRuns: false,
    fresh: false,
    restarted: false,
  }));

  constructor() {
    super("REV-11", [
      "advanced",
      "sync_started",
      "sync_ended",
      "sent",
      "connecting",
      "shown",
      "started",
      "killed",
      "frame",
      "answered",
    ]);
  }

  fold(fact: Fact): void {
    switch (fact.fact) {
      case "advanced":
        this.advanced(fact);
        return;
      case "shown":
        this.shown(fact);
        return;
      case "frame":
      case "answered":
        this.devices.of(fact.device).fresh = false;
        return;
      case "sync_started":
        this.fullSync(fact, true);
        return;
      case "sync_ended":
        this.devices.of(fact.device).fresh = false;
        this.fullSync(fact, false);
        return;
      case "sent":
        if (fact.since !== undefined) this.resumed(fact, fact.since, undefined);
        return;
      case "connecting":
        if (fact.since !== undefined) this.resumed(fact, fact.since, fact.entities);
        return;
      case "started":
        this.started(fact);
        return;
      case "killed":
        this.devices.of(fact.device).fullRuns = false;
    }
  }

  private started(fact: FactOf<"started">): void {
    const state = this.devices.of(fact.device);
    state.session++;
    state.fresh = true;
    state.restarted = fact.cold;
    if (fact.cold) return;
    state.durable.clear();
    state.shown.clear();
  }

  private fullSync(fact: FactOf<"sync_started" | "sync_ended">, runs: boolean): void {
    if (fact.sync !== "full") return;
    const state = this.devices.of(fact.device);
    state.fullRuns = runs;
    for (const entity of ENTITIES) state.resettable.set(entity, true);
  }

  private advanced(fact: FactOf<"advanced">): void {
    const state = this.devices.of(fact.device);
    const before = state.durable.get(fact.entity);
    state.durable.set(fact.entity, fact);
    const mayFall = state.resettable.get(fact.entity) === true;
    if (mayFall && !state.fullRuns) state.resettable.set(fact.entity, false);
    if (!before) return;
    this.trigger();
    if (fact.revision >= before.revision || mayFall) return;
    this.breach({
      at: fact.at,
      expected: `the last-seen revision of ${fact.entity} stays at ${before.revision} or rises`,
      actual: `it fell to ${fact.revision}`,
      because: `no full sync ran on ${who(fact)} since`,
      evidence: [before, fact],
    });
  }

  /** A restarted device resumes: its revision must have been durable, and where entities share, the smallest. */
  private resumed(
    fact: FactOf<"sent" | "connecting">,
    since: string,
    collections: readonly string[] | undefined,
  ): void {
    const state = this.devices.of(fact.device);
    if (!state.fresh || !state.restarted || since <= GENESIS) return;
    this.trigger();
    const limit = fact.fact === "sent" ? largest(state) : smallest(state, collections);
    if (limit !== undefined && since <= limit.revision) return;
    this.breach({
      at: fact.at,
      expected: `${who(fact)} resumes from ${limit?.revision ?? "no revision"} or an older one`,
      actual: `it resumes from ${since}`,
      because: limit
        ? `after its restart ${limit.revision} is the newest that was durable for all the entities it asks for`
        : "no revision had been durable before its restart",
      evidence: limit ? [limit, fact] : [fact],
    });
  }

  /** [REV-11] stored only after the data it covers: older data after a restart means that it was stored before. */
  private shown(fact: FactOf<"shown">): void {
    const state = this.devices.of(fact.device);
    if (fact.fields === undefined) {
      state.shown.delete(fact.entity, fact.id);
      return;
    }
    if (fact.revision === undefined) return;
    const { session } = state;
    const before = state.shown.get(fact.entity, fact.id);
    if (!before) {
      state.shown.set(fact.entity, fact.id, { fact, session });
      return;
    }
    const wasThere = before.fact.revision as Revision;
    if (state.fresh && before.session < session && fact.revision < wasThere) {
      const covered = state.durable.get(fact.entity);
      if (covered && wasThere <= covered.revision && state.resettable.get(fact.entity) !== true) {
        this.breach({
          at: fact.at,
          expected: `${who(fact)} still has ${fact.entity} ${fact.id} at ${wasThere} after its restart`,
          actual: `it has it at ${fact.revision}`,
          because: `the last-seen revision ${covered.revision} was durable, and covers ${wasThere}`,
          evidence: [before.fact, covered, fact],
        });
      }
    }
    before.fact = fact;
    before.session = session;
  }
}

function largest(state: DeviceState): FactOf<"advanced"> | undefined {
  let limit: FactOf<"advanced"> | undefined;
  for (const seen of state.durable.values()) if (!limit || seen.revision > limit.revision) limit = seen;
  return limit;
}

function smallest(
  state: DeviceState,
  collections: readonly string[] | undefined,
): FactOf<"advanced"> | undefined {
  let limit: FactOf<"advanced"> | undefined;
  for (const [entity, seen] of state.durable) {
    if (collections && !collections.some((collection) => ENTITY_OF.get(collection) === entity)) continue;
    if (!limit || seen.revision < limit.revision) limit = seen;
  }
  return limit;
}
