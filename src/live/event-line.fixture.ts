/**
 * Owns the client's end of an event socket: what came, and whether all that was sent has come.
 * Refuses to answer a ping by itself: a test says when.
 */

import { WebSocket } from "ws";
import { assert } from "../base/assert.ts";
import type { EventSubscription, Frame } from "../protocol/request.ts";
import { encodeUpgrade } from "./wire-call.fixture.ts";

export class EventLine {
  readonly frames: Frame[] = [];
  pings = 0;
  /** The code of the server's close; undefined while it is open, or when the client closed. */
  closeCode: number | undefined;
  private readonly ws: WebSocket;
  private readonly closed: Promise<void>;
  private hungUp = false;
  private isClosed = false;
  private probes = 0;
  private readonly landed = new Map<string, () => void>();

  /** undefined: the upgrade was refused with 401. Any other refusal rejects. */
  static async open(url: string, subscription: EventSubscription): Promise<EventLine | undefined> {
    const { path, headers } = encodeUpgrade(subscription);
    const ws = new WebSocket(url.replace("http", "ws") + path, {
      headers,
      autoPong: false,
      perMessageDeflate: false,
    });
    const line = new EventLine(ws);
    const status = await new Promise<number>((resolve, reject) => {
      ws.once("open", () => resolve(101));
      ws.once("unexpected-response", (request, response) => {
        request.destroy();
        resolve(response.statusCode ?? 0);
      });
      ws.once("error", reject);
    });
    assert(status === 101 || status === 401, `an upgrade is taken, or refused with 401: ${status}`);
    return status === 101 ? line : undefined;
  }

  private constructor(ws: WebSocket) {
    this.ws = ws;
    ws.on("message", (data) => this.frames.push(JSON.parse(String(data)) as Frame));
    ws.on("ping", () => {
      this.pings++;
    });
    ws.on("pong", (data) => {
      this.landed.get(String(data))?.();
      this.landed.delete(String(data));
    });
    // What breaks is told by the close that follows.
    ws.on("error", () => {});
    this.closed = new Promise((resolve) => {
      ws.once("close", (code) => {
        this.isClosed = true;
        if (!this.hungUp) this.closeCode = code;
        resolve();
      });
    });
  }

  /** Fulfils when all that the server has sent until now has come, and it has read all that was sent to it. */
  async catchUp(): Promise<void> {
    if (this.isClosed) return;
    const probe = String(this.probes++);
    const landed = new Promise<void>((resolve) => this.landed.set(probe, resolve));
    // One that is closing answers no probe any more.
    if (this.ws.readyState === WebSocket.OPEN) this.ws.ping(probe);
    await Promise.race([landed, this.closed]);
  }

  async pong(): Promise<void> {
    if (this.ws.readyState === WebSocket.OPEN) this.ws.pong();
    await this.catchUp();
  }

  async say(text: string): Promise<void> {
    this.ws.send(text);
    await this.catchUp();
  }

  async hangUp(): Promise<void> {
    await this.catchUp();
    if (this.isClosed) return;
    this.hungUp = true;
    this.ws.close(1000);
    await this.closed;
  }

  cut(): void {
    this.hungUp = true;
    this.ws.terminate();
  }
}
