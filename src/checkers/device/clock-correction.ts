/**
 * Judges QUE-16: timestamps are corrected by the offset that answers show.
 * Refuses to judge edits made before the process had an answer, and small offsets.
 */

import { formatDuration, SECOND_MS } from "../../base/time.ts";
import type { Fact, FactOf } from "../../history/facts.ts";
import { ByIndex } from "../define.ts";
import type { Checker } from "../port.ts";
import { attending, createWitness, type Witness } from "../witness.ts";
import { DeviceChecker, who } from "./findings.ts";
import { naming } from "./ledger.ts";
import type { Notes } from "./ledgers.ts";

/** Smaller errors are not told from latency and from the proxy's own. */
export const CLOCK_ERROR_MS_MIN = 900_000;
/** How near to the device's own clock a timestamp is taken from it, and not from what answers showed. */
const TIMESTAMP_ERROR_MS_MAX = 10_000;
/** Timestamps that go on from a larger one of the same device by no more than this keep its edits in order. */
const IN_ORDER_MS = 1_000;
/** Settings of the clock for which it is known what was stamped last before an answer showed the offset. */
const BLIND_MAX = 8;
/** A clock may run wrong by this much since it was set, in millionths, where the run did not say more. */
const DRIFT_PPM = 500;

/**
 * [QUE-16] SHOULD. Triggers: each sending with a timestamp of an edit that was made after the process had an answer,
 * on a device whose clock was wrong by CLOCK_ERROR_MS_MIN or more and was not set meanwhile. The proxy's clock may be
 * wrong too, so a timestamp need not be right: it must not be the device's own time, nor corrected the wrong way.
 */
export function createClockCorrectionChecker(witness: Witness = createWitness()): Checker {
  return attending(witness, new ClockCorrection(witness));
}

interface Note {
  /** When the offset was last shown before the edit was made; undefined when this process had seen none. */
  shownAt: number | undefined;
  /** The round of the device in which that was noted; it counts in no later one. */
  round: number;
  /** Its stamp went on from one made before the offset was known; it keeps it when it is sent again. */
  follows: boolean;
}

class ClockCorrection extends DeviceChecker {
  private readonly devices = new ByIndex(() => ({
    offsetMs: 0,
    setAt: 0,
    shownAt: undefined as number | undefined,
    largest: 0,
    /** For each of the last rounds in which it was so, the device's own time at its last edit before any answer. */
    blind: [] as { readonly round: number; readonly ownTime: number }[],
    /** Goes up with each start and each setting of the clock. */
    round: 0,
  }));
  private readonly witness: Witness;
  private readonly notes: Notes<Note>;
  /** By this share of the time since it was set. */
  private readonly drift: number;

  constructor(witness: Witness) {
    super("QUE-16", ["clock_set", "started", "answered", "edited", "sent"]);
    this.witness = witness;
    this.drift = Math.max(DRIFT_PPM, witness.ruling.driftPpm ?? 0) / 1_000_000;
    this.notes = witness.ledgers.notes(() => ({ shownAt: undefined, round: 0, follows: false }));
  }

  fold(fact: Fact): void {
    switch (fact.fact) {
      case "clock_set":
        this.devices.of(fact.device).offsetMs = fact.offsetMs;
        this.devices.of(fact.device).setAt = fact.at;
        this.unknown(fact.device);
        return;
      case "started":
        this.unknown(fact.device);
        return;
      case "answered":
        if (fact.status >= 200 && fact.status < 300 && !fact.foreign)
          this.devices.of(fact.device).shownAt = fact.at;
        return;
      case "edited": {
        const { mutation } = this.witness.ledgers;
        const state = this.devices.of(fact.device);
        const { shownAt, round } = state;
        if (shownAt === undefined) blindly(state, fact.at);
        if (!mutation || shownAt === undefined) return;
        const note = this.notes.of(mutation);
        note.shownAt = shownAt;
        note.round = round;
        return;
      }
      case "sent":
        this.sent(fact);
        return;
    }
  }

  private unknown(device: number): void {
    const state = this.devices.of(device);
    state.shownAt = undefined;
    state.round++;
  }

  private sent(fact: FactOf<"sent">): void {
    if (fact.mutations.length === 0) return;
    const state = this.devices.of(fact.device);
    const { offsetMs } = state;
    if (offsetMs < CLOCK_ERROR_MS_MIN && offsetMs > -CLOCK_ERROR_MS_MIN) return;
    // What a clock drifted since it was set counts in whole seconds.
    const inOrderMs =
      IN_ORDER_MS + Math.floor(((fact.at - state.setAt) * this.drift) / SECOND_MS) * SECOND_MS;
    const ledger = this.witness.ledgers.of(fact.device);
    for (const item of fact.mutations) {
      const mutation = ledger.byKey(item.key);
      const note = mutation && this.notes.find(mutation);
      const shownAt = note?.round === state.round ? note.shownAt : undefined;
      const stamp = item.timestamp;
      if (stamp === undefined) continue;
      // An edit made before the offset was known may be stamped ahead; later ones may have to follow it.
      const follows =
        (stamp > state.largest && stamp <= state.largest + IN_ORDER_MS) ||
        state.blind.some(({ ownTime }) => Math.abs(stamp - ownTime) <= inOrderMs);
      state.largest = Math.max(state.largest, stamp);
      if (note && follows) note.follows = true;
      if (!mutation || shownAt === undefined || note?.follows) continue;
      // A person's choice or retry is a later act, and may be stamped as one.
      if (mutation.formerKeys.length > 0 || mutation.retried) continue;
      const { at } = mutation.edited;
      const nearMs = TIMESTAMP_ERROR_MS_MAX + (at - state.setAt) * this.drift;
      if (nearMs * 3 > Math.abs(offsetMs)) continue;
      this.trigger();
      const errorMs = stamp - at;
      const own = Math.abs(errorMs - offsetMs) <= nearMs;
      if (!own && Math.abs(errorMs - 2 * offsetMs) > nearMs) continue;
      this.breach({
        at: fact.at,
        expected: `${who(fact)} corrects the timestamp of ${naming(mutation)}`,
        actual: own ? "it is the device's own time" : "it is corrected the wrong way",
        because: `its clock is ${formatDuration(Math.abs(offsetMs))} ${offsetMs > 0 ? "ahead" : "behind"}, as an answer had shown it before the edit`,
        evidence: [mutation.edited, fact],
      });
    }
  }
}

/** An edit whose stamp may be the device's own time, as nothing had shown it wrong; those that follow it are above it. */
function blindly(
  state: {
    readonly blind: { readonly round: number; readonly ownTime: number }[];
    readonly round: number;
    readonly offsetMs: number;
  },
  at: number,
): void {
  const { blind, round, offsetMs } = state;
  if (blind.at(-1)?.round === round) blind.pop();
  blind.push({ round, ownTime: at + offsetMs });
  if (blind.length > BLIND_MAX) blind.shift();
}
