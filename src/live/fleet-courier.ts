/**
 * Owns the fleet's requests under way: kept connections, so many at once, each told once how it ended.
 * Refuses to send again, and to read bodies: a device does both, as it does anywhere. Latency counts from when a request
 * was meant to leave, so that a queue before the door is not left out.
 */

import { Pool } from "undici";
import type { HttpRequest, Outcome } from "../conformance/target.ts";
import { Answered, Delivery, Listener, type Reply } from "./fleet-delivery.ts";
import { Queue } from "./fleet-queue.ts";
import type { GotHeaders } from "./fleet-wire.ts";
import type { Ledger } from "./ledger.ts";
import { renamed } from "./live-target.ts";
import { Unreachable } from "./target-http.ts";
import type { Throttle } from "./throttle.ts";

export interface CourierOptions {
  /** Without a slash at its end. */
  readonly baseUrl: string;
  readonly headers: { readonly [name: string]: string };
  readonly paths: ReadonlyMap<string, string>;
  readonly concurrency: number;
  readonly throttle: Throttle;
  readonly ledger: Ledger;
  /** Carries out whatever somebody is told. */
  enter(what: () => void): void;
  /** The run cannot go on: the target is gone, or the budget spent. */
  stop(why: Error): void;
}

/** A request on its way. */
export interface Errand {
  /** Nobody waits for it any more: if it has not left, it never will. */
  drop(): void;
}

/** A request that waits for its turn. */
interface Parcel {
  readonly request: HttpRequest;
  readonly delivery: Delivery;
  readonly left: () => void;
}

/** Without any answer for so long, and after so many failures: it is gone. */
const LOST_MS = 15_000;
const LOST_FAILURES = 12;

/** Codes of connections that never came about. */
const NEVER_LEFT: ReadonlySet<string> = new Set([
  "ECONNREFUSED",
  "ENOTFOUND",
  "EAI_AGAIN",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "UND_ERR_CONNECT_TIMEOUT",
]);

export class Courier {
  /** Requests that left. */
  sent = 0;
  failures = 0;
  /** Those without an answer, and those that were told to come again. */
  troubles = 0;
  /** Waiting for their turn, or for their answer. */
  underWay = 0;
  private readonly options: CourierOptions;
  private readonly pool: Pool;
  private readonly prefix: string;
  private readonly hasHeaders: boolean;
  private answeredAtMs = performance.now();
  private failedInARow = 0;
  private closed = false;
  private readonly waiting = new Queue<Parcel>();
  /** Left, and not back. */
  private onTheWay = 0;
  /** The throttle was asked for a turn that it could not give at once. */
  private isAsking = false;

  constructor(options: CourierOptions) {
    this.options = options;
    const { origin, pathname } = new URL(options.baseUrl);
    this.hasHeaders = Object.keys(options.headers).length > 0;
    this.prefix = pathname.replace(/\/$/, "");
    // Its time-outs are the fleet's own: one clock for all.
    this.pool = new Pool(origin, {
      connections: options.concurrency,
      pipelining: 1,
      headersTimeout: 0,
      bodyTimeout: 0,
    });
  }

  /** Sends it when it may leave; `left` then, `done` at its end, never at once. */
  send(request: HttpRequest, left: () => void, done: (reply: Reply) => void): Errand {
    const delivery = new Delivery(done);
    this.underWay++;
    if (this.waiting.length === 0 && !this.closed && this.options.throttle.turnAtOnce()) {
      left();
      this.dispatch(request, delivery);
      return delivery;
    }
    this.waiting.push({ request, delivery, left });
    this.goOn();
    return delivery;
  }

  /** Whoever waits leaves in turn, as many as may; the others are looked at when one is back, or when the throttle says so. */
  private goOn(): void {
    const { throttle } = this.options;
    while (!this.closed && this.skipDropped() && throttle.turnAtOnce()) this.leave();
    if (
      this.waiting.length === 0 ||
      this.isAsking ||
      this.closed ||
      this.onTheWay >= this.options.concurrency
    )
      return;
    this.isAsking = true;
    throttle.turn().then(
      () => {
        this.isAsking = false;
        if (!this.closed && this.skipDropped()) this.leave();
        else throttle.done();
        this.goOn();
      },
      (why: unknown) => {
        this.options.stop(why instanceof Error ? why : new Error(String(why)));
      },
    );
  }

  /** False when nobody is left. */
  private skipDropped(): boolean {
    for (let first = this.waiting.first(); first !== undefined; first = this.waiting.first()) {
      if (!first.delivery.dropped) return true;
      this.waiting.shift();
      this.underWay--;
    }
    return false;
  }

  private leave(): void {
    const parcel = this.waiting.shift();
    if (parcel === undefined) return;
    this.options.enter(parcel.left);
    this.dispatch(parcel.request, parcel.delivery);
  }

  async close(): Promise<void> {
    this.closed = true;
    await this.pool.destroy();
  }

  private dispatch(request: HttpRequest, delivery: Delivery): void {
    const { headers, paths, ledger } = this.options;
    ledger.sending(request);
    this.sent++;
    this.onTheWay++;
    const path = paths.size === 0 ? request.path : renamed(request.path, paths);
    this.pool.dispatch(
      {
        path: `${this.prefix}${path}`,
        method: request.method,
        headers: this.hasHeaders ? { ...headers, ...request.headers } : request.headers,
        body: request.body ?? null,
      },
      new Listener(this, request, delivery),
    );
  }

  /** For its listener: the answer is whole. */
  answered(listener: Listener, status: number, headers: GotHeaders, text: string): void {
    this.answeredAtMs = performance.now();
    this.failedInARow = 0;
    if (status === 429 || status === 503) this.troubles++;
    const answer = new Answered(status, headers, text);
    const { sentAtMs } = listener;
    this.finish(listener, { outcome: "answered", answer, sentAtMs, answeredAtMs: Date.now() }, answer);
  }

  /** For its listener: there will be no answer. */
  failed(listener: Listener, error: Error): void {
    const { code } = error as NodeJS.ErrnoException;
    const isDropped = listener.delivery.dropped;
    if (!isDropped) this.failures++;
    this.troubles++;
    const reply = NEVER_LEFT.has(code ?? "") ? "unreachable" : "timeout";
    const outcome = { outcome: "indefinite", reason: "broken", sentAtMs: listener.sentAtMs } as const;
    // What cannot leave at all fails within the call that sends it, and nobody is told at once.
    setImmediate(() => {
      this.finish(listener, outcome, { reply });
      if (!isDropped) this.lookWhetherLost();
    });
  }

  private finish({ request, delivery }: Listener, outcome: Outcome, reply: Reply): void {
    const { throttle, ledger, enter } = this.options;
    throttle.done();
    this.underWay--;
    this.onTheWay--;
    ledger.ended(request, outcome);
    if (!delivery.dropped) enter(() => delivery.end(reply));
    if (this.waiting.length > 0) this.goOn();
  }

  private lookWhetherLost(): void {
    this.failedInARow++;
    if (this.failedInARow < LOST_FAILURES || performance.now() - this.answeredAtMs < LOST_MS) return;
    this.options.stop(
      new Unreachable(
        `${this.options.baseUrl} does not answer any more: nothing came for ${LOST_MS / 1_000} s`,
      ),
    );
  }
}
