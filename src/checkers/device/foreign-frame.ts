/**
 * Judges EVT-18: a device ignores entities and frames that it does not know, and still moves its revision on.
 * Refuses to judge unknown fields: a history cannot show that they were ignored.
 */

import type { Fact, FactOf } from "../../history/facts.ts";
import { ENTITIES } from "../../protocol/entity.ts";
import { GENESIS, parseRevision } from "../../protocol/revision.ts";
import { ByIndex } from "../define.ts";
import type { Checker } from "../port.ts";
import { DeviceChecker, who } from "./findings.ts";

const KNOWN_TYPES: ReadonlySet<string> = new Set(["sync_event", "ready", "resync_required", "checkpoint"]);
const KNOWN_ENTITIES: ReadonlySet<string> = new Set(ENTITIES);
/** A device may reconnect from what is durable, which trails what it received by a write. */
const STORED_WITHIN_MS = 5_000;

/**
 * [EVT-18] Triggers: each event of an unknown entity whose revision the device next shows to have passed, or not: by
 * `advanced`, or by reconnecting in the same process STORED_WITHIN_MS later or more. While the stream has a gap behind it,
 * it vouches for no revision. Frames of an unknown type carry
 * nothing that must be taken over; after them, and after such events, the device must not show anything of them.
 */
export function createForeignFrameChecker(): Checker {
  return new ForeignFrame();
}

class ForeignFrame extends DeviceChecker {
  /** The newest event of an unknown entity that has not been seen to be passed. */
  private readonly devices = new ByIndex(() => ({
    foreign: undefined as FactOf<"frame"> | undefined,
    /** [EVT-15] since `resync_required`, until a sync that began after it has ended: then nothing moves the revision. */
    gap: "none" as "none" | "open" | "syncing",
  }));

  constructor() {
    super("EVT-18", ["frame", "advanced", "connecting", "shown", "killed", "sync_started", "sync_ended"]);
  }

  fold(fact: Fact): void {
    switch (fact.fact) {
      case "frame":
        this.frame(fact);
        return;
      case "advanced":
        this.advanced(fact);
        return;
      case "connecting":
        this.connecting(fact);
        return;
      case "killed":
        this.devices.of(fact.device).foreign = undefined;
        this.devices.of(fact.device).gap = "none";
        return;
      case "sync_started": {
        const state = this.devices.of(fact.device);
        state.foreign = undefined;
        if (state.gap === "open") state.gap = "syncing";
        return;
      }
      case "sync_ended": {
        const state = this.devices.of(fact.device);
        if (state.gap === "syncing") state.gap = fact.revision === undefined ? "open" : "none";
        return;
      }
      case "shown":
        if (!KNOWN_ENTITIES.has(fact.entity)) this.shows(fact);
    }
  }

  private frame(fact: FactOf<"frame">): void {
    const { frame } = fact;
    if (!KNOWN_TYPES.has(frame.type)) {
      this.trigger();
      return;
    }
    const state = this.devices.of(fact.device);
    if (frame.type === "resync_required") state.gap = "open";
    if (frame.type !== "sync_event" || KNOWN_ENTITIES.has(frame.entity)) {
      // A later frame that it knows moves the revision past the unknown one in any case.
      state.foreign = undefined;
    } else if (state.gap === "none" && parseRevision(frame.revisionId) !== undefined) {
      state.foreign = fact;
    }
  }

  private advanced(fact: FactOf<"advanced">): void {
    const state = this.devices.of(fact.device);
    if (!state.foreign || fact.revision < revisionOf(state.foreign)) return;
    this.trigger();
    state.foreign = undefined;
  }

  private connecting(fact: FactOf<"connecting">): void {
    const state = this.devices.of(fact.device);
    const { foreign } = state;
    state.foreign = undefined;
    if (!foreign || fact.at - foreign.at < STORED_WITHIN_MS) return;
    this.trigger();
    const revision = revisionOf(foreign);
    if ((fact.since ?? GENESIS) >= revision) return;
    this.breach({
      at: fact.at,
      expected: `${who(fact)} resumes from ${revision} or later`,
      actual: `it resumes from ${fact.since ?? "nothing"}`,
      because: "an event of an entity that it does not know moves its revision on like any other",
      evidence: [foreign, fact],
    });
  }

  private shows(fact: FactOf<"shown">): void {
    this.trigger();
    this.breach({
      at: fact.at,
      expected: `${who(fact)} ignores the entity ${fact.entity}`,
      actual: `it shows ${fact.id}`,
      because: "it is none of the entities of this protocol",
      evidence: [fact],
    });
  }
}

function revisionOf(fact: FactOf<"frame">): string {
  return fact.frame.revisionId;
}
