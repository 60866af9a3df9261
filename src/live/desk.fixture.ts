/**
 * Owns the desk with a server behind it: real HTTP and WebSocket on the loopback, a store of the live kind, a clock and
 * a push provider in the test's hand. It learns what a client learns; commits and pushes by the service's own seams.
 * Refuses to know which store it is.
 */

import { setImmediate as turn } from "node:timers/promises";
import { Pool } from "undici";
import { assert } from "../base/assert.ts";
import type { EpochMs } from "../base/time.ts";
import { checkAnswer, checkFrame } from "../protocol/contract/validate.fixture.ts";
import { type AccountId, ErrorBody, EventFrame, PushMessage } from "../protocol/messages.ts";
import type { Answer, Call, EventSubscription, Frame } from "../protocol/request.ts";
import { checkShape, configOf, type Headers, START_MS } from "../proxy/desk.fixture.ts";
import type { HttpAnswer } from "../proxy/http-answer.ts";
import type { Commit, ProxyConfig, PushCallResult } from "../proxy/port.ts";
import type { PushStore } from "../proxy/push-store.ts";
import type { Store } from "../proxy/store.ts";
import { type PushAsk, type PushSend, type ReceiptsResult, TestDesk } from "../proxy/test-desk.fixture.ts";
import { ManualClock } from "./clock.fixture.ts";
import { EventLine } from "./event-line.fixture.ts";
import { type HttpServer, startHttpServer } from "./http-server.ts";
import { openSync, type Sync } from "./open.ts";
import { HeldGateway } from "./push-gateway.fixture.ts";
import { settingsOf } from "./settings.fixture.ts";
import type { Shelf } from "./shelf.fixture.ts";
import { WatchedDurable } from "./watched-durable.fixture.ts";
import { parseWebhookSecret, type WebhookSecret } from "./webhook-signature.ts";
import { decodeAnswer, encodeCall, encodeDelivery, WEBHOOK_SECRET } from "./wire-call.fixture.ts";

const CONNECTIONS = 8;
/** Timers that one `pass` may run. */
const TIMERS_MAX = 100_000;

interface Room {
  readonly shelf: Shelf;
  readonly durable: WatchedDurable;
  readonly clock: ManualClock;
  readonly gateway: HeldGateway;
  readonly sync: Sync;
  readonly server: HttpServer;
  readonly commits: Commit[];
  readonly troubles: string[];
}

/** Sets a server up over what lies on the shelf, which it shares with other servers over it. */
export async function openLiveDesk(shelf: Shelf, changes: Partial<ProxyConfig> = {}): Promise<LiveDesk> {
  const config = configOf(changes);
  const clock = new ManualClock(START_MS);
  const gateway = new HeldGateway();
  const durable = new WatchedDurable(await shelf.open());
  const commits: Commit[] = [];
  const troubles: string[] = [];
  const sync = await openSync({
    settings: settingsOf(config),
    ...(config.webhooks ? { webhookSecrets: [webhookSecret()] } : undefined),
    clock,
    durable,
    gateway,
    observer: {
      committed: (commit) => void commits.push(commit),
      trouble: (what, error) => void troubles.push(`${what}: ${String(error)}`),
    },
  });
  const server = await startHttpServer(sync, { host: "127.0.0.1", port: 0 });
  return new LiveDesk(config, { shelf, durable, clock, gateway, sync, server, commits, troubles });
}

function webhookSecret(): WebhookSecret {
  const secret = parseWebhookSecret(WEBHOOK_SECRET);
  assert(!("fault" in secret), "the tests' secret is one");
  return secret;
}

export class LiveDesk extends TestDesk {
  readonly config: ProxyConfig;
  private readonly room: Room;
  private readonly pool: Pool;
  private readonly lines: EventLine[] = [];
  private readonly others: LiveDesk[] = [];
  private hasEnded = false;

  constructor(config: ProxyConfig, room: Room) {
    super();
    this.config = config;
    this.room = room;
    this.pool = new Pool(room.server.url, { connections: CONNECTIONS });
  }

  get nowMs(): EpochMs {
    return this.room.clock.nowMs();
  }

  set nowMs(value: EpochMs) {
    this.room.clock.set(value);
  }

  get commits(): readonly Commit[] {
    return this.room.commits;
  }

  get sends(): readonly PushSend[] {
    for (const { messages } of this.room.gateway.sends) {
      for (const message of messages) PushMessage.parse(message);
    }
    return [...this.room.gateway.sends];
  }

  get asks(): readonly PushAsk[] {
    return [...this.room.gateway.asks];
  }

  async call(call: Call, headers: Headers = {}): Promise<Answer> {
    const { method, path, headers: texts, body } = encodeCall(call, { token: "tok-a", ...headers });
    const answer = decodeAnswer(await this.exchange(method, path, texts, body));
    checkShape(call, answer);
    return answer;
  }

  async http(
    method: string,
    path: string,
    headers: Readonly<Record<string, string>>,
    body: string | undefined,
  ): Promise<HttpAnswer> {
    const answer = await this.exchange(method, path, headers, body);
    assert(answer.headers.date !== undefined, "every answer tells the time");
    if (answer.status >= 400) ErrorBody.parse(JSON.parse(answer.body ?? ""));
    return answer;
  }

  async deliver(body: unknown, id: string): Promise<Answer> {
    const { path, headers, text } = encodeDelivery(body, id, this.nowMs + 1);
    return decodeAnswer(await this.http("POST", path, headers, text));
  }

  async tryOpen(subscription: EventSubscription): Promise<number | undefined> {
    const line = await EventLine.open(this.room.server.url, subscription);
    return line === undefined ? undefined : this.lines.push(line) - 1;
  }

  async frames(socket: number): Promise<readonly Frame[]> {
    const { frames } = await this.caughtUp(socket);
    for (const frame of frames) {
      EventFrame.parse(frame);
      checkFrame(frame);
    }
    return [...frames];
  }

  async closeCode(socket: number): Promise<number | undefined> {
    return (await this.caughtUp(socket)).closeCode;
  }

  async pings(socket: number): Promise<number> {
    return (await this.caughtUp(socket)).pings;
  }

  async pong(socket: number): Promise<void> {
    await this.line(socket).pong();
  }

  async say(socket: number, text: string): Promise<void> {
    await this.line(socket).say(text);
  }

  async hangUp(socket: number): Promise<void> {
    await this.line(socket).hangUp();
  }

  async pass(durationMs: number): Promise<void> {
    await this.settled();
    let leftMs = durationMs;
    for (let timers = 0; timers < TIMERS_MAX; timers++) {
      const next = this.room.clock.runNext(leftMs);
      leftMs = next.leftMs;
      if (!next.ran) return;
      await this.settled();
    }
    assert(false, "timers come to an end");
  }

  async pushAnswered(call: number, result: PushCallResult): Promise<void> {
    this.room.gateway.sendAnswered(call, result);
    await this.settled();
  }

  async receiptsAnswered(call: number, result: ReceiptsResult): Promise<void> {
    this.room.gateway.receiptsAnswered(call, result);
    await this.settled();
  }

  async outputCount(): Promise<number> {
    const { commits, gateway } = this.room;
    let count = commits.length + gateway.sends.length + gateway.asks.length;
    for (const line of this.lines) {
      await line.catchUp();
      count += line.frames.length + (line.closeCode === undefined ? 0 : 1);
    }
    return count;
  }

  async setTokens(accounts: ReadonlyMap<string, AccountId>): Promise<void> {
    this.room.sync.reload(settingsOf({ ...this.config, accounts }));
  }

  async reconfigure(conflicts: ProxyConfig["conflicts"]): Promise<void> {
    this.room.sync.reload(settingsOf({ ...this.config, conflicts }));
  }

  async second(changes?: Partial<ProxyConfig>): Promise<LiveDesk> {
    const other = await openLiveDesk(this.room.shelf, changes);
    this.others.push(other);
    return other;
  }

  async successor(): Promise<LiveDesk> {
    await this.end();
    return this.second();
  }

  async wake(account: AccountId): Promise<void> {
    await this.room.durable.open(account);
    this.room.durable.tellForeign(account);
    await this.settled();
  }

  async look<T>(account: AccountId, look: (store: Store) => T): Promise<T> {
    const { durable } = this.room;
    return durable.transact(account, () => look(durable.desk));
  }

  async lookAtPush<T>(look: (push: PushStore) => T): Promise<T> {
    const { durable } = this.room;
    return durable.upkeep(() => look(durable.desk.push));
  }

  /** Closes it, and those that share its shelf. */
  async close(): Promise<void> {
    for (const other of this.others) await other.close();
    await this.end();
  }

  private async end(): Promise<void> {
    if (this.hasEnded) return;
    this.hasEnded = true;
    const { server, sync, troubles } = this.room;
    for (const line of this.lines) line.cut();
    await this.pool.destroy();
    await server.close();
    await sync.close();
    assert(troubles.length === 0, troubles.join("\n"));
  }

  private async exchange(
    method: string,
    path: string,
    headers: Readonly<Record<string, string>>,
    body: string | undefined,
  ): Promise<HttpAnswer> {
    this.room.clock.set(this.nowMs + 1);
    const typed = body === undefined ? headers : { "content-type": "application/json", ...headers };
    const answer = await this.pool.request({
      method: method as "GET",
      path,
      headers: typed,
      ...(body === undefined ? undefined : { body }),
    });
    const text = await answer.body.text();
    const told = Object.fromEntries(
      Object.entries(answer.headers).map(([name, value]) => [name, String(value)] as const),
    );
    checkAnswer(method, path, answer.statusCode, told, text === "" ? undefined : JSON.parse(text));
    return { status: answer.statusCode, headers: told, body: text === "" ? undefined : text };
  }

  /** Fulfils when nothing is under way at the store, and nothing follows from what was. */
  private async settled(): Promise<void> {
    for (let idle = 0; idle < 2; idle++) {
      await turn();
      if (await this.room.durable.wasBusy()) idle = -1;
    }
  }

  private line(socket: number): EventLine {
    const line = this.lines[socket];
    assert(line !== undefined, "the socket was opened here");
    return line;
  }

  private async caughtUp(socket: number): Promise<EventLine> {
    const line = this.line(socket);
    await line.catchUp();
    return line;
  }
}
