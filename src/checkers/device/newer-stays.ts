/**
 * Judges REV-12: an older revision of a record never replaces a newer one, whichever channel brings it.
 * Refuses to look into records: revisions tell.
 */

import type { Fact, FactOf, MutationResult } from "../../history/facts.ts";
import type { Entity } from "../../protocol/entity.ts";
import type { Revision } from "../../protocol/revision.ts";
import { ByIndex } from "../define.ts";
import type { Checker } from "../port.ts";
import { EntityMap, RecordMap } from "../record-map.ts";
import { attending, createWitness, type Witness } from "../witness.ts";
import { DeviceChecker, who } from "./findings.ts";

/**
 * [REV-12] Triggers: an event or an answer brings an older revision of a record than the one shown, or an older one
 * is shown. What a kill took from storage may come back older, once, unless a last-seen revision covered it.
 */
export function createNewerStaysChecker(witness: Witness = createWitness()): Checker {
  return attending(witness, new NewerStays(witness));
}

interface Held {
  fact: FactOf<"shown">;
  session: number;
  gone: boolean;
}

/** Records that are gone from the screen and still remembered, per device: they must not come back older. */
const GONE_KEPT_MAX = 1_000;

interface DeviceState {
  readonly held: RecordMap<Held>;
  readonly gone: Held[];
  readonly durable: EntityMap<Revision>;
  session: number;
  /** Nothing but storage has told this process anything: older data is then the affair of REV-11. */
  fresh: boolean;
}

class NewerStays extends DeviceChecker {
  private readonly devices = new ByIndex<DeviceState>(() => ({
    held: new RecordMap(),
    gone: [],
    durable: new EntityMap(),
    session: 0,
    fresh: false,
  }));
  private readonly witness: Witness;

  constructor(witness: Witness) {
    super("REV-12", ["shown", "frame", "answered", "advanced", "started"]);
    this.witness = witness;
  }

  fold(fact: Fact): void {
    switch (fact.fact) {
      case "shown":
        this.shown(fact);
        return;
      case "frame":
        this.devices.of(fact.device).fresh = false;
        if (fact.frame.type !== "sync_event") return;
        this.offered(fact.device, fact.frame.entity, fact.frame.id, fact.frame.revisionId);
        return;
      case "answered":
        this.answered(fact);
        return;
      case "advanced":
        this.devices.of(fact.device).durable.set(fact.entity, fact.revision);
        return;
      case "started":
        this.started(fact);
        return;
    }
  }

  private started(fact: FactOf<"started">): void {
    const state = this.devices.of(fact.device);
    state.session++;
    state.fresh = true;
    if (fact.cold) return;
    state.held.clear();
    state.durable.clear();
  }

  private answered(fact: FactOf<"answered">): void {
    this.devices.of(fact.device).fresh = false;
    const sent = this.witness.flights.landed;
    if (!sent) return;
    for (let index = 0; index < fact.results.length; index++) {
      const mutation = sent.mutations[index];
      const result = fact.results[index];
      if (mutation && result) this.offeredBy(fact.device, mutation.entity, mutation.id, result);
    }
  }

  private offeredBy(device: number, entity: Entity, id: string, result: MutationResult): void {
    if (result.record !== undefined && result.revision !== undefined) {
      this.offered(device, entity, id, result.revision);
    }
  }

  private offered(device: number, entity: Entity, id: string, revision: Revision): void {
    const held = this.devices.of(device).held.get(entity, id);
    if (held?.fact.revision !== undefined && revision < held.fact.revision) this.trigger();
  }

  private shown(fact: FactOf<"shown">): void {
    const state = this.devices.of(fact.device);
    const before = state.held.get(fact.entity, fact.id);
    const gone = fact.fields === undefined;
    if (before) {
      if (gone && !before.gone) remember(state, before);
      before.gone = gone;
    }
    // A record that is gone need not say at which revision; what was known of it stands.
    if (fact.revision === undefined) return;
    if (!before) {
      const held = { fact, session: state.session, gone };
      state.held.set(fact.entity, fact.id, held);
      if (gone) remember(state, held);
      return;
    }
    const wasThere = before.fact.revision;
    if (wasThere !== undefined && fact.revision < wasThere && this.mustStay(state, before, wasThere, fact)) {
      this.trigger();
      this.breach({
        at: fact.at,
        expected: `${who(fact)} keeps ${fact.entity} ${fact.id} at ${wasThere} or newer`,
        actual: `it shows ${fact.revision}`,
        because: `it had shown ${wasThere} before, and an older revision must not replace it`,
        evidence: [before.fact, fact],
      });
    }
    before.fact = fact;
    before.session = state.session;
  }

  private mustStay(state: DeviceState, before: Held, wasThere: Revision, fact: FactOf<"shown">): boolean {
    if (before.session === state.session) return true;
    const covered = state.durable.get(fact.entity);
    return !state.fresh && covered !== undefined && wasThere <= covered;
  }
}

/** What is gone longest is forgotten, unless it came back. */
function remember(state: DeviceState, held: Held): void {
  state.gone.push(held);
  if (state.gone.length <= GONE_KEPT_MAX) return;
  const oldest = state.gone.shift();
  if (oldest?.gone) state.held.delete(oldest.fact.entity, oldest.fact.id);
}
