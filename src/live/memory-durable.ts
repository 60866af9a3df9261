/**
 * Owns the memory store as a live one: what is written is as safe as it will ever be at once.
 * Refuses to outlive the process.
 */

import type { AccountId } from "../protocol/messages.ts";
import { createMemoryStore } from "../proxy/memory-store.ts";
import type { Store } from "../proxy/store.ts";
import type { DurableStore } from "./durable.ts";

const READY = Promise.resolve();

/** An empty store, or one over `store`, which tests share between instances. */
export function createMemoryDurable(store: Store = createMemoryStore()): DurableStore {
  return {
    desk: store,
    watch: store,
    transact: (_account: AccountId, work) => run(work),
    upkeep: (work) => run(work),
    open: () => READY,
    onForeign: () => {},
    trouble: () => undefined,
    close: () => READY,
  };
}

function run<T>(work: () => T): Promise<T> {
  try {
    return Promise.resolve(work());
  } catch (error) {
    return Promise.reject(error);
  }
}
