/**
 * Owns an HTTP client that is cheaper than any server: one connection, one request at a time, no more parsed of an
 * answer than is asked of it.
 * Refuses what a bench does not meet: chunked answers, redirects, a second request before the first answer.
 */

import { connect, type Socket } from "node:net";

/** Connections are read one after another, so one room does for all. */
const ROOM = Buffer.allocUnsafe(1 << 18);
const LENGTH = "ength: ";

export class RawConnection {
  private readonly socket: Socket;
  private readonly answered: (status: number, body: string) => void;
  private rest = "";

  /** `answered` is given each answer, its body as Latin-1; status 0 when the connection is gone. */
  constructor(port: number, answered: (status: number, body: string) => void) {
    this.answered = answered;
    this.socket = connect({
      port,
      host: "127.0.0.1",
      noDelay: true,
      onread: {
        buffer: ROOM,
        callback: (length) => {
          this.read(ROOM.toString("latin1", 0, length));
          return true;
        },
      },
    });
    this.socket.on("error", () => {});
    this.socket.on("close", () => this.answered(0, ""));
  }

  send(request: string): void {
    this.socket.write(request, "latin1");
  }

  close(): void {
    this.socket.removeAllListeners("close");
    this.socket.destroy();
  }

  private read(chunk: string): void {
    const text = this.rest === "" ? chunk : this.rest + chunk;
    const head = text.indexOf("\r\n\r\n");
    if (head < 0) {
      this.rest = text;
      return;
    }
    const start = head + 4;
    const end = start + Number.parseInt(text.slice(text.indexOf(LENGTH) + LENGTH.length, head), 10);
    if (text.length < end) {
      this.rest = text;
      return;
    }
    this.rest = text.slice(end);
    this.answered(Number(text.slice(9, 12)), text.slice(start, end));
  }
}

/** A whole request. `headers` are whole lines, each with its end. The body is ASCII. */
export function requestOf(
  method: string,
  target: string,
  token: string,
  headers: string,
  body: string,
): string {
  const about = body === "" ? "" : `Content-Type: application/json\r\nContent-Length: ${body.length}\r\n`;
  return `${method} ${target} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer ${token}\r\n${headers}${about}\r\n${body}`;
}
