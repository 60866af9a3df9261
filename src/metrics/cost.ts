/**
 * Owns what syncing costs a device: requests, bytes, sockets, and how often its radio wakes up.
 * Refuses to know what they were good for.
 */

import { DAY_MS, type EpochMs } from "../base/time.ts";
import type { Fact } from "../history/facts.ts";
import { type Measure, PerDevice } from "./measure.ts";

/** A phone's radio falls asleep when nothing went over it for this long. */
export const RADIO_QUIET_MS = 10_000;

/** Totals of the run. */
interface Spent {
  /** Requests sent while the device had a network. */
  readonly requests: number;
  /** Bytes of those requests. */
  readonly bytesUp: number;
  /** Bytes of answers and of event frames. */
  readonly bytesDown: number;
  /** Sockets that were opened, or tried to be, while the device had a network. */
  readonly socketOpens: number;
  /** Times that network activity came after RADIO_QUIET_MS without any. */
  readonly radioWakeUps: number;
}

/** Cost (section 12). */
export interface Cost {
  readonly total: Spent;
  /** Days that all devices lived through together, from the first fact of each to the end of the run. */
  readonly deviceDays: number;
  /** Totals by device-day; null when no time passed. */
  readonly perDeviceDay: Spent | null;
}

interface Meter {
  readonly fromMs: EpochMs;
  online: boolean;
  activeMs: EpochMs;
  requests: number;
  bytesUp: number;
  bytesDown: number;
  socketOpens: number;
  radioWakeUps: number;
}

/** A new measure of cost. */
export function createCost(): CostMeasure {
  return new CostMeasure();
}

class CostMeasure implements Measure<Cost> {
  readonly wants = [
    "started",
    "online",
    "offline",
    "sent",
    "answered",
    "connecting",
    "connected",
    "frame",
    "pushed",
    "phase",
  ] as const;
  private readonly devices = new PerDevice<Meter>((fromMs) => ({
    fromMs,
    online: true,
    activeMs: Number.NEGATIVE_INFINITY,
    requests: 0,
    bytesUp: 0,
    bytesDown: 0,
    socketOpens: 0,
    radioWakeUps: 0,
  }));
  private endMs: EpochMs = 0;

  fold(fact: Fact): void {
    this.endMs = Math.max(this.endMs, fact.at);
    switch (fact.fact) {
      case "started":
        this.devices.of(fact.device, fact.at).online = fact.online;
        return;
      case "online":
      case "offline":
        this.devices.of(fact.device, fact.at).online = fact.fact === "online";
        return;
      case "sent":
      case "connecting": {
        const meter = this.devices.of(fact.device, fact.at);
        if (!meter.online) return;
        active(meter, fact.at);
        if (fact.fact === "connecting") meter.socketOpens++;
        else {
          meter.requests++;
          meter.bytesUp += fact.bytes;
        }
        return;
      }
      case "answered":
      case "frame": {
        const meter = this.devices.of(fact.device, fact.at);
        active(meter, fact.at);
        meter.bytesDown += fact.bytes;
        return;
      }
      case "connected":
      case "pushed":
        active(this.devices.of(fact.device, fact.at), fact.at);
    }
  }

  merge(other: CostMeasure): void {
    this.devices.merge(other.devices);
    this.endMs = Math.max(this.endMs, other.endMs);
  }

  result(): Cost {
    const total = { requests: 0, bytesUp: 0, bytesDown: 0, socketOpens: 0, radioWakeUps: 0 };
    let timeMs = 0;
    for (const meter of this.devices.all()) {
      timeMs += this.endMs - meter.fromMs;
      for (const name of SPENT) total[name] += meter[name];
    }
    const deviceDays = timeMs / DAY_MS;
    if (timeMs === 0) return { total, deviceDays, perDeviceDay: null };
    const { requests, bytesUp, bytesDown, socketOpens, radioWakeUps } = total;
    return {
      total,
      deviceDays,
      perDeviceDay: {
        requests: requests / deviceDays,
        bytesUp: bytesUp / deviceDays,
        bytesDown: bytesDown / deviceDays,
        socketOpens: socketOpens / deviceDays,
        radioWakeUps: radioWakeUps / deviceDays,
      },
    };
  }
}

const SPENT = ["requests", "bytesUp", "bytesDown", "socketOpens", "radioWakeUps"] as const;

function active(meter: Meter, at: EpochMs): void {
  if (at - meter.activeMs >= RADIO_QUIET_MS) meter.radioWakeUps++;
  meter.activeMs = at;
}
