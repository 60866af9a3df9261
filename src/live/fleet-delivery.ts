/**
 * Owns one request under way, from both of its sides: whoever waits for the answer, and what undici tells of it.
 * Refuses to read bodies before somebody asks, and to know what the courier makes of an end.
 */

import type { HttpAnswer, HttpRequest } from "../conformance/target.ts";
import { bodyOf, type GotHeaders } from "./fleet-wire.ts";

const BODY_BYTES_MAX = 64 * 1_048_576;

/** How a request ended. `unreachable`: it never left. */
export type Reply =
  | {
      readonly reply: "answered";
      readonly status: number;
      readonly got: GotHeaders;
      readonly text: string;
      /** What JSON the text is, or the text; read once, however many ask. */
      readonly json: unknown;
    }
  | { readonly reply: "timeout" | "unreachable" };

/** Told how each request ended. */
interface Office {
  answered(listener: Listener, status: number, headers: GotHeaders, text: string): void;
  failed(listener: Listener, error: Error): void;
}

const NO_HEADERS: HttpAnswer["headers"] = new Map();
const UNREAD = Symbol("unread");

/** An answer for both: whoever asked, and the ledger, which reads few of them and no header. */
export class Answered {
  readonly reply = "answered";
  readonly status: number;
  readonly got: GotHeaders;
  readonly headers = NO_HEADERS;
  readonly text: string;
  private read: unknown = UNREAD;

  constructor(status: number, got: GotHeaders, text: string) {
    this.status = status;
    this.got = got;
    this.text = text;
  }

  get json(): unknown {
    if (this.read === UNREAD) this.read = bodyOf(this.text);
    return this.read;
  }
}

/** One request, from the side of whoever waits for it. */
export class Delivery {
  dropped = false;
  private underWay: Aborts | undefined;
  private readonly done: (reply: Reply) => void;

  constructor(done: (reply: Reply) => void) {
    this.done = done;
  }

  leaves(controller: Aborts): void {
    this.underWay = controller;
    if (this.dropped) this.abort();
  }

  comesBack(): void {
    this.underWay = undefined;
  }

  /** A request that left is broken off: its connection would wait for ever. */
  drop(): void {
    this.dropped = true;
    this.abort();
  }

  end(reply: Reply): void {
    if (!this.dropped) this.done(reply);
  }

  private abort(): void {
    this.underWay?.abort(new Error("nobody waits for it"));
  }
}

/** What undici tells of one request. */
export class Listener {
  readonly request: HttpRequest;
  readonly delivery: Delivery;
  readonly sentAtMs = Date.now();
  private readonly courier: Office;
  private status = 0;
  private headers: GotHeaders = {};
  /** Most answers come in one piece. */
  private first: Buffer | undefined;
  private more: Buffer[] | undefined;
  private bytes = 0;
  private isOver = false;

  constructor(courier: Office, request: HttpRequest, delivery: Delivery) {
    this.courier = courier;
    this.request = request;
    this.delivery = delivery;
  }

  onRequestStart(controller: Aborts): void {
    this.delivery.leaves(controller);
  }

  onResponseStart(_controller: unknown, status: number, headers: GotHeaders): void {
    this.status = status;
    this.headers = headers;
  }

  onResponseData(controller: Aborts, chunk: Buffer): void {
    this.bytes += chunk.length;
    if (this.first === undefined) this.first = chunk;
    else if (this.more === undefined) this.more = [this.first, chunk];
    else this.more.push(chunk);
    if (this.bytes > BODY_BYTES_MAX) controller.abort(new Error("the body is too long"));
  }

  onResponseEnd(): void {
    if (this.isOver) return;
    this.isOver = true;
    this.delivery.comesBack();
    const whole = this.more === undefined ? this.first : Buffer.concat(this.more);
    this.courier.answered(this, this.status, this.headers, whole?.toString("utf8") ?? "");
  }

  onResponseError(_controller: unknown, error: Error): void {
    if (this.isOver) return;
    this.isOver = true;
    this.delivery.comesBack();
    this.courier.failed(this, error);
  }
}

interface Aborts {
  abort(reason: Error): void;
}
