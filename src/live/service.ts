/**
 * Owns one live proxy: two engines over one durable store, and when their work leaves. The desk answers calls; the
 * watch serves event sockets, from what is durable and nothing else.
 * Refuses to know HTTP, WebSocket, and how a store becomes durable.
 */

import { assertNever } from "../base/assert.ts";
import type { EpochMs } from "../base/time.ts";
import type { AccountId } from "../protocol/messages.ts";
import type { Answer, EventSubscription, Frame, Request } from "../protocol/request.ts";
import { createProxy } from "../proxy/engine.ts";
import type { Commit, ProxyConfig, ProxyOutput, SyncProxy } from "../proxy/port.ts";
import { answerOf, refusal } from "../proxy/reply.ts";
import type { Store } from "../proxy/store.ts";
import { accountOfWebhook } from "../proxy/webhook.ts";
import type { Border } from "../simulation/parts.ts";
import type { Clock } from "./clock.ts";
import { type DurableStore, StoreUnavailable } from "./durable.ts";
import type { PushGateway } from "./push-gateway.ts";

/** One open WebSocket, as the service speaks to it. */
export interface SocketLine {
  send(frame: Frame): void;
  /** All that this turn had for it was sent. */
  flush(): void;
  ping(): void;
  close(code: number): void;
}

/** What a service tells of itself, for metrics and logs. Nothing in it may wait or throw. */
export interface Observer {
  committed?(commit: Commit): void;
  sent?(frame: Frame): void;
  closed?(code: number): void;
  pushed?(outcome: "ok" | "error" | "failed", count: number): void;
  receipts?(outcome: "ok" | "error" | "failed", count: number): void;
  /** A store that could not keep something, or a fault of ours: for the operator's eyes only. */
  trouble?(what: string, error: unknown): void;
}

/** The seams at which a planted fault stands. */
export interface EngineParts {
  store(): Store;
  proxy(config: ProxyConfig, store: Store): SyncProxy;
  /** What is not the reference's own of the border around the proxy; undefined: nothing. */
  readonly border?: Partial<Border>;
}

export interface ServiceOptions {
  /** `accounts` is looked at anew for every call: a token may come and go while sockets are open [SEC-5]. */
  readonly config: ProxyConfig;
  readonly durable: DurableStore;
  readonly clock: Clock;
  readonly push: PushGateway;
  readonly observer?: Observer;
  /** Puts a planted fault into the reference parts. */
  plant?(parts: EngineParts): EngineParts;
}

/** [API-7] what a client is told when the store cannot keep what it sent. */
const UNAVAILABLE = refusal("unavailable", "not stored; try again");
/** After upkeep failed. */
const UPKEEP_RETRY_MS = 1_000;

export class SyncService {
  readonly config: ProxyConfig;
  readonly durable: DurableStore;
  private readonly clock: Clock;
  private readonly push: PushGateway;
  private readonly observer: Observer;
  private readonly parts: EngineParts;
  private readonly lines = new Map<number, SocketLine>();
  /** Lines that were sent something since they were last flushed. */
  private readonly touched = new Set<SocketLine>();
  private readonly watch: SyncProxy;
  private desk: SyncProxy;
  private conflicts: ProxyConfig["conflicts"];
  private readonly moved = new Set<AccountId>();
  private upkeepRuns = false;
  private upkeepNotBeforeMs: EpochMs = 0;
  private planned: { readonly atMs: EpochMs; cancel(): void } | undefined;
  private isClosed = false;

  constructor(options: ServiceOptions) {
    this.config = options.config;
    this.durable = options.durable;
    this.clock = options.clock;
    this.push = options.push;
    this.observer = options.observer ?? {};
    this.conflicts = options.config.conflicts;
    const reference = { store: () => options.durable.desk, proxy: createProxy };
    this.parts = options.plant?.(reference) ?? reference;
    this.desk = this.createDesk();
    // A planted fault may lie between an answer and a frame: where the store allows it, one engine does both.
    const isOne = options.plant !== undefined && this.durable.desk === this.durable.watch;
    this.watch = isOne ? this.desk : this.parts.proxy({ ...this.config, upkeep: false }, this.durable.watch);
    this.durable.onForeign((account) => this.movedOn(account));
    this.planTick();
  }

  /** Answers one call; fulfils when what it wrote is durable. Never rejects: what cannot be kept is 503 [API-7]. */
  answer(request: Request): Promise<Answer> {
    const { token } = request;
    const account = token === undefined ? undefined : this.config.accounts.get(token);
    // [SEC-1] the engine says 401, and looks at nothing else.
    if (account === undefined) return Promise.resolve(this.desk.answer(request, this.clock.nowMs()));
    return this.transact(account, (desk, nowMs) => desk.answer(request, nowMs));
  }

  /** A webhook whose signature was found good [WHK-1]. */
  webhook(delivery: Parameters<SyncProxy["webhook"]>[0]): Promise<Answer> {
    const account = accountOfWebhook(delivery.body, this.config.accounts);
    if (account === undefined) return Promise.resolve(this.desk.webhook(delivery, this.clock.nowMs()));
    return this.transact(account, (desk, nowMs) => desk.webhook(delivery, nowMs));
  }

  /** What a planted fault has of the border; the live border asks here first. */
  get planted(): Partial<Border> | undefined {
    return this.parts.border;
  }

  /** Whether the token of an upgrade is known; 401 if it is not [SEC-1]. */
  accountOf(token: string | undefined): AccountId | undefined {
    return token === undefined ? undefined : this.config.accounts.get(token);
  }

  /** Makes the account's log readable for a socket. Rejects with StoreUnavailable. */
  async prepareSocket(account: AccountId): Promise<void> {
    await this.durable.open(account);
  }

  /** Opens an event socket on a line, after `prepareSocket`; undefined when its token is not known any more. */
  openSocket(subscription: EventSubscription, line: SocketLine): number | undefined {
    const socket = this.watch.openSocket(subscription, this.clock.nowMs());
    if (socket === undefined) return undefined;
    this.lines.set(socket, line);
    this.handOut();
    this.planTick();
    return socket;
  }

  socketText(socket: number, text: string): void {
    this.watch.socketText(socket, text, this.clock.nowMs());
    this.handOut();
  }

  socketPong(socket: number): void {
    this.watch.socketPong(socket, this.clock.nowMs());
  }

  socketDrained(socket: number, count: number): void {
    this.watch.socketDrained(socket, count);
    this.handOut();
  }

  socketClosed(socket: number): void {
    this.watch.socketClosed(socket);
    this.lines.delete(socket);
  }

  get socketCount(): number {
    return this.lines.size;
  }

  /** [FLG-1, FLG-2] other modes from the next call on; sockets stay open. */
  reconfigure(conflicts: ProxyConfig["conflicts"]): void {
    this.conflicts = conflicts;
    this.desk.reconfigure(conflicts);
  }

  get mode(): ProxyConfig["conflicts"] {
    return this.conflicts;
  }

  /** [SEC-5] after tokens of these accounts may have been taken away: sockets that lived by them are closed now. */
  recheckTokens(accounts: Iterable<AccountId>): void {
    for (const account of new Set(accounts)) this.watch.wake(account, this.clock.nowMs());
    this.handOut();
  }

  /** Closes every socket with 1001, lets calls under way end, and closes the store. */
  async close(): Promise<void> {
    if (this.isClosed) return;
    this.isClosed = true;
    this.planned?.cancel();
    for (const line of this.lines.values()) line.close(1001);
    await this.durable.close();
  }

  private createDesk(): SyncProxy {
    const desk = this.parts.proxy(this.config, this.parts.store());
    desk.reconfigure(this.conflicts);
    return desk;
  }

  private async transact(
    account: AccountId,
    answer: (desk: SyncProxy, nowMs: EpochMs) => Answer,
  ): Promise<Answer> {
    try {
      const done = await this.durable.transact(account, () =>
        this.work((desk, nowMs) => answer(desk, nowMs)),
      );
      this.carryOut(done.outputs, done.desk);
      return done.result;
    } catch (error) {
      this.observer.trouble?.("a call was not stored", error);
      const retryAfterMs = error instanceof StoreUnavailable ? error.retryAfterMs : UPKEEP_RETRY_MS;
      return answerOf({ ...UNAVAILABLE, retryAfterMs }, this.clock.nowMs(), false);
    }
  }

  /** One piece of the desk's work, with what it put out; of one that fails, nothing is left to be carried out. */
  private work<T>(run: (desk: SyncProxy, nowMs: EpochMs) => T): {
    readonly result: T;
    readonly outputs: readonly ProxyOutput[];
    readonly desk: SyncProxy;
  } {
    const { desk } = this;
    try {
      const result = run(desk, this.clock.nowMs());
      return { result, outputs: desk.takeOutputs(), desk };
    } catch (error) {
      desk.takeOutputs();
      throw error;
    }
  }

  /** What follows from work that is durable by now. */
  private carryOut(outputs: readonly ProxyOutput[], desk: SyncProxy): void {
    for (const output of outputs) {
      switch (output.output) {
        case "committed":
          this.observer.committed?.(output.commit);
          this.movedOn(output.commit.account);
          break;
        case "push_send":
          this.sendPushes(output, desk);
          break;
        case "push_receipts":
          this.askReceipts(output, desk);
          break;
        case "frame":
        case "ping":
        case "close":
          this.toSocket(output); // None of a desk's that is not the watch, too.
          break;
        default:
          assertNever(output);
      }
    }
    this.flush();
    this.planTick();
  }

  /**
   * Sockets read on once a turn of the event loop, however many calls committed in it: what came together leaves in
   * one write for each.
   */
  private movedOn(account: AccountId): void {
    if (this.moved.size === 0) setImmediate(this.wakeMoved);
    this.moved.add(account);
  }

  private readonly wakeMoved = (): void => {
    const nowMs = this.clock.nowMs();
    for (const account of this.moved) this.watch.wake(account, nowMs);
    this.moved.clear();
    this.handOut();
    this.planTick();
  };

  /** Sends what the watch put out. */
  private handOut(): void {
    const outputs = this.watch.takeOutputs();
    if (this.watch === this.desk) return this.carryOut(outputs, this.desk);
    for (const output of outputs) this.toSocket(output);
    this.flush();
  }

  private toSocket(output: ProxyOutput): void {
    if (output.output === "frame") {
      const line = this.lines.get(output.socket);
      if (line === undefined) return;
      line.send(output.frame);
      this.touched.add(line);
      this.observer.sent?.(output.frame);
    } else if (output.output === "ping") {
      this.lines.get(output.socket)?.ping();
    } else if (output.output === "close") {
      this.lines.get(output.socket)?.close(output.code);
      this.lines.delete(output.socket);
      this.observer.closed?.(output.code);
    }
  }

  private flush(): void {
    if (this.touched.size === 0) return;
    for (const line of this.touched) line.flush();
    this.touched.clear();
  }

  private sendPushes(output: Extract<ProxyOutput, { output: "push_send" }>, desk: SyncProxy): void {
    void this.push.send(output.messages).then((result) => {
      if (result.result === "failed") this.observer.pushed?.("failed", output.messages.length);
      else this.observer.pushed?.("ok", result.tickets.filter(({ status }) => status === "ok").length);
      const refused =
        result.result === "answered" ? result.tickets.filter(({ status }) => status === "error").length : 0;
      if (refused > 0) this.observer.pushed?.("error", refused);
      void this.runUpkeep((current, nowMs) => {
        // A desk that was replaced since has taken this push up again from the store.
        if (current === desk) desk.pushAnswered(output.call, result, nowMs);
      });
    });
  }

  private askReceipts(output: Extract<ProxyOutput, { output: "push_receipts" }>, desk: SyncProxy): void {
    void this.push.receipts(output.tickets).then((result) => {
      if (result.result === "failed") this.observer.receipts?.("failed", output.tickets.length);
      else {
        for (const { status } of result.receipts.values()) this.observer.receipts?.(status, 1);
      }
      void this.runUpkeep((current, nowMs) => {
        if (current === desk) desk.receiptsAnswered(output.call, result, nowMs);
      });
    });
  }

  /** Work of the desk that no call asked for. A desk whose work was lost is replaced: it starts from the store. */
  private async runUpkeep(run: (desk: SyncProxy, nowMs: EpochMs) => void): Promise<void> {
    if (this.isClosed) return;
    try {
      const done = await this.durable.upkeep(() => this.work(run));
      this.carryOut(done.outputs, done.desk);
    } catch (error) {
      if (this.isClosed) return;
      this.observer.trouble?.("upkeep was not stored", error);
      this.upkeepNotBeforeMs = this.clock.nowMs() + UPKEEP_RETRY_MS;
      this.desk = this.createDesk();
      this.planTick();
    }
  }

  private async tick(): Promise<void> {
    const nowMs = this.clock.nowMs();
    this.watch.tick(nowMs);
    this.handOut();
    const deskAtMs = this.desk.nextTickAtMs();
    if (!this.upkeepRuns && deskAtMs !== undefined && deskAtMs <= nowMs && this.upkeepNotBeforeMs <= nowMs) {
      this.upkeepRuns = true;
      await this.runUpkeep((desk, atMs) => desk.tick(atMs));
      this.upkeepRuns = false;
    }
    this.planTick();
  }

  /** Sets the timer for what is due next, unless it is set for no later. */
  private planTick(): void {
    if (this.isClosed) return;
    const nowMs = this.clock.nowMs();
    const deskAtMs = this.upkeepRuns ? undefined : this.desk.nextTickAtMs();
    const watchAtMs = this.watch.nextTickAtMs();
    const atMs = Math.min(
      deskAtMs === undefined ? Number.POSITIVE_INFINITY : Math.max(deskAtMs, this.upkeepNotBeforeMs),
      watchAtMs ?? Number.POSITIVE_INFINITY,
    );
    if (atMs === Number.POSITIVE_INFINITY) return;
    if (this.planned !== undefined) {
      if (this.planned.atMs <= atMs) return;
      this.planned.cancel();
    }
    const cancel = this.clock.after(Math.max(0, atMs - nowMs), () => {
      this.planned = undefined;
      void this.tick();
    });
    this.planned = { atMs, cancel };
  }
}
