/**
 * Owns the fleet's sockets: each opened when few enough others are being opened, its texts handed on as they come.
 * Refuses to read frames, and to open anything again: a device does both.
 */

import { WebSocket } from "ws";
import type { SocketRequest } from "../conformance/target.ts";
import { Queue } from "./fleet-queue.ts";
import { renamed } from "./live-target.ts";

/** What a socket tells its owner. Nothing is told after `closed`. */
export interface LineEars {
  opened(): void;
  text(text: string): void;
  closed(code: number): void;
}

/** One socket, from its owner's side. */
export interface LiveLine {
  /** Ends it; the owner is told nothing more. `cleanly`: with a close frame. */
  drop(cleanly: boolean): void;
}

const OPENING_MAX = 128;
const OPEN_WITHIN_MS = 10_000;
const FRAME_BYTES_MAX = 16 * 1_048_576;

export class FleetLines {
  /** Sockets that are open now, and the most that were at once. */
  open = 0;
  openMax = 0;
  refused = 0;
  /** What the last refused upgrade was answered; 0: none was. */
  lastRefusal = 0;
  /** Carries out whatever somebody is told. */
  readonly enter: (what: () => void) => void;
  private readonly base: string;
  private readonly headers: { readonly [name: string]: string };
  private readonly paths: ReadonlyMap<string, string>;
  private opening = 0;
  private waiting = new Queue<Line>();
  private readonly lines = new Set<Line>();

  constructor(
    baseUrl: string,
    headers: { readonly [name: string]: string },
    paths: ReadonlyMap<string, string>,
    enter: (what: () => void) => void,
  ) {
    this.enter = enter;
    this.base = baseUrl.replace(/^http/, "ws").replace(/\/$/, "");
    this.headers = headers;
    this.paths = paths;
  }

  connect(request: SocketRequest, ears: LineEars): LiveLine {
    const line = new Line(this, request, ears);
    this.lines.add(line);
    this.waiting.push(line);
    this.next();
    return line;
  }

  closeAll(): void {
    this.waiting = new Queue();
    for (const line of this.lines) line.drop(false);
    this.lines.clear();
  }

  /** The socket of a line; called when its turn has come. */
  socket({ path, headers }: SocketRequest): WebSocket {
    return new WebSocket(`${this.base}${renamed(path, this.paths)}`, {
      headers: { ...this.headers, ...headers },
      perMessageDeflate: false,
      handshakeTimeout: OPEN_WITHIN_MS,
      maxPayload: FRAME_BYTES_MAX,
    });
  }

  opened(): void {
    this.open++;
    this.openMax = Math.max(this.openMax, this.open);
    this.settled();
  }

  /** A place among those that are being opened is free again. */
  settled(): void {
    this.opening--;
    this.next();
  }

  gone(line: Line, wasOpen: boolean): void {
    this.lines.delete(line);
    if (wasOpen) this.open--;
  }

  private next(): void {
    while (this.opening < OPENING_MAX) {
      const line = this.waiting.shift();
      if (line === undefined) return;
      if (line.begin()) this.opening++;
    }
  }
}

class Line implements LiveLine {
  private readonly lines: FleetLines;
  private readonly request: SocketRequest;
  private readonly ears: LineEars;
  private ws: WebSocket | undefined;
  private phase: "waiting" | "opening" | "open" | "over" = "waiting";
  /** Its owner is told nothing any more. */
  private isDeaf = false;

  constructor(lines: FleetLines, request: SocketRequest, ears: LineEars) {
    this.lines = lines;
    this.request = request;
    this.ears = ears;
  }

  /** False when nobody wants it any more. */
  begin(): boolean {
    if (this.isDeaf) return false;
    const ws = this.lines.socket(this.request);
    this.ws = ws;
    this.phase = "opening";
    ws.on("open", () => {
      this.phase = "open";
      this.lines.opened();
      if (!this.isDeaf) this.lines.enter(() => this.ears.opened());
    });
    ws.on("message", (data) => {
      if (!this.isDeaf) this.lines.enter(() => this.ears.text(String(data)));
    });
    ws.on("error", () => {
      // What an error means is told by the close that follows.
    });
    ws.on("unexpected-response", (_request, response) => {
      this.lines.refused++;
      this.lines.lastRefusal = response.statusCode ?? 0;
      ws.terminate();
    });
    ws.on("close", (code) => this.closed(code));
    return true;
  }

  drop(cleanly: boolean): void {
    if (this.isDeaf) return;
    this.isDeaf = true;
    if (this.phase === "waiting") return this.lines.gone(this, false);
    if (cleanly && this.phase === "open") this.ws?.close(1000);
    else this.ws?.terminate();
  }

  private closed(code: number): void {
    if (this.phase === "over") return;
    const was = this.phase;
    this.phase = "over";
    this.lines.gone(this, was === "open");
    if (was === "opening") this.lines.settled();
    if (this.isDeaf) return;
    this.isDeaf = true;
    this.lines.enter(() => this.ears.closed(code));
  }
}
