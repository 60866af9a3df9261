/**
 * Owns one proxy instance: who calls, which part answers, and what follows from a commit.
 * Refuses to know HTTP, disks, and the rules themselves: each has its part. One method call is one atomic step.
 */

import { assertNever } from "../base/assert.ts";
import { type EpochMs, HOUR_MS, SECOND_MS } from "../base/time.ts";
import type { AccountId, SyncEvent } from "../protocol/messages.ts";
import type { Answer, Call, EventSubscription, Request } from "../protocol/request.ts";
import { runBatch } from "./batch.ts";
import { type Case, type Decision, decide, type WriteRules } from "./decide.ts";
import { readChanges } from "./delta.ts";
import { type Mutation, mutationOfCall, revisionOfIfMatch, type WriteCall } from "./mutation.ts";
import { Outbox, type PushDue } from "./outbox.ts";
import type { Commit, Delivery, ProxyConfig, ProxyOutput, PushCallResult, SyncProxy } from "./port.ts";
import { registerPush, setTopics, unregisterPush } from "./push-calls.ts";
import { listRecords, readCapabilities, readRecord } from "./reads.ts";
import { answerOf, type Reply, refusal } from "./reply.ts";
import { eventOf, type SocketDue, Sockets } from "./sockets.ts";
import type { Store, Version } from "./store.ts";
import { type LineMs, Timeline } from "./timeline.ts";
import { readDelivery } from "./webhook.ts";
import { carryOut } from "./write.ts";

/** The parts that decide what is seen from outside; a planted fault is one of them, wrapped. */
export interface ProxyParts {
  decide(at: Case): Decision;
  readRecord: typeof readRecord;
  listRecords: typeof listRecords;
  readChanges: typeof readChanges;
  runBatch: typeof runBatch;
  eventOf(version: Version): SyncEvent;
}

export const PROXY_PARTS: ProxyParts = { decide, readRecord, listRecords, readChanges, runBatch, eventOf };

/**
 * A proxy over a store that it may share with others; what a former instance left in the store is taken up at the
 * first tick, which is due at once.
 */
export function createProxy(config: ProxyConfig, store: Store, parts: ProxyParts = PROXY_PARTS): SyncProxy {
  return new Engine(config, store, parts);
}

type Due =
  | { readonly due: "start" }
  | { readonly due: "recover" }
  | { readonly due: "prune"; readonly account: AccountId }
  | SocketDue
  | PushDue;

const NO_OUTPUTS: readonly ProxyOutput[] = [];
const UNAUTHORIZED = refusal("unauthorized", "no valid bearer token");

class Engine implements SyncProxy {
  private readonly config: ProxyConfig;
  private readonly store: Store;
  private readonly parts: ProxyParts;
  private readonly sockets: Sockets;
  private readonly outbox: Outbox;
  private readonly timeline = new Timeline<Due>();
  private readonly pruneEveryMs: number;
  /** Accounts whose next pruning is on the line. */
  private readonly pruned = new Set<AccountId>();
  private rules: WriteRules;
  private outputs: ProxyOutput[] = [];
  /** The log grew in the call under way. */
  private moved = false;

  constructor(config: ProxyConfig, store: Store, parts: ProxyParts) {
    this.config = config;
    this.store = store;
    this.parts = parts;
    this.rules = { conflicts: config.conflicts, idempotencyTtlMs: config.idempotencyTtlSeconds * SECOND_MS };
    // The floor may lag behind what retention allows; a sixteenth is little, and an hour is often enough.
    const sixteenthMs = Math.floor((config.retentionSeconds * SECOND_MS) / 16);
    this.pruneEveryMs = Math.min(HOUR_MS, Math.max(SECOND_MS, sixteenthMs));
    const put = (output: ProxyOutput): void => void this.outputs.push(output);
    const schedule = (dueMs: LineMs, due: Due): void => this.timeline.put(dueMs, due);
    this.sockets = new Sockets({ store, config, put, schedule, eventOf: parts.eventOf });
    this.outbox = new Outbox({ store, config, put, schedule });
    if (config.upkeep !== false) this.timeline.put(0, { due: "start" });
  }

  answer(request: Request, nowMs: EpochMs): Answer {
    const lineMs = this.timeline.at(nowMs);
    // [SEC-1] before all else. [SEC-2] from here on nothing is looked up but in the account that the token named.
    const account = request.token === undefined ? undefined : this.config.accounts.get(request.token);
    if (account === undefined) return answerOf(UNAUTHORIZED, nowMs, false);
    const { call } = request;
    if (call.call !== "create" && call.call !== "update" && call.call !== "delete") {
      const reply = this.replyTo(account, call, request, nowMs);
      this.tellSockets(account, lineMs);
      return answerOf(reply, nowMs, false);
    }
    const { reply, replayed } = this.write(account, mutationOfCall(call, request), nowMs);
    this.tellSockets(account, lineMs);
    return answerOf(reply, nowMs, replayed);
  }

  webhook(delivery: Delivery, nowMs: EpochMs): Answer {
    const lineMs = this.timeline.at(nowMs);
    const read = readDelivery(this.store, this.config.accounts, delivery, nowMs);
    if ("reply" in read) return answerOf(read.reply, nowMs, read.replayed);
    const { reply, replayed } = this.write(read.account, read.mutation, nowMs, read.decide);
    this.tellSockets(read.account, lineMs);
    return answerOf(reply, nowMs, replayed);
  }

  openSocket(subscription: EventSubscription, nowMs: EpochMs): number | undefined {
    return this.sockets.open(subscription, this.timeline.at(nowMs));
  }

  socketText(socket: number, text: string, nowMs: EpochMs): void {
    this.timeline.at(nowMs);
    this.sockets.text(socket, text);
  }

  socketPong(socket: number, nowMs: EpochMs): void {
    this.timeline.at(nowMs);
    this.sockets.pong(socket);
  }

  socketDrained(socket: number, count: number): void {
    this.sockets.drained(socket, count, this.timeline.lastMs);
  }

  socketClosed(socket: number): void {
    this.sockets.closed(socket);
  }

  wake(account: AccountId, nowMs: EpochMs): void {
    this.sockets.wake(account, this.timeline.at(nowMs));
  }

  pushAnswered(call: number, result: PushCallResult, nowMs: EpochMs): void {
    this.outbox.sendAnswered(call, result, this.timeline.at(nowMs));
  }

  receiptsAnswered(call: number, result: Parameters<SyncProxy["receiptsAnswered"]>[1], nowMs: EpochMs): void {
    this.outbox.receiptsAnswered(call, result, this.timeline.at(nowMs));
  }

  tick(nowMs: EpochMs): void {
    const lineMs = this.timeline.at(nowMs);
    for (let due = this.timeline.take(lineMs); due !== undefined; due = this.timeline.take(lineMs)) {
      this.carryOutDue(due, nowMs, lineMs);
    }
    this.outbox.flush(nowMs);
  }

  nextTickAtMs(): EpochMs | undefined {
    return this.timeline.nextAtMs();
  }

  takeOutputs(): readonly ProxyOutput[] {
    if (this.outputs.length === 0) return NO_OUTPUTS;
    const { outputs } = this;
    this.outputs = [];
    return outputs;
  }

  reconfigure(conflicts: ProxyConfig["conflicts"]): void {
    this.rules = { ...this.rules, conflicts };
  }

  private write(
    account: AccountId,
    mutation: Mutation,
    nowMs: EpochMs,
    decide = this.parts.decide,
  ): Decision {
    const { store, rules } = this;
    const decision = carryOut(store, decide, account, mutation, rules, nowMs);
    // [EVT-3] what was refused or failed made no version: nothing tells of it.
    if (decision.plan?.version) this.committed(account, mutation, decision, decision.plan.version);
    if (decision.plan?.remember) this.prunesLater(account);
    return decision;
  }

  /** All calls but the single writes. */
  private replyTo(
    account: AccountId,
    call: Exclude<Call, WriteCall>,
    request: Request,
    nowMs: EpochMs,
  ): Reply {
    const { store, config, parts } = this;
    switch (call.call) {
      case "read":
        return parts.readRecord(store, account, call);
      case "list":
        return parts.listRecords(store, account, call, config.limits);
      case "changes":
        return parts.readChanges(store, account, call, config.limits);
      case "batch": {
        const write = (mutation: Mutation): Decision => this.write(account, mutation, nowMs);
        const { mutationsMax } = config.limits;
        return parts.runBatch(store, account, call.body, request.deviceId, mutationsMax, nowMs, write);
      }
      case "capabilities":
        return readCapabilities(store, account, config, this.rules.conflicts);
      case "push_register":
        return registerPush(store, account, request, call.body, nowMs);
      case "push_topics":
        return setTopics(store, account, request, call.body);
      case "push_unregister":
        return unregisterPush(store, account, request);
      case "unreadable":
        return refusal(call.code, call.message);
      default:
        return assertNever(call);
    }
  }

  /** Once a call, however many commits it made: sockets read on to the head. */
  private tellSockets(account: AccountId, lineMs: LineMs): void {
    if (!this.moved) return;
    this.moved = false;
    this.sockets.wake(account, lineMs);
  }

  /** [PSH-5] reports what the store has by now, and notes its pushes; its events follow when the whole call is done. */
  private committed(account: AccountId, mutation: Mutation, decision: Decision, version: Version): void {
    const { revision, entity, action, id, record, deviceId, key } = version;
    const ifMatch = revisionOfIfMatch(mutation.ifMatch);
    const previous = action === "created" ? undefined : decision.plan?.expect.current;
    const { resolution } = decision.remark;
    const commit: Commit = {
      account,
      revision,
      entity,
      action,
      id,
      record,
      previous,
      ...(deviceId === undefined ? undefined : { deviceId }),
      ...(key === undefined ? undefined : { key }),
      ...(ifMatch === undefined ? undefined : { ifMatch }),
      ...(resolution === undefined ? undefined : { resolution }),
    };
    this.moved = true;
    this.outputs.push({ output: "committed", commit });
    this.outbox.committed(commit, this.timeline.lastMs);
    this.prunesLater(account);
  }

  private prunesLater(account: AccountId): void {
    if (this.pruned.has(account)) return;
    this.pruned.add(account);
    this.timeline.put(this.timeline.lastMs + this.pruneEveryMs, { due: "prune", account });
  }

  private recoversLater(lineMs: LineMs): void {
    const { recoverEveryMs } = this.config.push;
    if (recoverEveryMs !== undefined) this.timeline.put(lineMs + recoverEveryMs, { due: "recover" });
  }

  private carryOutDue(due: Due, nowMs: EpochMs, lineMs: LineMs): void {
    switch (due.due) {
      case "start":
        this.outbox.recover(lineMs);
        this.recoversLater(lineMs);
        for (const account of this.config.accounts.values()) this.prunesLater(account);
        return;
      case "recover":
        this.outbox.recoverPending(lineMs);
        this.recoversLater(lineMs);
        return;
      case "prune": {
        const again = this.store.prune(due.account, this.config.retentionSeconds * SECOND_MS, nowMs);
        if (again) this.timeline.put(lineMs + this.pruneEveryMs, due);
        else this.pruned.delete(due.account);
        return;
      }
      case "ping":
      case "checkpoint":
        this.sockets.carryOut(due, lineMs);
        return;
      case "push":
      case "receipts":
        this.outbox.carryOut(due);
        return;
      default:
        assertNever(due);
    }
  }
}
