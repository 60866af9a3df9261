/**
 * Owns the client's side of calls to a proxy that may die at any moment: one attempt, its answer or none, and the
 * count of what is on its way.
 * Refuses to decide what to ask, and whether to ask again.
 */

import { Pool } from "undici";
import type { JsonObject } from "../base/canonical-json.ts";
import type { Turn } from "./crash-history.fixture.ts";
import type { CrashServer } from "./crash-server.fixture.ts";

/** More than there are clients: no request waits for another on our side, what was sent is on the wire. */
const CONNECTIONS = 128;
const TOKEN = "tok-a";

export interface Wire {
  readonly method: "GET" | "POST" | "PATCH" | "DELETE";
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: JsonObject;
}

export interface Got {
  readonly status: number;
  readonly body: JsonObject;
  readonly replayed: boolean;
  readonly sentAt: Turn;
  readonly toldAt: Turn;
  readonly life: number;
}

/** Told of traffic as it happens: kills are timed by it. */
export interface Traffic {
  sent(): void;
  answered(): void;
  /** A socket was shown an event. */
  shown(): void;
}

export class CrashClient {
  readonly surprises: string[] = [];
  /** Requests that write, on their way now. */
  writesUnderWay = 0;
  traffic: Traffic | undefined;
  private readonly server: CrashServer;
  private pool: { readonly url: string; readonly pool: Pool } | undefined;
  private turn: Turn = 0;

  constructor(server: CrashServer) {
    this.server = server;
  }

  /** The next number of the order in which things happen here. */
  now(): Turn {
    return ++this.turn;
  }

  /** One attempt, to whoever listens next. undefined: no whole answer came, and nobody knows what became of it. */
  async attempt(wire: Wire): Promise<Got | undefined> {
    const url = await this.server.up();
    const { life } = this.server;
    const isWrite = wire.method !== "GET";
    const sentAt = this.now();
    if (isWrite) this.writesUnderWay++;
    try {
      const asking = this.poolOf(url).request({
        method: wire.method,
        path: wire.path,
        headers: { authorization: `Bearer ${TOKEN}`, ...wire.headers },
        body: wire.body === undefined ? null : JSON.stringify(wire.body),
      });
      this.traffic?.sent();
      const { statusCode, headers, body } = await asking;
      const told = (await body.json()) as JsonObject;
      this.traffic?.answered();
      if (statusCode >= 500 && statusCode !== 503)
        this.surprises.push(`${wire.method} ${wire.path}: ${statusCode}`);
      const replayed = headers["idempotency-replayed"] === "true";
      return { status: statusCode, body: told, replayed, sentAt, toldAt: this.now(), life };
    } catch {
      return undefined;
    } finally {
      if (isWrite) this.writesUnderWay--;
    }
  }

  /** Reads until an answer comes. */
  async read(path: string): Promise<Got> {
    for (;;) {
      const got = await this.attempt({ method: "GET", path });
      if (got !== undefined && got.status !== 503) return got;
    }
  }

  async close(): Promise<void> {
    await this.pool?.pool.destroy();
  }

  private poolOf(url: string): Pool {
    if (this.pool?.url === url) return this.pool.pool;
    // Not sooner: what a killed process had answered may still be on its way to us, and counts.
    void this.close();
    this.pool = { url, pool: new Pool(url, { connections: CONNECTIONS }) };
    return this.pool.pool;
  }
}
