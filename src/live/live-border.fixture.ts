/**
 * Owns a live server under attack: two accounts, one of which must never notice; a log that is kept; and what must be
 * the same before and after whatever was refused.
 * Refuses to know what is sent to it.
 */

import { expect } from "vitest";
import { ENTITIES } from "../protocol/entity.ts";
import { ERRORS } from "../protocol/errors.ts";
import { type AccountId, ErrorBody } from "../protocol/messages.ts";
import { GENESIS } from "../protocol/revision.ts";
import type { Store } from "../proxy/store.ts";
import { type HttpServer, startHttpServer } from "./http-server.ts";
import { type OpenOptions, openSync, type Sync } from "./open.ts";
import { NO_GATEWAY } from "./push-gateway.ts";
import { bytesOf, type RawAnswer, type RawCall, RawPeer } from "./raw-http.fixture.ts";
import type { SettingsInput } from "./settings.ts";

/** Tokens that no generator makes: where one is seen, it has leaked. */
export const TOKEN_A = "zk-live-token-of-a-5e81";
export const TOKEN_B = "zk-live-token-of-b-9c27";
/** Stands in every record of b. */
const MARK_B = "only-b-may-see-this";
const A = "a" as AccountId;
const B = "b" as AccountId;
/** Versions that one look at an account reads. */
const LOOK_MAX = 1_000_000;

/** What no answer may show [SEC-4]: stacks, files, modules, queries. */
const INSIDE = /\n\s+at |node_modules|node:internal|\/src\/|\.ts:\d|\.js:\d|file:\/\/|SELECT |Error:/;

export interface BorderOptions extends Omit<OpenOptions, "settings"> {
  readonly settings?: SettingsInput;
}

export class LiveBorder {
  readonly sync: Sync;
  readonly server: HttpServer;
  readonly log: string[];
  /** What the service could not do, and why: never told to a client. */
  readonly troubles: string[];
  /** What broke out of everything: a live process would be dead. */
  readonly escaped: unknown[] = [];
  private readonly escape = (error: unknown): void => void this.escaped.push(error);

  static async open(options: BorderOptions = {}): Promise<LiveBorder> {
    const { settings = {}, ...rest } = options;
    const { limits, ...others } = settings;
    const troubles: string[] = [];
    const sync = await openSync({
      gateway: NO_GATEWAY,
      observer: {
        trouble: (what, error) => {
          troubles.push(`${what}: ${error instanceof Error ? error.stack : error}`);
        },
      },
      ...rest,
      settings: {
        tokens: { [TOKEN_A]: "a", [TOKEN_B]: "b" },
        ...others,
        limits: { bodyBytesMax: 8_192, mutationsMax: 10, requestTimeout: "400ms", ...limits },
      },
    });
    const log: string[] = [];
    const server = await startHttpServer(sync, {
      host: "127.0.0.1",
      port: 0,
      log: { level: "trace", stream: { write: (line) => void log.push(line) } },
    });
    return new LiveBorder(sync, server, log, troubles);
  }

  private constructor(sync: Sync, server: HttpServer, log: string[], troubles: string[]) {
    this.sync = sync;
    this.server = server;
    this.log = log;
    this.troubles = troubles;
    process.on("unhandledRejection", this.escape);
    process.on("uncaughtException", this.escape);
  }

  /** Gives both accounts something that could be lost or leak. */
  async seed(): Promise<void> {
    const bodies = {
      contacts: { id: "c1", name: "Ada" },
      tasks: { id: "t1", title: "write" },
      lists: { id: "l1", name: "food", items: [{ id: "i1", text: "bread" }] },
    };
    for (const [collection, body] of Object.entries(bodies)) {
      await this.json(TOKEN_A, "POST", `/api/${collection}`, body);
      await this.json(TOKEN_B, "POST", `/api/${collection}`, { ...body, notes: MARK_B, extra: MARK_B });
    }
  }

  /** One call with a JSON body, on a connection of its own. */
  async json(token: string, method: string, target: string, body?: unknown): Promise<RawAnswer> {
    return this.ask({
      method,
      target,
      headers: [...HEADERS, ["Authorization", `Bearer ${token}`]],
      body: body === undefined ? undefined : Buffer.from(JSON.stringify(body)),
    });
  }

  /** One call on a connection of its own. */
  async ask(call: RawCall): Promise<RawAnswer> {
    const peer = await RawPeer.open(this.server.port);
    const [answer] = await peer.say(bytesOf(call)).answers(1);
    peer.cut();
    expect(answer, `an answer to ${call.method} ${call.target.slice(0, 80)}`).toBeDefined();
    return answer as RawAnswer;
  }

  /** All that an account has: its log's head, its records with their revisions, its registrations. */
  lookAt(account: "a" | "b"): string {
    const { desk } = this.sync.durable;
    const id = account === "a" ? A : B;
    return JSON.stringify([desk.standing(id), recordsOf(desk, id), [...desk.push.registrations(id)]]);
  }

  /** [SEC-4, SEC-3, SEC-1] what no byte of an answer to account a may show. */
  checkBytes(bytes: string): void {
    expect(bytes).not.toContain(MARK_B);
    expect(bytes).not.toContain(TOKEN_A);
    expect(bytes).not.toContain(TOKEN_B);
    expect(bytes).not.toMatch(INSIDE);
  }

  /** [API-2] no 5xx; a refusal has the error shape and a code that is the status's. True when it was one. */
  checkAnswer(answer: RawAnswer, isHead = false): boolean {
    expect(answer.status, `${answer.body} ${this.troubles.join("; ")}`).toBeLessThan(500);
    this.checkBytes(answer.body);
    if (answer.status < 400) return false;
    if (isHead) return true;
    const body = ErrorBody.parse(JSON.parse(answer.body));
    // HTTP's own refusals, which no code of the protocol is made for.
    const isHttps = answer.status === 408 || answer.status === 431;
    expect(isHttps ? 400 : answer.status, answer.body).toBe(ERRORS[body.error].status);
    if (answer.status === 429) expect(Number(answer.headers.get("retry-after"))).toBeGreaterThan(0);
    return true;
  }

  /** The server is there, and answers as on the first day. */
  async checkAlive(): Promise<void> {
    expect(this.escaped).toEqual([]);
    const answer = await this.json(TOKEN_B, "GET", "/api/tasks/t1");
    expect(answer.status).toBe(200);
    expect(answer.body).toContain(MARK_B);
  }

  async close(): Promise<void> {
    await this.server.close();
    await this.sync.close();
    process.off("unhandledRejection", this.escape);
    process.off("uncaughtException", this.escape);
    expect(this.escaped).toEqual([]);
  }
}

const HEADERS = [
  ["Host", "localhost"],
  ["Content-Type", "application/json"],
] as const;

function recordsOf(store: Store, account: AccountId): unknown {
  const { head: upTo } = store.standing(account);
  return store
    .snapshot(account, {
      after: GENESIS,
      upTo,
      entities: new Set(ENTITIES),
      tombstones: true,
      limit: LOOK_MAX,
    })
    .map(({ revision, entity, id, record }) => [revision, entity, id, record]);
}
