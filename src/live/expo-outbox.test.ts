/**
 * Drives the whole outbox of a real engine through the Expo gateway and HTTP, on a clock in the test's hand: what
 * section 8 promises must survive the provider's real answers, and the process.
 */

import { HttpResponse } from "msw";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type EpochMs, MINUTE_MS, SECOND_MS } from "../base/time.ts";
import type { Entity } from "../protocol/entity.ts";
import type { AccountId, RecordBody } from "../protocol/messages.ts";
import type { Revision } from "../protocol/revision.ts";
import { createProxy } from "../proxy/engine.ts";
import { createMemoryStore } from "../proxy/memory-store.ts";
import type { ProxyConfig, ProxyOutput, SyncProxy } from "../proxy/port.ts";
import type { Store } from "../proxy/store.ts";
import { createExpoGateway } from "./expo-gateway.ts";
import { acceptAll, BASE, ExpoProvider, html, json } from "./expo-provider.fixture.ts";
import { NO_GATEWAY, type PushGateway } from "./push-gateway.ts";

let provider: ExpoProvider;
let gateway: PushGateway;

beforeEach(() => {
  provider = new ExpoProvider();
  gateway = createExpoGateway({ baseUrl: BASE });
});
afterEach(() => provider.close());

const A = "account-a" as AccountId;
const ENTITIES = ["contact", "task", "list"] as const;

const CONFIG: ProxyConfig = {
  accounts: new Map([["tok-a", A]]),
  phases: [1, 2, 3, 4, 5],
  conflicts: { mode: "enforce", ifMatch: "optional", resolvedBy: "server" },
  limits: {
    bodyBytesMax: 4_096,
    mutationsMax: 20,
    deltaLimitMax: 100,
    listLimitMax: 50,
    replayMax: 200,
    socketBacklogMax: 250,
  },
  retentionSeconds: 86_400,
  idempotencyTtlSeconds: 7 * 86_400,
  push: { entities: ENTITIES, coalesceMs: SECOND_MS, receiptDelaySeconds: 900 },
  webhooks: false,
};

/** An engine whose pushes really go out. A new one over the same store is a process that started again. */
class LiveDesk {
  nowMs: EpochMs;
  readonly store: Store;
  private readonly proxy: SyncProxy;

  constructor(store: Store = createMemoryStore(), nowMs: EpochMs = 1_704_067_200_000) {
    this.store = store;
    this.nowMs = nowMs;
    this.proxy = createProxy(CONFIG, store);
  }

  register(deviceId: string, token: string): void {
    const call = { call: "push_register", body: { token, platform: "ios", topics: ENTITIES } } as const;
    expect(this.proxy.answer({ token: "tok-a", deviceId, call }, ++this.nowMs).status).toBe(201);
  }

  /** The revision of a new record. */
  write(deviceId?: string, entity: Entity = "task"): Revision {
    const call = { call: "create", entity, body: { name: "x", title: "x" } } as const;
    const request = { token: "tok-a", call, ...(deviceId === undefined ? undefined : { deviceId }) };
    const answer = this.proxy.answer(request, ++this.nowMs);
    expect(answer.status).toBe(201);
    return (answer.body as RecordBody).meta.revisionId;
  }

  /** Lets time pass by seconds, and carries out every call that became due, as a driver does. */
  async live(durationMs: number, through: PushGateway = gateway): Promise<void> {
    for (let passedMs = 0; passedMs < durationMs; passedMs += SECOND_MS) {
      for (const output of this.pass(SECOND_MS)) await this.carryOut(output, through);
    }
  }

  /** What became due and was not carried out. */
  pass(durationMs: number): readonly ProxyOutput[] {
    const endMs = this.nowMs + durationMs;
    for (let dueMs = this.proxy.nextTickAtMs(); dueMs !== undefined && dueMs <= endMs; ) {
      this.nowMs = Math.max(this.nowMs, dueMs);
      this.proxy.tick(this.nowMs);
      dueMs = this.proxy.nextTickAtMs();
    }
    this.nowMs = endMs;
    return this.proxy.takeOutputs();
  }

  private async carryOut(output: ProxyOutput, through: PushGateway): Promise<void> {
    if (output.output === "push_send") {
      this.proxy.pushAnswered(output.call, await through.send(output.messages), this.nowMs);
    } else if (output.output === "push_receipts") {
      this.proxy.receiptsAnswered(output.call, await through.receipts(output.tickets), this.nowMs);
    }
  }
}

const told = () => provider.messages.map(({ to, data }) => `${to} ${data.revisionId}`);
const devices = (desk: LiveDesk, count: number) => {
  for (let nth = 0; nth < count; nth++) desk.register(`d${nth}`, `t${nth}`);
};

test("[PSH-1, PSH-4] changes close together are one push, which names the last", async () => {
  const desk = new LiveDesk();
  desk.register("d1", "t1");
  desk.register("d2", "t2");
  desk.write("d1");
  desk.write("d1");
  const last = desk.write("d1");
  await desk.live(5 * SECOND_MS);
  expect(told()).toEqual([`t2 ${last}`]);
});

test("[PSH-10] 250 devices are told in calls of 100 at most, and asked after in one", async () => {
  const desk = new LiveDesk();
  devices(desk, 250);
  desk.write();
  await desk.live(5 * SECOND_MS);
  expect(provider.sends.map(({ text }) => JSON.parse(text).length).sort((a, b) => b - a)).toEqual([
    100, 100, 50,
  ]);
  expect(new Set(provider.messages.map(({ to }) => to)).size).toBe(250);
  await desk.live(16 * MINUTE_MS);
  expect(provider.asks.map(({ text }) => JSON.parse(text).ids.length)).toEqual([250]);
  expect([...desk.store.push.allReceipts()]).toEqual([]);
});

test("[PSH-7] 503, a portal, no network: sent again until it is taken, naming the newest change", async () => {
  const desk = new LiveDesk();
  desk.register("d1", "t1");
  const first = desk.write();
  const answers = [() => json({}, { status: 503 }), () => html(), () => HttpResponse.error()];
  const accept = acceptAll();
  provider.onSend = (messages) => answers.shift()?.() ?? accept(messages);
  await desk.live(SECOND_MS);
  expect(provider.sends).toHaveLength(1);
  const second = desk.write();
  await desk.live(MINUTE_MS);
  expect(answers).toEqual([]);
  // One call for each answer: nothing below the outbox tries again on its own.
  expect(told()).toEqual([`t1 ${first}`, `t1 ${second}`, `t1 ${second}`, `t1 ${second}`]);
  expect([...desk.store.push.allPending()]).toEqual([]);
});

test("[PSH-7] not before the Retry-After of a 429", async () => {
  const desk = new LiveDesk();
  desk.register("d1", "t1");
  desk.write();
  provider.onSend = () => json({ errors: [] }, { status: 429, headers: { "retry-after": "30" } });
  await desk.live(2 * SECOND_MS);
  provider.onSend = acceptAll();
  await desk.live(28 * SECOND_MS);
  expect(provider.sends).toHaveLength(1);
  await desk.live(5 * SECOND_MS);
  expect(provider.sends).toHaveLength(2);
});

const UNREGISTERED = { status: "error", message: "gone", details: { error: "DeviceNotRegistered" } };

test("[PSH-6] DeviceNotRegistered in a ticket ends that token and no other", async () => {
  const desk = new LiveDesk();
  devices(desk, 3);
  desk.write();
  provider.onSend = acceptAll(({ to }, id) => (to === "t1" ? UNREGISTERED : { status: "ok", id }));
  await desk.live(5 * SECOND_MS);
  provider.sends.length = 0;
  desk.write();
  await desk.live(5 * SECOND_MS);
  expect(provider.messages.map(({ to }) => to)).toEqual(["t0", "t2"]);
});

test("[PSH-6] DeviceNotRegistered in a receipt ends the token, until it is registered again", async () => {
  const desk = new LiveDesk();
  desk.register("d1", "t1");
  desk.register("d2", "t2");
  desk.write();
  provider.onSend = acceptAll(({ to }) => ({ status: "ok", id: `of-${to}` }));
  provider.onReceipts = () => json({ data: { "of-t1": UNREGISTERED, "of-t2": { status: "ok" } } });
  await desk.live(16 * MINUTE_MS);
  expect(provider.asks).toHaveLength(1);
  const second = desk.write();
  await desk.live(5 * SECOND_MS);
  expect(told().slice(2)).toEqual([`t2 ${second}`]);
  desk.register("d1", "t1");
  const third = desk.write();
  await desk.live(5 * SECOND_MS);
  expect(
    told()
      .slice(3)
      .sort((a, b) => (a < b ? -1 : 1)),
  ).toEqual([`t1 ${third}`, `t2 ${third}`]);
});

test("[PSH-1] an engine that takes over the store sends what the last one had not, and what it never heard of", async () => {
  const before = new LiveDesk();
  before.register("d1", "t1");
  const taken = before.write();
  await before.live(2 * SECOND_MS);
  // The provider takes this one, but the process ends before its answer is heard.
  const unheard = before.write();
  for (const output of before.pass(2 * SECOND_MS)) {
    if (output.output === "push_send") await gateway.send(output.messages);
  }
  // This one is not even sent.
  const unsent = before.write(undefined, "contact");

  const after = new LiveDesk(before.store, before.nowMs);
  await after.live(5 * SECOND_MS);
  expect(told()).toEqual([`t1 ${taken}`, `t1 ${unheard}`, `t1 ${unheard}`, `t1 ${unsent}`]);
  expect([...after.store.push.allPending()]).toEqual([]);
  await after.live(16 * MINUTE_MS);
  expect(provider.asks.flatMap(({ text }) => JSON.parse(text).ids as string[])).toHaveLength(3);
  expect([...after.store.push.allReceipts()]).toEqual([]);
});

test("[PSH-7] while the provider is down nothing piles up and every write is answered", async () => {
  const desk = new LiveDesk();
  devices(desk, 3);
  provider.onSend = () => json({}, { status: 500 });
  const revisions = new Set<Revision>();
  for (let nth = 0; nth < 10; nth++) {
    revisions.add(desk.write());
    await desk.live(30 * SECOND_MS);
  }
  expect(revisions.size).toBe(10);
  expect([...desk.store.push.allPending()].length).toBeLessThanOrEqual(3);
  await desk.live(10 * MINUTE_MS);
  expect([...desk.store.push.allPending()]).toEqual([]);
});

test("a server without push keeps nothing, and its tokens live on", async () => {
  const desk = new LiveDesk();
  devices(desk, 3);
  desk.write();
  await desk.live(2 * SECOND_MS);
  desk.write();
  await desk.live(2 * SECOND_MS, NO_GATEWAY);
  await desk.live(16 * MINUTE_MS, NO_GATEWAY);
  expect([...desk.store.push.allPending()]).toEqual([]);
  expect([...desk.store.push.allReceipts()]).toEqual([]);
  expect(provider.messages).toHaveLength(3);
  expect([...desk.store.push.registrations(A)]).toHaveLength(3);
});
