/**
 * Judges QUE-16: timestamps are corrected by the offset that answers show.
 * Refuses to judge edits made before the process had an answer, and small offsets.
 */

import { formatDuration } from "../../base/time.ts";
import type { Fact } from "../../history/facts.ts";
import type { Checker } from "../port.ts";
import { ByDevice, DeviceChecker, type FactOf, who } from "./findings.ts";
import { LEDGER_FACTS, Ledger, naming } from "./ledger.ts";

/** From this error on a wrong clock is told from latency. */
export const CLOCK_ERROR_MS_MIN = 60_000;
/** What an answer's delay and the resolution of `Date` may leave uncorrected. */
export const TIMESTAMP_ERROR_MS_MAX = 15_000;
/** A clock that runs wrong drifts on between answer, edit and sending, by at most this share. */
const DRIFT = 0.002;

/**
 * [QUE-16] SHOULD. Triggers: each sending with a timestamp of an edit that was made after the process had an answer,
 * on a device whose clock was wrong by CLOCK_ERROR_MS_MIN or more and was not set meanwhile.
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
    const state = { offsetMs: 0, shownAt: undefined as number | undefined };
    return { ...state, ledger: new Ledger<Note>(() => ({ shownAt: undefined })) };
  });

  constructor() {
    super("QUE-16", [...LEDGER_FACTS, "clock_set", "started", "answered", "sent"]);
  }

  fold(fact: Fact): void {
    switch (fact.fact) {
      case "clock_set":
        this.devices.of(fact.device).offsetMs = fact.offsetMs;
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
    const { ledger, offsetMs } = this.devices.of(fact.device);
    if (offsetMs < CLOCK_ERROR_MS_MIN && offsetMs > -CLOCK_ERROR_MS_MIN) return;
    for (const item of fact.mutations) {
      const mutation = ledger.byKey(item.key);
      const shownAt = mutation?.note.shownAt;
      if (!mutation || shownAt === undefined || item.timestamp === undefined) continue;
      // A person's choice or retry is a later act, and may be stamped as one.
      if (mutation.formerKeys.length > 0 || mutation.retried) continue;
      this.trigger();
      const errorMs = item.timestamp - mutation.edited.at;
      const allowedMs = TIMESTAMP_ERROR_MS_MAX + (fact.at - shownAt) * DRIFT;
      if (errorMs <= allowedMs && errorMs >= -allowedMs) continue;
      this.breach({
        at: fact.at,
        expected: `${who(fact)} stamps ${naming(mutation)} within ${formatDuration(allowedMs)} of when it was made`,
        actual: `the timestamp is ${formatDuration(Math.abs(errorMs))} ${errorMs > 0 ? "late" : "early"}`,
        because: `its clock is off by ${formatDuration(Math.abs(offsetMs))}, as answers had shown it before the edit`,
        evidence: [mutation.edited, fact],
      });
    }
  }
}
