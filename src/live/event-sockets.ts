/**
 * Owns the WebSockets of an HTTP server: the upgrade, and the wire under each event socket (section 4).
 * Refuses to know what is sent. A frame is made into bytes once, however many sockets get it, and what one turn has
 * for a socket leaves in one write.
 */

import type { IncomingMessage, Server } from "node:http";
import type { Duplex } from "node:stream";
import * as library from "ws";
import { type RawData, WebSocket, WebSocketServer } from "ws";
import type { AccountId } from "../protocol/messages.ts";
import { CLOSE, type EventSubscription, type Frame } from "../protocol/request.ts";
import { readUpgrade } from "../proxy/http-border.ts";
import type { Clock } from "./clock.ts";
import { StoreUnavailable } from "./durable.ts";
import { headersOf, refusalBytes } from "./http-bytes.ts";
import { type BorderLimits, Bucket } from "./limits.ts";
import type { SocketLine, SyncService } from "./service.ts";

/** [EVT-13] larger frames close their socket. */
const FRAME_BYTES_MAX = 65_536;
/** How long a closing handshake may take before the connection is cut. */
const CLOSE_WITHIN_MS = 2_000;

export interface EventSocketOptions {
  readonly service: SyncService;
  readonly clock: Clock;
  limits(): BorderLimits;
  /** Where the upgrade is asked for; `/api/sync/events` when it is not given. */
  readonly path?: string;
}

export interface EventSockets {
  readonly open: number;
  /** Closes every socket with 1001, and takes no more. Fulfils when all are gone. */
  close(): Promise<void>;
}

/** Serves event sockets on a server. Upgrades to other paths are left to whoever else listens for them. */
export function serveEventSockets(server: Server, options: EventSocketOptions): EventSockets {
  return new Upgrades(server, options);
}

class Upgrades implements EventSockets {
  private readonly server: Server;
  private readonly options: EventSocketOptions;
  private readonly wss: WebSocketServer;
  private readonly perAccount = new Map<AccountId, number>();
  private readonly bytes = new FrameBytes();
  private closing = false;
  private readonly upgrade = (request: IncomingMessage, socket: Duplex, head: Buffer): void => {
    void this.admit(request, socket, head);
  };

  constructor(server: Server, options: EventSocketOptions) {
    this.server = server;
    this.options = options;
    this.wss = new WebSocketServer({
      noServer: true,
      clientTracking: true,
      perMessageDeflate: false,
      maxPayload: FRAME_BYTES_MAX,
      closeTimeout: CLOSE_WITHIN_MS,
    } as ConstructorParameters<typeof WebSocketServer>[0]);
    // What is no good upgrade is answered by ws itself; this keeps its refusal from being an uncaught error.
    this.wss.on("wsClientError", (_error, socket) =>
      refuse(socket, 400, "invalid_request", "not a WebSocket"),
    );
    server.on("upgrade", this.upgrade);
  }

  get open(): number {
    return this.wss.clients.size;
  }

  async close(): Promise<void> {
    this.closing = true;
    this.server.off("upgrade", this.upgrade);
    const gone = [...this.wss.clients].map(
      (socket) => new Promise<void>((resolve) => socket.once("close", () => resolve())),
    );
    for (const socket of this.wss.clients) {
      socket.close(CLOSE.goingAway);
      // ws waits for the client's answer; one that never comes must not hold the process.
      const cut = setTimeout(() => socket.terminate(), CLOSE_WITHIN_MS);
      socket.once("close", () => clearTimeout(cut));
    }
    await Promise.all(gone);
    this.wss.close();
  }

  private async admit(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    const { service, limits, path } = this.options;
    const read = service.planted?.readUpgrade ?? readUpgrade;
    const subscription = read({ path: request.url ?? "/", headers: headersOf(request) }, path);
    if (subscription === undefined) {
      // Nobody else will answer it when no one else listens.
      if (this.server.listenerCount("upgrade") === 1)
        refuse(socket, 404, "not_found", "there is no such call");
      return;
    }
    socket.on("error", () => socket.destroy());
    // [SEC-1] before all else.
    const account = service.accountOf(subscription.token);
    if (account === undefined) return refuse(socket, 401, "unauthorized", "no valid bearer token");
    if ((this.perAccount.get(account) ?? 0) >= limits().socketsPerAccountMax) {
      return refuse(socket, 429, "rate_limited", "too many sockets of this account", 60);
    }
    this.count(account, 1);
    try {
      await service.prepareSocket(account);
    } catch (error) {
      this.count(account, -1);
      const waitMs = error instanceof StoreUnavailable ? error.retryAfterMs : 1_000;
      return refuse(socket, 503, "unavailable", "the log cannot be read now", Math.ceil(waitMs / 1_000));
    }
    if (this.closing || socket.destroyed) {
      this.count(account, -1);
      socket.destroy();
      return;
    }
    let upgraded = false;
    socket.once("close", () => {
      if (!upgraded) this.count(account, -1);
    });
    this.wss.handleUpgrade(request, socket, head, (ws) => {
      upgraded = true;
      ws.once("close", () => this.count(account, -1));
      this.begin(ws, subscription);
    });
  }

  private begin(ws: WebSocket, subscription: EventSubscription): void {
    const { service, clock, limits } = this.options;
    // [EVT-13] a broken or too large frame: ws closes the socket by itself.
    ws.on("error", () => {});
    const line = new Line(ws, this.bytes, service);
    const id = service.openSocket(subscription, line);
    if (id === undefined) {
      ws.close(CLOSE.unauthorized); // [SEC-5] taken away meanwhile
      return;
    }
    line.id = id;
    const frames = new Bucket(limits().framesPerSecondMax, clock.nowMs());
    ws.on("message", (data) => {
      if (frames.take(limits().framesPerSecondMax, clock.nowMs()) !== undefined) line.close(CLOSE.badFrame);
      else service.socketText(id, textOf(data));
    });
    ws.on("pong", () => service.socketPong(id));
    ws.on("close", () => service.socketClosed(id));
    line.begun();
  }

  private count(account: AccountId, change: number): void {
    const count = (this.perAccount.get(account) ?? 0) + change;
    if (count > 0) this.perAccount.set(account, count);
    else this.perAccount.delete(account);
  }
}

/** How ws makes a WebSocket frame of bytes (RFC 6455, section 5.2): its types leave this out. */
interface Framing {
  readonly Sender: { frame(data: Buffer, options: typeof TEXT_FRAME): readonly Buffer[] };
}
const TEXT_FRAME = { fin: true, opcode: 1, readOnly: true, rsv1: false } as const;

/** The bytes of a frame on the wire. Frames are shared by the sockets that get them, and so are their bytes. */
class FrameBytes {
  private readonly known = new WeakMap<Frame, Buffer>();

  of(frame: Frame): Buffer {
    let bytes = this.known.get(frame);
    if (bytes === undefined) {
      bytes = Buffer.concat(
        (library as unknown as Framing).Sender.frame(Buffer.from(JSON.stringify(frame)), TEXT_FRAME),
      );
      this.known.set(frame, bytes);
    }
    return bytes;
  }
}

/** The stream under a WebSocket, which ws does not show in its types. */
interface Stream {
  cork(): void;
  uncork(): void;
  write(bytes: Buffer, written: () => void): boolean;
}

/** One WebSocket. What is sent between two flushes leaves in one write. */
class Line implements SocketLine {
  id: number | undefined;
  private readonly ws: WebSocket;
  private readonly bytes: FrameBytes;
  private readonly service: SyncService;
  private corked: Stream | undefined;
  /** Frames that left before the socket had its number. */
  private early = 0;
  private readonly sent = (): void => {
    if (this.id === undefined) this.early++;
    else this.service.socketDrained(this.id, 1);
  };

  constructor(ws: WebSocket, bytes: FrameBytes, service: SyncService) {
    this.ws = ws;
    this.bytes = bytes;
    this.service = service;
  }

  begun(): void {
    if (this.id !== undefined && this.early > 0) this.service.socketDrained(this.id, this.early);
    this.early = 0;
  }

  send(frame: Frame): void {
    if (this.ws.readyState !== WebSocket.OPEN) return;
    if (this.corked === undefined) {
      this.corked = (this.ws as unknown as { readonly _socket: Stream })._socket;
      this.corked.cork();
    }
    // Past `ws.send`, which would make the frame anew for each socket. Without compression ws holds nothing back, so
    // its own frames (pings, closes) keep their order with ours.
    this.corked.write(this.bytes.of(frame), this.sent);
  }

  flush(): void {
    this.corked?.uncork();
    this.corked = undefined;
  }

  ping(): void {
    if (this.ws.readyState === WebSocket.OPEN) this.ws.ping();
  }

  close(code: number): void {
    this.flush();
    this.ws.close(code);
    // [EVT-10] a reader that is too slow will not read the close either: what waits for it must not stay.
    if (code === CLOSE.overloaded) {
      const cut = setTimeout(() => this.ws.terminate(), CLOSE_WITHIN_MS);
      this.ws.once("close", () => clearTimeout(cut));
    }
  }
}

function textOf(data: RawData): string {
  if (Array.isArray(data)) return Buffer.concat(data).toString("utf8");
  return Buffer.isBuffer(data) ? data.toString("utf8") : Buffer.from(data).toString("utf8");
}

function refuse(
  socket: Duplex,
  status: number,
  code: Parameters<typeof refusalBytes>[1],
  message: string,
  retryAfterSeconds?: number,
): void {
  if (!socket.writable) {
    socket.destroy();
    return;
  }
  // Whose peer is gone already must not be an uncaught error.
  socket.on("error", () => socket.destroy());
  socket.once("finish", () => socket.destroy());
  socket.end(refusalBytes(status, code, message, retryAfterSeconds));
}
