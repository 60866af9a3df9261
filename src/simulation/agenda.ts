/**
 * Owns what happens next: a queue of (time, order) over plain numbers, each event a row in parallel arrays.
 * Refuses to know what an event means. No object is made per event; rows are used again.
 */

import FlatQueue from "flatqueue";
import { assert } from "../base/assert.ts";

/** Kinds of event; the world's dispatch is one switch over them. */
export const EVENT = {
  timer: 0,
  flushed: 1,
  requestArrives: 2,
  answerArrives: 3,
  requestTimesOut: 4,
  requestUnreachable: 5,
  socketArrives: 6,
  socketOpens: 7,
  framesArrive: 8,
  socketClosesAtPhone: 9,
  socketClosesAtProxy: 10,
  pong: 11,
  pushArrives: 12,
  pushAnswered: 13,
  receiptsAnswered: 14,
  proxyTick: 15,
  fanOut: 16,
  sessionBegins: 17,
  sessionEnds: 18,
  edits: 19,
  reads: 20,
  refreshes: 21,
  chooses: 22,
  reconsiders: 23,
  killed: 24,
  offlineBegins: 25,
  offlineEnds: 26,
  partitionBegins: 27,
  partitionEnds: 28,
  clockJumps: 29,
  absenceBegins: 30,
  absenceEnds: 31,
  joinsSession: 32,
  swipedAway: 33,
  spellBegins: 34,
  spellEnds: 35,
  updates: 36,
  tokenRenewed: 37,
  newBuild: 38,
  outageBegins: 39,
  outageEnds: 40,
  proxyClockJumps: 41,
  foreignBegins: 42,
  cutBegins: 43,
  cutEnds: 44,
  rollout: 45,
  webhookMade: 46,
  webhookArrives: 47,
  legacyLooks: 48,
  legacyWrites: 49,
  acts: 50,
  heals: 51,
  settles: 52,
} as const;

// Time and order share one float: 2^33 ms are 99 days, 2^20 orders per lap.
const ORDERS = 0x10_0000;
const SPAN_MS_MAX = 2 ** 33;
const ROWS_MAX = 50_000_000;

/** The event queue. After `next()` says true, the public members hold the event that is due. */
export class Agenda {
  /** Ms since the start of the run. */
  nowMs = 0;
  kind = 0;
  /** Index of the phone, or of the proxy instance. */
  target = 0;
  /** A number of the kind's own: a request, a timer. */
  detail = 0;
  /** An object of the kind's own; undefined for most. */
  cargo: unknown;

  private readonly queue = new FlatQueue<number>();
  private readonly kinds: number[] = [];
  private readonly targets: number[] = [];
  private readonly details: number[] = [];
  private readonly cargoes: unknown[] = [];
  private readonly free: number[] = [];
  private order = 0;

  /** Puts an event at `atMs`, or now if that is past. Events of one instant come in the order in which they were put. */
  put(atMs: number, kind: number, target: number, detail = 0, cargo?: unknown): void {
    const at = Math.ceil(Math.max(atMs, this.nowMs));
    assert(at < SPAN_MS_MAX, "a run spans at most 99 days");
    const row = this.free.pop() ?? this.kinds.length;
    assert(row < ROWS_MAX, "the agenda holds at most 50 million events");
    this.kinds[row] = kind;
    this.targets[row] = target;
    this.details[row] = detail;
    this.cargoes[row] = cargo;
    this.queue.push(row, at * ORDERS + this.order);
    // A lap of orders can only turn round two events of one instant that were put a million events apart.
    this.order = (this.order + 1) % ORDERS;
  }

  /** Moves on to the next event; false when there is none. */
  next(): boolean {
    const key = this.queue.peekValue();
    if (key === undefined) return false;
    const row = this.queue.pop() as number;
    this.nowMs = Math.floor(key / ORDERS);
    this.kind = this.kinds[row] as number;
    this.target = this.targets[row] as number;
    this.detail = this.details[row] as number;
    this.cargo = this.cargoes[row];
    this.cargoes[row] = undefined;
    this.free.push(row);
    return true;
  }

  get length(): number {
    return this.queue.length;
  }
}
