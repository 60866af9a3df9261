/**
 * Owns the far end of the synchronous face (redis-face.fixture.ts): a thread that carries each call out over Redis and
 * only then answers.
 * Refuses to know the tests.
 */

import { type MessagePort, workerData } from "node:worker_threads";
import type { AccountId } from "../protocol/messages.ts";
import type { Store } from "../proxy/store.ts";
import type { DurableStore } from "./durable.ts";
import { createRedisDurable } from "./redis-durable.ts";
import type { FaceCall, FaceKind } from "./redis-face.fixture.ts";

const { port, signal } = workerData as { port: MessagePort; signal: Int32Array };

/** Calls that change something; the others may go through another instance. */
const WRITES =
  /^(commit|prune|push\.(register|unregister|endToken|putPending|dropPending|putReceipt|dropReceipt))$/;
/** Calls that belong to no account, or to the instance. */
const OWN = /^(prune|push\.(endToken|allPending|putReceipt|dropReceipt|allReceipts))$/;

interface Behind {
  readonly kind: FaceKind;
  readonly options: Parameters<typeof createRedisDurable>[0];
  readonly writer: DurableStore | undefined;
  readonly reader: DurableStore | undefined;
}

const stores = new Map<number, Behind>();

port.on("message", (call: FaceCall) => {
  answer(call)
    .then(
      (value) => port.postMessage({ value }),
      (error: unknown) => port.postMessage({ error: String(error) }),
    )
    .finally(() => {
      Atomics.store(signal, 0, 1);
      Atomics.notify(signal, 0);
    });
});

async function answer(call: FaceCall): Promise<unknown> {
  if (call.method === "create") {
    const { url, prefix, kind } = call.args[0] as { url: string; prefix: string; kind: FaceKind };
    const options = { url, prefix, isSnapshotDue: () => kind === "cold" };
    const writer = kind === "cold" ? undefined : await createRedisDurable(options);
    const reader = kind === "two" ? await createRedisDurable(options) : writer;
    stores.set(call.store, { kind, options, writer, reader });
    return undefined;
  }
  const behind = stores.get(call.store);
  if (behind === undefined) throw new Error("no such store");
  if (call.method === "close") {
    stores.delete(call.store);
    return Promise.all([behind.writer?.close(), behind.reader?.close()]).then(() => undefined);
  }
  if (behind.kind !== "cold") {
    const isWriters = WRITES.test(call.method) || OWN.test(call.method);
    return carryOut((isWriters ? behind.writer : behind.reader) as DurableStore, call);
  }
  const fresh = await createRedisDurable(behind.options);
  try {
    return await carryOut(fresh, call);
  } finally {
    await fresh.close();
  }
}

async function carryOut(durable: DurableStore, { method, args }: FaceCall): Promise<unknown> {
  const work = (): unknown => ask(durable.desk, method, args);
  const account = (
    typeof args[0] === "object" ? (args[0] as { account: AccountId }).account : args[0]
  ) as AccountId;
  if (!OWN.test(method)) return durable.transact(account, work);
  if (method === "prune") await durable.open(account);
  return durable.upkeep(work);
}

function ask(store: Store, method: string, args: readonly unknown[]): unknown {
  const [, pushed] = /^push\.(.*)$/.exec(method) ?? [];
  const on = pushed === undefined ? store : store.push;
  const value = (on as unknown as Record<string, (...args: readonly unknown[]) => unknown>)[
    pushed ?? method
  ]?.(...args);
  return pushed !== undefined && /^(registrations|all)/.test(pushed)
    ? [...(value as Iterable<unknown>)]
    : value;
}
