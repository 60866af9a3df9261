/**
 * Owns one instance of the proxy over the Redis store, as it stands live: a desk that answers within works, a watch
 * that serves sockets, and what both put out. Several of them share a Redis.
 * Refuses to know HTTP.
 */

import { setTimeout as sleep } from "node:timers/promises";
import type { AccountId, SyncEvent } from "../protocol/messages.ts";
import type { Answer, Call, Request } from "../protocol/request.ts";
import type { Revision } from "../protocol/revision.ts";
import { configOf } from "../proxy/desk.fixture.ts";
import { createProxy } from "../proxy/engine.ts";
import type { ProxyConfig, ProxyOutput, SyncProxy } from "../proxy/port.ts";
import type { Clock } from "./clock.ts";
import type { DurableStore } from "./durable.ts";
import { createRedisDurable, type RedisOptions } from "./redis-durable.ts";

const ACCOUNTS: ReadonlyMap<string, AccountId> = configOf().accounts;

/** A clock whose hand the test can push on; its timers run by the machine's. */
export class PushedClock implements Clock {
  aheadMs = 0;

  nowMs(): number {
    return Date.now() + this.aheadMs;
  }

  after(delayMs: number, run: () => void): () => void {
    const timer = setTimeout(run, delayMs);
    return () => clearTimeout(timer);
  }
}

export class RedisInstance {
  readonly durable: DurableStore;
  readonly clock: PushedClock;
  readonly outputs: ProxyOutput[] = [];
  /** Accounts that `onForeign` told of, in order. */
  readonly foreign: AccountId[] = [];
  private readonly desk: SyncProxy;
  private readonly watch: SyncProxy;

  private constructor(durable: DurableStore, clock: PushedClock, changes: Partial<ProxyConfig>) {
    const wide = { ...configOf().limits, mutationsMax: 100, replayMax: 100_000, socketBacklogMax: 100_000 };
    const config = configOf({ limits: wide, ...changes });
    this.durable = durable;
    this.clock = clock;
    this.desk = createProxy(config, durable.desk);
    this.watch = createProxy(config, durable.watch);
    durable.onForeign((account) => {
      this.foreign.push(account);
      this.wake(account);
    });
  }

  static async start(options: RedisOptions, changes: Partial<ProxyConfig> = {}): Promise<RedisInstance> {
    const clock = new PushedClock();
    return new RedisInstance(await createRedisDurable({ clock, ...options }), clock, changes);
  }

  /** Answers one call of account a, unless `from` says otherwise; rejects when the store does. */
  async call(call: Call, from: Partial<Request> = {}): Promise<Answer> {
    const request = { token: "tok-a", ...from, call };
    const account = ACCOUNTS.get(request.token) as AccountId;
    const { answer, outputs } = await this.durable.transact(account, () => {
      const answer = this.desk.answer(request, this.clock.nowMs());
      return { answer, outputs: this.desk.takeOutputs() };
    });
    this.outputs.push(...outputs);
    this.wake(account);
    return answer;
  }

  create(fields: { readonly id: string; readonly name: string }, from?: Partial<Request>): Promise<Answer> {
    return this.call({ call: "create", entity: "contact", body: fields }, from);
  }

  rename(id: string, name: string, from?: Partial<Request>): Promise<Answer> {
    return this.call({ call: "update", entity: "contact", id, body: { name } }, from);
  }

  read(id: string, from?: Partial<Request>): Promise<Answer> {
    return this.call({ call: "read", entity: "contact", id }, from);
  }

  async upkeep(): Promise<readonly ProxyOutput[]> {
    const outputs = await this.durable.upkeep(() => {
      this.desk.tick(this.clock.nowMs());
      return this.desk.takeOutputs();
    });
    this.outputs.push(...outputs);
    return outputs;
  }

  /** Takes tickets for every push that was handed out since the last call. */
  async ticket(outputs: readonly ProxyOutput[]): Promise<void> {
    for (const output of outputs) {
      if (output.output !== "push_send") continue;
      const tickets = output.messages.map(
        (_message, index) => ({ status: "ok", id: `t${output.call}-${index}` }) as const,
      );
      await this.durable.upkeep(() =>
        this.desk.pushAnswered(output.call, { result: "answered", tickets }, this.clock.nowMs()),
      );
    }
  }

  async socket(lastRevisionId?: string, token = "tok-a"): Promise<number> {
    await this.durable.open(ACCOUNTS.get(token) as AccountId);
    const from = lastRevisionId === undefined ? {} : { lastRevisionId };
    const socket = this.watch.openSocket({ token, ...from }, this.clock.nowMs());
    this.outputs.push(...this.watch.takeOutputs());
    return socket as number;
  }

  /** The revisions of the events that a socket was sent. */
  events(socket: number): readonly Revision[] {
    return this.outputs.flatMap((output) =>
      output.output === "frame" && output.socket === socket && output.frame.type === "sync_event"
        ? [(output.frame as SyncEvent).revisionId]
        : [],
    );
  }

  close(): Promise<void> {
    return this.durable.close();
  }

  private wake(account: AccountId): void {
    this.watch.wake(account, this.clock.nowMs());
    this.outputs.push(...this.watch.takeOutputs());
  }
}

/** Waits until something holds, looking every few milliseconds; throws with `what` when it takes too long. */
export async function until(
  what: string,
  holds: () => boolean | Promise<boolean>,
  withinMs = 30_000,
): Promise<void> {
  const endMs = Date.now() + withinMs;
  while (!(await holds())) {
    if (Date.now() > endMs) throw new Error(`in vain: ${what}`);
    await sleep(5);
  }
}

/** The status of each answer, sorted. */
export function statuses(answers: readonly Answer[]): readonly number[] {
  return answers.map(({ status }) => status).sort((left, right) => left - right);
}
