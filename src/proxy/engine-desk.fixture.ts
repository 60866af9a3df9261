/**
 * Owns the desk with nothing but the engine behind it: each call is one call of a method, fulfilled at once.
 * Refuses to know of servers.
 */

import type { EpochMs } from "../base/time.ts";
import type { AccountId } from "../protocol/messages.ts";
import type { Answer, Call, EventSubscription, Frame } from "../protocol/request.ts";
import { Desk, type Headers } from "./desk.fixture.ts";
import { type HttpAnswer, writeHttp } from "./http-answer.ts";
import { readHttp } from "./http-border.ts";
import type { Commit, ProxyConfig, PushCallResult } from "./port.ts";
import type { PushStore } from "./push-store.ts";
import type { Store } from "./store.ts";
import {
  type DeskMaker,
  type PushAsk,
  type PushSend,
  type ReceiptsResult,
  TestDesk,
} from "./test-desk.fixture.ts";

/** Desks with the engine over a memory store. */
export const ENGINE_DESKS: DeskMaker = {
  create: async (changes) => new EngineDesk(new Desk(changes)),
  runs: (wanted) => wanted,
};

class EngineDesk extends TestDesk {
  readonly inner: Desk;

  constructor(inner: Desk) {
    super();
    this.inner = inner;
  }

  get config(): ProxyConfig {
    return this.inner.config;
  }

  get nowMs(): EpochMs {
    return this.inner.nowMs;
  }

  set nowMs(value: EpochMs) {
    this.inner.nowMs = value;
  }

  get commits(): readonly Commit[] {
    return this.inner.commits;
  }

  get sends(): readonly PushSend[] {
    return this.inner.sends;
  }

  get asks(): readonly PushAsk[] {
    return this.inner.asks;
  }

  async call(call: Call, headers?: Headers): Promise<Answer> {
    return this.inner.call(call, headers);
  }

  async http(
    method: string,
    path: string,
    headers: Readonly<Record<string, string>>,
    body: string | undefined,
  ): Promise<HttpAnswer> {
    const http = { method, path, headers: new Map(Object.entries(headers)), body };
    const { call, ...rest } = readHttp(http, this.config.limits.bodyBytesMax);
    const bare = rest.token === undefined ? { ...rest, token: "" } : rest;
    return writeHttp(this.inner.call(call, bare));
  }

  async deliver(body: unknown, id: string): Promise<Answer> {
    this.inner.nowMs++;
    const answer = this.inner.proxy.webhook({ id, body }, this.nowMs);
    this.inner.collect();
    return answer;
  }

  async tryOpen(subscription: EventSubscription): Promise<number | undefined> {
    const socket = this.inner.proxy.openSocket(subscription, this.nowMs);
    this.inner.collect();
    return socket;
  }

  async frames(socket: number): Promise<readonly Frame[]> {
    return this.inner.frames(socket);
  }

  async closeCode(socket: number): Promise<number | undefined> {
    return this.inner.closeCode(socket);
  }

  async pings(socket: number): Promise<number> {
    return this.inner.outputs.filter((output) => output.output === "ping" && output.socket === socket).length;
  }

  async pong(socket: number): Promise<void> {
    this.inner.proxy.socketPong(socket, this.nowMs);
  }

  async say(socket: number, text: string): Promise<void> {
    this.inner.proxy.socketText(socket, text, this.nowMs);
    this.inner.collect();
  }

  async hangUp(socket: number): Promise<void> {
    this.inner.proxy.socketClosed(socket);
  }

  async pass(durationMs: number): Promise<void> {
    this.inner.pass(durationMs);
  }

  async pushAnswered(call: number, result: PushCallResult): Promise<void> {
    this.inner.proxy.pushAnswered(call, result, this.nowMs);
    this.inner.collect();
  }

  async receiptsAnswered(call: number, result: ReceiptsResult): Promise<void> {
    this.inner.proxy.receiptsAnswered(call, result, this.nowMs);
    this.inner.collect();
  }

  async outputCount(): Promise<number> {
    return this.inner.outputs.length;
  }

  async setTokens(accounts: ReadonlyMap<string, AccountId>): Promise<void> {
    const mine = this.config.accounts as Map<string, AccountId>;
    mine.clear();
    for (const [token, account] of accounts) mine.set(token, account);
  }

  async reconfigure(conflicts: ProxyConfig["conflicts"]): Promise<void> {
    this.inner.proxy.reconfigure(conflicts);
  }

  async second(changes?: Partial<ProxyConfig>): Promise<EngineDesk> {
    return new EngineDesk(new Desk(changes, this.inner.store));
  }

  async successor(): Promise<EngineDesk> {
    return this.second();
  }

  async wake(account: AccountId): Promise<void> {
    this.inner.proxy.wake(account, this.nowMs);
    this.inner.collect();
  }

  async look<T>(_account: AccountId, look: (store: Store) => T): Promise<T> {
    return look(this.inner.store);
  }

  async lookAtPush<T>(look: (push: PushStore) => T): Promise<T> {
    return look(this.inner.store.push);
  }
}
