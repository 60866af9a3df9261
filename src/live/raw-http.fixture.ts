/**
 * Owns one end of a TCP connection that says whatever a test wants it to say, and reads HTTP answers from what comes.
 * Refuses to know what is right, and to wait longer than its bound.
 */

import { connect, type Socket } from "node:net";
import { assert } from "../base/assert.ts";

/** No wait of a test is longer; it is the bound of what may hang, not a delay. */
const WAIT_MS_MAX = 10_000;

export interface RawAnswer {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: ReadonlyMap<string, string>;
  readonly body: string;
}

/** Fulfils when `holds` does; rejects after the bound, in the words of `what`. */
export async function until(what: string, holds: () => boolean, boundMs = WAIT_MS_MAX): Promise<void> {
  const endsAt = performance.now() + boundMs;
  while (!holds()) {
    assert(performance.now() < endsAt, `in vain until ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

export interface RawPeerOptions {
  /** A peer that does not close its side when the server has closed the other. */
  readonly allowHalfOpen?: boolean;
}

export class RawPeer {
  readonly socket: Socket;
  private readonly chunks: Buffer[] = [];
  private length = 0;
  /** The server has said its last. */
  hasEnded = false;
  isClosed = false;
  /** Why the connection broke; undefined when it did not. */
  brokenBy: string | undefined;

  static async open(port: number, { allowHalfOpen = false }: RawPeerOptions = {}): Promise<RawPeer> {
    const socket = connect({ host: "127.0.0.1", port, allowHalfOpen });
    await new Promise<void>((resolve, reject) => {
      socket.once("connect", resolve);
      socket.once("error", reject);
    });
    return new RawPeer(socket);
  }

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.on("data", (chunk: Buffer) => {
      this.chunks.push(chunk);
      this.length += chunk.length;
    });
    socket.on("error", (error: NodeJS.ErrnoException) => {
      this.brokenBy = error.code ?? error.message;
    });
    socket.once("end", () => {
      this.hasEnded = true;
    });
    socket.once("close", () => {
      this.isClosed = true;
    });
  }

  get receivedBytes(): number {
    return this.length;
  }

  get received(): Buffer {
    return Buffer.concat(this.chunks);
  }

  say(bytes: string | Buffer): this {
    if (!this.socket.destroyed && this.socket.writable) this.socket.write(bytes);
    return this;
  }

  /** Says the last of it. */
  end(bytes?: string | Buffer): this {
    if (bytes === undefined) this.socket.end();
    else this.socket.end(bytes);
    return this;
  }

  /** Breaks off without a word: the other side gets a reset. */
  reset(): void {
    this.socket.resetAndDestroy();
  }

  cut(): void {
    this.socket.destroy();
  }

  /** All that the server had to say; then the connection is given up. */
  async toEnd(): Promise<Buffer> {
    await until("the server ended the connection", () => this.hasEnded || this.isClosed);
    this.cut();
    return this.received;
  }

  /** The first `count` answers, whole. */
  async answers(count: number): Promise<readonly RawAnswer[]> {
    let read = readAnswers(this.received);
    await until(`${count} answers came`, () => {
      read = readAnswers(this.received);
      return read.answers.length >= count || this.hasEnded || this.isClosed;
    });
    return read.answers.slice(0, count);
  }
}

/** The answers in what came, as far as they are whole; 100 and its kin are none. */
export function readAnswers(
  bytes: Buffer,
  isHead = false,
): { readonly answers: readonly RawAnswer[]; readonly rest: Buffer } {
  const answers: RawAnswer[] = [];
  let rest = bytes;
  for (;;) {
    const headEnds = rest.indexOf("\r\n\r\n");
    if (headEnds < 0) return { answers, rest };
    const [statusLine = "", ...lines] = rest.subarray(0, headEnds).toString("latin1").split("\r\n");
    const status = Number(/^HTTP\/1\.1 (\d{3}) /.exec(`${statusLine} `)?.[1]);
    assert(Number.isInteger(status), `a status line: ${statusLine.slice(0, 80)}`);
    const headers = new Map(
      lines.map((line): [string, string] => {
        const colon = line.indexOf(":");
        return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
      }),
    );
    const after = rest.subarray(headEnds + 4);
    const isBare = isHead || status < 200 || status === 204 || status === 304;
    const body = isBare ? { text: "", bytes: 0 } : bodyAt(after, headers);
    if (body === undefined) return { answers, rest };
    if (status >= 200 || status === 101) answers.push({ status, headers, body: body.text });
    rest = after.subarray(body.bytes);
    if (status === 101) return { answers, rest };
  }
}

function bodyAt(
  after: Buffer,
  headers: ReadonlyMap<string, string>,
): { readonly text: string; readonly bytes: number } | undefined {
  if (headers.get("transfer-encoding") === "chunked") {
    // Only empty ones are known to come so: what Node answers by itself.
    assert(after.subarray(0, 5).toString("latin1") === "0\r\n\r\n", "an empty chunked body");
    return { text: "", bytes: 5 };
  }
  const bytes = Number(headers.get("content-length") ?? 0);
  if (after.length < bytes) return undefined;
  return { text: after.subarray(0, bytes).toString("utf8"), bytes };
}

export interface RawCall {
  readonly method: string;
  readonly target: string;
  /** As they are sent, one a line; some may be doubled. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body?: Buffer | undefined;
  /** Chunks of this many bytes; undefined: with Content-Length. */
  readonly chunkBytes?: number | undefined;
}

/** The bytes of a call. Header values and targets are sent as Latin-1: a code above 255 loses its upper bits. */
export function bytesOf({ method, target, headers, body, chunkBytes }: RawCall): Buffer {
  const lines = [`${method} ${target} HTTP/1.1`, ...headers.map(([name, value]) => `${name}: ${value}`)];
  if (body === undefined) return Buffer.from(`${lines.join("\r\n")}\r\n\r\n`, "latin1");
  lines.push(chunkBytes === undefined ? `Content-Length: ${body.length}` : "Transfer-Encoding: chunked");
  const head = Buffer.from(`${lines.join("\r\n")}\r\n\r\n`, "latin1");
  if (chunkBytes === undefined) return Buffer.concat([head, body]);
  const parts: Buffer[] = [head];
  for (let at = 0; at < body.length; at += chunkBytes) {
    const chunk = body.subarray(at, at + chunkBytes);
    parts.push(Buffer.from(`${chunk.length.toString(16)}\r\n`), chunk, Buffer.from("\r\n"));
  }
  return Buffer.concat([...parts, Buffer.from("0\r\n\r\n")]);
}
