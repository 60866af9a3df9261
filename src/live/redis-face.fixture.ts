/**
 * Owns a synchronous face of the Redis store, for tests that are: each call waits, with the whole thread, until a
 * second thread has carried it out over a real Redis.
 * Refuses to be used for anything but tests.
 */

import { MessageChannel, receiveMessageOnPort, Worker } from "node:worker_threads";
import type { Store } from "../proxy/store.ts";

/** One instance; writing through one and reading through another; or a new, cold instance for every single call. */
export type FaceKind = "one" | "two" | "cold";

export interface FaceCall {
  readonly store: number;
  readonly method: string;
  readonly args: readonly unknown[];
}

/** Far above any call: a thread that died must not hang the tests. */
const ANSWER_MS_MAX = 20_000;

export class RedisFaces {
  private readonly port: MessageChannel["port1"];
  private readonly signal = new Int32Array(new SharedArrayBuffer(4));
  private readonly worker: Worker;
  private readonly url: string;
  private count = 0;

  constructor(url: string) {
    this.url = url;
    const { port1, port2 } = new MessageChannel();
    this.port = port1;
    this.worker = new Worker(new URL("./redis-face-worker.fixture.ts", import.meta.url), {
      workerData: { port: port2, signal: this.signal },
      transferList: [port2],
    });
  }

  /** A store that nobody wrote to. */
  create(kind: FaceKind): Store {
    const store = ++this.count;
    this.call(store, "create", [{ url: this.url, prefix: `${kind}${store}`, kind }]);
    const method =
      (name: string) =>
      (...args: readonly unknown[]): never =>
        this.call(store, name, args) as never;
    const names = (list: string) => list.split(" ");
    const methodsOf = (list: string, before = ""): object =>
      Object.fromEntries(names(list).map((name) => [name, method(before + name)]));
    const push = methodsOf(
      "register registration registrations unregister endToken putPending pending dropPending allPending putReceipt dropReceipt allReceipts",
      "push.",
    );
    return {
      ...methodsOf("standing load commit remembered current living snapshot has logAfter countAfter prune"),
      push,
    } as Store;
  }

  async stop(): Promise<void> {
    for (let store = 1; store <= this.count; store++) this.call(store, "close", []);
    await this.worker.terminate();
    this.port.close();
  }

  private call(store: number, method: string, args: readonly unknown[]): unknown {
    Atomics.store(this.signal, 0, 0);
    this.port.postMessage({ store, method, args } satisfies FaceCall);
    if (Atomics.wait(this.signal, 0, 0, ANSWER_MS_MAX) === "timed-out")
      throw new Error(`${method}: no answer`);
    const { message } = receiveMessageOnPort(this.port) as { message: { value?: unknown; error?: string } };
    if (message.error !== undefined) throw new Error(message.error);
    return message.value;
  }
}
