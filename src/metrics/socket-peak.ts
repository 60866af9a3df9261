/**
 * Owns how many come through the door at once: sockets that opened in the busiest second, as a share of the fleet.
 * Refuses to know what had closed them. Memory is one number for each second in which a socket opened.
 */

import { SECOND_MS } from "../base/time.ts";
import type { Fact } from "../history/facts.ts";
import { type Measure, share } from "./measure.ts";

/** The rush on the proxy [EVT-19]. */
export interface SocketPeak {
  /** Sockets that opened in the run. */
  readonly opened: number;
  /** Those of the busiest second, as a share of all devices; null when no socket ever opened. */
  readonly peakShare: number | null;
}

/** A new measure of the rush. */
export function createSocketPeak(): SocketPeakMeasure {
  return new SocketPeakMeasure();
}

class SocketPeakMeasure implements Measure<SocketPeak> {
  readonly wants = ["started", "connected"] as const;
  private readonly devices = new Set<number>();
  private devicesElsewhere = 0;
  private readonly openedIn = new Map<number, number>();

  fold(fact: Fact): void {
    if (fact.fact === "started") this.devices.add(fact.device);
    else if (fact.fact === "connected") this.add(Math.floor(fact.at / SECOND_MS), 1);
  }

  merge(other: SocketPeakMeasure): void {
    this.devicesElsewhere += other.fleet();
    for (const [second, count] of other.openedIn) this.add(second, count);
  }

  result(): SocketPeak {
    let opened = 0;
    let most = 0;
    for (const count of this.openedIn.values()) {
      opened += count;
      most = Math.max(most, count);
    }
    return { opened, peakShare: opened === 0 ? null : share(most, this.fleet()) };
  }

  private fleet(): number {
    return this.devices.size + this.devicesElsewhere;
  }

  private add(second: number, count: number): void {
    this.openedIn.set(second, (this.openedIn.get(second) ?? 0) + count);
  }
}
