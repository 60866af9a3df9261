/**
 * Owns the sockets of probes: what each was sent, whether it is still open, and clients that are deaf or mute on purpose.
 * Refuses to know frames: it keeps their texts, and lets a condition decide when to go on.
 */

import { WebSocket } from "ws";
import { assert } from "../base/assert.ts";
import type { SeenFrame, SocketRequest, SocketView, Upgrade } from "../conformance/target.ts";

const OPEN_WITHIN_MS = 10_000;
const FRAME_BYTES_MAX = 16 * 1_048_576;
const REFUSAL_CHARS_MAX = 65_536;

class Line implements SocketView {
  readonly frames: SeenFrame[] = [];
  closeCode: number | undefined;
  pings = 0;
  isMute = false;
  readonly ws: WebSocket;
  /** Called whenever something changed. */
  private readonly watchers = new Set<() => void>();

  constructor(ws: WebSocket) {
    this.ws = ws;
    ws.on("message", (data) => {
      const text = String(data);
      this.frames.push({ atMs: Date.now(), text, json: parsed(text) });
      this.changed();
    });
    ws.on("ping", (data) => {
      this.pings++;
      if (!this.isMute) ws.pong(data);
      this.changed();
    });
    ws.on("close", (code) => {
      this.closeCode = code;
      this.changed();
    });
    // What an error means is told by the close that follows.
    ws.on("error", () => {});
  }

  onChange(watcher: () => void): () => void {
    this.watchers.add(watcher);
    return () => this.watchers.delete(watcher);
  }

  private changed(): void {
    for (const watcher of [...this.watchers]) watcher();
  }
}

export class TargetSockets {
  private readonly base: string;
  private readonly lines: Line[] = [];

  constructor(baseUrl: string) {
    this.base = baseUrl.replace(/^http/, "ws").replace(/\/$/, "");
  }

  /** Opens a socket; `refused` when the upgrade was answered otherwise. */
  open({ path, headers }: SocketRequest): Promise<Upgrade> {
    const ws = new WebSocket(`${this.base}${path}`, {
      headers: { ...headers },
      perMessageDeflate: false,
      autoPong: false,
      handshakeTimeout: OPEN_WITHIN_MS,
      maxPayload: FRAME_BYTES_MAX,
    });
    // What comes with the upgrade must not be missed: it listens from the beginning.
    const line = new Line(ws);
    return new Promise((resolve) => {
      ws.once("open", () => {
        this.lines.push(line);
        resolve({ upgrade: "open", socket: this.lines.length - 1 });
      });
      ws.once("unexpected-response", (_request, response) => {
        const status = response.statusCode ?? 0;
        void readText(response).then((text) => {
          resolve({ upgrade: "refused", status, text });
          ws.terminate();
        });
      });
      ws.once("error", () => resolve({ upgrade: "indefinite" }));
    });
  }

  /** Waits until the condition holds, the socket is closed, or the time is over. */
  watch(socket: number, until: (view: SocketView) => boolean, withinMs: number): Promise<SocketView> {
    const line = this.line(socket);
    return new Promise((resolve) => {
      const look = (): void => {
        if (line.closeCode !== undefined || until(line)) end();
      };
      const end = (): void => {
        clearTimeout(timer);
        forget();
        resolve(line);
      };
      const timer = setTimeout(end, withinMs);
      const forget = line.onChange(look);
      look();
    });
  }

  say(socket: number, text: string): undefined {
    const { ws } = this.line(socket);
    if (ws.readyState === WebSocket.OPEN) ws.send(text);
    return undefined;
  }

  close(socket: number, how: "cleanly" | "abruptly"): undefined {
    const { ws } = this.line(socket);
    if (how === "cleanly") ws.close(1000);
    else ws.terminate();
    return undefined;
  }

  impair(socket: number, how: "deaf" | "hears" | "mute"): undefined {
    const line = this.line(socket);
    if (how === "mute") line.isMute = true;
    else if (how === "deaf") line.ws.pause();
    else line.ws.resume();
    return undefined;
  }

  closeAll(): void {
    for (const socket of this.lines.keys()) this.drop(socket);
  }

  /** Ends one for good, whatever state it is in. */
  drop(socket: number): void {
    const { ws } = this.line(socket);
    // A paused reader would never see its own end.
    if (ws.isPaused) ws.resume();
    ws.terminate();
  }

  private line(socket: number): Line {
    const line = this.lines[socket];
    assert(line !== undefined, "the socket was opened");
    return line;
  }
}

/** What a refusal says, as far as it fits; broken off where it breaks off. */
async function readText(response: AsyncIterable<Buffer>): Promise<string> {
  let text = "";
  try {
    for await (const chunk of response) if (text.length < REFUSAL_CHARS_MAX) text += String(chunk);
  } catch {
    return text;
  }
  return text.slice(0, REFUSAL_CHARS_MAX);
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
