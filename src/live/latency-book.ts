/**
 * Owns how long requests took, in buckets of a few per cent: from when each was meant to leave, and from when it left.
 * Refuses to keep them one by one: ten million cost what one does.
 */

/** Buckets of 4 % from 0.1 ms to beyond ten minutes. */
const BASE_MS = 0.1;
const STEP = 1.04;
const LOG_STEP = Math.log(STEP);
const BUCKETS = 420;

/** Percentiles in ms; undefined without any request. */
export interface LatencyFigures {
  readonly count: number;
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  readonly max: number;
}

export class Histogram {
  private readonly counts = new Float64Array(BUCKETS);
  private count = 0;
  private maxMs = 0;

  add(ms: number): void {
    const bucket = ms <= BASE_MS ? 0 : Math.floor(Math.log(ms / BASE_MS) / LOG_STEP) + 1;
    const at = Math.min(BUCKETS - 1, bucket);
    this.counts[at] = (this.counts[at] ?? 0) + 1;
    this.count++;
    this.maxMs = Math.max(this.maxMs, ms);
  }

  figures(): LatencyFigures | undefined {
    if (this.count === 0) return undefined;
    const of = (share: number): number => {
      let left = Math.max(1, Math.ceil(this.count * share));
      for (let at = 0; at < BUCKETS; at++) {
        left -= this.counts[at] ?? 0;
        if (left <= 0) return Math.min(this.maxMs, Math.round(BASE_MS * STEP ** at * 10) / 10);
      }
      return this.maxMs;
    };
    return {
      count: this.count,
      p50: of(0.5),
      p90: of(0.9),
      p99: of(0.99),
      max: Math.round(this.maxMs * 10) / 10,
    };
  }
}

export class LatencyBook {
  private readonly meant = new Histogram();
  private readonly onTheWay = new Histogram();

  /** A request was answered: ms since it was meant to leave, and since it left. */
  add(sinceMeantMs: number, sinceLeftMs: number): void {
    this.meant.add(sinceMeantMs);
    this.onTheWay.add(sinceLeftMs);
  }

  /** `meant` counts the wait before the door, `onTheWay` does not. */
  figures(): { readonly meant: LatencyFigures | undefined; readonly onTheWay: LatencyFigures | undefined } {
    return { meant: this.meant.figures(), onTheWay: this.onTheWay.figures() };
  }
}
