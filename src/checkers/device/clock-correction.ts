/**
 * Judges QUE-16: timestamps are corrected by the offset that answers show.
 * Refuses to judge edits made before the process had an answer, and small offsets.
 */

import { formatDuration } from "../../base/time.ts";
import type { Fact } from "../../history/facts.ts";
import type { Checker } from "../port.ts";
import { ByDevice, DeviceChecker, type FactOf, who } from "./findings.ts";
import { LEDGER_FACTS, Ledger, naming } from "./ledger.ts";

/** Smaller errors are not told from latency and from the proxy's own. */
export const CLOCK_ERROR_MS_MIN = 900_000;
/** How near to the device's own clock a timestamp is taken from it, and not from what answers showed. */
export const TIMESTAMP_ERROR_MS_MAX = 10_000;
/** Timestamps that go on from a larger one of the same device by no more than this keep its edits in order. */
const IN_ORDER_MS = 1_000;
/** A clock may run wrong by this share since it was set. */
const DRIFT = 0.0005;

/**
 * [QUE-16] SHOULD. Triggers: each sending with a timestamp of an edit that was made after the process had an answer,
 * on a device whose clock was wrong by CLOCK_ERROR_MS_MIN or more and was not set meanwhile. The proxy's clock may be
 * wrong too, so a timestamp need not be right: it must not be the device's own time, nor corrected the wrong way.
 */
export function createClockCorrectionChecker(): Checker {
  return new ClockCorrection();
}

interface Note {
  /** When the offset was last shown before the edit was made; undefined when this process had seen none. */
  shownAt: number | undefined;
}

class ClockCorrection extends DeviceChecker {
  private readonly devices = new ByDevice(() => {
    const state = { offsetMs: 0, setAt: 0, shownAt: undefined as number | undefined, largest: 0 };
    return { ...state, ledger: new Ledger<Note>(() => ({ shownAt: undefined })) };
  });

  constructor() {
    super("QUE-16", [...LEDGER_FACTS, "clock_set", "started", "answered", "sent"]);
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
        if (fact.status >= 200 && fact.status < 300) this.devices.of(fact.device).shownAt = fact.at;
        return;
      case "edited": {
        const { ledger, shownAt } = this.devices.of(fact.device);
        const mutation = ledger.fold(fact);
        if (mutation) mutation.note.shownAt = shownAt;
        return;
      }
      case "sent":
        this.sent(fact);
        return;
      case "saved":
      case "rekeyed":
      case "settled":
      case "asked":
      case "chosen":
      case "retried":
      case "discarded":
      case "killed":
        this.devices.of(fact.device).ledger.fold(fact);
    }
  }

  private unknown(device: number): void {
    const state = this.devices.of(device);
    state.shownAt = undefined;
    for (const { note } of state.ledger.all()) note.shownAt = undefined;
  }

  private sent(fact: FactOf<"sent">): void {
    const state = this.devices.of(fact.device);
    const { ledger, offsetMs } = state;
    if (offsetMs < CLOCK_ERROR_MS_MIN && offsetMs > -CLOCK_ERROR_MS_MIN) return;
    for (const item of fact.mutations) {
      const mutation = ledger.byKey(item.key);
      const shownAt = mutation?.note.shownAt;
      if (item.timestamp === undefined) continue;
      // An edit made before the offset was known may be stamped ahead; later ones may have to follow it.
      const follows = item.timestamp > state.largest && item.timestamp <= state.largest + IN_ORDER_MS;
      state.largest = Math.max(state.largest, item.timestamp);
      if (!mutation || shownAt === undefined || follows) continue;
      // A person's choice or retry is a later act, and may be stamped as one.
      if (mutation.formerKeys.length > 0 || mutation.retried) continue;
      const { at } = mutation.edited;
      const nearMs = TIMESTAMP_ERROR_MS_MAX + (at - state.setAt) * DRIFT;
      if (nearMs * 3 > Math.abs(offsetMs)) continue;
      this.trigger();
      const errorMs = item.timestamp - at;
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
