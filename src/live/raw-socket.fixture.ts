/**
 * Owns the client's end of a WebSocket that may break every rule of RFC 6455: frames are made byte by byte.
 * Refuses to answer pings, to close politely, and to read when a test says so.
 */

import { assert } from "../base/assert.ts";
import type { Frame } from "../protocol/request.ts";
import { RawPeer, type RawPeerOptions, readAnswers, until } from "./raw-http.fixture.ts";

export const OPCODE = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;

export interface FrameParts {
  readonly opcode: number;
  readonly payload: Buffer;
  /** False: more of the message follows. */
  readonly fin?: boolean;
  /** The three bits that no extension was agreed for, as a number up to 7. */
  readonly reserved?: number;
  /** A client must mask; one that does not is wrong. */
  readonly isMasked?: boolean;
  /** What the length field says; that of the payload when it is not given. */
  readonly claimedBytes?: number;
}

/** One frame as bytes. */
export function frameBytes(parts: FrameParts): Buffer {
  const { opcode, payload, fin = true, reserved = 0, isMasked = true, claimedBytes = payload.length } = parts;
  const mask = isMasked ? 0x80 : 0;
  const length =
    claimedBytes < 126
      ? Buffer.from([mask | claimedBytes])
      : claimedBytes < 65_536
        ? Buffer.from([mask | 126, claimedBytes >> 8, claimedBytes & 0xff])
        : Buffer.concat([Buffer.from([mask | 127]), bigEndian(claimedBytes)]);
  const first = Buffer.from([(fin ? 0x80 : 0) | (reserved << 4) | opcode]);
  if (!isMasked) return Buffer.concat([first, length, payload]);
  const key = [0x12, 0x34, 0x56, 0x78] as const;
  const masked = payload.map((byte, index) => byte ^ (key[index % 4] ?? 0));
  return Buffer.concat([first, length, Buffer.from(key), masked]);
}

export const textFrame = (text: string): Buffer =>
  frameBytes({ opcode: OPCODE.text, payload: Buffer.from(text) });

function bigEndian(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(BigInt(value));
  return bytes;
}

export interface UpgradeParts {
  readonly method?: string;
  readonly target?: string;
  readonly token?: string | undefined;
  readonly version?: string | undefined;
  readonly key?: string | undefined;
  readonly more?: readonly (readonly [name: string, value: string])[];
}

/** The request of an upgrade; what is given as undefined is left out. */
export function upgradeBytes(parts: UpgradeParts): Buffer {
  const { method = "GET", target = "/api/sync/events", more = [] } = parts;
  const { token, version, key } = { version: "13", key: "dGhlIHNhbXBsZSBub25jZQ==", ...parts };
  const lines = [
    `${method} ${target} HTTP/1.1`,
    "Host: localhost",
    "Connection: Upgrade",
    "Upgrade: websocket",
    ...(token === undefined ? [] : [`Authorization: Bearer ${token}`]),
    ...(version === undefined ? [] : [`Sec-WebSocket-Version: ${version}`]),
    ...(key === undefined ? [] : [`Sec-WebSocket-Key: ${key}`]),
    ...more.map(([name, value]) => `${name}: ${value}`),
  ];
  return Buffer.from(`${lines.join("\r\n")}\r\n\r\n`, "latin1");
}

interface Received {
  readonly opcode: number;
  readonly payload: Buffer;
}

export class RawSocket {
  readonly peer: RawPeer;

  /** An upgrade that must succeed; it is over when the server has said `ready`, unless that is not waited for. */
  static async open(port: number, parts: UpgradeParts, options?: RawPeerOptions): Promise<RawSocket> {
    const socket = new RawSocket(await RawPeer.open(port, options));
    socket.peer.say(upgradeBytes(parts));
    await until("the socket is ready", () => socket.frames.some(({ type }) => type === "ready"));
    return socket;
  }

  constructor(peer: RawPeer) {
    this.peer = peer;
  }

  /** What came after the 101: frames, whole ones only. */
  get received(): readonly Received[] {
    const { answers, rest } = readAnswers(this.peer.received);
    const [upgraded] = answers;
    if (upgraded === undefined) return [];
    assert(upgraded.status === 101, `an upgrade: ${upgraded.status} ${upgraded.body}`);
    return framesIn(rest);
  }

  /** What the server told in text. */
  get frames(): readonly Frame[] {
    return this.received
      .filter(({ opcode }) => opcode === OPCODE.text)
      .map(({ payload }) => JSON.parse(payload.toString()) as Frame);
  }

  get pings(): number {
    return this.received.filter(({ opcode }) => opcode === OPCODE.ping).length;
  }

  get pongs(): readonly string[] {
    return this.received
      .filter(({ opcode }) => opcode === OPCODE.pong)
      .map(({ payload }) => payload.toString());
  }

  /** The code of the server's close; undefined while there was none. */
  get closeCode(): number | undefined {
    return this.received.find(({ opcode }) => opcode === OPCODE.close)?.payload.readUInt16BE(0);
  }

  /** Fulfils when the server has read all that was said to it, or has ended the socket. */
  async heard(): Promise<void> {
    const probe = `probe-${this.pongs.length}`;
    this.peer.say(frameBytes({ opcode: OPCODE.ping, payload: Buffer.from(probe) }));
    await until("the server has heard", () => this.pongs.includes(probe) || this.isOver);
  }

  get isOver(): boolean {
    return this.peer.hasEnded || this.peer.isClosed || this.closeCode !== undefined;
  }
}

function framesIn(bytes: Buffer): readonly Received[] {
  const frames: Received[] = [];
  let at = 0;
  while (at + 2 <= bytes.length) {
    const short = (bytes[at + 1] ?? 0) & 0x7f;
    const headBytes = short < 126 ? 2 : short === 126 ? 4 : 10;
    if (at + headBytes > bytes.length) break;
    const length =
      short < 126
        ? short
        : short === 126
          ? bytes.readUInt16BE(at + 2)
          : Number(bytes.readBigUInt64BE(at + 2));
    const ends = at + headBytes + length;
    if (ends > bytes.length) break;
    frames.push({ opcode: (bytes[at] ?? 0) & 0x0f, payload: bytes.subarray(at + headBytes, ends) });
    at = ends;
  }
  return frames;
}
