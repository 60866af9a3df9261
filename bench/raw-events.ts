/**
 * Owns an event socket that costs its process next to nothing: frames are counted by their heads, and never read.
 * Refuses to know what is in one. Pings are answered.
 */

import { connect, type Socket } from "node:net";
import { platform } from "node:os";

/** Sockets are read one after another, so one room does for all. */
const ROOM = Buffer.allocUnsafe(1 << 18);
const PONG = Buffer.from([0x8a, 0x80, 0, 0, 0, 0]);
/** Source addresses, so that ports do not run short; only Linux has more than one without asking. */
const SOURCES = platform() === "linux" ? 8 : 1;
const OPCODE = { text: 1, close: 8, ping: 9 } as const;

export interface EventReader {
  /** A text frame was there, to its last byte. */
  frame(): void;
  /** The socket is gone, or the server is closing it. */
  gone(): void;
}

export class RawEvents {
  private readonly socket: Socket;
  private readonly reader: EventReader;
  private upgraded = false;
  private early = "";
  private readonly head = new Uint8Array(10);
  private headLength = 0;
  private left = 0;
  private opcode = 0;

  constructor(port: number, token: string, index: number, reader: EventReader) {
    this.reader = reader;
    this.socket = connect({
      port,
      host: "127.0.0.1",
      ...(SOURCES > 1 ? { localAddress: `127.0.0.${1 + (index % SOURCES)}` } : undefined),
      noDelay: true,
      onread: {
        buffer: ROOM,
        callback: (length) => {
          this.read(length);
          return true;
        },
      },
    });
    this.socket.on("error", () => {});
    this.socket.on("close", () => reader.gone());
    this.socket.write(
      `GET /api/sync/events HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer ${token}\r\nX-Device-Id: reader-${index}\r\n` +
        "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
    );
  }

  close(): void {
    this.socket.removeAllListeners("close");
    this.socket.destroy();
  }

  private read(length: number): void {
    let at = 0;
    if (!this.upgraded) {
      this.early += ROOM.toString("latin1", 0, length);
      const end = this.early.indexOf("\r\n\r\n");
      if (end < 0) return;
      if (!this.early.startsWith("HTTP/1.1 101")) {
        this.reader.gone();
        return;
      }
      this.upgraded = true;
      at = length - (this.early.length - end - 4);
      this.early = "";
    }
    while (at < length) {
      if (this.left > 0) {
        const step = Math.min(this.left, length - at);
        at += step;
        this.left -= step;
        if (this.left === 0) this.ended();
      } else {
        this.head[this.headLength++] = ROOM[at++] as number;
        this.readHead();
      }
    }
  }

  /** Takes the head of a frame once it is whole. A server does not mask. */
  private readHead(): void {
    const { head } = this;
    if (this.headLength < 2) return;
    const code = (head[1] as number) & 0x7f;
    const whole = code < 126 ? 2 : code === 126 ? 4 : 10;
    if (this.headLength < whole) return;
    let length = code;
    if (code >= 126) {
      length = 0;
      for (let index = 2; index < whole; index++) length = length * 256 + (head[index] as number);
    }
    this.headLength = 0;
    this.opcode = (head[0] as number) & 0x0f;
    this.left = length;
    if (length === 0) this.ended();
  }

  private ended(): void {
    if (this.opcode === OPCODE.text) this.reader.frame();
    else if (this.opcode === OPCODE.ping) this.socket.write(PONG);
    else if (this.opcode === OPCODE.close) this.reader.gone();
  }
}
