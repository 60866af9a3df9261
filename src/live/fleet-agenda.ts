/**
 * Owns what a fleet is to do later: one heap and one timer for all of its devices, on one clock.
 * Refuses to know what is done, and to catch up in silence: how late it was is kept.
 */

import FlatQueue from "flatqueue";
import type { EpochMs } from "../base/time.ts";
import { Histogram } from "./latency-book.ts";

/** Work of one turn, in ms: sockets and answers are heard in between. */
const TURN_MS_MAX = 20;
/** Time and order share one float: 2^20 orders leave 2^32 ms, which are 49 days. */
const ORDERS = 0x10_0000;

export class FleetAgenda {
  /** Epoch ms at `nowMs` 0. */
  readonly startMs: EpochMs;
  /** The longest that anything was done later than it was due, by our own fault. */
  lateMsMax = 0;
  /** How much later than it was due each thing was done. */
  readonly late = new Histogram();
  /** By how much what is being done now is late: 0 for what came from the network. */
  behindMs = 0;
  private readonly enter: (what: () => void) => void;
  private readonly zero = performance.now();
  private readonly queue = new FlatQueue<() => void>();
  private timer: NodeJS.Timeout | undefined;
  private wakesAtMs = Number.POSITIVE_INFINITY;
  private ended = false;
  private order = 0;

  /** `enter` carries out what comes from outside: it looks at the clock, and hears of what goes wrong. */
  constructor(enter: (what: () => void) => void) {
    this.startMs = Date.now();
    this.enter = enter;
  }

  /**
   * Whole ms since the start: a wall clock that is set meanwhile changes nothing. It stands still while one thing is
   * done: what a device does in one step is one instant.
   */
  nowMs = 0;

  /** Whoever is called from outside looks at the clock first. */
  refresh(): void {
    this.nowMs = Math.floor(performance.now() - this.zero);
  }

  /** The same as a time of day. */
  get now(): EpochMs {
    return this.startMs + this.nowMs;
  }

  put(atMs: number, what: () => void): void {
    if (this.ended) return;
    // What is due in the same ms comes in the order in which it was put, but once in a million.
    this.queue.push(what, Math.ceil(atMs) + (this.order++ % ORDERS) / ORDERS);
    if (atMs < this.wakesAtMs) this.wakeAt(atMs);
  }

  /** Nothing more is done. */
  end(): void {
    this.ended = true;
    clearTimeout(this.timer);
    this.queue.clear();
  }

  private wakeAt(atMs: number): void {
    clearTimeout(this.timer);
    this.wakesAtMs = atMs;
    this.timer = setTimeout(() => this.work(), Math.max(0, atMs - (performance.now() - this.zero)));
  }

  private work(): void {
    this.wakesAtMs = Number.POSITIVE_INFINITY;
    this.refresh();
    const untilMs = this.nowMs + TURN_MS_MAX;
    for (let next = this.queue.peekValue(); next !== undefined; next = this.queue.peekValue()) {
      this.refresh();
      const { nowMs } = this;
      if (next >= nowMs + 1 || nowMs > untilMs) break;
      this.behindMs = nowMs - Math.floor(next);
      this.lateMsMax = Math.max(this.lateMsMax, this.behindMs);
      this.late.add(this.behindMs);
      const what = this.queue.pop();
      if (what !== undefined) this.enter(what);
      this.behindMs = 0;
      if (this.ended) return;
    }
    const next = this.queue.peekValue();
    if (next !== undefined) this.wakeAt(Math.floor(next));
  }
}
