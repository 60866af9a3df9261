/**
 * Owns when a request may leave for a target: so many in all, so many a second, so many at once, and none while the
 * target asked for quiet.
 * Refuses to send anything, and to know what is sent.
 */

import { setTimeout as sleep } from "node:timers/promises";
import { SECOND_MS } from "../base/time.ts";

export interface TargetLimits {
  /** Requests that may be on their way at once. */
  readonly concurrency: number;
  readonly requestsPerSecond: number;
  /** In all. */
  readonly requestsMax: number;
  readonly timeoutMs: number;
}

/** Everything that may be sent was sent. */
export class BudgetSpent extends Error {
  override readonly name = "BudgetSpent";
}

/**
 * A leaky bucket: what is sent together may leave together, and still no second sees more than the rate. So a part of
 * the rate is the burst, and only the rest flows in again.
 */
export class Throttle {
  /** Requests that were let go so far. */
  sent = 0;
  private readonly limits: TargetLimits;
  private readonly burst: number;
  private readonly refillPerMs: number;
  private tokens: number;
  private filledAtMs = performance.now();
  private onTheirWay = 0;
  private readonly queue: (() => void)[] = [];
  private quietUntilMs = 0;
  /** How many of all that may be sent are kept for the clean-up. */
  private reserve: () => number = () => 0;
  private idlers: (() => void)[] = [];
  /** Whoever waits for its time: one after the other, so that none is overtaken. */
  private line: Promise<void> = Promise.resolve();
  private inLine = 0;
  private readonly ending = new AbortController();

  constructor(limits: TargetLimits) {
    this.limits = limits;
    const { concurrency, requestsPerSecond } = limits;
    this.burst = Math.max(1, Math.min(concurrency, Math.floor(requestsPerSecond / 2)));
    this.refillPerMs = Math.max(requestsPerSecond - this.burst, requestsPerSecond / 2) / SECOND_MS;
    this.tokens = this.burst;
  }

  /** Takes a turn where nobody waits for one and one may leave now; `done` must follow a true. Costs no promise. */
  turnAtOnce(): boolean {
    const { concurrency, requestsMax } = this.limits;
    if (this.inLine > 0 || this.onTheirWay >= concurrency || this.ending.signal.aborted) return false;
    if (this.sent + this.reserve() >= requestsMax || performance.now() < this.quietUntilMs) return false;
    this.refill();
    if (this.tokens < 1) return false;
    this.tokens--;
    this.sent++;
    this.onTheirWay++;
    return true;
  }

  /** Waits until one more may leave. Rejects with BudgetSpent. `done` must follow. */
  async turn(): Promise<void> {
    if (this.onTheirWay >= this.limits.concurrency)
      await new Promise<void>((resolve) => this.queue.push(resolve));
    else this.onTheirWay++;
    this.inLine++;
    const mine = this.line.then(() => this.inTime()).finally(() => void this.inLine--);
    this.line = mine.catch(() => undefined);
    try {
      await mine;
    } catch (error) {
      this.done();
      throw error;
    }
  }

  /** One that left has come to its end. */
  done(): void {
    const next = this.queue.shift();
    if (next) next();
    else if (--this.onTheirWay === 0) for (const idler of this.idlers.splice(0)) idler();
  }

  /** Keeps so many back, until the reserve is opened. */
  keepBack(reserve: () => number): void {
    this.reserve = reserve;
  }

  openReserve(): void {
    this.reserve = () => 0;
  }

  /** Fulfils when nothing is on its way any more. */
  async idle(): Promise<void> {
    if (this.onTheirWay > 0) await new Promise<void>((resolve) => this.idlers.push(resolve));
  }

  /** The target wants to hear nothing for so long. Says by how much that is more than it wanted before. */
  quiet(ms: number): number {
    const nowMs = performance.now();
    const beforeMs = Math.max(this.quietUntilMs, nowMs);
    this.quietUntilMs = Math.max(beforeMs, nowMs + ms);
    return this.quietUntilMs - beforeMs;
  }

  /** Nobody will send any more: whoever waits for its time is rejected. */
  end(): void {
    this.ending.abort();
  }

  private async inTime(): Promise<void> {
    const { signal } = this.ending;
    while (performance.now() < this.quietUntilMs)
      await sleep(Math.max(1, this.quietUntilMs - performance.now()), undefined, { signal });
    if (this.sent + this.reserve() >= this.limits.requestsMax)
      throw new BudgetSpent(`the budget of ${this.limits.requestsMax} requests is spent`);
    this.sent++;
    this.refill();
    if (this.tokens < 1) {
      await sleep(Math.ceil((1 - this.tokens) / this.refillPerMs));
      this.refill();
    }
    this.tokens--;
  }

  private refill(): void {
    const nowMs = performance.now();
    this.tokens = Math.min(this.burst, this.tokens + (nowMs - this.filledAtMs) * this.refillPerMs);
    this.filledAtMs = nowMs;
  }
}
