/**
 * Judges FUL-3: a crash between pages, or before the revision is stored, loses nothing at the next start.
 * Refuses to judge pending edits, which are QUE-1.
 */

import type { Fact, FactOf } from "../../history/facts.ts";
import type { Entity } from "../../protocol/entity.ts";
import { GENESIS } from "../../protocol/revision.ts";
import { ByIndex } from "../define.ts";
import type { Checker } from "../port.ts";
import { DeviceChecker, who } from "./findings.ts";

/**
 * [FUL-3] Triggers: the first revision (or the first full sync, or the first request without one) after a restart that
 * follows a kill during a sync, or between its end and `advanced`. What it then asks from must not be newer than what
 * was durable: the pages of the sync that was cut off may not all be stored.
 */
export function createCutSyncChecker(): Checker {
  return new CutSync();
}

interface DeviceState {
  readonly durable: Map<Entity, FactOf<"advanced">>;
  /** The sync that runs, or has ended and whose revision is not known to be stored. */
  sync: FactOf<"sync_started" | "sync_ended"> | undefined;
  /** The kill that cut one off, until the next start has resumed. */
  cut: FactOf<"killed"> | undefined;
  restarted: boolean;
}

class CutSync extends DeviceChecker {
  private readonly devices = new ByIndex<DeviceState>(() => ({
    durable: new Map(),
    sync: undefined,
    cut: undefined,
    restarted: false,
  }));

  constructor() {
    super("FUL-3", ["sync_started", "sync_ended", "advanced", "killed", "started", "sent", "connecting"]);
  }

  fold(fact: Fact): void {
    if (!("device" in fact) || fact.device === undefined) return;
    const state = this.devices.of(fact.device);
    switch (fact.fact) {
      case "sync_started":
        if (fact.sync === "full" && state.cut && state.restarted) this.resumed(state, fact, undefined);
        state.sync = fact;
        return;
      case "sync_ended":
        state.sync = this.stored(state, fact.revision) ? undefined : fact;
        return;
      case "advanced":
        state.durable.set(fact.entity, fact);
        // Whatever was durable before did not reach that far, or the sync would not stand here any more.
        if (state.sync?.fact === "sync_ended" && fact.revision >= (state.sync.revision ?? ""))
          state.sync = undefined;
        return;
      case "killed":
        if (state.sync) state.cut = fact;
        state.sync = undefined;
        state.restarted = false;
        return;
      case "started":
        state.restarted = state.cut !== undefined;
        return;
      case "connecting":
        if (state.restarted) this.resumed(state, fact, fact.since);
        return;
      case "sent":
        if (state.restarted && fact.call === "changes") this.resumed(state, fact, fact.since);
    }
  }

  /** Nothing is left to store of a sync that was given up, or whose revision is durable for some entity. */
  private stored(state: DeviceState, revision: string | undefined): boolean {
    if (revision === undefined) return true;
    for (const seen of state.durable.values()) if (seen.revision >= revision) return true;
    return false;
  }

  private resumed(
    state: DeviceState,
    fact: FactOf<"sync_started" | "sent" | "connecting">,
    since: string | undefined,
  ): void {
    const { cut } = state;
    state.cut = undefined;
    state.restarted = false;
    this.trigger();
    if (since === undefined || since <= GENESIS) return;
    let newest: FactOf<"advanced"> | undefined;
    for (const seen of state.durable.values()) if (!newest || seen.revision > newest.revision) newest = seen;
    if (newest && since <= newest.revision) return;
    this.breach({
      at: fact.at,
      expected: `${who(fact)} asks again from ${newest?.revision ?? "the beginning"}`,
      actual: `it asks from ${since}`,
      because: "it was killed before the sync had ended and its revision was stored",
      evidence: [newest, cut, fact].filter((item) => item !== undefined),
    });
  }
}
