/**
 * Owns the fleet's requests under way: kept connections, so many at once, each told once how it ended.
 * Refuses to send again, and to read bodies: a device does both, as it does anywhere. Latency counts from when a request
 * was meant to leave, so that a queue before the door is not left out.
 */

import { Pool } from "undici";
import type { HttpAnswer, HttpRequest, Outcome } from "../conformance/target.ts";
import { bodyOf, type GotHeaders } from "./fleet-wire.ts";
import type { Ledger } from "./ledger.ts";
import { renamed } from "./live-target.ts";
import { Unreachable } from "./target-http.ts";
import type { Throttle } from "./throttle.ts";

/** How a request ended. `unreachable`: it never left. */
export type Reply =
  | {
      readonly reply: "answered";
      readonly status: number;
      readonly headers: GotHeaders;
      readonly text: string;
    }
  | { readonly reply: "timeout" | "unreachable" };

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

/** Without any answer for so long, and after so many failures: it is gone. */
const LOST_MS = 15_000;
const LOST_FAILURES = 12;
const BODY_CHARS_MAX = 64 * 1_048_576;

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
  private answeredAtMs = performance.now();
  private failedInARow = 0;
  private closed = false;

  constructor(options: CourierOptions) {
    this.options = options;
    const { origin, pathname } = new URL(options.baseUrl);
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
    const over = (): void => {
      this.underWay--;
    };
    this.options.throttle.turn().then(
      () => {
        if (delivery.dropped || this.closed) {
          this.options.throttle.done();
          over();
          return;
        }
        this.options.enter(left);
        this.dispatch(request, delivery, over);
      },
      (why: unknown) => {
        over();
        this.options.stop(why instanceof Error ? why : new Error(String(why)));
      },
    );
    return delivery;
  }

  async close(): Promise<void> {
    this.closed = true;
    await this.pool.destroy();
  }

  private dispatch(request: HttpRequest, delivery: Delivery, over: () => void): void {
    const { headers, paths, ledger, throttle } = this.options;
    ledger.sending(request);
    this.sent++;
    const sentAtMs = Date.now();
    const finish = (outcome: Outcome, reply: Reply): void => {
      throttle.done();
      over();
      ledger.ended(request, outcome);
      this.options.enter(() => delivery.end(reply));
    };
    const answered = (status: number, got: GotHeaders, text: string): void => {
      this.answeredAtMs = performance.now();
      this.failedInARow = 0;
      if (status === 429 || status === 503) this.troubles++;
      const answer = new Answered(status, text);
      finish(
        { outcome: "answered", answer, sentAtMs, answeredAtMs: Date.now() },
        { reply: "answered", status, headers: got, text },
      );
    };
    const failed = (error: Error): void => {
      const { code } = error as NodeJS.ErrnoException;
      const neverLeft = NEVER_LEFT.has(code ?? "");
      if (!delivery.dropped) this.failures++;
      this.troubles++;
      finish(
        { outcome: "indefinite", reason: "broken", sentAtMs },
        { reply: neverLeft ? "unreachable" : "timeout" },
      );
      if (!delivery.dropped) this.lookWhetherLost();
    };
    this.pool.dispatch(
      {
        path: `${this.prefix}${renamed(request.path, paths)}`,
        method: request.method,
        headers: { ...headers, ...request.headers },
        body: request.body ?? null,
      },
      new Listener(delivery, answered, failed),
    );
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

const NO_HEADERS: HttpAnswer["headers"] = new Map();

/** An answer for the ledger, which reads few of them. */
class Answered implements HttpAnswer {
  readonly status: number;
  readonly headers = NO_HEADERS;
  readonly text: string;

  constructor(status: number, text: string) {
    this.status = status;
    this.text = text;
  }

  get json(): unknown {
    return bodyOf(this.text);
  }
}

/** One request, from the side of whoever waits for it. */
class Delivery implements Errand {
  dropped = false;
  abort: (() => void) | undefined;
  private readonly done: (reply: Reply) => void;

  constructor(done: (reply: Reply) => void) {
    this.done = done;
  }

  /** A request that left is broken off: its connection would wait for ever. */
  drop(): void {
    this.dropped = true;
    this.abort?.();
  }

  end(reply: Reply): void {
    if (!this.dropped) this.done(reply);
  }
}

/** What undici tells of one request. */
class Listener {
  private readonly delivery: Delivery;
  private readonly answered: (status: number, headers: GotHeaders, text: string) => void;
  private readonly failed: (error: Error) => void;
  private status = 0;
  private headers: GotHeaders = {};
  private text = "";
  private chunks: Buffer[] | undefined;
  private isOver = false;

  constructor(
    delivery: Delivery,
    answered: (status: number, headers: GotHeaders, text: string) => void,
    failed: (error: Error) => void,
  ) {
    this.delivery = delivery;
    this.answered = answered;
    this.failed = failed;
  }

  onRequestStart(controller: { abort(reason: Error): void }): void {
    this.delivery.abort = () => controller.abort(new Error("nobody waits for it"));
    if (this.delivery.dropped) this.delivery.abort();
  }

  onResponseStart(_controller: unknown, status: number, headers: GotHeaders): void {
    this.status = status;
    this.headers = headers;
  }

  onResponseData(controller: { abort(reason: Error): void }, chunk: Buffer): void {
    this.chunks ??= [];
    this.chunks.push(chunk);
    if (this.chunks.length * 65_536 > BODY_CHARS_MAX) controller.abort(new Error("the body is too long"));
  }

  onResponseEnd(): void {
    if (this.isOver) return;
    this.isOver = true;
    this.delivery.abort = undefined;
    this.text = this.chunks === undefined ? "" : Buffer.concat(this.chunks).toString("utf8");
    this.answered(this.status, this.headers, this.text);
  }

  onResponseError(_controller: unknown, error: Error): void {
    if (this.isOver) return;
    this.isOver = true;
    this.delivery.abort = undefined;
    this.failed(error);
  }
}
